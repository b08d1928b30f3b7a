//! Looks at everything, side by side: the facts for the verdicts of the other files.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use adapters::clock::SystemClock;
use adapters::consul::Consul;
use adapters::docker::{Docker, EngineFacts, LoginState, Logins, Marked, PolicyEvaluator};
use adapters::host::Host;
use futures_util::future::join_all;
use model::desired::{DesiredState, Entry};
use model::id::{DeploymentId, EngineName, InstallationId};
use model::remedy::quoted;
use model::secret::Masker;
use model::time::Timestamp;
use reconcile::control::Load as _;
use world::{Clock as _, OutsideError, Source as _, SourceError};

use super::super::super::bounded;
use super::super::super::config::Layer;
use super::super::super::environment::Environment;
use super::super::super::setup::engines::{EngineSetup, engines};
use super::super::super::setup::loader::Loader;
use super::super::super::setup::reader::Reader;
use super::super::super::setup::roots::roots;
use super::super::super::setup::source::{self as sources, AnySource};
use super::super::super::setup::{Refusal, consul as consuls, real, trust};
use super::super::super::target::without_login;
use super::engine::Space;
use super::finding::Finding;
use super::leftovers::{Known, leftovers};
use super::settings::{SETTINGS, SecretFile};
use super::source::{HUB, Login};
use super::{ConfigFile, DEADLINE, consul, engine, settings, source};

/// The setting that names the key for masks.
const MASK_KEY: &str = "mask_key_file";

/// Looks at everything.
pub(super) async fn everything(
    file: &ConfigFile,
    layer: &Layer,
    environment: &Environment,
) -> Vec<Finding> {
    let mut findings = of_settings(file, layer, environment);
    let installation = match real::installation(&layer.world) {
        Ok(installation) => installation,
        Err(refusal) => {
            findings.push(refused(("installation", SETTINGS), refusal));
            InstallationId::from("default")
        }
    };
    let setups = match engines(&layer.engines, &real::default_engine(layer), environment) {
        Ok(setups) => setups,
        Err(refusal) => {
            findings.push(refused(("engine", SETTINGS), refusal));
            BTreeMap::new()
        }
    };
    let clients = connect(&setups, &installation, &mut findings);
    let consul = consul_of(layer, environment, (&installation, &setups), &mut findings);
    let read = read_source(layer, environment, (&setups, &clients), &mut findings);
    let (read, seen) = futures_util::join!(read, look_at(&clients));
    let (desired, about_source) = read;
    let mut names = Names::default();
    if let Ok(desired) = &desired {
        names = Names::of(desired);
    }
    let place = layer.source.source.as_deref().map(without_login);
    let plan = place.map_or_else(String::new, |place| format!(" {}", quoted(&place)));
    let known = Known {
        installation: &installation,
        desired: desired.as_ref().map(|_| &names.deployments).map_err(String::as_str),
        source: desired.as_ref().ok().map(|desired| &desired.source),
        plan: &format!("`reconciler plan{plan}`"),
        hint: "",
        now: SystemClock.now(),
    };
    findings.extend(of_engines(&setups, seen, &known));
    if let Some(consul) = consul {
        findings.extend(of_consul(&consul, layer, &names.services).await);
    }
    findings.extend(about_source);
    findings.extend(of_logins(layer, environment, &names.images));
    findings.push(engine::disk("this machine", "/", space(Path::new("/"))));
    findings
}

