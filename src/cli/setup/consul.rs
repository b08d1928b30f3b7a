//! Consul, if the operator has one: flags, variables and file first, then what Consul's
//! own command reads.

use std::collections::BTreeMap;

use adapters::consul::{ConsulSettings, Token};
use model::id::{EngineName, InstallationId};

use super::super::environment::Environment;
use super::super::options::WorldOptions;
use super::engines::EngineSetup;
use super::{Refusal, chain};

/// Where Consul is; `None` if nobody says that there is one.
pub(in crate::cli) fn consul(
    options: &WorldOptions,
    environment: &Environment,
    installation: &InstallationId,
    engines: &BTreeMap<EngineName, EngineSetup>,
) -> Result<Option<ConsulSettings>, Refusal> {
    let address = options.consul.as_deref().or_else(|| environment.get("CONSUL_HTTP_ADDR"));
    let Some(address) = address.map(str::to_owned) else { return Ok(None) };
    let ca = environment.get("CONSUL_CACERT").map(Into::into);
    Ok(Some(ConsulSettings {
        address: with_scheme(address, environment),
        token: token(options, environment)?,
        ca: options.consul_cacert.clone().or(ca),
        installation: installation.clone(),
        engines: engines
            .iter()
            .map(|(name, engine)| (name.clone(), engine.settings.advertise.clone()))
            .collect(),
    }))
}

/// An address without a scheme is https if `CONSUL_HTTP_SSL` says so.
fn with_scheme(address: String, environment: &Environment) -> String {
    let ssl = environment.get("CONSUL_HTTP_SSL").is_some_and(|word| word == "true" || word == "1");
    if ssl && !address.contains("://") { format!("https://{address}") } else { address }
}

fn token(options: &WorldOptions, environment: &Environment) -> Result<Option<Token>, Refusal> {
    let file = environment.get("CONSUL_HTTP_TOKEN_FILE").map(Into::into);
    let token =
        match (options.consul_token_file.clone().or(file), environment.get("CONSUL_HTTP_TOKEN")) {
            (Some(path), _) => Token::read(&path).map(Some),
            (None, Some(text)) => Token::new(text).map(Some),
            (None, None) => Ok(None),
        };
    token.map_err(|error| Refusal::invalid(chain(&error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(flag: Option<&str>, env: &[(&str, &str)]) -> Option<ConsulSettings> {
        let options = WorldOptions { consul: flag.map(str::to_owned), ..WorldOptions::default() };
        let environment = Environment::of(env);
        consul(&options, &environment, &"default".into(), &BTreeMap::new()).expect("usable")
    }

    #[test]
    fn nobody_says_so_no_consul() {
        assert!(settings(None, &[("CONSUL_HTTP_TOKEN", "t"), ("CONSUL_HTTP_ADDR", "")]).is_none());
    }

    #[test]
    fn the_flag_counts_before_consuls_own_variable() {
        let env = [("CONSUL_HTTP_ADDR", "b:8500"), ("CONSUL_HTTP_SSL", "true")];
        assert_eq!(settings(Some("http://a"), &env).expect("consul").address, "http://a");
        assert_eq!(settings(None, &env).expect("consul").address, "https://b:8500");
    }
}
