//! The objects that steps are about, and their names for people.

use std::fmt;

use model::action::Action;
use model::build::FOLDERS;
use model::id::{ContainerName, NetworkName, ServiceName, Slot, VolumeName};
use model::plan::Step;
use model::printable::one_line;

/// What a step is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli) enum Object {
    /// An image; one that is only made for its files is called by its folder.
    Image(String),
    /// A replica.
    Replica(ServiceName, Slot),
    /// A container that is no replica.
    Container(ContainerName),
    /// A network.
    Network(NetworkName),
    /// A volume.
    Volume(VolumeName),
    /// Entries of the catalog that belong to no replica that changes.
    Catalog,
    /// What is remembered.
    Record,
}

impl Object {
    /// The object of a step.
    pub(in crate::cli) fn of(step: &Step) -> Self {
        if let Some(replica) = &step.replica {
            return Self::Replica(replica.service.clone(), replica.slot);
        }
        match &step.action {
            Action::PullImage { image, .. } => Self::Image(image.to_string()),
            Action::BuildImage { tag, build, .. } if tag.as_str().starts_with(FOLDERS) => {
                Self::Image(format!("folder {:?}", build.context))
            }
            Action::BuildImage { tag, .. } => Self::Image(tag.to_string()),
            Action::CreateNetwork { network, .. } => Self::Network(network.name.clone()),
            Action::RemoveNetwork { name, .. } => Self::Network(name.clone()),
            Action::CreateVolume { volume, .. } => Self::Volume(volume.name.clone()),
            Action::CreateContainer(create) => Self::Container(create.name.clone()),
            Action::Register { .. } | Action::Deregister { .. } => Self::Catalog,
            Action::WriteLedger { .. } => Self::Record,
            action => {
                action.target().map_or(Self::Record, |target| Self::Container(target.name.clone()))
            }
        }
    }

    /// Its name, as the commands that take one take it.
    pub(in crate::cli) fn name(&self, deployment: &impl fmt::Display) -> String {
        let name = match self {
            Self::Image(image) => format!("image {image}"),
            Self::Replica(service, slot) => format!("{deployment}/{service}/{slot}"),
            Self::Container(name) => format!("container {name}"),
            Self::Network(name) => format!("network {name}"),
            Self::Volume(name) => format!("volume {name}"),
            Self::Catalog => format!("Consul entries of {deployment}"),
            Self::Record => format!("record of {deployment}"),
        };
        one_line(&name).into_owned()
    }
}

/// Names of objects, those of replicas of one service as one: `abc/web ×3`; at most a few, and how
/// many more there are.
pub(in crate::cli) fn listed<'a, D: fmt::Display + PartialEq + 'a>(
    objects: impl IntoIterator<Item = (&'a D, &'a Object)>,
) -> String {
    const LISTED: usize = 5;
    let mut names: Vec<(String, usize)> = Vec::new();
    let mut services: Vec<(&D, &ServiceName, usize)> = Vec::new();
    for (deployment, object) in objects {
        let Object::Replica(service, _) = object else {
            names.push((object.name(deployment), 1));
            continue;
        };
        let same = services.iter().find(|(of, name, _)| *of == deployment && *name == service);
        if let Some((_, _, at)) = same {
            names[*at].0 = one_line(&format!("{deployment}/{service}")).into_owned();
            names[*at].1 += 1;
        } else {
            services.push((deployment, service, names.len()));
            names.push((object.name(deployment), 1));
        }
    }
    let more = names.len().saturating_sub(LISTED);
    let one = |(name, number): (String, usize)| match number {
        1 => name,
        number => format!("{name} ×{number}"),
    };
    let mut text: Vec<String> = names.into_iter().take(LISTED).map(one).collect();
    if more > 0 {
        text.push(format!("{more} more"));
    }
    text.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_of_one_service_are_listed_as_one() {
        let replica = |service: &str, slot| Object::Replica(service.into(), Slot(slot));
        let all = [replica("web", 1), Object::Network("x".into()), replica("web", 2)];
        let text = |all: &[Object]| listed(all.iter().map(|object| (&"abc", object)));
        assert_eq!(text(&all), "abc/web ×2, network x");
        assert_eq!(text(&all[..2]), "abc/web/1, network x");
        let many: Vec<_> = (0..7).map(|n| replica(&format!("s{n}"), 1)).collect();
        assert_eq!(text(&many), "abc/s0/1, abc/s1/1, abc/s2/1, abc/s3/1, abc/s4/1, 2 more");
    }
}