/// What cannot be set up.
fn refused(of: (&'static str, &str), refusal: Refusal) -> Finding {
    let message = refusal.messages.into_iter().next();
    let (text, help) = message.map(|it| (it.message, it.help)).unwrap_or_default();
    Finding::fail(
        of,
        text,
        help.unwrap_or_else(|| "`reconciler --help` lists the settings".to_owned()),
    )
}

/// The settings, without asking anyone.
fn of_settings(file: &ConfigFile, layer: &Layer, environment: &Environment) -> Vec<Finding> {
    let mut findings = vec![settings::file(file.path.as_deref(), &file.wrong)];
    // That the key for masks cannot be read is said where it is read.
    let files = secret_files(layer, environment).into_iter();
    let files = files.filter(|file| file.setting != MASK_KEY || file.mode.is_ok());
    findings.extend(files.map(|file| settings::secret_file(&file)));
    findings.push(match real::mask_key(&layer.world) {
        Ok(key) => settings::masks(key.is_some()),
        Err(refusal) => refused(("mask-key", SETTINGS), refusal),
    });
    findings.push(settings::listen(layer.listen.listen.unwrap_or_default()));
    findings
}

/// The files with secrets that the settings name.
fn secret_files(layer: &Layer, environment: &Environment) -> Vec<SecretFile> {
    let (source, world) = (&layer.source, &layer.world);
    let variable = || environment.get("CONSUL_HTTP_TOKEN_FILE").map(PathBuf::from);
    let consul = world.consul_token_file.clone().or_else(variable);
    let mut named: Vec<(&'static str, PathBuf)> = [
        ("git_token_file", source.git_token_file.clone()),
        ("ssh_key", source.ssh_key.clone()),
        ("ssh_passphrase_file", source.ssh_passphrase_file.clone()),
        ("consul_token_file", consul),
        (MASK_KEY, world.mask_key_file.clone()),
        ("registry_config", world.registry_config.clone()),
    ]
    .into_iter()
    .filter_map(|(setting, path)| Some((setting, path?)))
    .collect();
    let keys = layer.engines.values().filter_map(|engine| engine.tls.as_ref());
    named.extend(keys.map(|tls| ("tls.key", tls.key.clone())));
    let look = |(setting, path): (&'static str, PathBuf)| {
        let mode = bounded::open(&path).and_then(|file| file.metadata());
        let mode = mode.map(|about| std::os::unix::fs::MetadataExt::mode(&about));
        SecretFile { setting, path: path.display().to_string(), mode }
    };
    named.into_iter().map(look).collect()
}

/// Clients of the engines; nothing is connected yet.
fn connect(
    setups: &BTreeMap<EngineName, EngineSetup>,
    installation: &InstallationId,
    findings: &mut Vec<Finding>,
) -> BTreeMap<EngineName, Arc<Docker>> {
    let evaluator = PolicyEvaluator::of(model::policy::HostPolicy::default());
    let mut clients = BTreeMap::new();
    for (name, setup) in setups {
        let (whose, evaluator) = (installation.clone(), Arc::clone(&evaluator));
        match Docker::connect(&setup.endpoint, name.clone(), whose, evaluator) {
            Ok(client) => drop(clients.insert(name.clone(), Arc::new(client))),
            Err(error) => findings.push(engine::access(&format!("engine {name}"), &Err(error))),
        }
    }
    clients
}

/// What was seen of an engine.
struct Seen {
    facts: Result<EngineFacts, OutsideError>,
    /// Our time before and after it said that.
    asked: (Timestamp, Timestamp),
    marked: Result<Vec<Marked>, OutsideError>,
}

/// Asks all engines at once.
async fn look_at(clients: &BTreeMap<EngineName, Arc<Docker>>) -> BTreeMap<EngineName, Seen> {
    let looks = clients.iter().map(|(name, client)| async move {
        let what = format!("engine {name}");
        let before = SystemClock.now();
        let facts = within(&what, client.facts()).await;
        let asked = (before, SystemClock.now());
        let marked = match &facts {
            Ok(_) => within(&what, client.marked()).await,
            Err(error) => Err(error.clone()),
        };
        (name.clone(), Seen { facts, asked, marked })
    });
    join_all(looks).await.into_iter().collect()
}

/// What hangs is given up.
async fn within<T>(
    what: &str,
    call: impl Future<Output = Result<T, OutsideError>>,
) -> Result<T, OutsideError> {
    let late = || format!("{what}: it did not answer within {} s", DEADLINE.as_secs());
    tokio::time::timeout(DEADLINE, call)
        .await
        .unwrap_or_else(|_| Err(OutsideError::Timeout(late())))
}

/// What was seen of the engines, and what that means.
fn of_engines(
    setups: &BTreeMap<EngineName, EngineSetup>,
    seen: BTreeMap<EngineName, Seen>,
    known: &Known<'_>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, Seen { facts, asked, marked }) in seen {
        let subject = format!("engine {name}");
        findings.push(engine::access(&subject, &facts));
        let setup = setups.get(&name);
        if let Ok(facts) = &facts {
            findings.push(engine::cgroup(&subject, facts));
            let precision = std::time::Duration::ZERO;
            findings.push(engine::clock("clock", &subject, asked, facts.time, precision));
            let is_here = setup.is_some_and(EngineSetup::is_here);
            if is_here && Path::new(&facts.root).exists() {
                findings.push(engine::disk(&subject, &facts.root, space(Path::new(&facts.root))));
            }
            if let Err(error) = &marked {
                findings.push(engine::unlisted(&subject, error));
            }
        }
        let hint = setup.map(|setup| real::hint(&name, setup)).unwrap_or_default();
        findings.extend(leftovers(&subject, &marked, &Known { hint: &hint, ..*known }));
    }
    findings
}

