//! `reconciler.yaml`: every setting with what it means and its default, made from the same
//! declarations as the flags, so that none is missing.

use std::fmt::Write as _;

use clap::{Arg, ArgAction, Args, Command};

use super::super::super::config::example;
use super::super::super::options::{
    ControllerOptions, ListenOptions, LogOptions, OnceOptions, PassOptions, SourceOptions,
    TrustOptions, WorldOptions,
};
use text::emit::scalar;

/// How wide a comment may be.
const WIDTH: usize = 96;

/// The file.
pub(super) fn text() -> String {
    let mut out = String::from(
        "# Settings of `reconciler`, for `--config reconciler.yaml` or RECONCILER_CONFIG. Flags and\n\
         # RECONCILER_* variables count before this file. Relative paths begin at its folder.\n",
    );
    section::<SourceOptions>("Where desired state comes from", SourceOptions::KEYS, &mut out);
    section::<TrustOptions>("What stacks may have", TrustOptions::KEYS, &mut out);
    section::<WorldOptions>("Engines and Consul", WorldOptions::KEYS, &mut out);
    out += "\n# The engines by name; without any there is `local`, which is what DOCKER_HOST says.\n\
            # engines: { web1: { url: \"tcp://web1.example:2376\", tls: { ca: ca.pem, cert: cert.pem, key: key.pem } } }\n";
    section::<PassOptions>("What a pass may do", PassOptions::KEYS, &mut out);
    section::<OnceOptions>("`--once` alone", OnceOptions::KEYS, &mut out);
    section::<ControllerOptions>("The controller alone", ControllerOptions::KEYS, &mut out);
    section::<ListenOptions>("Where the controller answers", ListenOptions::KEYS, &mut out);
    section::<LogOptions>("Output", LogOptions::KEYS, &mut out);
    out
}

/// The settings of a group: its keys are in the order of its flags.
fn section<G: Args>(title: &str, keys: &[&str], out: &mut String) {
    let command = G::augment_args(Command::new("settings"));
    let _ = write!(out, "\n# ---- {title}\n");
    for (key, arg) in keys.iter().zip(command.get_arguments()) {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        out.push('\n');
        wrapped(&help, out);
        let _ = writeln!(out, "# {}", line(key, arg, &help));
    }
}

/// The setting with its default, else an example.
fn line(key: &str, arg: &Arg, help: &str) -> String {
    let default = help.rsplit_once("[default: ").and_then(|(_, rest)| rest.strip_suffix(']'));
    let default = default.map(|text| text.trim_matches('`'));
    // Not a path, a sentence, or the name of a variable.
    let is_variable = |text: &str| text.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let is_value = |text: &&str| !text.contains([' ', '`', ',', '~']) && !is_variable(text);
    match (default.filter(is_value), example(key)) {
        (Some(value), _) => format!("{key}: {}", number_or_text(value)),
        (None, Some(example)) => example.to_owned(),
        (None, None) if matches!(arg.get_action(), ArgAction::Append) => format!("{key}: []"),
        (None, None) => {
            let names = arg.get_value_names().into_iter().flatten().next();
            format!("{key}: {}", names.map_or("VALUE", |name| name.as_str()))
        }
    }
}

fn number_or_text(value: &str) -> String {
    if value.bytes().all(|byte| byte.is_ascii_digit()) { value.to_owned() } else { scalar(value) }
}

/// Text as lines of comment.
fn wrapped(text: &str, out: &mut String) {
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            out.push_str(&line);
            out.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    out.push_str(&line);
    out.push('\n');
}
