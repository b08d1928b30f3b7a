//! The engines: those of the configuration file, and `local`, which is what the docker
//! command would use unless the file says otherwise.

use std::collections::BTreeMap;
use std::path::Path;

use adapters::docker::{DockerEnvironment, EndpointError, EngineEndpoint};
use model::id::EngineName;
use reconcile::plan::{EngineSettings, Routable};

use super::super::config::{EngineOptions, TlsFiles};
use super::super::environment::Environment;
use super::{Refusal, chain};

/// The engine that needs no configuration.
pub(in crate::cli) const LOCAL: &str = "local";

/// One engine.
#[derive(Clone, Debug)]
pub(in crate::cli) struct EngineSetup {
    /// Where it is.
    pub(in crate::cli) endpoint: EngineEndpoint,
    /// What the planner knows of it.
    pub(in crate::cli) settings: EngineSettings,
    /// The source's folder as its host sees it, if the operator said so.
    pub(in crate::cli) project_directory: Option<String>,
}

impl EngineSetup {
    /// Whether it runs on this machine.
    pub(in crate::cli) fn is_here(&self) -> bool {
        matches!(self.endpoint, EngineEndpoint::Unix(_))
    }
}

/// All engines by name.
pub(in crate::cli) fn engines(
    options: &BTreeMap<EngineName, EngineOptions>,
    default: &EngineName,
    environment: &Environment,
) -> Result<BTreeMap<EngineName, EngineSetup>, Refusal> {
    let local = EngineName::from(LOCAL);
    let mut names: Vec<&EngineName> = options.keys().collect();
    // Without an engine of that name in the file, `local` exists only if it is used.
    if default == &local && !options.contains_key(&local) {
        names.push(&local);
    }
    let alone = names.len() == 1;
    let mut engines = BTreeMap::new();
    for name in names {
        let options = options.get(name).cloned().unwrap_or_default();
        let endpoint = match &options.url {
            Some(url) => configured(url, options.tls.as_ref(), options.insecure),
            None if name == &local => ambient(environment, options.insecure),
            None => {
                return Err(Refusal::invalid(format!("engine `{name}` has no `url`"))
                    .with_help("write `url: unix:///run/docker.sock` or `url: tcp://HOST:2376`"));
            }
        };
        let setting = match (&options.url, environment.get("DOCKER_HOST")) {
            (Some(_), _) => "`url` in the configuration",
            (None, Some(_)) => "DOCKER_HOST",
            (None, None) => "DOCKER_TLS_VERIFY",
        };
        let endpoint = endpoint.map_err(|error| refused(name, setting, &error))?;
        engines.insert(name.clone(), setup(options, endpoint, alone));
    }
    if !engines.contains_key(default) {
        return Err(Refusal::invalid(format!("the default engine `{default}` is not configured"))
            .with_help(format!(
                "add it to the configuration file: `engines: {{ {default}: {{ url: … }} }}`"
            )));
    }
    Ok(engines)
}

fn setup(options: EngineOptions, endpoint: EngineEndpoint, alone: bool) -> EngineSetup {
    let is_here = matches!(endpoint, EngineEndpoint::Unix(_));
    // Only the networks of a single local engine can be reached without a setting.
    let routable = match options.routable {
        Some(given) => given.0,
        None if is_here && alone => Routable::All,
        None => Routable::Networks(std::collections::BTreeSet::new()),
    };
    EngineSetup {
        endpoint,
        settings: EngineSettings { advertise: options.advertise, routable },
        project_directory: options.project_directory,
    }
}

fn configured(
    url: &str,
    tls: Option<&TlsFiles>,
    insecure: Option<bool>,
) -> Result<EngineEndpoint, EndpointError> {
    let Some(files) = tls else {
        return EngineEndpoint::parse(url, None, insecure.unwrap_or(false));
    };
    // The folder is a stand-in: the file names three files.
    Ok(match EngineEndpoint::parse(url, Some(Path::new("")), false)? {
        EngineEndpoint::Tls { host, port, .. } => EngineEndpoint::Tls {
            host,
            port,
            ca: files.ca.clone(),
            cert: files.cert.clone(),
            key: files.key.clone(),
        },
        other => other,
    })
}

