//! Containers that run to a stack file that describes them: the reverse of `lower`. What is the
//! image's or the engine's to choose is left out; what no stack file can say is a note.

mod around;
mod attached;
mod host;
mod left_out;
mod mounts;
mod plain;
mod process;
mod secrets;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use self::around::is_held;
use self::secrets::Secrets;
use model::compose_labels;
use model::id::{ContainerId, ContainerName, DeploymentId, NetworkName, ServiceName, VolumeName};
use model::observed::{ContainerView, ImageView};
use text::emit::{Pair, Yaml};

pub use self::around::Surroundings;
pub use self::left_out::Note;
pub use self::secrets::may_hold_a_secret;

/// A container that is described.
#[derive(Clone, Debug)]
pub struct Running {
    /// What it is.
    pub view: ContainerView,
    /// The image that it was made from; `None` if it is gone.
    pub image: Option<ImageView>,
    /// The image that its reference leads to now.
    pub named: Option<ImageView>,
    /// All that the engine says of it.
    pub whole: Json,
    /// The files of its image that it changed.
    pub changed: Vec<String>,
}

impl Running {
    fn label(&self, name: &str) -> Option<&str> {
        self.view.spec.labels.get(name).map(String::as_str)
    }

    /// The Compose project that made it, and the service that it is there; not what
    /// `docker compose run` made.
    #[must_use]
    pub fn composed(&self) -> Option<(&str, &str)> {
        let one_off = self.label(compose_labels::ONE_OFF);
        let is_replica = one_off.is_none_or(|word| !word.eq_ignore_ascii_case("true"));
        let names = self.label(compose_labels::PROJECT).zip(self.label(compose_labels::SERVICE));
        names.filter(|_| is_replica)
    }

    fn is(&self, name: &str) -> bool {
        let id = self.view.id.as_str();
        self.view.name.as_str() == name || (name.len() >= 12 && id.starts_with(name))
    }
}

/// A stack file in the making.
#[derive(Clone, Debug)]
pub struct Described {
    /// The deployment's id, if it is known.
    pub name: Option<DeploymentId>,
    /// The services.
    pub services: BTreeMap<ServiceName, DescribedService>,
    networks: Vec<Pair>,
    volumes: Vec<Pair>,
    /// The variables that stand for secrets, and their values.
    pub variables: BTreeMap<String, String>,
}

/// A service of it.
#[derive(Clone, Debug, Default)]
pub struct DescribedService {
    /// Its containers, by their place in what was described.
    pub containers: Vec<usize>,
    pairs: Vec<Pair>,
    /// What it does not carry.
    pub notes: Vec<Note>,
}

impl Described {
    /// The text; `heading` are its first lines.
    #[must_use]
    pub fn text(&self, heading: &[String], containers: &[Running]) -> String {
        let mut top: Vec<Pair> = Vec::new();
        top.extend(self.name.iter().map(|name| Pair::new("name", Yaml::text(name.as_str()))));
        let services = self.services.iter().map(|(name, service)| {
            let names = service.containers.iter().map(|place| {
                let view = &containers[*place].view;
                format!("container {} ({})", view.name, view.id.short())
            });
            let notes = service.notes.iter().map(Note::comment);
            Pair::new(name.as_str(), Yaml::Map(service.pairs.clone()))
                .with_comments(names.chain(notes).collect())
        });
        top.push(Pair::new("services", Yaml::Map(services.collect())));
        for (key, section) in [("networks", &self.networks), ("volumes", &self.volumes)] {
            if !section.is_empty() {
                top.push(Pair::new(key, Yaml::Map(section.clone())));
            }
        }
        Yaml::document(heading, &top)
    }
}

/// Describes containers of one engine as one stack; `name` is the deployment's id.
#[must_use]
pub fn describe(
    containers: &[Running],
    around: &Surroundings,
    name: Option<&DeploymentId>,
) -> Described {
    let services = services(containers);
    let mut secrets = Secrets::default();
    // First, so that their values are recognised wherever else they stand.
    for (name, places) in &services {
        for place in places {
            process::collect_secrets(name, &containers[*place], &mut secrets);
        }
    }
    // What its project's containers are not in, stays another's.
    let is_own = |id: &DeploymentId| {
        containers.iter().any(|it| it.composed().is_some_and(|(project, _)| project == id.as_str()))
    };
    let deployment = name.filter(|id| is_own(id));
    let scene = Scene { containers, around, services: &services, deployment };
    let mut used = Used { secrets, networks: BTreeSet::new(), volumes: BTreeSet::new() };
    let described = services.iter().map(|(name, places)| {
        let service = self::service(&scene, (name, places), &mut used);
        (name.clone(), service)
    });
    let described = described.collect();
    Described {
        name: name.cloned(),
        services: described,
        networks: attached::networks(&used.networks, around, (deployment, &mut used.secrets)),
        volumes: mounts::volumes(&used.volumes, around, (deployment, &mut used.secrets)),
        variables: used.secrets.0,
    }
}

/// One service: its first container, and what tells the others from it.
fn service(
    scene: &Scene<'_>,
    (name, places): (&ServiceName, &Vec<usize>),
    used: &mut Used,
) -> DescribedService {
    let mut written = DescribedService { containers: places.clone(), ..<_>::default() };
    let mut first: Option<Vec<Pair>> = None;
    for place in places {
        let running = &scene.containers[*place];
        let mut writer = Writer {
            running,
            scene,
            service: name,
            alone: places.len() == 1,
            pairs: Vec::new(),
            notes: Vec::new(),
            used,
        };
        writer.write();
        let Writer { pairs, notes, .. } = writer;
        match &first {
            None => first = Some(pairs),
            Some(first) if *first != pairs => {
                written.notes.push(left_out::replica(running, first, &pairs));
            }
            Some(_) => {}
        }
        for note in notes {
            if !written.notes.contains(&note) {
                written.notes.push(note);
            }
        }
    }
    written.pairs = first.unwrap_or_default();
    if places.len() > 1 {
        written.pairs.insert(1, Pair::new("scale", Yaml::word(places.len())));
    }
    written
}

