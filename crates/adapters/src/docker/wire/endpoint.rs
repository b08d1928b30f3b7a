//! Where an engine is: read from the variables that the docker command reads, with one
//! difference: plain TCP, which hands the host to every client that can reach it, must be asked for.

use std::path::{Path, PathBuf};

use crate::http::{self, HttpError, tls};
use model::id::EngineName;

/// Where an engine listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineEndpoint {
    /// A unix socket.
    Unix(PathBuf),
    /// TCP without any protection.
    Tcp {
        /// Host name or address.
        host: String,
        /// Port.
        port: u16,
        /// The operator's consent; without it nothing is connected.
        insecure: bool,
    },
    /// TCP with mutual TLS. The three are paths of PEM files.
    Tls {
        /// Host name or address, as the engine's certificate has it.
        host: String,
        /// Port.
        port: u16,
        /// Whom to trust, and nobody else.
        ca: PathBuf,
        /// Our certificate.
        cert: PathBuf,
        /// Its key.
        key: PathBuf,
    },
}

/// Why an engine's address cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It is no address of an engine.
    #[error("`{0}` is no address of an engine: use unix:///PATH or tcp://HOST:PORT")]
    Malformed(String),
    /// It names a user, as addresses of other things may.
    #[error("`{0}` names a user or a password, which no address of an engine has")]
    Login(String),
    /// It is of a kind that is not carried.
    #[error("engines are reached by unix:// and tcp://, not by {0}://")]
    Scheme(String),
    /// TLS without a folder of certificates.
    #[error("TLS is asked for, but not where ca.pem, cert.pem and key.pem are")]
    NoCertificates,
    /// TCP without TLS, and without consent.
    #[error("tcp://{0} without TLS hands the host to everyone who can reach that port")]
    Insecure(String),
    /// A certificate or key cannot be read.
    #[error("{path} cannot be read: {why}")]
    File {
        /// Which file.
        path: String,
        /// What went wrong.
        why: String,
    },
    /// A certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    /// The host can be no host's name.
    #[error(transparent)]
    Host(#[from] HttpError),
}

impl EndpointError {
    /// What to do about it, for the engine of this name.
    #[must_use]
    pub fn remedy(&self, engine: &EngineName) -> String {
        let text = match self {
            Self::Insecure(_) => {
                return format!(
                    "use mutual TLS, or accept it in the configuration file: \
                     `engines: {{ {engine}: {{ url: …, insecure: true }} }}`"
                );
            }
            Self::Malformed(text) => return meant(text),
            Self::Login(text) => {
                let address = text.replacen(LOGIN, "", 1);
                let address = address.strip_prefix("tcp://").unwrap_or(&address);
                return format!(
                    "write `tcp://{address}`; an engine knows who asks by a certificate, of \
                     DOCKER_CERT_PATH or `tls`"
                );
            }
            Self::NoCertificates => "set DOCKER_CERT_PATH, or unset DOCKER_TLS_VERIFY",
            Self::Scheme(scheme) if scheme == "ssh" => {
                "forward the engine's socket: `ssh -N -L /tmp/docker.sock:/var/run/docker.sock \
                 HOST`, and name `unix:///tmp/docker.sock`"
            }
            Self::Scheme(scheme) if scheme.starts_with("http") => "write `tcp://HOST:PORT`",
            Self::Scheme(_) => "`docker context ls` shows the addresses that docker uses",
            Self::File { .. } | Self::Tls(_) => {
                "the folder of DOCKER_CERT_PATH, or `tls` of the engine, has three PEM files that \
                 this user may read: ca.pem, cert.pem and key.pem"
            }
            Self::Host(_) => "write `tcp://HOST:PORT`",
        };
        text.to_owned()
    }
}

/// What was probably meant by what is no address.
fn meant(text: &str) -> String {
    match text.split_once("://") {
        None if text.starts_with('/') => format!("write `unix://{text}`"),
        None if !text.is_empty() => format!("write `tcp://{text}`, or `unix:///PATH` of a socket"),
        Some(("unix", _)) => "the path of a socket begins with `/`: `unix:///PATH`".to_owned(),
        Some(("tcp", _)) => "a port is a number from 1 to 65535: `tcp://HOST:2376`".to_owned(),
        _ => "write `unix:///PATH` or `tcp://HOST:PORT`".to_owned(),
    }
}