fn ambient(
    environment: &Environment,
    insecure: Option<bool>,
) -> Result<EngineEndpoint, EndpointError> {
    EngineEndpoint::from_environment(DockerEnvironment {
        host: environment.get("DOCKER_HOST"),
        tls_verify: environment.get("DOCKER_TLS_VERIFY"),
        cert_path: environment.get("DOCKER_CERT_PATH"),
        insecure: insecure.unwrap_or(false),
    })
}

/// What is wrong with an engine's address; `setting` is where that is written.
fn refused(name: &EngineName, setting: &str, error: &EndpointError) -> Refusal {
    Refusal::invalid(format!("engine `{name}`, {setting}: {}", chain(error)))
        .with_help(error.remedy(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(url: &str) -> EngineOptions {
        EngineOptions { url: Some(url.to_owned()), ..EngineOptions::default() }
    }

    fn with(env: &[(&str, &str)]) -> Environment {
        Environment::of(env)
    }

    #[test]
    fn without_configuration_there_is_the_engine_that_docker_uses() {
        let env = with(&[("DOCKER_HOST", "unix:///run/user/1000/docker.sock")]);
        let engines = engines(&BTreeMap::new(), &LOCAL.into(), &env).expect("engines");
        let local = &engines[&EngineName::from(LOCAL)];
        assert_eq!(local.endpoint, EngineEndpoint::Unix("/run/user/1000/docker.sock".into()));
        assert_eq!(local.settings.routable, Routable::All);
    }

    #[test]
    fn the_file_counts_before_docker_host() {
        let configured = [(LOCAL.into(), options("unix:///srv/docker.sock"))].into();
        let env = with(&[("DOCKER_HOST", "tcp://elsewhere:2375")]);
        let engines = engines(&configured, &LOCAL.into(), &env).expect("engines");
        let endpoint = &engines[&EngineName::from(LOCAL)].endpoint;
        assert_eq!(*endpoint, EngineEndpoint::Unix("/srv/docker.sock".into()));
    }

    #[test]
    fn networks_of_several_or_far_engines_are_not_taken_for_reachable() {
        let configured = BTreeMap::from([
            ("a".into(), options("unix:///a.sock")),
            ("b".into(), options("unix:///b.sock")),
        ]);
        let engines = engines(&configured, &"a".into(), &with(&[])).expect("engines");
        assert!(engines.values().all(|e| e.settings.routable != Routable::All));
    }

    #[test]
    fn plain_tcp_is_refused_with_both_remedies() {
        let env = with(&[("DOCKER_HOST", "tcp://10.0.0.1:2375")]);
        let refusal = engines(&BTreeMap::new(), &LOCAL.into(), &env).expect_err("insecure");
        let help = refusal.messages[0].help.clone().expect("a remedy");
        assert!(help.contains("TLS") && help.contains("insecure: true"), "{help}");
    }

    #[test]
    fn a_default_engine_that_nobody_configured_is_refused() {
        let configured = [("a".into(), options("unix:///a.sock"))].into();
        assert!(engines(&configured, &"b".into(), &with(&[])).is_err());
        // The one of the file exists beside a `local` that is not asked for.
        assert_eq!(engines(&configured, &"a".into(), &with(&[])).expect("one").len(), 1);
    }

    #[test]
    fn tls_files_are_taken_as_they_are_named() {
        let mut web1 = options("tcp://web1");
        let file = |name: &str| std::path::PathBuf::from(format!("/keys/{name}"));
        web1.tls = Some(TlsFiles { ca: file("ca"), cert: file("c"), key: file("k") });
        let engines = engines(&[("web1".into(), web1)].into(), &"web1".into(), &with(&[]));
        let endpoint = engines.expect("engines")[&EngineName::from("web1")].endpoint.clone();
        let expected = EngineEndpoint::Tls {
            host: "web1".to_owned(),
            port: 2376,
            ca: file("ca"),
            cert: file("c"),
            key: file("k"),
        };
        assert_eq!(endpoint, expected);
    }
}
