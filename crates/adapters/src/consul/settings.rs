//! Where Consul is and who we are to it: what the operator's configuration says,
//! checked once.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use http::HeaderValue;

use crate::http::{Endpoint, tls};
use model::id::{EngineName, InstallationId, NodeName};

/// Consul's own default port.
const DEFAULT_PORT: u16 = 8500;
/// Where systems keep the certificate authorities that they trust, in one file.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// The address of a node whose engine advertises none. Our entries have their own.
const NO_ADDRESS: &str = "0.0.0.0";

/// Where Consul is and who we are to it.
#[derive(Clone, Debug)]
pub struct ConsulSettings {
    /// As `CONSUL_HTTP_ADDR`: `host:port`, `http://…`, `https://…` or `unix:///path`.
    pub address: String,
    /// As `CONSUL_HTTP_TOKEN` or the content of `CONSUL_HTTP_TOKEN_FILE`. It needs, in
    /// Consul's words: `write` on `key_prefix "reconciler/"`, `session_prefix ""`,
    /// `node_prefix "rc-"` and `service_prefix ""` (or the names that are registered),
    /// `read` on `node_prefix ""` and, for a quick takeover, on `agent_prefix ""`.
    pub token: Option<Token>,
    /// As `CONSUL_CACERT`: the authorities to trust with `https`; the system's bundle if unset.
    pub ca: Option<PathBuf>,
    /// Whose nodes, entries and keys are ours.
    pub installation: InstallationId,
    /// The engines that have a node, with the address each advertises.
    pub engines: BTreeMap<EngineName, Option<String>>,
}

/// Why Consul's settings cannot be used. Never holds the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The address is none.
    #[error("not an address of Consul: {0}")]
    Address(String),
    /// The token holds characters that no token has, or its file cannot be read.
    #[error("the Consul token cannot be used: {0}")]
    Token(String),
    /// The file of certificate authorities cannot be read.
    #[error("the certificate authorities for Consul cannot be read from `{path}`: {why}")]
    Authorities {
        /// Which file.
        path: String,
        /// What went wrong.
        why: String,
    },
    /// `https` without an authority to trust.
    #[error("no certificate authority for Consul is given and the system has no bundle")]
    NoAuthorities,
    /// They cannot be used.
    #[error("the certificate authorities for Consul cannot be used")]
    Tls(#[source] tls::TlsError),
    /// Two engines would share a node.
    #[error("engines `{first}` and `{second}` would share the Consul node `{node}`")]
    SharedNode {
        /// One.
        first: EngineName,
        /// The other.
        second: EngineName,
        /// Their node.
        node: NodeName,
    },
}

/// An ACL token. It never prints.
#[derive(Clone)]
pub struct Token(HeaderValue);

