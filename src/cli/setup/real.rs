//! The real world, put together from the settings.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use adapters::consul::Consul;
use adapters::docker::{
    Docker, EngineEndpoint, ImageListener, Logins, LoginsError, PolicyEvaluator,
};
use adapters::host::Host;
use model::bounds::Bounds;
use model::id::{DeploymentId, EngineName, InstallationId};
use model::policy::HostPolicy;
use model::remedy::quoted;
use model::secret::Masker;
use reconcile::plan::{CatalogSettings, Settings};
use world::OutsideError;
use world::remedy::cause_and_remedy;

use super::super::bounded;
use super::super::config::Layer;
use super::super::environment::Environment;
use super::super::options::WorldOptions;
use super::engines::{EngineSetup, LOCAL};
use super::loader::Loader;
use super::roots::roots;
use super::source::AnySource;
use super::{Refusal, chain, consul, engines, source, trust};

/// No key for masks is larger.
const LARGEST_KEY: u64 = 1 << 20;

/// A pass may take this long.
const DEADLINE: Duration = Duration::from_mins(10);
/// The share of a source's containers that a pass may remove unasked, in percent.
const PRUNE_SHARE: u8 = 50;

/// Everything that a pass works with.
pub(in crate::cli) struct Real {
    /// Where desired state comes from.
    pub(in crate::cli) source: AnySource,
    /// Engines, Consul, ledger.
    pub(in crate::cli) host: Host,
    /// The same Consul, for the lease.
    pub(in crate::cli) consul: Option<Consul>,
    /// What the operator decided.
    pub(in crate::cli) settings: Settings,
    /// The engine of deployments that name none.
    default: EngineName,
    /// The engines as they are configured.
    engines: BTreeMap<EngineName, EngineSetup>,
    /// What stacks may see of the environment; `None` is everything.
    passed: Option<Vec<String>>,
    bounds: Bounds,
    /// Whom the engines ask about what deployments demand of their hosts.
    evaluator: Arc<PolicyEvaluator>,
    /// How long a pass may take.
    pub(in crate::cli) deadline: Duration,
    /// The options by which `docker` reaches an engine, for hints.
    pub(in crate::cli) hints: BTreeMap<EngineName, String>,
}

/// What every verb that plans needs, without a world.
pub(in crate::cli) struct Basics {
    /// Where desired state comes from.
    pub(in crate::cli) source: AnySource,
    /// What the operator decided; no engines yet.
    pub(in crate::cli) settings: Settings,
}

/// Opens the source and reads the settings. A controller trusts nobody by default.
pub(in crate::cli) fn basics(
    layer: &Layer,
    environment: &Environment,
    controller: bool,
) -> Result<Basics, Refusal> {
    let source = source::source(&layer.source, environment)?;
    let own = trust::are_own(&layer.trust, source.is_folder(), controller);
    let installation = installation(&layer.world)?;
    let settings = Settings {
        masker: masker(&layer.world, &installation)?,
        installation,
        policy: trust::policy(&layer.trust, own),
        approved: layer.pass.approve.iter().flatten().map(|approval| approval.0.clone()).collect(),
        prune_share: layer.pass.prune_share.map_or(PRUNE_SHARE, |percent| percent.0),
        engines: BTreeMap::new(),
        catalog: None,
    };
    Ok(Basics { source, settings })
}

/// Puts the real world together. Nothing is connected yet.
pub(in crate::cli) fn open(
    layer: &Layer,
    environment: &Environment,
    controller: bool,
    image_listener: &ImageListener,
) -> Result<Real, Refusal> {
    let Basics { source, mut settings } = basics(layer, environment, controller)?;
    let default = default_engine(layer);
    let engines = engines::engines(&layer.engines, &default, environment)?;
    let consul = consul::consul(&layer.world, environment, &settings.installation, &engines)?
        .map(|consul| Consul::new(&consul).map_err(|error| Refusal::invalid(chain(&error))))
        .transpose()?;
    settings.engines =
        engines.iter().map(|(name, engine)| (name.clone(), engine.settings.clone())).collect();
    settings.catalog = consul.as_ref().map(|_| CatalogSettings {
        resolvers: layer.world.consul_dns.iter().flatten().map(ToString::to_string).collect(),
    });
    let all = trust::are_own(&layer.trust, source.is_folder(), controller);
    let passed = (!all).then(|| layer.trust.env.clone().unwrap_or_default());
    let evaluator = PolicyEvaluator::of(settings.policy.clone());
    let logins = logins(&layer.world, environment)?;
    Ok(Real {
        host: Host::new(
            connect(
                &engines,
                &settings.installation,
                &evaluator,
                (environment, &logins, image_listener),
            )?,
            consul.clone(),
        ),
        default,
        hints: engines.iter().map(|(name, engine)| (name.clone(), hint(name, engine))).collect(),
        deadline: layer.once.deadline.map_or(DEADLINE, |span| span.0),
        source,
        consul,
        settings,
        engines,
        passed,
        bounds: trust::bounds(&layer.trust),
        evaluator,
    })
}

