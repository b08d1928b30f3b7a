//! Texts that have to be numbers or truth values: `scale: "${N}"`. Compose casts every
//! text at the paths below, whether it was interpolated or quoted.

use super::codes::{BOOLEAN_WORD, CAST};
use super::path::Path;
use text::report::Reporter;
use text::yaml::{Kind, Scalar, Span, go_float};

/// What a text is cast to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cast {
    Int,
    Float,
    /// A float of single precision.
    Single,
    Bool,
}

/// What is at a path, if that is cast.
fn wanted(path: &Path<'_>) -> Option<Cast> {
    Some(match *path.keys() {
        ["services", _, key] => match key {
            "cpu_count" | "cpu_period" | "cpu_quota" | "cpu_rt_period" | "cpu_rt_runtime"
            | "cpu_shares" | "oom_score_adj" | "pids_limit" | "scale" => Cast::Int,
            "cpu_percent" => Cast::Float,
            "cpus" => Cast::Single,
            "init" | "oom_kill_disable" | "privileged" | "read_only" | "stdin_open" | "tty" => {
                Cast::Bool
            }
            _ => return None,
        },
        ["services", _, "deploy", "replicas"]
        | ["services", _, "deploy", "update_config" | "rollback_config", "parallelism"]
        | ["services", _, "deploy", "restart_policy", "max_attempts"]
        | ["services", _, "deploy", "placement", "max_replicas_per_node"]
        | ["services", _, "healthcheck", "retries"]
        | ["services", _, "ports", "[]", "target"]
        | ["services", _, "ulimits", _]
        | ["services", _, "ulimits", _, "hard" | "soft"] => Cast::Int,
        ["services", _, "deploy", "update_config" | "rollback_config", "max_failure_ratio"] => {
            Cast::Float
        }
        ["services", _, "healthcheck", "disable"]
        | ["services", _, "volumes", "[]", "read_only"]
        | ["services", _, "volumes", "[]", "volume", "nocopy"]
        | ["volumes" | "secrets" | "configs" | "networks", _, "external"]
        | ["networks", _, "internal" | "attachable" | "enable_ipv4" | "enable_ipv6"] => Cast::Bool,
        _ => return None,
    })
}

/// Whether texts at a path are cast.
pub(crate) fn is_cast(path: &Path<'_>) -> bool {
    wanted(path).is_some()
}

/// Casts a text, if its path asks for it; `false` if it cannot be, which was reported.
pub(crate) fn cast(scalar: &mut Scalar, span: Span, path: &Path<'_>, report: &Reporter) -> bool {
    if scalar.kind != Kind::Text {
        return true;
    }
    let Some(wanted) = wanted(path) else { return true };
    let text = scalar.text.as_str();
    let (kind, done) = match wanted {
        Cast::Int => (Kind::Int, text.parse::<i64>().ok().map(|number| number.to_string())),
        Cast::Float => (Kind::Float, text.parse::<f64>().ok().map(go_float)),
        Cast::Single => (Kind::Float, text.parse::<f32>().ok().map(go_float)),
        Cast::Bool => (Kind::Bool, boolean(text, span, path, report).map(|b| b.to_string())),
    };
    if let Some(text) = done {
        (scalar.kind, scalar.text) = (kind, text.into());
        return true;
    }
    let what = match wanted {
        Cast::Int => "a whole number",
        Cast::Float | Cast::Single => "a number",
        Cast::Bool => "`true` or `false`",
    };
    let rendered = if scalar.sensitive { "its value".to_owned() } else { format!("`{text}`") };
    report.refuse_as(CAST, span, format!("`{path}`: {rendered} is not {what}"), None);
    false
}

/// A truth value, also in the words of YAML 1.1, which get a warning.
fn boolean(text: &str, span: Span, path: &Path<'_>, report: &Reporter) -> Option<bool> {
    let lower = text.to_lowercase();
    let value = match lower.as_str() {
        "true" => return Some(true),
        "false" => return Some(false),
        "y" | "yes" | "on" => true,
        "n" | "no" | "off" => false,
        _ => return None,
    };
    let message = format!("`{path}`: `{text}` is read as `{value}`");
    report.warn_as(BOOLEAN_WORD, span, message, Some(format!("write `{value}`")));
    Some(value)
}