/// How full the file system of a folder is.
fn space(folder: &Path) -> Result<Space, String> {
    let seen = rustix::fs::statvfs(folder).map_err(|error| io::Error::from(error).to_string())?;
    let bytes = |blocks: u64| blocks.saturating_mul(seen.f_frsize);
    Ok(Space { all: bytes(seen.f_blocks), free: bytes(seen.f_bavail) })
}

/// Consul, if there is one and it can be used.
fn consul_of(
    layer: &Layer,
    environment: &Environment,
    (installation, setups): (&InstallationId, &BTreeMap<EngineName, EngineSetup>),
    findings: &mut Vec<Finding>,
) -> Option<Consul> {
    let settings = match consuls::consul(&layer.world, environment, installation, setups) {
        Ok(settings) => settings?,
        Err(refusal) => {
            findings.push(refused(("consul", consul::CONSUL), refusal));
            return None;
        }
    };
    match Consul::new(&settings) {
        Ok(client) => Some(client),
        Err(error) => {
            let text = super::super::super::setup::chain(&error);
            findings.push(Finding::fail(
                ("consul", consul::CONSUL),
                text,
                "mend the settings of Consul",
            ));
            None
        }
    }
}

/// Consul and its DNS.
async fn of_consul(client: &Consul, layer: &Layer, services: &BTreeSet<String>) -> Vec<Finding> {
    let before = SystemClock.now();
    let (leader, rights, recursors) = futures_util::join!(
        within("Consul", client.leader()),
        within("Consul", client.rights(services)),
        within("Consul", client.recursors()),
    );
    let asked = (before, SystemClock.now());
    let (leader, date) = match leader {
        Ok((leader, date)) => (Ok(leader), date),
        Err(error) => (Err(error), None),
    };
    let mut findings = vec![consul::leader(&leader)];
    if leader.is_ok() {
        findings.push(consul::rights(&rights));
        let precision = std::time::Duration::from_secs(1);
        findings.push(engine::clock("consul-clock", consul::CONSUL, asked, date, precision));
    }
    let servers = layer.world.consul_dns.iter().flatten();
    let asks = servers.map(|server| async move {
        let at = std::net::SocketAddr::from((*server, 53));
        let own = adapters::dns::ask(at, "consul.service.consul", adapters::dns::Record::A);
        let root = adapters::dns::ask(at, "", adapters::dns::Record::Ns);
        (server.to_string(), futures_util::join!(own, root))
    });
    for (server, (own, root)) in join_all(asks).await {
        findings.push(consul::dns(&server, &own));
        findings.push(consul::recursion(&server, &recursors, &root));
    }
    findings
}

