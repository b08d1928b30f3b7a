//! How identity is written on what we create, and read back: our labels, under
//! `reconciler.`. Those of Compose, which stand beside them, are in `compose.rs`.
//!
//! Labels alone prove nothing: `docker commit` copies them into an image and from there
//! onto any container. [`Identity::decode`] only reads; `plan::ownership` decides.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::compose_labels;
use super::digest::Digest;
use super::id::{
    ContainerName, DeploymentId, EngineId, InstallationId, ReplicaId, Revision, ServiceName, Slot,
    SourceId,
};

/// The prefix of every label of ours.
pub const PREFIX: &str = "reconciler.";
/// The prefix of Compose's labels.
pub const COMPOSE_PREFIX: &str = "com.docker.compose.";
/// The label of an image that holds the hash of its build.
pub const BUILD_HASH: &str = "reconciler.build";
/// The version of the label format and of the spec hash; both are compared only
/// between equal versions, so that an upgrade recreates nothing.
pub const SPEC_VERSION: &str = "1";

/// The label that says which installation made something.
pub const INSTALLATION: &str = "reconciler.installation";
const SOURCE: &str = "reconciler.source";
const DEPLOYMENT: &str = "reconciler.deployment";
const SERVICE: &str = "reconciler.service";
const SLOT: &str = "reconciler.slot";
const ID: &str = "reconciler.id";
const REVISION: &str = "reconciler.revision";
const VERSION: &str = "reconciler.spec-version";
const HASH: &str = "reconciler.spec-hash";
const FILES: &str = "reconciler.files-hash";
const INIT: &str = "reconciler.pre-start-hash";
const SUCCEEDS: &str = "reconciler.succeeds";
/// Before a field in the list of what is masked that is no variable and no file; alone it says that
/// the list has all of them.
pub const PUT: &str = "=";
const MASKED: &str = "reconciler.masked";
const FROM_ENV_FILE: &str = "reconciler.from-env-file";
const ASKED: &str = "reconciler.asked";
const BOUND: &str = "reconciler.bound";

/// Whether a stack may not set this label itself.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    name.starts_with(PREFIX) || name.starts_with(COMPOSE_PREFIX)
}

/// What identifies a replica's container, as its labels say it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The installation that made it.
    pub installation: InstallationId,
    /// The source it was last applied from.
    pub source: SourceId,
    /// Whose replica it is.
    pub replica: ReplicaId,
    /// The engine it was made on.
    pub engine: EngineId,
    /// Its canonical name (a surge container bears the name plus its short spec hash
    /// until it is renamed).
    pub name: ContainerName,
    /// The revision that it was made from.
    pub revision: Revision,
    /// The hash of the desired spec it was made from.
    pub spec_hash: Digest,
    /// The hash of the files put into it or bound from the tree, if there are any.
    pub files_hash: Option<Digest>,
    /// The hash of the init containers that ran before it, if there were any.
    pub init_hash: Option<Digest>,
    /// Whether it took the place of a container of the same slot: its dependents
    /// have to follow. A first container of a slot has nobody to restart.
    pub succeeds: bool,
    /// Names of environment variables whose values are sensitive, and paths of secrets.
    pub masked: Vec<String>,
    /// Those of them that only env files gave their values, and whose names are not those of
    /// secrets. Containers of before that was written down have none.
    pub from_env_file: Vec<String>,
    /// The fields with a default of the engine's own that the stack sets: the paths
    /// of the facts.
    pub asked: Vec<String>,
    /// Which single files of the tree were bound, by target: the `inode` of each [`Mark`].
    ///
    /// [`Mark`]: super::mark::Mark
    pub bound: BTreeMap<String, String>,
}

impl Identity {
    /// The name that a container of this identity has while its predecessor still
    /// bears the canonical one.
    #[must_use]
    pub fn surge_name(&self) -> ContainerName {
        surge_name(&self.name, &self.spec_hash)
    }

    /// The labels of this identity.
    #[must_use]
    pub fn encode(&self) -> BTreeMap<String, String> {
        let replica = &self.replica;
        let mut labels = BTreeMap::from([
            (INSTALLATION, self.installation.to_string()),
            (SOURCE, self.source.to_string()),
            (DEPLOYMENT, replica.deployment.to_string()),
            (SERVICE, replica.service.to_string()),
            (SLOT, replica.slot.to_string()),
            (ID, format!("{}/{}", self.engine, self.name)),
            (REVISION, self.revision.to_string()),
            (VERSION, SPEC_VERSION.to_owned()),
            (HASH, self.spec_hash.to_string()),
        ]);
        if let Some(hash) = &self.files_hash {
            labels.insert(FILES, hash.to_string());
        }
        if let Some(hash) = &self.init_hash {
            labels.insert(INIT, hash.to_string());
        }
        if self.succeeds {
            labels.insert(SUCCEEDS, "true".to_owned());
        }
        if !self.masked.is_empty() {
            labels.insert(MASKED, self.masked.join(","));
        }
        if !self.from_env_file.is_empty() {
            labels.insert(FROM_ENV_FILE, self.from_env_file.join(","));
        }
        if !self.asked.is_empty() {
            labels.insert(ASKED, serde_json::json!(self.asked).to_string());
        }
        if !self.bound.is_empty() {
            labels.insert(BOUND, serde_json::json!(self.bound).to_string());
        }
        labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Reads an identity back; `None` if any part is missing or not of our form.
    #[must_use]
    pub fn decode(labels: &BTreeMap<String, String>) -> Option<Self> {
        let [installation, source, deployment, service, slot, id, revision, hash, optional @ ..] =
            values(
                labels,
                [
                    INSTALLATION,
                    SOURCE,
                    DEPLOYMENT,
                    SERVICE,
                    SLOT,
                    ID,
                    REVISION,
                    HASH,
                    FILES,
                    INIT,
                    SUCCEEDS,
                    MASKED,
                    FROM_ENV_FILE,
                    ASKED,
                    BOUND,
                ],
            );
        let [files, init, succeeds, masked, from_env_file, asked, bound] = optional;
        let names = |text: Option<&str>| {
            text.map(|text| text.split(',').map(str::to_owned).collect()).unwrap_or_default()
        };
        let (engine, name) = id?.split_once('/')?;
        Some(Self {
            installation: InstallationId::new(installation?),
            source: SourceId::new(source?),
            replica: ReplicaId {
                deployment: DeploymentId::new(deployment?),
                service: ServiceName::new(service?),
                slot: Slot(slot?.parse().ok()?),
            },
            engine: EngineId::new(engine),
            name: ContainerName::new(name),
            revision: Revision::new(revision?),
            spec_hash: Digest::from_text(hash?),
            files_hash: files.map(Digest::from_text),
            init_hash: init.map(Digest::from_text),
            succeeds: succeeds == Some("true"),
            masked: names(masked),
            from_env_file: names(from_env_file),
            asked: asked.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default(),
            bound: bound.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default(),
        })
    }
}

/// The values of labels of these names, all found in one walk.
fn values<'l, const N: usize>(
    labels: &'l BTreeMap<String, String>,
    names: [&str; N],
) -> [Option<&'l str>; N] {
    let mut values = [None; N];
    for (name, value) in labels {
        if let Some(at) = names.iter().position(|wanted| wanted == name) {
            values[at] = Some(value.as_str());
        }
    }
    values
}