impl Token {
    /// Takes a token, without white space around it.
    ///
    /// # Errors
    /// [`SetupError::Token`] if it cannot be sent.
    pub fn new(text: &str) -> Result<Self, SetupError> {
        let mut value = HeaderValue::from_str(text.trim())
            .map_err(|_| SetupError::Token("it holds control characters".to_owned()))?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// Reads a token from a file.
    ///
    /// # Errors
    /// [`SetupError::Token`] with the file's name.
    pub fn read(path: &Path) -> Result<Self, SetupError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| SetupError::Token(format!("`{}`: {error}", path.display())))?;
        Self::new(&text)
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl ConsulSettings {
    /// Each engine's node, and each node's address.
    #[expect(clippy::type_complexity, reason = "two maps, used in one place")]
    pub(super) fn nodes(
        &self,
    ) -> Result<(BTreeMap<EngineName, NodeName>, BTreeMap<NodeName, String>), SetupError> {
        let mut owners: BTreeMap<NodeName, &EngineName> = BTreeMap::new();
        let mut nodes = BTreeMap::new();
        let mut addresses = BTreeMap::new();
        for (engine, advertised) in &self.engines {
            let node = NodeName::of(&self.installation, engine);
            if let Some(first) = owners.insert(node.clone(), engine) {
                return Err(SetupError::SharedNode {
                    first: first.clone(),
                    second: engine.clone(),
                    node,
                });
            }
            let address = advertised.clone().unwrap_or_else(|| NO_ADDRESS.to_owned());
            addresses.insert(node.clone(), address);
            nodes.insert(engine.clone(), node);
        }
        Ok((nodes, addresses))
    }

    pub(super) fn endpoint(&self) -> Result<Endpoint, SetupError> {
        let (scheme, rest) = self.address.split_once("://").unwrap_or(("http", &self.address));
        if scheme == "unix" {
            return Ok(Endpoint::Unix(rest.into()));
        }
        // What is wrong is said without the text: it may hold a password.
        let refuse = |why: &str| Err(SetupError::Address(why.to_owned()));
        let rest = rest.trim_end_matches('/');
        if rest.contains('@') {
            return refuse("it holds a user name or password; give a token instead");
        }
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => match port.parse() {
                Ok(port) => (host, port),
                Err(_) => return refuse("what follows the host is no port"),
            },
            _ => (rest, DEFAULT_PORT),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return refuse("it names no host");
        }
        match scheme {
            "http" => Ok(Endpoint::Tcp { host, port }),
            "https" => Ok(Endpoint::Tls { host, port, config: self.trust()? }),
            _ => refuse("it begins with neither http://, https:// nor unix://"),
        }
    }

    fn trust(&self) -> Result<std::sync::Arc<rustls::ClientConfig>, SetupError> {
        let path = match &self.ca {
            Some(path) => path.clone(),
            None => BUNDLES
                .iter()
                .map(PathBuf::from)
                .find(|path| path.exists())
                .ok_or(SetupError::NoAuthorities)?,
        };
        let pem = std::fs::read(&path).map_err(|error| SetupError::Authorities {
            path: path.display().to_string(),
            why: error.to_string(),
        })?;
        tls::config(&pem, None).map_err(SetupError::Tls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(address: &str, engines: &[&str]) -> ConsulSettings {
        ConsulSettings {
            address: address.to_owned(),
            token: Some(Token::new(" hush\n").unwrap()),
            ca: None,
            installation: "main".into(),
            engines: engines.iter().map(|engine| ((*engine).into(), None)).collect(),
        }
    }

    #[test]
    fn addresses_are_what_consul_takes() {
        let of = |address| settings(address, &[]).endpoint().map(|e| e.to_string());
        assert_eq!(of("127.0.0.1:8501").unwrap(), "tcp://127.0.0.1:8501");
        assert_eq!(of("http://consul/").unwrap(), "tcp://consul:8500");
        assert_eq!(of("http://[::1]:80").unwrap(), "tcp://::1:80");
        assert_eq!(of("http://[::1]").unwrap(), "tcp://::1:8500");
        assert_eq!(of("unix:///run/consul.sock").unwrap(), "unix:///run/consul.sock");
        for wrong in ["", "ftp://x", "http://", "x:y"] {
            assert!(matches!(of(wrong), Err(SetupError::Address(_))), "{wrong}");
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let error = settings("http://user:hush@consul", &[]).endpoint().unwrap_err();
        assert!(!format!("{error:?} {error}").contains("hush"));
        assert!(!format!("{:?}", settings("consul", &[])).contains("hush"));
        assert_eq!(Token::new("hush").unwrap().header(), "hush");
        assert!(!format!("{:?}", Token::new("hush").unwrap().header()).contains("hush"));
    }

    #[test]
    fn engines_that_would_share_a_node_are_refused() {
        assert!(settings("", &["web1", "web2"]).nodes().is_ok());
        let error = settings("", &["web_1", "web.1"]).nodes().unwrap_err();
        assert!(matches!(error, SetupError::SharedNode { .. }));
    }
}
