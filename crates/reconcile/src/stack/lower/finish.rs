//! From drafts to the deployment: what needs all services to be known, and the hashes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::draft::Draft;
use super::networks::DEFAULT;
use super::shares::BRIDGE;
use super::{Scope, contexts, files, hashes, plain, replicas};
use crate::stack::codes::DEAD_LINK;
use compose::codes::EXCLUSIVE;
use model::compose_labels::ProjectFiles;
use model::desired::{Condition, Deployment, ImageSource, Network, Rollout, Service, Volume};
use model::host_path::normalise;
use model::id::{NetworkName, ServiceName};
use model::secret::{Content, is_sensitive_name};
use model::spec::{ContainerSpec, NetworkSpec, RestartPolicy};
use text::yaml::Span;

/// How long a secret is that hides another value in which it stands, in bytes: shorter ones are
/// masked nowhere.
const LEAST: usize = 4;
/// What Compose and the engine grant without `stop_grace_period`.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// Puts the services together. `None` after errors.
pub(super) fn deployment(mut drafts: Vec<Draft<'_>>, scope: &Scope<'_>) -> Option<Deployment> {
    let instance = scope.instance;
    replicas::settle(&mut drafts, scope);
    link(&mut drafts, scope);
    link_by_container(&mut drafts, scope);
    contexts::complete(&mut drafts, scope);
    let networks = used_networks(&drafts, scope);
    let volumes = used_volumes(&drafts, scope);
    let awaited: BTreeSet<String> = drafts
        .iter()
        .flat_map(|draft| &draft.depends_on)
        .filter(|(_, dependency)| dependency.condition == Condition::Completed)
        .map(|(name, _)| name.to_string())
        .collect();
    let services: BTreeMap<ServiceName, Service> = drafts
        .into_iter()
        .map(|draft| {
            let service = service(draft, &awaited, &scope.report.concealed());
            (service.name.clone(), service)
        })
        .collect();
    if scope.report.has_errors() {
        return None;
    }
    let on_host = |path: &str| instance.root.map(|root| normalise(&format!("{root}/{path}")));
    let all_on_host = |paths: &[String]| paths.iter().filter_map(|path| on_host(path)).collect();
    let project_dir = on_host(instance.base);
    let links = scope.links.take();
    let concealed = scope.report.concealed();
    let hash = hashes::deployment(instance.engine.as_str(), &services, &networks, &volumes);
    Some(Deployment {
        id: instance.id.clone(),
        engine: instance.engine.clone(),
        sync: instance.sync,
        on_failure: instance.on_failure,
        origin: instance.origin.clone().unwrap_or_else(|| scope.report.loc(Span::START)),
        stack_file: scope.report.file().to_string(),
        project_dir: project_dir.clone(),
        links: links.iter().map(|(path, way)| (path.clone(), way.to.clone())).collect(),
        ways: links.into_iter().map(|(path, way)| (path, way.by)).collect(),
        writable: std::sync::Arc::default(),
        secrets: concealed.into_iter().map(|value| Content::new(value.into_bytes())).collect(),
        files: ProjectFiles {
            config_files: all_on_host(instance.files),
            working_dir: project_dir,
            environment_files: all_on_host(instance.env_files),
        },
        services,
        networks,
        volumes,
        hash,
    })
}

/// The names of the containers of every service, in the order of their numbers.
fn containers(drafts: &[Draft<'_>], scope: &Scope<'_>) -> BTreeMap<String, Vec<String>> {
    let of = |draft: &Draft<'_>| {
        let numbered = |n| format!("{}-{}-{n}", scope.instance.id, draft.name);
        let count = draft.replicas.as_ref().map_or(1, |(count, _)| *count);
        match &draft.container_name {
            Some((name, _)) => vec![name.to_string()],
            None => (1..=count).map(numbered).collect(),
        }
    };
    drafts.iter().map(|draft| (draft.name.to_owned(), of(draft))).collect()
}