/// The variables that the docker command reads, as the command line found them.
#[derive(Clone, Copy, Debug, Default)]
pub struct DockerEnvironment<'a> {
    /// `DOCKER_HOST`; the default socket if it is not set or empty.
    pub host: Option<&'a str>,
    /// `DOCKER_TLS_VERIFY`; anything but the empty string turns TLS on.
    pub tls_verify: Option<&'a str>,
    /// `DOCKER_CERT_PATH`: the folder of `ca.pem`, `cert.pem` and `key.pem`.
    pub cert_path: Option<&'a str>,
    /// Consent to plain TCP; no variable of docker's.
    pub insecure: bool,
}

impl EngineEndpoint {
    /// The endpoint that the docker command would use.
    pub fn from_environment(environment: DockerEnvironment<'_>) -> Result<Self, EndpointError> {
        let host = environment.host.filter(|text| !text.is_empty());
        let tls = environment.tls_verify.is_some_and(|text| !text.is_empty());
        let folder = environment.cert_path.filter(|text| !text.is_empty());
        let certificates = match (tls, folder) {
            (false, _) => None,
            (true, Some(folder)) => Some(Path::new(folder)),
            (true, None) => return Err(EndpointError::NoCertificates),
        };
        Self::parse(
            host.unwrap_or("unix:///var/run/docker.sock"),
            certificates,
            environment.insecure,
        )
    }

    /// Reads `unix:///PATH` or `tcp://HOST[:PORT]`; with a folder of certificates, TCP
    /// means TLS.
    pub fn parse(
        text: &str,
        certificates: Option<&Path>,
        insecure: bool,
    ) -> Result<Self, EndpointError> {
        let rendered = without_login(text);
        let malformed = || EndpointError::Malformed(rendered.clone());
        let (scheme, rest) = match rendered.split_once("://") {
            Some((scheme, rest)) if !scheme.contains(LOGIN) => (scheme, rest),
            _ if rendered.contains(LOGIN) => return Err(EndpointError::Login(rendered)),
            _ => return Err(malformed()),
        };
        match scheme {
            "tcp" if rest.starts_with(LOGIN) => Err(EndpointError::Login(rendered.clone())),
            "unix" if rest.starts_with('/') => Ok(Self::Unix(rest.into())),
            "unix" => Err(malformed()),
            "tcp" => {
                let default = if certificates.is_some() { 2376 } else { 2375 };
                let (host, port) = authority(rest, default).ok_or_else(malformed)?;
                Ok(match certificates {
                    Some(folder) => Self::Tls {
                        host,
                        port,
                        ca: folder.join("ca.pem"),
                        cert: folder.join("cert.pem"),
                        key: folder.join("key.pem"),
                    },
                    None if insecure => Self::Tcp { host, port, insecure },
                    None => return Err(EndpointError::Insecure(format!("{host}:{port}"))),
                })
            }
            other => Err(EndpointError::Scheme(other.to_owned())),
        }
    }

    /// The endpoint for the HTTP client, certificates read.
    pub(in crate::docker) fn open(&self) -> Result<http::Endpoint, EndpointError> {
        Ok(match self {
            Self::Unix(path) => http::Endpoint::Unix(path.clone()),
            Self::Tcp { host, port, insecure: true } => {
                http::Endpoint::Tcp { host: host.clone(), port: *port }
            }
            Self::Tcp { host, port, insecure: false } => {
                return Err(EndpointError::Insecure(format!("{host}:{port}")));
            }
            Self::Tls { host, port, ca, cert, key } => {
                let (ca, chain, key) = (read(ca)?, read(cert)?, read(key)?);
                let client = tls::ClientCertificate { chain: &chain, key: &key };
                let config = tls::config(&ca, Some(client))?;
                http::Endpoint::Tls { host: host.clone(), port: *port, config }
            }
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, EndpointError> {
    std::fs::read(path).map_err(|error| EndpointError::File {
        path: path.display().to_string(),
        why: error.to_string(),
    })
}

fn authority(text: &str, default: u16) -> Option<(String, u16)> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (host, port.strip_prefix(':'))
        }
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:%".contains(c);
    if host.is_empty() || !host.chars().all(plain) {
        return None;
    }
    let port = match port {
        Some(port) => port.parse().ok()?,
        None => default,
    };
    Some((host.to_owned(), port))
}

/// What stands for a user and a password.
const LOGIN: &str = "***@";

/// An address without the user and password that it may hold. The path of a socket has none.
fn without_login(address: &str) -> String {
    let (scheme, rest) = match address.split_once("://") {
        Some(("unix", _)) => return address.to_owned(),
        Some((scheme, rest)) if !scheme.contains('@') => (format!("{scheme}://"), rest),
        _ => (String::new(), address),
    };
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}{LOGIN}{host}"),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(host: &str, tls: &str, certs: &str) -> Result<EngineEndpoint, EndpointError> {
        EngineEndpoint::from_environment(DockerEnvironment {
            host: Some(host),
            tls_verify: Some(tls),
            cert_path: Some(certs),
            insecure: false,
        })
    }

