//! What the live tests share: an engine, names of their own, and a proxy that counts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use adapters::docker::{Docker, EngineEndpoint, PolicyEvaluator};
use model::action::{Action, Create};
use model::compose_labels::ContainerLabels;
use model::digest::Digest;
use model::id::{ContainerId, ContainerName, DeploymentId, ReplicaId, Slot};
use model::labels::{Identity, OwnerLabels};
use model::observed::ContainerView;
use model::policy::HostPolicy;
use model::spec::{ContainerSpec, NetworkSpec, VolumeSpec};
use model::target::{ContainerRef, Outcome, Target};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::AbortHandle;
use world::{OutsideError, Scope, Tree, TreeEntry, TreeError, TreeKind};

/// The image that every lab has.
pub(crate) const IMAGE: &str = "reconciler.demo/base";

/// A variable of the lab.
pub(crate) fn variable(name: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "the lab speaks through variables")]
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run this in with-lab"))
}

/// The lab's engine, with nothing granted.
pub(crate) fn engine() -> Docker {
    engine_with(HostPolicy::default())
}

pub(crate) fn engine_with(policy: HostPolicy) -> Docker {
    connect(&variable("DOCKER_HOST"), policy)
}

pub(crate) fn connect(address: &str, policy: HostPolicy) -> Docker {
    connect_as("test", address, policy)
}

pub(crate) fn connect_as(installation: &str, address: &str, policy: HostPolicy) -> Docker {
    // Never the user's own engine.
    let _ = variable("RECONCILER_LAB");
    let endpoint = EngineEndpoint::parse(address, None, false).unwrap();
    Docker::connect(&endpoint, "lab".into(), installation.into(), PolicyEvaluator::of(policy))
        .unwrap()
}

