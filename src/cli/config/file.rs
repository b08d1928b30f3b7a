//! Reads `--config FILE`. Every mistake is reported with its place, all of them at once:
//! an operator who misspells `allow` must learn it before a controller runs without it.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use model::diagnostic::{Diagnostic, Severity};
use model::id::EngineName;
use model::secret::is_sensitive_name;
use text::encoding;
use text::report::Reporter;
use text::suggest::one_of;
use text::yaml::{self, Entry, FileId, Kind, Node, Span, Value};

use super::super::bounded;
use super::super::options::{
    ControllerOptions, ListenOptions, LogOptions, OnceOptions, PassOptions, SourceOptions,
    TrustOptions, WorldOptions,
};
use super::Layer;
use super::engines::EngineOptions;
use super::expected;

/// No sensible configuration is larger.
const LIMIT: u64 = 1 << 20;

/// How an engine is written.
const ENGINE: &str = "write for example `engines: { web1: { url: unix:///run/docker.sock } }`";

/// The keys of one engine.
const ENGINE_KEYS: &[&str] =
    &["url", "tls", "insecure", "advertise", "routable", "project_directory"];

/// Why there is no configuration.
#[derive(Debug)]
pub(in crate::cli) struct ConfigError(pub(in crate::cli) Vec<Diagnostic>);

/// Reads a file.
pub(in crate::cli) fn read(path: &Path) -> Result<Layer, ConfigError> {
    let name = path.display().to_string();
    let text = slurp(path).map_err(|why| {
        let message = format!("the configuration `{name}` cannot be read: {why}");
        ConfigError(vec![Diagnostic::error(message).with_help(
            "`--config FILE`, or RECONCILER_CONFIG, names a YAML file with settings; without one \
             there are defaults",
        )])
    })?;
    let mut layer = parse(&name, &text).map_err(ConfigError)?;
    layer.rebase(path.parent().unwrap_or(Path::new("")));
    Ok(layer)
}

fn slurp(path: &Path) -> std::io::Result<String> {
    let text = encoding::yaml(bounded::read(path, LIMIT)?)
        .map_err(|why| std::io::Error::other(format!("it is no text: {why}")))?;
    Ok(text.replace("\r\n", "\n"))
}

/// Reads a text; `name` is how messages call it.
fn parse(name: &str, text: &str) -> Result<Layer, Vec<Diagnostic>> {
    let report = Reporter::new(name, text);
    let root = yaml::parse(FileId::FIRST, text, &report);
    if let Some(root) = &root {
        let mut secrets = Vec::new();
        collect_secrets(root, false, &mut secrets);
        report.conceal(secrets);
    }
    let reader = Reader { report };
    let layer = match root.as_ref().map(|root| (root, &root.value)) {
        Some((_, Value::Map(settings))) => reader.layer(settings),
        None | Some((_, Value::Null)) => Layer::default(),
        Some((root, _)) => {
            let message = "a configuration is a list of `name: value` lines";
            reader.error(root.span, message.to_owned(), expected::example("poll"));
            Layer::default()
        }
    };
    let failed = reader.report.has_errors();
    if failed { Err(reader.report.finish_sorted()) } else { Ok(layer) }
}

struct Reader {
    report: Reporter,
}

impl Reader {
    fn layer(&self, settings: &[Entry]) -> Layer {
        let mut layer = Layer::default();
        for setting in settings {
            let key = setting.key.as_str();
            macro_rules! groups {
                ($($group:ident $field:ident),+) => {
                    match key {
                        "engines" => self.engines(&mut layer, &setting.value),
                        $(name if $group::KEYS.contains(&name) => {
                            if let Some(one) = self.one::<$group>(setting) {
                                layer.$field = one.or(layer.$field);
                            }
                        })+
                        _ => {
                            let known = [&["engines"][..], $($group::KEYS),+].concat();
                            self.unknown(setting, "there is no setting", &known);
                        }
                    }
                };
            }
            groups!(
                SourceOptions source, TrustOptions trust, WorldOptions world, PassOptions pass, OnceOptions once,
                ControllerOptions controller, ListenOptions listen, LogOptions log
            );
        }
        layer
    }