    #[test]
    fn without_variables_it_is_the_usual_socket() {
        let usual = Ok(EngineEndpoint::Unix("/var/run/docker.sock".into()));
        assert_eq!(EngineEndpoint::from_environment(DockerEnvironment::default()), usual);
        assert_eq!(from("", "", ""), usual);
    }

    #[test]
    fn an_empty_tls_verify_is_off_and_any_other_is_on() {
        assert_eq!(
            from("tcp://10.0.0.1:2376", "", "/certs"),
            Err(EndpointError::Insecure("10.0.0.1:2376".to_owned()))
        );
        for on in ["1", "0", "no"] {
            let endpoint = from("tcp://10.0.0.1", on, "/certs").unwrap();
            let EngineEndpoint::Tls { port, ca, .. } = endpoint else { panic!("{endpoint:?}") };
            assert_eq!((port, ca), (2376, "/certs/ca.pem".into()));
        }
        assert_eq!(from("tcp://h:1", "1", ""), Err(EndpointError::NoCertificates));
    }

    #[test]
    fn plain_tcp_needs_consent() {
        let parsed = EngineEndpoint::parse("tcp://[::1]:2375", None, true).unwrap();
        let plain = EngineEndpoint::Tcp { host: "::1".to_owned(), port: 2375, insecure: true };
        assert_eq!(parsed, plain);
        let refused = EngineEndpoint::Tcp { host: "h".to_owned(), port: 1, insecure: false };
        assert!(matches!(refused.open(), Err(EndpointError::Insecure(_))));
    }

    #[test]
    fn a_login_is_refused_as_such_and_never_shown() {
        for (text, rendered) in [
            ("tcp://ann:hunter2@host:1", "tcp://***@host:1"),
            ("tcp://ann:hunter2@x:y@host:1", "tcp://***@host:1"),
            ("tcp://ann:hunter2/@host", "tcp://***@host"),
            ("tcp://hunter2@[::1]:2376", "tcp://***@[::1]:2376"),
        ] {
            let error = EngineEndpoint::parse(text, None, true).unwrap_err();
            assert_eq!(error, EndpointError::Login(rendered.to_owned()));
            let help = error.remedy(&"local".into());
            assert!(
                help.starts_with(&format!("write `{}`", rendered.replace("***@", ""))),
                "{help}"
            );
        }
        for text in [
            "ann:hunter2@host:1",
            "ann:hunter2@tcp://host:1",
            "ann:hunter2@host/x://",
            "http://ann:hunter2@host",
            "hunter2@://x",
            "a://ann:hunter2@://x",
        ] {
            let error = EngineEndpoint::parse(text, None, true).unwrap_err();
            let told = format!("{error} {}", error.remedy(&"local".into()));
            assert!(!told.contains("hunter2"), "{text}: {told}");
        }
        let socket = EngineEndpoint::parse("unix:///run/a@b.sock", None, true).unwrap();
        assert_eq!(socket, EngineEndpoint::Unix("/run/a@b.sock".into()));
    }

    #[test]
    fn what_is_no_address_is_reported() {
        for text in ["", "docker.sock", "unix://relative", "tcp://", "tcp://a b:1", "tcp://h:x"] {
            let error = EngineEndpoint::parse(text, None, true).unwrap_err();
            assert_eq!(error, EndpointError::Malformed(text.to_owned()));
        }
        let error = EngineEndpoint::parse("ssh://me@host", None, true).unwrap_err();
        assert_eq!(error, EndpointError::Scheme("ssh".to_owned()));
    }
}
