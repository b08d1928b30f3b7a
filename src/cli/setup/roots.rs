//! Where each engine's host sees the source's folder. On the host itself that is where we
//! see it; in a container, our own mounts tell.
//!
//! An engine that does not answer tells nothing: until it does, it is not known what a bind of
//! the tree means there, and nobody may take that for "it does not see the tree".

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use adapters::docker::{Docker, Sight, Traces};
use adapters::host::Host;
use model::host_path::{is_within, normalise};
use model::id::EngineName;
use model::observed::ContainerView;
use model::spec::MountSource;

use super::chain;
use super::engines::EngineSetup;

/// The pauses between two times that an engine is asked for our own container.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// The source's folder as an engine's host sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Root {
    /// It is not known, and why.
    Unknown(String),
    /// Not at all.
    Unseen,
    /// As we see it.
    Same,
    /// As the operator says.
    Given {
        /// Its path there.
        path: String,
        /// Whether we see the host's files as it does.
        here: bool,
    },
    /// We are in a container: our paths, and the host's paths that are mounted there.
    Mounted(BTreeMap<String, String>),
}

impl Root {
    /// How we see the files of the engine's host.
    pub(super) fn sight(&self) -> Sight {
        match self {
            Self::Same | Self::Given { here: true, .. } => Sight::same(),
            Self::Mounted(mounts) => Sight::through(mounts),
            Self::Unknown(_) | Self::Unseen | Self::Given { here: false, .. } => Sight::default(),
        }
    }

    /// Whether the engine's host has, at the path for one of ours, the very files that we see.
    pub(super) fn is_same(&self, ours: Option<&str>) -> bool {
        match self {
            Self::Same | Self::Mounted(_) => self.resolve(ours).is_some(),
            // Another path may be a copy.
            Self::Given { path, here } => {
                *here && ours.is_some_and(|ours| normalise(ours) == normalise(path))
            }
            Self::Unknown(_) | Self::Unseen => false,
        }
    }

    /// The path on the engine's host for one of ours.
    pub(super) fn resolve(&self, ours: Option<&str>) -> Option<String> {
        match self {
            Self::Unknown(_) | Self::Unseen => None,
            Self::Same => ours.map(str::to_owned),
            Self::Given { path, .. } => Some(path.clone()),
            Self::Mounted(mounts) => {
                let ours = ours?;
                // The nearest mount around the folder is the one that shows it.
                let around = mounts.iter().filter(|(here, _)| is_within(ours, here));
                let (here, there) = around.max_by_key(|(here, _)| here.len())?;
                let rest = normalise(ours).strip_prefix(&normalise(here))?.to_owned();
                Some(normalise(&format!("{there}/{rest}")))
            }
        }
    }
}

/// The roots of all engines. One that is not known yet is asked for again until it is.
#[derive(Debug)]
pub(in crate::cli) struct Roots {
    known: Mutex<BTreeMap<EngineName, Root>>,
    learned: Notify,
}

impl Roots {
    /// These.
    pub(in crate::cli) fn of(known: BTreeMap<EngineName, Root>) -> Arc<Self> {
        Arc::new(Self { known: Mutex::new(known), learned: Notify::new() })
    }

    /// All of them, as far as they are known now.
    pub(super) fn all(&self) -> BTreeMap<EngineName, Root> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends when one becomes known.
    pub(super) async fn learned(&self) {
        self.learned.notified().await;
    }

    pub(super) fn learn(&self, engine: EngineName, root: Root) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(engine, root);
        self.learned.notify_one();
    }
}

/// The root of every engine, for a source that is a folder here or is not. Those that cannot
/// be known now are asked for as long as the runtime runs.
pub(in crate::cli) async fn roots(
    host: &Host,
    engines: &BTreeMap<EngineName, EngineSetup>,
    is_folder: bool,
) -> Arc<Roots> {
    let mut roots = BTreeMap::new();
    let mut unknown = Vec::new();
    for (name, engine) in engines {
        let root = match &engine.project_directory {
            Some(path) => {
                let here = engine.is_here() && !Traces::ours().are_of_a_container();
                Root::Given { path: path.clone(), here }
            }
            None if !is_folder || !engine.is_here() => Root::Unseen,
            None if Traces::ours().are_of_a_container() => match host.of(name) {
                Some(engine) => through_mounts(engine).await,
                None => Root::Unseen,
            },
            None => Root::Same,
        };
        if matches!(root, Root::Unknown(_)) {
            unknown.extend(host.of(name).cloned());
        }
        roots.insert(name.clone(), root);
    }
    let roots = Roots::of(roots);
    for engine in unknown {
        tokio::spawn(ask_again(engine, Arc::clone(&roots)));
    }
    roots
}

/// Asks until the root is known.
async fn ask_again(engine: Arc<Docker>, roots: Arc<Roots>) {
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        match through_mounts(&engine).await {
            Root::Unknown(_) => {}
            root => return roots.learn(engine.name().clone(), root),
        }
    }
}

/// The mounts of the container that we run in, if this engine runs it.
async fn through_mounts(engine: &Docker) -> Root {
    let mut own = None;
    for id in Traces::ours().candidates() {
        match engine.container(&id).await {
            Ok(found) => own = own.or(found.filter(|own| own.id.as_str().starts_with(id.as_str()))),
            Err(error) => return Root::Unknown(chain(&error)),
        }
    }
    // Without one, it is another engine's container, if any.
    own.map_or(Root::Same, |own| Root::Mounted(binds(&own)))
}

fn binds(own: &ContainerView) -> BTreeMap<String, String> {
    let mounts = own.spec.mounts.iter();
    let bind = |(here, mount): (&String, &model::spec::Mount)| match &mount.source {
        MountSource::Bind(there) => Some((here.clone(), there.clone())),
        MountSource::Volume(_) | MountSource::Anonymous | MountSource::Image(_) => None,
    };
    mounts.filter_map(bind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mounted_folder_is_found_on_the_host() {
        let pairs = [("/state", "/home/ann/stacks"), ("/state/shop", "/srv/shop"), ("/s", "/x")];
        let mounts = pairs.map(|(here, there)| (here.to_owned(), there.to_owned()));
        let root = Root::Mounted(mounts.into());
        let there = |ours: &str| root.resolve(Some(ours));
        assert_eq!(there("/state").as_deref(), Some("/home/ann/stacks"));
        assert_eq!(there("/state/notes").as_deref(), Some("/home/ann/stacks/notes"));
        assert_eq!(there("/state/shop/a").as_deref(), Some("/srv/shop/a"));
        assert_eq!(there("/other"), None);
    }

    #[test]
    fn a_commit_is_nowhere_unless_the_operator_says_so() {
        assert_eq!(Root::Same.resolve(None), None);
        let given = Root::Given { path: "/srv".to_owned(), here: false };
        assert_eq!(given.resolve(None).as_deref(), Some("/srv"));
    }
}
