//! Compose's own identity of its resources: their labels, exactly as `docker compose`
//! 2.40.3 writes them, so that both can run the same project one after the other.
//!
//! The config hash is a courtesy to Compose, which recreates what bears another one. We
//! never compare it: what differs is found field by field (`plan::drift`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::id::{ContainerId, DeploymentId, ImageId, ReplicaId, ServiceName, Slot, StepId};

/// The version of Compose that we write as.
const WRITTEN_AS: &str = "2.40.3";

/// The project's name, on everything.
pub const PROJECT: &str = "com.docker.compose.project";
/// The service of a container.
pub const SERVICE: &str = "com.docker.compose.service";
/// On images that Compose had the classic builder make, which bear no project's name.
pub const IMAGE_BUILDER: &str = "com.docker.compose.image.builder";
/// The number of a container among its service's, from 1.
pub const NUMBER: &str = "com.docker.compose.container-number";
/// `True` on containers of `docker compose run`.
pub const ONE_OFF: &str = "com.docker.compose.oneoff";
/// The hash of the config that the resource was made from.
pub const CONFIG_HASH: &str = "com.docker.compose.config-hash";
/// The folder that the project was run from.
pub const WORKING_DIR: &str = "com.docker.compose.project.working_dir";
/// The files that the project was run with, separated by commas.
pub const CONFIG_FILES: &str = "com.docker.compose.project.config_files";
/// The key of a network in the stack file.
pub const NETWORK: &str = "com.docker.compose.network";
/// The key of a volume in the stack file.
pub const VOLUME: &str = "com.docker.compose.volume";

const ENVIRONMENT_FILE: &str = "com.docker.compose.project.environment_file";
const IMAGE: &str = "com.docker.compose.image";
/// What a container's service depends on: `name:condition:restart`, separated by commas.
pub const DEPENDS_ON: &str = "com.docker.compose.depends_on";
const VERSION: &str = "com.docker.compose.version";

/// Whether Compose takes a container for one that is no replica: one that runs before them.
fn one_off(slot: Slot) -> &'static str {
    if slot == Slot::INIT { "True" } else { "False" }
}

/// Where a project's files are, as the engine's host sees them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectFiles {
    /// The project directory; `None` if the host does not see it.
    pub working_dir: Option<String>,
    /// The stack files, each merged onto the ones before.
    pub config_files: Vec<String>,
    /// The env files that were named instead of `.env`.
    pub environment_files: Vec<String>,
}

impl ProjectFiles {
    /// The files that a container was made with, as its labels say.
    #[must_use]
    pub fn decode(labels: &BTreeMap<String, String>) -> Self {
        let list = |name| match labels.get(name).map(String::as_str) {
            None | Some("") => Vec::new(),
            Some(files) => files.split(',').map(str::to_owned).collect(),
        };
        Self {
            working_dir: labels.get(WORKING_DIR).cloned(),
            config_files: list(CONFIG_FILES),
            environment_files: list(ENVIRONMENT_FILE),
        }
    }

    /// Whether both are the same stack: one folder, and a file in common. Which other
    /// files were merged onto it differs from call to call.
    #[must_use]
    pub fn is_same_stack(&self, other: &Self) -> bool {
        self.working_dir.is_some()
            && self.working_dir == other.working_dir
            && self.config_files.iter().any(|file| other.config_files.contains(file))
    }
}

/// Compose's config hash of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum ConfigHash {
    /// The stack alone says it.
    Fixed(Digest),
    /// Containers' ids are hashed with it: the texts between them, and the services whose
    /// first containers they are, one fewer.
    Joined {
        /// The texts.
        texts: Vec<String>,
        /// The services.
        names: Vec<ServiceName>,
    },
}

impl ConfigHash {
    /// The hash, once the ids are known; `None` if one is not.
    #[must_use]
    pub fn resolve<'a>(
        &self,
        id: impl Fn(&ServiceName) -> Option<&'a ContainerId>,
    ) -> Option<Digest> {
        let (texts, names) = match self {
            Self::Fixed(digest) => return Some(digest.clone()),
            Self::Joined { texts, names } => (texts, names),
        };
        let mut texts = texts.iter();
        let mut all = texts.next()?.clone();
        for (name, text) in names.iter().zip(texts) {
            all.push_str(id(name)?.as_str());
            all.push_str(text);
        }
        Some(Digest::of(all))
    }
}

/// What Compose's labels of a container say beside whose it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ContainerLabels {
    /// The hash of its service. `None` where it is not known; then ours stands in,
    /// because Compose does not see a container without one.
    pub config_hash: Option<ConfigHash>,
    /// The image it is made from.
    pub image: PlannedImage,
    /// What its service depends on: `db:service_healthy:false,…`.
    pub depends_on: String,
    /// The project's files.
    pub files: ProjectFiles,
}

/// An image that a step uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub enum PlannedImage {
    /// It is not known.
    #[default]
    Unknown,
    /// It is on the engine.
    Known(ImageId),
    /// An earlier step brings it.
    After(StepId),
}