/// Puts the names that links ask for on every network that both ends share: the alias for all
/// replicas, and the service's name with its number for each.
fn link(drafts: &mut [Draft<'_>], scope: &Scope<'_>) {
    let bridge = NetworkName::new(BRIDGE);
    let containers = containers(drafts, scope);
    let attached: BTreeMap<String, BTreeSet<_>> = drafts
        .iter()
        .map(|draft| (draft.name.to_owned(), draft.spec.networks.keys().cloned().collect()))
        .collect();
    for draft in drafts {
        let on_bridge = draft.spec.networks.contains_key(&bridge);
        for (target, alias, at) in &draft.links {
            let Some(theirs) = attached.get(target) else { continue };
            let mut shared = false;
            for (network, attachment) in &mut draft.spec.networks {
                if theirs.contains(network) {
                    shared = true;
                    if network.as_str() == BRIDGE {
                        continue;
                    }
                    if alias != target {
                        attachment.links.insert(format!("{target}:{alias}"));
                    }
                    for (name, n) in containers.get(target).into_iter().flatten().zip(1..) {
                        attachment.replica_links.insert(format!("{name}:{target}-{n}"));
                    }
                }
            }
            if !shared && on_bridge {
                let message = format!("a link of the engine's bridge cannot lead to `{target}`");
                let help = format!("write `network_mode: bridge` of `{target}`, or of neither");
                scope.report.error_help(EXCLUSIVE, *at, message, help);
            } else if !shared {
                let message = format!("the link to `{target}` leads nowhere");
                let help = "the two services share no network".to_owned();
                scope.report.warn_as(DEAD_LINK, *at, message, Some(help));
            }
        }
    }
}

/// Links to containers outside of the stack, and, on the engine's own bridge, where no
/// service has a name, those to services too.
fn link_by_container(drafts: &mut [Draft<'_>], scope: &Scope<'_>) {
    let (bridge, id) = (NetworkName::new(BRIDGE), &scope.instance.id);
    let mut replicas = containers(drafts, scope);
    for draft in drafts.iter().filter(|draft| !draft.spec.networks.contains_key(&bridge)) {
        replicas.remove(draft.name);
    }
    for draft in drafts {
        let mut links: Vec<String> = Vec::new();
        if draft.spec.networks.contains_key(&bridge) {
            for (target, alias, _) in &draft.links {
                let names = replicas.get(target).into_iter().flatten();
                for (name, n) in names.zip(1..) {
                    let numbered = [format!("{target}-{n}"), format!("{id}-{target}-{n}")];
                    links.push(format!("{name}:{alias}"));
                    links.extend(numbered.map(|alias| format!("{name}:{alias}")));
                }
            }
        }
        links.extend(draft.external_links.iter().map(|link| match link.split_once(':') {
            Some(_) => link.clone(),
            None => format!("{link}:{link}"),
        }));
        for (network, attachment) in &mut draft.spec.networks {
            if *network == bridge {
                draft.spec.links.extend(links.iter().cloned());
            } else {
                attachment.links.extend(links.iter().cloned());
            }
        }
    }
}

/// As in Compose, a network that no service uses is not made. What `network_mode` names is made
/// elsewhere.
fn used_networks(drafts: &[Draft<'_>], scope: &Scope<'_>) -> BTreeMap<String, Network> {
    let mut used = BTreeMap::new();
    for draft in drafts {
        for key in &draft.networks {
            let network = scope.networks.get(key).cloned().or_else(|| {
                (key == DEFAULT).then(|| Network {
                    spec: plain::plain_network(DEFAULT, scope),
                    external: false,
                    compose_hash: None,
                    origin: scope.report.loc(draft.at),
                })
            });
            if let Some(network) = network {
                used.entry(key.clone()).or_insert(network);
            }
        }
    }
    for draft in drafts {
        for name in draft.spec.networks.keys().filter(|name| name.as_str() != BRIDGE) {
            if !used.values().any(|network: &Network| network.spec.name == *name) {
                let spec =
                    NetworkSpec { name: name.clone(), ..plain::plain_network(DEFAULT, scope) };
                let origin = scope.report.loc(draft.at);
                let network = Network { spec, external: true, compose_hash: None, origin };
                used.insert(format!("network_mode: {name}"), network);
            }
        }
    }
    used
}

fn used_volumes(drafts: &[Draft<'_>], scope: &Scope<'_>) -> BTreeMap<String, Volume> {
    let mut used = BTreeMap::new();
    for draft in drafts {
        for (key, at) in &draft.volumes {
            let volume = scope.volumes.get(key).cloned().unwrap_or_else(|| Volume {
                spec: plain::plain_volume(key, scope),
                external: false,
                compose_hash: None,
                origin: scope.report.loc(*at),
            });
            used.entry(key.clone()).or_insert(volume);
        }
    }
    used
}

fn service(mut draft: Draft<'_>, awaited: &BTreeSet<String>, concealed: &[String]) -> Service {
    let replicas = draft.replicas.as_ref().map_or(1, |(count, _)| *count);
    let from_env_file = from_env_file(&draft, concealed);
    let stays_ended =
        matches!(draft.restart, Some(RestartPolicy::No | RestartPolicy::OnFailure(_)));
    let job = awaited.contains(draft.name) || draft.job == Some(true);
    if let Some(policy) = draft.restart {
        draft.spec.restart = policy;
    }
    let grace = draft.spec.stop_timeout.and_then(|seconds| u64::try_from(seconds).ok());
    let [own, deploy] = draft.min_healthy;
    let default = || Rollout::min_healthy_of(&draft.spec);
    draft.rollout.min_healthy = own.or(deploy).unwrap_or_else(default);
    draft.rollout.parallelism = draft.rollout.parallelism.min(replicas.max(1));
    if let Some(registration) = &mut draft.registration {
        registration.port =
            registration.port.or_else(|| default_port(&draft.spec, draft.first_port));
    }
    let image = match (draft.build, draft.built_by) {
        (Some(build), _) => ImageSource::Build(build.into()),
        (None, Some(by)) => ImageSource::BuiltBy { service: by.service, hash: by.hash },
        (None, None) => ImageSource::Pull(draft.pull),
    };
    let files_hash = files::hash(&draft.files);
    let hash = hashes::service(&draft.spec, &image, files_hash.as_ref());
    Service {
        name: ServiceName::new(draft.name),
        replicas,
        container_name: draft.container_name.map(|(name, _)| name),
        spec: draft.spec,
        image,
        files: draft.files.into_iter().filter_map(|file| file.upload).collect(),
        files_hash,
        bound: draft.bound,
        depends_on: draft.depends_on,
        job,
        stays_ended,
        on_rollback: draft.on_rollback,
        rests: false,
        stop_grace: grace.map_or(STOP_GRACE, Duration::from_secs),
        hooks: draft.hooks,
        rollout: draft.rollout,
        registration: draft.registration,
        hash,
        compose_hash: draft.compose_hash,
        origins: draft.origins,
        sensitive: draft.sensitive,
        from_env_file,
    }
}

/// The variables that are sensitive for no other reason than that an env file gave them: neither
/// their names nor anything in their values is secret.
fn from_env_file(draft: &Draft<'_>, concealed: &[String]) -> BTreeSet<String> {
    let names = draft.sensitive.iter().filter_map(|path| path.strip_prefix("environment."));
    let is_plain = |name: &&str| {
        let value = draft.spec.env.get(*name);
        // The label has no word for names with a comma.
        let is_named = !is_sensitive_name(name) && !name.contains(',');
        let has = |secret: &String| value.is_some_and(|value| value.contains(secret.as_str()));
        is_named && !concealed.iter().any(|secret| secret.len() >= LEAST && has(secret))
    };
    names.filter(is_plain).map(str::to_owned).collect()
}

/// The first published port, else the lowest exposed one.
fn default_port(spec: &ContainerSpec, published: Option<u16>) -> Option<u16> {
    published.or_else(|| spec.exposed.first().map(|port| port.number))
}
