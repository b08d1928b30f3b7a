//! Where each engine's host sees the source's folder. On the host itself that is where we
//! see it; in a container, our own mounts tell.

use std::collections::BTreeMap;

use crate::adapters::docker::{Sight, Traces};
use crate::adapters::host::Host;
use crate::model::id::EngineName;
use crate::model::observed::ContainerView;
use crate::model::policy::{is_within, normalise};
use crate::model::spec::MountSource;
use crate::world::Observe as _;

use super::engines::EngineSetup;

/// The source's folder as an engine's host sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Root {
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
            Self::Unseen | Self::Given { here: false, .. } => Sight::default(),
        }
    }

    /// The path on the engine's host for one of ours.
    pub(super) fn resolve(&self, ours: Option<&str>) -> Option<String> {
        match self {
            Self::Unseen => None,
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

/// The root of every engine, for a source that is a folder here or is not.
pub(in crate::cli) async fn roots(
    host: &Host,
    engines: &BTreeMap<EngineName, EngineSetup>,
    is_folder: bool,
) -> BTreeMap<EngineName, Root> {
    let mut roots = BTreeMap::new();
    for (name, engine) in engines {
        let root = match &engine.project_directory {
            Some(path) => {
                let here = engine.is_here() && !Traces::ours().are_of_a_container();
                Root::Given { path: path.clone(), here }
            }
            None if !is_folder || !engine.is_here() => Root::Unseen,
            None if Traces::ours().are_of_a_container() => through_mounts(host, name).await,
            None => Root::Same,
        };
        roots.insert(name.clone(), root);
    }
    roots
}

/// The mounts of the container that we run in, if this engine runs it.
async fn through_mounts(host: &Host, engine: &EngineName) -> Root {
    for id in Traces::ours().candidates() {
        match host.container(engine, &id).await {
            Ok(Some(own)) if own.id.as_str().starts_with(id.as_str()) => {
                return Root::Mounted(binds(&own));
            }
            Ok(_) => {}
            Err(_) => return Root::Unseen,
        }
    }
    // It is another engine's container, if any.
    Root::Same
}

fn binds(own: &ContainerView) -> BTreeMap<String, String> {
    let mounts = own.spec.mounts.iter();
    let bind = |(here, mount): (&String, &crate::model::spec::Mount)| match &mount.source {
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
