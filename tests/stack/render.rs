//! Desired state as text: one line per field that says something.

use std::fmt::Write as _;

use model::desired::{Deployment, DesiredState, Entry, Rollout, Service};
use model::diagnostic::Diagnostic;
use serde_json::{Value, json};

pub(crate) fn desired(state: &DesiredState) -> String {
    let mut out = format!("layout {}\n", text(&json!(state.layout)));
    for diagnostic in &state.incomplete {
        out.push_str("incomplete\n");
        message(diagnostic, &mut out);
    }
    for (id, entry) in &state.deployments {
        match entry {
            Entry::Invalid(found) => {
                let _ = writeln!(out, "{id}: invalid");
                messages(found, &mut out);
            }
            Entry::Valid(it, found) => {
                deployment(it, &mut out);
                messages(found, &mut out);
            }
        }
    }
    out
}

fn messages(found: &[Diagnostic], out: &mut String) {
    for diagnostic in found {
        message(diagnostic, out);
    }
}

/// In the form of rustc, so that a wrong position is seen at once.
fn message(diagnostic: &Diagnostic, out: &mut String) {
    let code = diagnostic.code.expect("every message has a code");
    let _ = writeln!(out, "{}[{code}]: {}", text(&json!(diagnostic.severity)), diagnostic.message);
    if let Some(at) = &diagnostic.at {
        let _ = writeln!(out, "  --> {at}");
        if let Some(line) = &diagnostic.excerpt {
            let pad = " ".repeat(at.column as usize - 1);
            let marks = "^".repeat(diagnostic.length as usize);
            let _ = writeln!(out, "  | {line}\n  | {pad}{marks}");
        }
    }
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(out, "  help: {help}");
    }
}

fn deployment(it: &Deployment, out: &mut String) {
    let sync = text(&json!(it.sync));
    let _ = writeln!(out, "{} on {} ({sync}) from {}", it.id, it.engine, it.stack_file);
    let _ = writeln!(out, "  origin {}", it.origin);
    if let Some(folder) = &it.project_dir {
        let _ = writeln!(out, "  project_dir {folder}");
    }
    for file in &it.files.environment_files {
        let _ = writeln!(out, "  env file {file}");
    }
    for (path, led) in &it.links {
        let _ = writeln!(out, "  link {path} leads to {led}");
    }
    for service in it.services.values() {
        self::service(service, out);
    }
    for (key, network) in &it.networks {
        let _ = writeln!(out, "  network {key} from {}", network.origin);
        fields("    external", &json!(network.external), out);
        fields("    ", &json!(network.spec), out);
    }
    for (key, volume) in &it.volumes {
        let _ = writeln!(out, "  volume {key} from {}", volume.origin);
        fields("    external", &json!(volume.external), out);
        fields("    ", &json!(volume.spec), out);
    }
}

fn service(service: &Service, out: &mut String) {
    let origin = service.origins.find("").map(ToString::to_string).unwrap_or_default();
    let job = if service.job { ", job" } else { "" };
    let ended = if service.stays_ended { ", stays ended" } else { "" };
    let _ =
        writeln!(out, "  service {} x{}{job}{ended} from {origin}", service.name, service.replicas);
    fields("    container_name", &json!(service.container_name), out);
    fields("    ", &json!(service.spec), out);
    let mut image = json!(service.image);
    if let Some(build) = image.get_mut("Build") {
        build["hash"] = Value::Null;
        if build["context"] == json!("") {
            build["context"] = json!(".");
        }
    }
    fields("    from", &image, out);
    for file in &service.files {
        let mut rendered = json!(file);
        rendered["mode"] = json!(format!("{:o}", file.mode));
        rendered["content"] = json!(String::from_utf8_lossy(file.content.expose()));
        fields("    file", &rendered, out);
    }
    fields("    depends_on", &json!(service.depends_on), out);
    if service.stop_grace.as_secs() != 10 {
        let _ = writeln!(out, "    stop_grace {:?}", service.stop_grace);
    }
    // What no stack says follows from the health check.
    let defaults =
        Rollout { min_healthy: Rollout::min_healthy_of(&service.spec), ..Rollout::default() };
    if service.rollout != defaults {
        let _ = writeln!(out, "    rollout {:?}", service.rollout);
    }
    match &service.registration {
        None => out.push_str("    unregistered\n"),
        Some(registration) => fields("    register", &json!(registration), out),
    }
    for path in &service.sensitive {
        let name = path.strip_prefix("environment.").unwrap_or_default();
        let by = if service.from_env_file.contains(name) { " by an env file alone" } else { "" };
        let _ = writeln!(out, "    sensitive {path}{by}");
    }
}

/// `path value` for everything that is not empty.
fn fields(path: &str, value: &Value, out: &mut String) {
    match value {
        Value::Null | Value::Bool(false) => {}
        Value::Array(items)
            if items.is_empty() && !path.ends_with("command") && !path.ends_with("entrypoint") => {}
        Value::Object(map) => {
            for (key, value) in map {
                let dot = if path.trim().is_empty() { "" } else { "." };
                fields(&format!("{path}{dot}{key}"), value, out);
            }
        }
        Value::Number(number) if number.as_i64() == Some(0) => {}
        Value::String(text) if text.is_empty() && !path.contains("env.") => {}
        _ => {
            let _ = writeln!(out, "{path} {}", text(value));
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| text.replace('\n', "\\n"))
}