/// What the source names.
#[derive(Default)]
struct Names {
    deployments: BTreeSet<DeploymentId>,
    images: BTreeSet<model::id::ImageRef>,
    /// As Consul has them.
    services: BTreeSet<String>,
}

impl Names {
    fn of(desired: &DesiredState) -> Self {
        let mut names = Self::default();
        for (id, entry) in &desired.deployments {
            names.deployments.insert(id.clone());
            let Entry::Valid(deployment, _) = entry else { continue };
            for service in deployment.services.values() {
                names.images.insert(service.spec.image.clone());
                if service.registration.is_some() {
                    names.services.insert(id.to_string());
                    names.services.insert(format!("{}.{id}", service.name));
                }
            }
        }
        names
    }
}

/// What the source says, or why that is not known, and the findings about it.
async fn read_source(
    layer: &Layer,
    environment: &Environment,
    (setups, clients): (&BTreeMap<EngineName, EngineSetup>, &BTreeMap<EngineName, Arc<Docker>>),
    findings: &mut Vec<Finding>,
) -> (Result<DesiredState, String>, Vec<Finding>) {
    let opened = match sources::source(&layer.source, environment) {
        Ok(opened) => opened,
        Err(refusal) => {
            findings.push(refused(("source", source::SOURCE), refusal));
            return (Err("the source cannot be read".to_owned()), Vec::new());
        }
    };
    if let AnySource::Git(git) = &opened {
        let commit = tokio::time::timeout(DEADLINE, git.look()).await.unwrap_or_else(|_| {
            Err(SourceError::Unreachable(format!("no answer within {} s", DEADLINE.as_secs())))
        });
        let finding =
            source::git(opened.id().as_str(), &commit.map(|revision| revision.to_string()));
        return (
            Err("of a git repository only the branches are read here".to_owned()),
            vec![finding],
        );
    }
    let load = async {
        let host = Host::new(clients.values().cloned(), None);
        let roots = roots(&host, setups, true).await;
        let own = trust::are_own(&layer.trust, true, false);
        let passed = (!own).then(|| layer.trust.env.clone().unwrap_or_default());
        let asked = (trust::bounds(&layer.trust), Masker::new("doctor"));
        let default = real::default_engine(layer);
        let loader = Loader::new(environment, passed.as_deref(), asked, default, roots, None);
        let snapshot = opened.fetch().await?;
        Ok(Reader::new(loader).load(&snapshot).await)
    };
    let desired = tokio::time::timeout(DEADLINE, load).await.unwrap_or_else(|_| {
        Err(SourceError::Unreachable(format!("it is not read within {} s", DEADLINE.as_secs())))
    });
    let place = layer.source.source.as_deref().unwrap_or(".");
    let finding = source::folder(place, &desired);
    (desired.map_err(|_| "the source cannot be read".to_owned()), vec![finding])
}

/// The registries of the images.
fn of_logins(
    layer: &Layer,
    environment: &Environment,
    images: &BTreeSet<model::id::ImageRef>,
) -> Vec<Finding> {
    let logins = match real::logins(&layer.world, environment) {
        Ok(logins) => logins,
        Err(refusal) => return vec![refused(("login", SETTINGS), refusal)],
    };
    source::logins(&images.iter().map(|image| login(&logins, image)).collect())
}

fn login(logins: &Logins, image: &model::id::ImageRef) -> (String, Login) {
    let (registry, known) = logins.state_of(image);
    let registry = if registry == "index.docker.io" { HUB.to_owned() } else { registry };
    let login = match known {
        Ok(LoginState::There) => Login::There,
        Ok(LoginState::Nothing) => Login::None,
        Ok(LoginState::Helper(program)) => Login::Helper(program),
        Err(error) => Login::Unreadable(super::super::super::setup::chain(&error)),
    };
    (registry, login)
}