    fn engines(&self, layer: &mut Layer, node: &Node) {
        let Value::Map(engines) = &node.value else {
            let message = "`engines`: write one `NAME: { url: … }` per engine".to_owned();
            return self.error(node.span, message, Some(ENGINE.to_owned()));
        };
        for entry in engines {
            let Value::Map(settings) = &entry.value.value else {
                let message = format!("`{}`: an engine is a list of settings", entry.key);
                self.error(entry.value.span, message, Some(ENGINE.to_owned()));
                continue;
            };
            let mut engine = EngineOptions::default();
            for setting in settings {
                if !ENGINE_KEYS.contains(&setting.key.as_str()) {
                    self.unknown(setting, "an engine has no setting", ENGINE_KEYS);
                } else if let Some(one) = self.one::<EngineOptions>(setting) {
                    engine = one.or(engine);
                }
            }
            layer.engines.insert(EngineName::new(entry.key.as_str()), engine);
        }
    }

    /// Reads one setting as a group in which everything else is unset.
    fn one<T: DeserializeOwned>(&self, setting: &Entry) -> Option<T> {
        let key = setting.key.as_str();
        let error = match alone::<T>(key, plain(&setting.value)) {
            Ok(group) => return Some(group),
            // Where a text is expected, what is wrong with a number is what is wrong with its text.
            Err(error) => match setting.value.scalar() {
                Some(number) if number.kind != Kind::Text => {
                    alone::<T>(key, Json::from(number.text.as_str()))
                        .err()
                        .filter(|error| !error.to_string().starts_with("invalid "))
                        .unwrap_or(error)
                }
                _ => error,
            },
        };
        let items = match &setting.value.value {
            Value::List(items) => items.as_slice(),
            _ => &[],
        };
        let bad = items.iter().find(|item| alone::<T>(key, Json::from([plain(item)])).is_err());
        let message = format!("`{key}`: {}", expected::message(&error.to_string()));
        self.error(bad.unwrap_or(&setting.value).span, message, expected::example(key));
        None
    }

    fn error(&self, at: Span, message: String, help: Option<String>) {
        self.report.add(self.report.diagnostic(Severity::Error, at, message, help));
    }

    fn unknown(&self, setting: &Entry, what: &str, known: &[&str]) {
        let message = format!("{what} `{}`", setting.key);
        let help = one_of(&setting.key.replace('-', "_"), known);
        let mut found = self.report.diagnostic(Severity::Error, setting.at, message, Some(help));
        // The value of such a key may be a secret.
        if let (Some(line), Some(_)) = (&mut found.excerpt, setting.value.scalar())
            && let Some(end) = line.find(':')
        {
            line.replace_range(end.., ": ***");
        }
        self.report.add(found);
    }
}

/// The values of settings that are secret by their names, and the logins of URLs.
fn collect_secrets(node: &Node, is_secret: bool, found: &mut Vec<String>) {
    match &node.value {
        Value::Null => {}
        Value::List(items) => items.iter().for_each(|item| collect_secrets(item, is_secret, found)),
        Value::Map(entries) => entries.iter().for_each(|entry| {
            collect_secrets(&entry.value, is_secret || is_sensitive_name(&entry.key), found);
        }),
        Value::Scalar(scalar) if is_secret => found.push(scalar.text.to_string()),
        Value::Scalar(scalar) => {
            let rest = scalar.text.split_once("://").map(|(_, rest)| rest);
            found.extend(
                rest.and_then(|rest| rest.split('/').next()?.rsplit_once('@'))
                    .map(|(login, _)| login.to_owned()),
            );
        }
    }
}

/// A group of settings in which only this one is set.
fn alone<T: DeserializeOwned>(key: &str, value: Json) -> serde_json::Result<T> {
    serde_json::from_value(Json::Object([(key.to_owned(), value)].into_iter().collect()))
}

/// A value without its places.
fn plain(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::List(items) => items.iter().map(plain).collect(),
        Value::Map(entries) => {
            entries.iter().map(|e| (e.key.to_string(), plain(&e.value))).collect()
        }
        Value::Scalar(scalar) => match scalar.kind {
            Kind::Bool | Kind::Int | Kind::Float => serde_json::from_str(&scalar.text)
                .unwrap_or_else(|_| Json::from(scalar.text.as_str())),
            Kind::Text | Kind::Time => Json::from(scalar.text.as_str()),
        },
    }
}