/// The name of a replica's second container: the canonical name and the short spec hash.
#[must_use]
pub fn surge_name(name: &ContainerName, spec_hash: &Digest) -> ContainerName {
    ContainerName::new(format!("{name}-{}", spec_hash.short()))
}

/// What identifies a network or volume of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerLabels {
    /// The installation that made it.
    pub installation: InstallationId,
    /// The source it was applied from.
    pub source: SourceId,
    /// The deployment it belongs to.
    pub deployment: DeploymentId,
    /// The engine and name it was made under, as `engine/name`.
    pub id: String,
    /// The key in the stack file.
    pub key: String,
    /// Compose's config hash of it, if that is known.
    pub compose_hash: Option<Digest>,
    /// Of a network: the fields with a default of the engine's own that the stack sets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<String>,
}

impl OwnerLabels {
    /// Labels of a network.
    #[must_use]
    pub fn encode_network(&self) -> BTreeMap<String, String> {
        self.encode(compose_labels::NETWORK)
    }

    /// Labels of a volume.
    #[must_use]
    pub fn encode_volume(&self) -> BTreeMap<String, String> {
        self.encode(compose_labels::VOLUME)
    }

    fn encode(&self, kind: &'static str) -> BTreeMap<String, String> {
        let hash = self.compose_hash.as_ref();
        let mut labels = compose_labels::resource(kind, &self.deployment, &self.key, hash);
        labels.extend([
            (INSTALLATION.to_owned(), self.installation.to_string()),
            (SOURCE.to_owned(), self.source.to_string()),
            (DEPLOYMENT.to_owned(), self.deployment.to_string()),
            (ID.to_owned(), self.id.clone()),
        ]);
        if !self.asked.is_empty() {
            labels.insert(ASKED.to_owned(), serde_json::json!(self.asked).to_string());
        }
        labels
    }

    /// Reads them back; `None` if any part is missing.
    #[must_use]
    pub fn decode(labels: &BTreeMap<String, String>) -> Option<Self> {
        let key =
            labels.get(compose_labels::NETWORK).or_else(|| labels.get(compose_labels::VOLUME))?;
        Some(Self {
            installation: InstallationId::new(labels.get(INSTALLATION)?),
            source: SourceId::new(labels.get(SOURCE)?),
            deployment: DeploymentId::new(labels.get(DEPLOYMENT)?),
            id: labels.get(ID)?.clone(),
            key: key.clone(),
            compose_hash: labels.get(compose_labels::CONFIG_HASH).map(Digest::from_text),
            asked: asked(labels),
        })
    }
}

/// What a stack asked for of what bears these labels, of that which an engine chooses if nobody
/// does; nothing if it was made before that was written down.
#[must_use]
pub fn asked(labels: &BTreeMap<String, String>) -> Vec<String> {
    let text = labels.get(ASKED);
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_survives_its_labels() {
        let identity = Identity {
            installation: "main".into(),
            source: "git:shop".into(),
            replica: ReplicaId {
                deployment: "abc".into(),
                service: "pricing".into(),
                slot: Slot(2),
            },
            engine: "ENGINE:1".into(),
            name: "abc-pricing-2".into(),
            revision: "3f2a9c1".into(),
            spec_hash: Digest::of("spec"),
            files_hash: Some(Digest::of("files")),
            init_hash: Some(Digest::of("init")),
            succeeds: true,
            masked: vec!["A".to_owned(), "B".to_owned()],
            from_env_file: vec!["B".to_owned()],
            asked: vec!["mount_options./a,b.propagation".to_owned()],
            bound: BTreeMap::from([("/etc/a,b".to_owned(), "2049/7/1.5".to_owned())]),
        };
        assert_eq!(Identity::decode(&identity.encode()), Some(identity));
    }

    #[test]
    fn labels_without_an_id_are_no_identity() {
        let labels = BTreeMap::from([(DEPLOYMENT.to_owned(), "abc".to_owned())]);
        assert_eq!(Identity::decode(&labels), None);
    }
}