/// A deployment of one test.
pub(crate) struct Deployment(pub(crate) &'static str);

impl Deployment {
    pub(crate) fn id(&self) -> DeploymentId {
        self.0.into()
    }

    pub(crate) fn scope(&self) -> Scope {
        Scope { deployments: [self.id()].into(), images: [IMAGE.into()].into(), ..Scope::default() }
    }

    pub(crate) fn name(&self, service: &str) -> ContainerName {
        ContainerName::new(format!("{}-{service}-1", self.0))
    }

    pub(crate) fn create(&self, service: &str, spec: ContainerSpec) -> Create {
        let identity = Identity {
            installation: "test".into(),
            source: "dir:/live".into(),
            replica: ReplicaId { deployment: self.id(), service: service.into(), slot: Slot(1) },
            engine: "ENGINE".into(),
            name: self.name(service),
            revision: "r1".into(),
            spec_hash: Digest::of(service),
            files_hash: None,
            init_hash: None,
            succeeds: false,
            masked: Vec::new(),
            from_env_file: Vec::new(),
            bound: BTreeMap::new(),
            asked: Vec::new(),
        };
        let network = spec.networks.keys().next().cloned();
        let volumes = BTreeMap::new();
        let compose = ContainerLabels::default();
        Create {
            name: self.name(service),
            identity,
            spec,
            network,
            on_all: false,
            volumes,
            joins: Vec::new(),
            mounted: BTreeMap::new(),
            compose,
        }
    }

    pub(crate) fn owner(&self, key: &str) -> OwnerLabels {
        OwnerLabels {
            installation: "test".into(),
            source: "dir:/live".into(),
            deployment: self.id(),
            id: format!("ENGINE/{}_{key}", self.0),
            key: key.to_owned(),
            compose_hash: None,
            asked: Vec::new(),
        }
    }

    pub(crate) fn network(&self, key: &str) -> Action {
        let network = NetworkSpec {
            labels: BTreeMap::from([("note".to_owned(), "a network".to_owned())]),
            ..NetworkSpec::bridge(format!("{}_{key}", self.0).as_str().into())
        };
        Action::CreateNetwork { network, owner: self.owner(key) }
    }

    pub(crate) fn volume(&self, key: &str) -> Action {
        let volume = VolumeSpec::local(format!("{}_{key}", self.0).as_str().into());
        Action::CreateVolume { volume, owner: self.owner(key) }
    }
}

/// A container that sleeps, with a shell that ends at once on SIGTERM.
pub(crate) fn sleeper() -> ContainerSpec {
    let mut spec = ContainerSpec::of_image(IMAGE.into());
    spec.command = Some(vec!["sleep".to_owned(), "600".to_owned()]);
    spec.init = Some(true);
    spec
}

pub(crate) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

pub(crate) fn target(id: &ContainerId, name: &ContainerName) -> Target {
    Target { container: ContainerRef::Known(id.clone()), name: name.clone() }
}

pub(crate) async fn act(docker: &Docker, action: &Action) -> Result<Outcome, OutsideError> {
    docker.act(action, &MemoryTree::default()).await
}

pub(crate) async fn create(docker: &Docker, create: Create) -> (ContainerId, Target) {
    let name = create.name.clone();
    match act(docker, &Action::CreateContainer(Box::new(create))).await.unwrap() {
        Outcome::Container(id) => (id.clone(), target(&id, &name)),
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn view(docker: &Docker, id: &ContainerId) -> ContainerView {
    docker.container(id).await.unwrap().expect("the container is there")
}

/// Files in memory, by path.
#[derive(Clone, Default)]
pub(crate) struct MemoryTree(pub(crate) BTreeMap<String, Vec<u8>>);

impl MemoryTree {
    pub(crate) fn of(files: &[(&str, &[u8])]) -> Self {
        Self(files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect())
    }
}

impl Tree for MemoryTree {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, TreeError> {
        let bytes = self.0.get(path).ok_or_else(|| TreeError::Missing(path.to_owned()))?;
        if bytes.len() as u64 > limit {
            return Err(TreeError::TooLarge { path: path.to_owned(), limit });
        }
        Ok(bytes.clone())
    }

    fn list(&self, path: &str) -> Result<Vec<TreeEntry>, TreeError> {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let mut entries: Vec<TreeEntry> = self
            .0
            .keys()
            .filter_map(|file| file.strip_prefix(&prefix))
            .map(|rest| match rest.split_once('/') {
                Some((folder, _)) => TreeEntry { name: folder.to_owned(), kind: TreeKind::Folder },
                None => {
                    TreeEntry { name: rest.to_owned(), kind: TreeKind::File { executable: false } }
                }
            })
            .collect();
        entries.dedup();
        if entries.is_empty() {
            return Err(TreeError::Missing(path.to_owned()));
        }
        Ok(entries)
    }

    fn link(&self, path: &str) -> Result<String, TreeError> {
        Err(TreeError::NotAFile(path.to_owned()))
    }

    fn host_path(&self) -> Option<&str> {
        None
    }
}

/// A unix socket in front of the engine's that counts connections and keeps the first
/// line of every request.
pub(crate) struct Proxy {
    pub(crate) address: String,
    pub(crate) connections: Arc<AtomicUsize>,
    lines: Arc<Mutex<Vec<String>>>,
    relays: Arc<Mutex<Vec<AbortHandle>>>,
}

impl Proxy {
    pub(crate) fn start(name: &str) -> Self {
        Self::answering(name, "", "")
    }

    /// A proxy that replaces one text in what the engine answers.
    pub(crate) fn answering(name: &str, from: &'static str, to: &'static str) -> Self {
        Self::replacing(name, ("", ""), (from, to))
    }

    /// A proxy that replaces one text, by one as long, in what the engine is asked.
    pub(crate) fn asking(name: &str, from: &'static str, to: &'static str) -> Self {
        assert_eq!(from.len(), to.len());
        Self::replacing(name, (from, to), ("", ""))
    }

    fn replacing(name: &str, asked: Replaced, answered: Replaced) -> Self {
        let path = PathBuf::from(variable("RECONCILER_LAB")).join(format!("proxy-{name}.sock"));
        let listener = UnixListener::bind(&path).unwrap();
        let engine = variable("DOCKER_HOST").trim_start_matches("unix://").to_owned();
        let connections = Arc::new(AtomicUsize::new(0));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let relays = Arc::new(Mutex::new(Vec::new()));
        let (counted, kept) = (Arc::clone(&connections), Arc::clone(&lines));
        let running = Arc::clone(&relays);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let server = UnixStream::connect(&engine).await.unwrap();
                let changes = (asked, answered);
                let relay = tokio::spawn(relay(client, server, Arc::clone(&kept), changes));
                running.lock().unwrap().push(relay.abort_handle());
            }
        });
        Self { address: format!("unix://{}", path.display()), connections, lines, relays }
    }

    /// The requests so far, as `GET /v1.41/info`.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Closes every connection. New ones are relayed again.
    pub(crate) fn cut(&self) {
        self.relays.lock().unwrap().drain(..).for_each(|relay| relay.abort());
    }

    pub(crate) fn mutating(&self) -> Vec<String> {
        self.requests().into_iter().filter(|line| !line.starts_with("GET ")).collect()
    }
}

/// A text, and what stands for it.
type Replaced = (&'static str, &'static str);

fn replaced(bytes: &[u8], (from, to): Replaced) -> Vec<u8> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !from.is_empty() => text.replace(from, to).into_bytes(),
        _ => bytes.to_vec(),
    }
}

async fn relay(
    mut client: UnixStream,
    mut server: UnixStream,
    lines: Arc<Mutex<Vec<String>>>,
    (asked, answered): (Replaced, Replaced),
) {
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let forth = async {
        let mut chunk = vec![0; 64 * 1024];
        while let Ok(read) = from_client.read(&mut chunk).await
            && read > 0
        {
            let text = String::from_utf8_lossy(&chunk[..read]);
            let requests = text.lines().filter_map(|line| line.strip_suffix(" HTTP/1.1"));
            lines.lock().unwrap().extend(requests.map(str::to_owned));
            if to_server.write_all(&replaced(&chunk[..read], asked)).await.is_err() {
                break;
            }
        }
    };
    let back = async {
        let mut chunk = vec![0; 64 * 1024];
        while let Ok(read) = from_server.read(&mut chunk).await
            && read > 0
        {
            if to_client.write_all(&replaced(&chunk[..read], answered)).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = forth => {}
        () = back => {}
    }
}