impl Real {
    /// How desired state is read. Asks an engine only if we may run in a container of it.
    pub(in crate::cli) async fn loader(&self, environment: &Environment) -> Loader {
        let roots = roots(&self.host, &self.engines, self.source.is_folder()).await;
        let evaluator = Some(Arc::clone(&self.evaluator));
        let default = self.default.clone();
        let asked = (self.bounds, self.settings.masker.clone());
        Loader::new(environment, self.passed.as_deref(), asked, default, roots, evaluator)
    }
}

/// The one engine that a verb without a source asks: it never changes anything.
pub(in crate::cli) fn one_engine(
    layer: &Layer,
    environment: &Environment,
) -> Result<Arc<Docker>, Refusal> {
    let name = default_engine(layer);
    let mut engines = engines::engines(&layer.engines, &name, environment)?;
    engines.retain(|other, _| *other == name);
    let evaluator = PolicyEvaluator::of(HostPolicy::default());
    let installation = installation(&layer.world)?;
    let nobody: ImageListener = Arc::new(|_| {});
    let logins = Logins::default();
    let connected = connect(&engines, &installation, &evaluator, (environment, &logins, &nobody))?;
    Ok(connected.into_iter().next().expect("BUG: the default engine is configured"))
}

/// The engine of deployments that name none.
pub(in crate::cli) fn default_engine(layer: &Layer) -> EngineName {
    EngineName::from(layer.world.engine.as_deref().unwrap_or(LOCAL))
}

fn connect(
    engines: &BTreeMap<EngineName, EngineSetup>,
    installation: &InstallationId,
    evaluator: &Arc<PolicyEvaluator>,
    (environment, logins, image_listener): (&Environment, &Logins, &ImageListener),
) -> Result<Vec<Arc<Docker>>, Refusal> {
    let agent = environment.get("SSH_AUTH_SOCK").filter(|path| !path.is_empty());
    let connect = |(name, engine): (&EngineName, &EngineSetup)| {
        let installation = installation.clone();
        Docker::connect(&engine.endpoint, name.clone(), installation, Arc::clone(evaluator))
            .map(|docker| docker.with_ssh_agent(agent.map(PathBuf::from)))
            .map(|docker| {
                docker.with_logins(logins.clone()).with_image_listener(Arc::clone(image_listener))
            })
            .map(Arc::new)
    };
    let connected: Result<Vec<_>, OutsideError> = engines.iter().map(connect).collect();
    connected.map_err(|error| {
        let text = chain(&error);
        let (cause, remedy) = cause_and_remedy(&text);
        match remedy {
            Some(remedy) => Refusal::invalid(cause).with_help(remedy),
            None => Refusal::invalid(cause),
        }
    })
}

/// The logins at registries: where the operator says, else where the docker command has them.
pub(in crate::cli) fn logins(
    options: &WorldOptions,
    environment: &Environment,
) -> Result<Logins, Refusal> {
    if let Some(file) = &options.registry_config {
        let refused = |error: LoginsError| Refusal::invalid(chain(&error));
        return Logins::required(file.clone()).map_err(refused);
    }
    let folder = match (environment.get("DOCKER_CONFIG"), environment.get("HOME")) {
        (Some(folder), _) => PathBuf::from(folder),
        (None, Some(home)) => PathBuf::from(home).join(".docker"),
        (None, None) => return Ok(Logins::default()),
    };
    Ok(Logins::of(folder.join("config.json")))
}

/// What comes between `docker` and its command so that it reaches this engine.
pub(in crate::cli) fn hint(name: &EngineName, engine: &EngineSetup) -> String {
    match &engine.endpoint {
        _ if name.as_str() == LOCAL => String::new(),
        EngineEndpoint::Unix(path) => format!("-H unix://{} ", path.display()),
        EngineEndpoint::Tcp { host, port, .. } => format!("-H tcp://{host}:{port} "),
        EngineEndpoint::Tls { host, port, .. } => format!("-H tcp://{host}:{port} --tlsverify "),
    }
}

/// Whose containers are ours.
pub(in crate::cli) fn installation(options: &WorldOptions) -> Result<InstallationId, Refusal> {
    let name = options.installation.as_deref().unwrap_or("default");
    // It becomes part of container names, labels and keys.
    if DeploymentId::is_valid(name) {
        Ok(InstallationId::from(name))
    } else {
        Err(Refusal::invalid(format!("`{name}` cannot be an installation's name")).with_help(
            "use lower-case letters, digits, `-` and `_`, beginning with a letter or digit",
        ))
    }
}

fn masker(options: &WorldOptions, installation: &InstallationId) -> Result<Masker, Refusal> {
    Ok(mask_key(options)?.map_or_else(|| Masker::new(installation.as_str()), Masker::new))
}

/// The key for masks, if a file with one is named.
pub(in crate::cli) fn mask_key(options: &WorldOptions) -> Result<Option<Vec<u8>>, Refusal> {
    let Some(path) = &options.mask_key_file else { return Ok(None) };
    let name = path.display();
    let refused = |why: String| {
        let help = format!("`head -c 32 /dev/urandom > {}`", quoted(&path.to_string_lossy()));
        Refusal::invalid(why).with_help(help)
    };
    let key = bounded::read(path, LARGEST_KEY).map_err(|error| {
        refused(format!("the key for masks cannot be read from `{name}`: {error}"))
    })?;
    if key.is_empty() {
        return Err(refused(format!("the key for masks in `{name}` is empty")));
    }
    Ok(Some(key))
}
