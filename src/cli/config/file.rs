//! Reads `--config FILE`. Every mistake is reported with its place, all of them at once:
//! an operator who misspells `allow` must learn it before a controller runs without it.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_yaml::{Mapping, Value};

use model::diagnostic::Diagnostic;
use model::id::EngineName;

use super::super::options::{
    ControllerOptions, ListenOptions, LogOptions, OnceOptions, PassOptions, SourceOptions,
    TrustOptions, WorldOptions,
};
use super::Layer;
use super::engines::EngineOptions;
use super::places::{Pair, Place, Places};

/// No sensible configuration is larger.
const LIMIT: u64 = 1 << 20;

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
        ConfigError(vec![Diagnostic::error(format!(
            "the configuration `{name}` cannot be read: {why}"
        ))])
    })?;
    let mut layer = parse(&name, &text).map_err(ConfigError)?;
    layer.rebase(path.parent().unwrap_or(Path::new("")));
    Ok(layer)
}

fn slurp(path: &Path) -> std::io::Result<String> {
    if std::fs::metadata(path)?.len() > LIMIT {
        return Err(std::io::Error::other(format!("it has more than {LIMIT} bytes")));
    }
    let text = std::fs::read_to_string(path)?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n"))
}

/// Reads a text; `name` is how messages call it.
fn parse(name: &str, text: &str) -> Result<Layer, Vec<Diagnostic>> {
    let places = Places::scan(text);
    if !places.duplicates.is_empty() {
        let twice = |(path, place): &(Vec<String>, Place)| {
            let key = path.last().map_or("", String::as_str);
            place.error(name, text, format!("`{key}` is set twice"))
        };
        return Err(places.duplicates.iter().map(twice).collect());
    }
    let root: Value =
        serde_yaml::from_str(text).map_err(|error| vec![syntax(name, text, &error)])?;
    let mut reader = Reader { name, text, places, errors: Vec::new() };
    let layer = match root {
        Value::Null => Layer::default(),
        Value::Mapping(settings) => reader.layer(settings),
        _ => {
            let message = "a configuration is a list of `name: value` lines".to_owned();
            reader.errors.push(Place::at(1, 1).error(name, text, message));
            Layer::default()
        }
    };
    if reader.errors.is_empty() { Ok(layer) } else { Err(reader.errors) }
}

/// A text that is no YAML. The parser repeats the position in its message; we cut it off.
fn syntax(name: &str, text: &str, error: &serde_yaml::Error) -> Diagnostic {
    let whole = error.to_string();
    let message = whole.split(" at line ").next().unwrap_or(&whole).to_owned();
    let place = error.location().map_or(Place::at(1, 1), |at| Place::at(at.line(), at.column()));
    place.error(name, text, message)
}

struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    places: Places,
    errors: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn layer(&mut self, settings: Mapping) -> Layer {
        let mut layer = Layer::default();
        for (key, value) in settings {
            let key = word(&key);
            macro_rules! groups {
                ($($group:ident $field:ident),+) => {
                    match key.as_str() {
                        "engines" => self.engines(&mut layer, value),
                        $(name if $group::KEYS.contains(&name) => {
                            if let Some(one) = self.one::<$group>(&[&key], &key, &value) {
                                layer.$field = one.or(layer.$field);
                            }
                        })+
                        _ => {
                            let known = [&["engines"][..], $($group::KEYS),+].concat();
                            self.unknown(&[&key], "there is no setting", &known);
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

    fn engines(&mut self, layer: &mut Layer, value: Value) {
        let Value::Mapping(engines) = value else {
            return self.wrong(&["engines"], "write one `NAME: { url: … }` per engine");
        };
        for (name, value) in engines {
            let name = word(&name);
            let Value::Mapping(settings) = value else {
                self.wrong(&["engines", &name], "write `{ url: … }`");
                continue;
            };
            let mut engine = EngineOptions::default();
            for (key, value) in settings {
                let key = word(&key);
                let path = ["engines", &name, &key];
                if !ENGINE_KEYS.contains(&key.as_str()) {
                    self.unknown(&path, "an engine has no setting", ENGINE_KEYS);
                } else if let Some(one) = self.one::<EngineOptions>(&path, &key, &value) {
                    engine = one.or(engine);
                }
            }
            layer.engines.insert(EngineName::new(name), engine);
        }
    }

    /// Reads one setting as a group in which everything else is unset.
    fn one<T: DeserializeOwned>(&mut self, path: &[&str], key: &str, value: &Value) -> Option<T> {
        let error = match alone::<T>(key, value.clone()) {
            Ok(group) => return Some(group),
            Err(error) => error,
        };
        let items = value.as_sequence().map_or(&[][..], Vec::as_slice);
        let bad = items.iter().position(|item| alone::<T>(key, vec![item.clone()].into()).is_err());
        let place = bad.and_then(|index| self.places.items.get(&owned(path))?.get(index).copied());
        match place {
            Some(place) => self.report(place, format!("`{key}`: {error}")),
            None => self.wrong(path, &error.to_string()),
        }
        None
    }

    fn wrong(&mut self, path: &[&str], why: &str) {
        let key = path.last().copied().unwrap_or_default();
        let place = self.pair(path).map_or(Place::at(1, 1), |pair| pair.value);
        self.report(place, format!("`{key}`: {why}"));
    }

    fn report(&mut self, place: Place, message: String) {
        self.errors.push(place.error(self.name, self.text, message));
    }

    fn unknown(&mut self, path: &[&str], what: &str, known: &[&str]) {
        let key = path.last().copied().unwrap_or_default();
        let place = self.pair(path).map_or(Place::at(1, 1), |pair| pair.key);
        let error = place.error(self.name, self.text, format!("{what} `{key}`"));
        self.errors.push(error.with_help(match nearest(key, known) {
            Some(name) => format!("there is `{name}`"),
            None => format!("there are {}", known.join(", ")),
        }));
    }

    fn pair(&self, path: &[&str]) -> Option<Pair> {
        self.places.pairs.get(&owned(path)).copied()
    }
}

/// A group of settings in which only this one is set.
fn alone<T: DeserializeOwned>(key: &str, value: Value) -> Result<T, serde_yaml::Error> {
    serde_yaml::from_value(Value::Mapping(Mapping::from_iter([(Value::from(key), value)])))
}

fn owned(path: &[&str]) -> Vec<String> {
    path.iter().map(|&part| part.to_owned()).collect()
}

/// A key as text, also if YAML reads it as a number or a truth value.
fn word(key: &Value) -> String {
    match key {
        Value::String(text) => text.clone(),
        other => serde_yaml::to_string(other).unwrap_or_default().trim().to_owned(),
    }
}

/// The known name that looks most like this one, if any does.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let likeness = |other: &str| {
        let name = name.replace('-', "_");
        similar::TextDiff::from_chars(name.as_str(), other).ratio()
    };
    known
        .iter()
        .map(|&other| (likeness(other), other))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other)
}
