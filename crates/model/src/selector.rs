//! Which containers a person means who names a deployment, a service, a replica or a container.

use std::fmt;

use super::id::{ContainerName, DeploymentId, NetworkName, ServiceName, Slot, VolumeName};

/// One container, as far as it can be named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// Its deployment.
    pub deployment: DeploymentId,
    /// Its service.
    pub service: ServiceName,
    /// Which replica it is.
    pub slot: Slot,
    /// Its name on its engine.
    pub container: ContainerName,
}

/// What one word of a person stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Selector {
    /// All of a deployment: `abc`.
    Deployment(DeploymentId),
    /// A service of whatever deployment has it: `pricing`.
    Service(ServiceName),
    /// A service of one deployment: `abc/pricing`.
    ServiceOf(DeploymentId, ServiceName),
    /// One replica: `abc/pricing/2`.
    Replica(DeploymentId, ServiceName, Slot),
    /// A container by its name: `abc-pricing-2`.
    Container(ContainerName),
    /// A network: `network/abc_default`, or its name alone.
    Network(NetworkName),
    /// A volume: `volume/abc_data`, or its name alone.
    Volume(VolumeName),
}

/// A word that stands for nothing that is there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no deployment, service or container `{word}`")]
pub struct NothingNamed {
    /// The word.
    pub word: String,
}

impl Selector {
    /// What a word stands for. One without `/` is a deployment if there is one of that id, else
    /// a service, else a container.
    ///
    /// # Errors
    /// If nothing of what is known is meant.
    pub fn resolve<'a>(
        word: &str,
        known: &(impl Iterator<Item = &'a Named> + Clone),
    ) -> Result<Self, NothingNamed> {
        let parts: Vec<&str> = word.split('/').collect();
        let candidates = match parts[..] {
            [name] => vec![
                Self::Deployment(name.into()),
                Self::Service(name.into()),
                Self::Container(name.into()),
            ],
            [deployment, service] => vec![Self::ServiceOf(deployment.into(), service.into())],
            [deployment, service, slot] => {
                let slot = slot.parse().ok().map(Slot);
                slot.map(|slot| Self::Replica(deployment.into(), service.into(), slot))
                    .into_iter()
                    .collect()
            }
            _ => Vec::new(),
        };
        candidates
            .into_iter()
            .find(|candidate| known.clone().any(|named| candidate.matches(named)))
            .ok_or_else(|| NothingNamed { word: word.to_owned() })
    }

    /// The network or the volume of these that a word means: by its name, or with its kind before
    /// that, `network/NAME`.
    #[must_use]
    pub fn resource<'a>(
        word: &str,
        networks: impl IntoIterator<Item = &'a NetworkName>,
        volumes: impl IntoIterator<Item = &'a VolumeName>,
    ) -> Option<Self> {
        let is = |kind: &str, name: &str| {
            word == name || word.strip_prefix(kind).is_some_and(|rest| rest == name)
        };
        let mut networks = networks.into_iter();
        let network = networks.find(|name| is("network/", name.as_str()));
        let mut volumes = volumes.into_iter();
        network.cloned().map(Self::Network).or_else(|| {
            volumes.find(|name| is("volume/", name.as_str())).cloned().map(Self::Volume)
        })
    }

    /// Whether it means this container.
    #[must_use]
    pub fn matches(&self, named: &Named) -> bool {
        match self {
            Self::Deployment(deployment) => named.deployment == *deployment,
            Self::Service(service) => named.service == *service,
            Self::ServiceOf(deployment, service) => {
                (&named.deployment, &named.service) == (deployment, service)
            }
            Self::Replica(deployment, service, slot) => {
                (&named.deployment, &named.service, &named.slot) == (deployment, service, slot)
            }
            Self::Container(name) => named.container == *name,
            Self::Network(_) | Self::Volume(_) => false,
        }
    }

    /// Whether one of them means this container; none at all mean every one.
    #[must_use]
    pub fn any(all: &[Self], named: &Named) -> bool {
        all.is_empty() || all.iter().any(|selector| selector.matches(named))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deployment(deployment) => write!(f, "{deployment}"),
            Self::Service(service) => write!(f, "{service}"),
            Self::ServiceOf(deployment, service) => write!(f, "{deployment}/{service}"),
            Self::Replica(deployment, service, slot) => write!(f, "{deployment}/{service}/{slot}"),
            Self::Container(name) => write!(f, "{name}"),
            Self::Network(name) => write!(f, "network/{name}"),
            Self::Volume(name) => write!(f, "volume/{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(deployment: &str, service: &str, slot: u32) -> Named {
        let container = format!("{deployment}-{service}-{slot}").as_str().into();
        let slot = Slot(slot);
        Named { deployment: deployment.into(), service: service.into(), slot, container }
    }

    fn known() -> Vec<Named> {
        vec![
            named("abc", "pricing", 1),
            named("abc", "pricing", 2),
            named("xyz", "pricing", 1),
            named("xyz", "abc", 1),
        ]
    }

    /// The containers that a word means.
    fn meant(word: &str) -> Result<Vec<String>, NothingNamed> {
        let known = known();
        let selector = Selector::resolve(word, &known.iter())?;
        let meant = known.iter().filter(|named| selector.matches(named));
        Ok(meant.map(|named| named.container.to_string()).collect())
    }

    #[test]
    fn a_deployment_comes_before_a_service_and_a_service_before_a_container() {
        assert_eq!(meant("abc").unwrap(), ["abc-pricing-1", "abc-pricing-2"]);
        assert_eq!(meant("pricing").unwrap(), ["abc-pricing-1", "abc-pricing-2", "xyz-pricing-1"]);
        assert_eq!(meant("xyz-abc-1").unwrap(), ["xyz-abc-1"]);
    }

    #[test]
    fn a_path_means_a_service_or_a_replica_of_one_deployment() {
        assert_eq!(meant("xyz/abc").unwrap(), ["xyz-abc-1"]);
        assert_eq!(meant("abc/pricing/2").unwrap(), ["abc-pricing-2"]);
    }

    #[test]
    fn what_names_nothing_is_an_error() {
        for word in ["", "nope", "abc/nope", "abc/pricing/3", "abc/pricing/x", "a/b/c/d"] {
            assert_eq!(meant(word).unwrap_err().word, word);
        }
    }

    #[test]
    fn no_selector_means_everything() {
        assert!(known().iter().all(|named| Selector::any(&[], named)));
        let selectors = [Selector::Service("abc".into())];
        assert_eq!(known().iter().filter(|named| Selector::any(&selectors, named)).count(), 1);
    }
}
