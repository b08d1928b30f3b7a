//! `grants`: all that the stacks of a source would need of the host, as it goes into the
//! configuration. Asks no engine.

use std::fmt::Write as _;

use serde_json::json;

use model::desired::{Deployment, DesiredState, Entry};
use model::diagnostic::Diagnostic;
use model::grants::gives;
use model::policy::HostPolicy;
use model::render::machine::SCHEMA_VERSION;

use super::super::config::Layer;
use super::super::console::{Console, Format};
use super::super::environment::Environment;
use super::super::exit::Exit;
use super::super::setup::Refusal;
use super::needed::{Needed, needed};
use super::validate::{errors, folder_of, messages, place_all_of, read};

/// Prints what would have to be granted.
pub(in crate::cli) fn grants(
    console: Console,
    layer: &Layer,
    environment: &Environment,
) -> Result<Exit, Refusal> {
    let (_, mut desired) = read(&layer.source, layer, environment)?;
    place_all_of(&mut desired, layer.source.source.as_deref());
    let policy = HostPolicy::default();
    let mut all: Vec<Needed<'_>> = valid(&desired).flat_map(|one| needed(one, &policy)).collect();
    if let Some(folder) = layer.source.source.as_deref().and_then(folder_of) {
        for at in all.iter_mut().filter_map(|one| one.at.as_mut()) {
            at.file = format!("{folder}/{}", at.file).into();
        }
    }
    all.sort_by_cached_key(Needed::allow);
    let wrong: Vec<_> =
        messages(&desired).into_values().flatten().filter(Diagnostic::is_error).collect();
    console.complain_all(&wrong);
    if console.format == Format::Json {
        console.json(&json!({
            "schema_version": SCHEMA_VERSION,
            "source": desired.source,
            "revision": desired.revision,
            "grants": all.iter().map(|one| json!({
                "allow": one.allow(),
                "deployment": one.deployment,
                "demand": one.text,
                "code": one.demand.code(),
                "gives": gives(&one.demand),
                "at": one.at,
            })).collect::<Vec<_>>(),
        }));
    } else {
        console.result(&yaml(&all));
    }
    Ok(if errors(&desired) == 0 { Exit::Done } else { Exit::Invalid })
}

fn valid(desired: &DesiredState) -> impl Iterator<Item = &Deployment> {
    desired.deployments.values().filter_map(|entry| match entry {
        Entry::Valid(deployment, _) => Some(&**deployment),
        Entry::Invalid(_) => None,
    })
}

/// The setting `allow`, with what each line gives away and where it is asked for.
fn yaml(all: &[Needed<'_>]) -> String {
    if all.is_empty() {
        return "allow: []\n".to_owned();
    }
    let lines: Vec<String> = all.iter().map(|one| scalar(&one.allow())).collect();
    let width = lines.iter().map(|line| line.chars().count()).filter(|n| *n <= 60).max();
    let width = width.unwrap_or_default();
    let mut text = "allow:\n".to_owned();
    for (line, one) in lines.iter().zip(all) {
        let place = one.at.as_ref().map(|at| format!(" ({at})")).unwrap_or_default();
        let _ = writeln!(text, "  - {line:<width$}  # {}{place}", gives(&one.demand));
    }
    text
}

/// A text as one value of YAML, in quotes if it needs them.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins && !text.ends_with(':') && text.chars().all(plain) {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_yaml_would_misread_is_quoted() {
        assert_eq!(scalar("abc:bind=/srv/data"), "abc:bind=/srv/data");
        for text in ["abc:bind=/a #b", "*:privileged", "abc:bind=/a: b", "abc:bind=/a\nb", "abc:"] {
            let written = scalar(text);
            assert!(written.starts_with('"') && !written.contains('\n'), "{written}");
            assert_eq!(serde_yaml::from_str::<String>(&written).expect("YAML"), text);
        }
    }
}