/// The services, each with its containers: those of one service of Compose's are one, all
/// others are services of their own.
fn services(containers: &[Running]) -> BTreeMap<ServiceName, Vec<usize>> {
    let mut of: BTreeMap<ServiceName, Vec<usize>> = BTreeMap::new();
    for (place, running) in containers.iter().enumerate() {
        let base = running.composed().map_or(running.view.name.as_str(), |(_, service)| service);
        let numbered = (2..).map(|n| format!("{base}-{n}"));
        let mut names = std::iter::once(base.to_owned()).chain(numbered).map(ServiceName::new);
        let fits = |name: &ServiceName| {
            of.get(name).is_none_or(|others| {
                let other = &containers[others[0]];
                other.composed().is_some() && other.composed() == running.composed()
            })
        };
        let name = names.find(fits).expect("BUG: numbers do not end");
        of.entry(name).or_default().push(place);
    }
    let number = |place: &usize| {
        containers[*place].label(compose_labels::NUMBER).and_then(|text| text.parse::<u32>().ok())
    };
    for places in of.values_mut() {
        places.sort_by_key(number);
    }
    of
}

/// What all services are described by.
struct Scene<'a> {
    containers: &'a [Running],
    around: &'a Surroundings,
    services: &'a BTreeMap<ServiceName, Vec<usize>>,
    /// The deployment's id, if Compose made some of the containers for it.
    deployment: Option<&'a DeploymentId>,
}

/// What services bring into the stack.
struct Used {
    secrets: Secrets,
    networks: BTreeSet<NetworkName>,
    volumes: BTreeSet<VolumeName>,
}

/// Writes a service.
struct Writer<'a> {
    running: &'a Running,
    scene: &'a Scene<'a>,
    service: &'a ServiceName,
    /// Whether the container is the only one of its service.
    alone: bool,
    pairs: Vec<Pair>,
    notes: Vec<Note>,
    used: &'a mut Used,
}

impl Writer<'_> {
    fn write(&mut self) {
        process::write(self);
        attached::write(self);
        mounts::write(self);
        plain::write(self);
        host::write(self);
        left_out::write(self);
    }

    /// Whether Compose made the container for the deployment, so that it becomes its own as it is.
    fn is_in_place(&self) -> bool {
        let project = self.running.composed().map(|(project, _)| project);
        project.is_some() && project == self.scene.deployment.map(DeploymentId::as_str)
    }

    fn put(&mut self, key: &str, value: Yaml) {
        self.pairs.push(Pair::new(key, value));
    }

    fn note(&mut self, field: &str, about: impl Into<String>) {
        self.notes.push(Note { field: field.to_owned(), about: about.into() });
    }

    /// A text as the file has it.
    fn text(&mut self, about: &str, text: &str) -> Yaml {
        Yaml::text(self.used.secrets.text(self.service.as_str(), about, text))
    }

    /// Words of a command, which `program` reads if that is not the first of them.
    fn words(&mut self, about: &str, program: Option<&String>, words: &[String]) -> Vec<String> {
        self.used.secrets.words((self.service.as_str(), about), program, words)
    }

    /// Labels, without those that no stack file can hold.
    fn labels<'l>(&mut self, all: impl Iterator<Item = (&'l String, &'l String)>) -> Yaml {
        let (kept, left): (Vec<_>, Vec<_>) = all.partition(|(name, value)| is_held((name, value)));
        for (name, _) in left {
            let about = "it has a control character or several lines, which no stack file can hold";
            self.note(&format!("labels.{}", model::printable::one_line(name)), about);
        }
        self.texts(&kept.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// Texts by name.
    fn texts(&mut self, texts: &BTreeMap<String, String>) -> Yaml {
        let (secrets, service) = (&mut self.used.secrets, self.service.as_str());
        let pair = |(name, value): (&String, &String)| {
            let variable = name.to_ascii_uppercase();
            (name.clone(), Yaml::text(secrets.named(service, &variable, value)))
        };
        Yaml::map(texts.iter().map(pair))
    }

    /// Whether a name is that of a replica of a service, as Compose's links have it: with or
    /// without the project.
    fn is_replica_name(&self, name: &str, service: &ServiceName) -> bool {
        let places = self.scene.services.get(service).into_iter().flatten();
        let projects = places.filter_map(|place| self.scene.containers[*place].composed());
        let prefixes = projects.map(|(project, _)| format!("{project}-")).chain([String::new()]);
        prefixes.into_iter().any(|prefix| {
            let number = name
                .strip_prefix(&prefix)
                .and_then(|rest| rest.strip_prefix(service.as_str())?.strip_prefix(['-', '_']));
            number.is_some_and(|number| number.parse::<u32>().is_ok())
        })
    }

    /// The service that a container which is named here is one of; itself is none.
    fn service_of(&self, name: &str) -> Option<&ServiceName> {
        let is_it = |place: &usize| self.scene.containers[*place].is(name);
        let found = self.scene.services.iter().find(|(_, places)| places.iter().any(is_it));
        found.map(|(name, _)| name).filter(|name| *name != self.service)
    }
}

/// The ids of containers by which one names others, as names: names outlive a container.
#[must_use]
pub fn short(name: &ContainerName) -> String {
    let id = ContainerId::new(name.as_str());
    if name.as_str().len() == 64 { id.short().to_owned() } else { name.to_string() }
}