/// The services that a container depended on when it was made, by its labels.
pub fn depends_on(labels: &BTreeMap<String, String>) -> impl Iterator<Item = &str> {
    let all = labels.get(DEPENDS_ON).map(String::as_str).unwrap_or_default().split(',');
    all.filter_map(|entry| entry.split(':').next()).filter(|name| !name.is_empty())
}

impl ContainerLabels {
    /// The labels of a container that shares something with these others; `stand_in` is
    /// used where the config hash is unknown.
    #[must_use]
    pub fn encode<'a>(
        &self,
        replica: &ReplicaId,
        stand_in: &Digest,
        joined: impl Fn(&ServiceName) -> Option<&'a ContainerId>,
    ) -> BTreeMap<String, String> {
        let hash = self.config_hash.as_ref().and_then(|hash| hash.resolve(joined));
        let mut labels = BTreeMap::from([
            (PROJECT, replica.deployment.to_string()),
            (SERVICE, replica.service.to_string()),
            (NUMBER, replica.slot.to_string()),
            (ONE_OFF, one_off(replica.slot).to_owned()),
            (CONFIG_HASH, hash.as_ref().unwrap_or(stand_in).to_string()),
            (DEPENDS_ON, self.depends_on.clone()),
            (VERSION, WRITTEN_AS.to_owned()),
        ]);
        if let PlannedImage::Known(image) = &self.image {
            labels.insert(IMAGE, image.to_string());
        }
        if let Some(folder) = &self.files.working_dir {
            labels.insert(WORKING_DIR, folder.clone());
            labels.insert(CONFIG_FILES, self.files.config_files.join(","));
        }
        if !self.files.environment_files.is_empty() {
            labels.insert(ENVIRONMENT_FILE, self.files.environment_files.join(","));
        }
        named(labels)
    }
}

/// The labels of a network or volume; `kind` is [`NETWORK`] or [`VOLUME`]. Compose takes
/// one without a hash for unchanged.
pub(super) fn resource(
    kind: &'static str,
    deployment: &DeploymentId,
    key: &str,
    hash: Option<&Digest>,
) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::from([
        (PROJECT, deployment.to_string()),
        (kind, key.to_owned()),
        (VERSION, WRITTEN_AS.to_owned()),
    ]);
    if let Some(hash) = hash {
        labels.insert(CONFIG_HASH, hash.to_string());
    }
    named(labels)
}

fn named(labels: BTreeMap<&str, String>) -> BTreeMap<String, String> {
    labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &str, names: &[&str]) -> ProjectFiles {
        ProjectFiles {
            working_dir: Some(folder.to_owned()),
            config_files: names.iter().map(|name| format!("{folder}/{name}")).collect(),
            environment_files: Vec::new(),
        }
    }

    fn labels() -> ContainerLabels {
        ContainerLabels {
            config_hash: Some(ConfigHash::Fixed(Digest::from_text("c0ffee"))),
            image: PlannedImage::Known("sha256:1".into()),
            depends_on: "db:service_healthy:true".to_owned(),
            files: files("/srv/shop", &["compose.yaml", "compose.override.yaml"]),
        }
    }

    fn replica() -> ReplicaId {
        let slot = super::super::id::Slot(2);
        ReplicaId { deployment: "shop".into(), service: "web".into(), slot }
    }

    #[test]
    fn a_container_bears_what_compose_writes() {
        let written = labels().encode(&replica(), &Digest::from_text("ours"), |_| None);
        let written: Vec<(&str, &str)> = written
            .iter()
            .map(|(name, value)| (name.strip_prefix("com.docker.compose.").unwrap(), &**value))
            .collect();
        assert_eq!(
            written,
            [
                ("config-hash", "c0ffee"),
                ("container-number", "2"),
                ("depends_on", "db:service_healthy:true"),
                ("image", "sha256:1"),
                ("oneoff", "False"),
                ("project", "shop"),
                ("project.config_files", "/srv/shop/compose.yaml,/srv/shop/compose.override.yaml"),
                ("project.working_dir", "/srv/shop"),
                ("service", "web"),
                ("version", "2.40.3"),
            ]
        );
    }

    #[test]
    fn ids_are_hashed_where_they_belong() {
        let hash = ConfigHash::Joined {
            texts: vec!["a".to_owned(), "c".to_owned()],
            names: vec!["web".into()],
        };
        let id = ContainerId::from("b");
        assert_eq!(hash.resolve(|_| Some(&id)), Some(Digest::of("abc")));
        assert_eq!(hash.resolve(|_| None), None);
    }

    #[test]
    fn files_survive_their_labels() {
        let written = labels().encode(&replica(), &Digest::from_text("ours"), |_| None);
        assert_eq!(ProjectFiles::decode(&written), labels().files);
    }

    #[test]
    fn a_stack_is_its_folder_and_one_of_its_files() {
        let shop = files("/srv/shop", &["compose.yaml"]);
        let with_more = files("/srv/shop", &["compose.yaml", "debug.yaml"]);
        assert!(shop.is_same_stack(&with_more) && with_more.is_same_stack(&shop));
        assert!(!shop.is_same_stack(&files("/srv/shop", &["other.yaml"])));
        assert!(!shop.is_same_stack(&files("/home/me/shop", &["compose.yaml"])));
        assert!(!ProjectFiles::default().is_same_stack(&ProjectFiles::default()));
    }
}
