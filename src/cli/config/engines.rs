//! The `engines:` map of the configuration file: a stack names an engine, and only here
//! is written what that name means.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use model::id::NetworkName;
use reconcile::plan::Routable;

/// One engine as the file has it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::cli) struct EngineOptions {
    /// `unix:///run/docker.sock` or `tcp://web1:2376`.
    pub(in crate::cli) url: Option<String>,
    /// The files of mutual TLS.
    pub(in crate::cli) tls: Option<TlsFiles>,
    /// Allow `tcp://` without TLS: every client of the port becomes root of the host.
    pub(in crate::cli) insecure: Option<bool>,
    /// Under which address others reach its published ports.
    pub(in crate::cli) advertise: Option<String>,
    /// On which networks others reach its containers.
    pub(in crate::cli) routable: Option<RoutableOption>,
    /// The folder of the source as this engine's host sees it.
    pub(in crate::cli) project_directory: Option<String>,
}

impl EngineOptions {
    /// These settings, and those of `lower` where this says nothing.
    pub(super) fn or(self, lower: Self) -> Self {
        Self {
            url: self.url.or(lower.url),
            tls: self.tls.or(lower.tls),
            insecure: self.insecure.or(lower.insecure),
            advertise: self.advertise.or(lower.advertise),
            routable: self.routable.or(lower.routable),
            project_directory: self.project_directory.or(lower.project_directory),
        }
    }
}

/// The files of mutual TLS.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli) struct TlsFiles {
    /// The authority that vouches for the engine.
    pub(in crate::cli) ca: PathBuf,
    /// Our certificate.
    pub(in crate::cli) cert: PathBuf,
    /// Its key.
    pub(in crate::cli) key: PathBuf,
}

impl TlsFiles {
    /// All of them.
    pub(super) fn paths(&mut self) -> [&mut PathBuf; 3] {
        [&mut self.ca, &mut self.cert, &mut self.key]
    }
}

/// `all`, or a list of networks.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Value")]
pub(in crate::cli) struct RoutableOption(pub(in crate::cli) Routable);

impl TryFrom<Value> for RoutableOption {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, &'static str> {
        match value {
            Value::String(word) if word == "all" => Some(Routable::All),
            Value::Array(names) => {
                let names: Option<BTreeSet<NetworkName>> =
                    names.iter().map(|name| name.as_str().map(NetworkName::from)).collect();
                names.map(Routable::Networks)
            }
            _ => None,
        }
        .map(Self)
        .ok_or("write `all` or a list of networks: `[abc_default]`")
    }
}
