//! What no engine can hold, found before anything is made: an engine takes some of it and
//! fails at the start, gives other things back than it was given, or refuses it when the
//! networks are there already.

use super::nodes::{entries, items, refuse, text};
use super::{addresses, apart, known, quotas};
use text::read::quote;
use text::report::Reporter;
use text::units;
use text::yaml::{Entry, Node, Span, Value};

/// The longest hostname, in bytes: the kernel's.
const HOSTNAME: usize = 64;
/// Names of `stop_signal`, without `SIG`; real-time ones have numbers.
const SIGNALS: [&str; 38] = [
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL",
    "PIPE", "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP",
    "TTIN", "TTOU", "UNUSED", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN",
    "RTMAX", "EMT",
];
/// Keys below which texts may have several lines: what programs read, and paths.
const LINES: [&str; 21] = [
    "annotations",
    "build",
    "command",
    "configs",
    "develop",
    "devices",
    "driver_opts",
    "entrypoint",
    "environment",
    "healthcheck",
    "logging",
    "post_start",
    "pre_start",
    "pre_stop",
    "provider",
    "secrets",
    "security_opt",
    "storage_opt",
    "tmpfs",
    "volumes",
    "working_dir",
];

/// Tells everything of a stack in normal form that no engine can hold.
pub(super) fn check(root: &Node, report: &Reporter) {
    for key in ["services", "networks", "volumes"] {
        let section = root.get(key).map(|section| entries(&section.value)).unwrap_or_default();
        for Entry { value, .. } in section {
            characters(value, true, report);
            match key {
                "services" => service(value, report),
                "volumes" => volume(value, report),
                _ => {}
            }
        }
    }
    addresses::check(root, report);
    apart::check(root, report);
}

/// Tells of characters that cannot be in a text, and in a name.
fn characters(node: &Node, one_line: bool, report: &Reporter) {
    match &node.value {
        Value::Null => {}
        Value::Scalar(scalar) => character(&scalar.text, node.span, one_line, report),
        Value::List(items) => items.iter().for_each(|item| characters(item, one_line, report)),
        Value::Map(entries) => {
            for Entry { key, at, value } in entries.iter().filter(|e| !e.key.starts_with("x-")) {
                character(key, *at, true, report);
                let one_line = one_line && !LINES.contains(&key.as_str());
                if key == "labels" {
                    labels(value, report);
                } else {
                    characters(value, one_line, report);
                }
            }
        }
    }
}

/// A label's value may end its line, as folded texts do.
fn labels(node: &Node, report: &Reporter) {
    for Entry { key, at, value } in entries(node) {
        character(key, *at, true, report);
        if let Some(scalar) = value.scalar() {
            character(scalar.text.trim_end_matches('\n'), value.span, true, report);
        }
    }
    if let Value::List(items) = &node.value {
        let texts = items.iter().filter_map(|item| Some((item.scalar()?, item.span)));
        texts.for_each(|(s, at)| character(s.text.trim_end_matches('\n'), at, true, report));
    }
}

fn character(text: &str, at: Span, one_line: bool, report: &Reporter) {
    if text.contains('\0') {
        let help = "a text ends there for everything that runs on Linux; remove it";
        refuse(at, "no engine can hold a NUL character", help, report);
    } else if one_line && text.contains(|c: char| c.is_control() && c != '\t') {
        let help = "write it on one line, without control characters";
        refuse(at, "no engine can hold a line break or control character here", help, report);
    }
}

fn service(node: &Node, report: &Reporter) {
    if let Some(field) = node.get("environment") {
        environment(&field.value, report);
    }
    for key in ["pre_start", "post_start", "pre_stop"] {
        let all = items(node, key).iter().filter_map(|hook| hook.get("environment"));
        all.for_each(|field| environment(&field.value, report));
    }
    if let Some((name, at)) = text(node, "hostname")
        && name.len() > HOSTNAME
    {
        let what = format!("a hostname has at most {HOSTNAME} bytes, and this {}", name.len());
        refuse(at.span, what, "write a shorter one", report);
    }
    if let Some((path, at)) = text(node, "working_dir")
        && !path.is_empty()
        && !path.starts_with('/')
    {
        let what = format!("{} is not an absolute path", quote(at));
        refuse(at.span, what, "begin it with `/`", report);
    }
    if let Some((signal, at)) = text(node, "stop_signal")
        && !is_signal(signal)
    {
        let what = format!("{} is not a signal", quote(at));
        refuse(at.span, what, "write a name, for example `SIGTERM`, or a number", report);
    }
    quotas::check(node, report);
    known::check(node, report);
    health(node, report);
    for host in items(node, "extra_hosts") {
        extra_host(host, report);
    }
    let networks = node.get("networks").map(|field| entries(&field.value)).unwrap_or_default();
    for holder in networks.iter().map(|entry| &entry.value).chain([node]) {
        if let Some((mac, at)) = text(holder, "mac_address")
            && !is_mac(mac)
        {
            let what = format!("{} is not a MAC address", quote(at));
            refuse(at.span, what, "write six bytes, for example `02:42:ac:11:00:02`", report);
        }
    }
}

fn health(node: &Node, report: &Reporter) {
    let Some(field) = node.get("healthcheck") else { return };
    for key in ["interval", "timeout", "start_period", "start_interval"] {
        let Some((span, at)) = text(&field.value, key) else { continue };
        if units::duration(span).is_some_and(|span| !span.is_zero() && span.as_millis() == 0) {
            refuse(
                at.span,
                "a health check counts in milliseconds",
                "write at least `1ms`",
                report,
            );
        }
    }
}

/// Names of variables: the engine keeps `name=value`.
fn environment(node: &Node, report: &Reporter) {
    for Entry { key, at, .. } in entries(node) {
        if key.is_empty() || key.contains('=') {
            let what = format!("`{key}` cannot be the name of a variable");
            refuse(*at, what, "a name is not empty and has no `=` in it", report);
        }
    }
}

fn is_signal(text: &str) -> bool {
    if let Ok(number) = text.parse::<u8>() {
        return (1..=64).contains(&number);
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let base = name.split_once(['+', '-']).map_or(name, |(base, _)| base);
    text.is_empty() || (SIGNALS.contains(&base) && (base == name || base.starts_with("RT")))
}

/// `name=address` in normal form.
fn extra_host(node: &Node, report: &Reporter) {
    let Some((_, address)) = node.scalar().and_then(|scalar| scalar.text.split_once('=')) else {
        return;
    };
    let plain = address.trim_start_matches('[').trim_end_matches(']');
    if plain != "host-gateway" && plain.parse::<std::net::IpAddr>().is_err() {
        let what = format!("{} does not end with an address", quote(node));
        refuse(node.span, what, "write an address of IPv4 or IPv6, or `host-gateway`", report);
    }
}

fn is_mac(text: &str) -> bool {
    let parts: Vec<&str> = text.split([':', '-']).collect();
    let byte = |part: &&str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit());
    let dotted: Vec<&str> = text.split('.').collect();
    let word = |part: &&str| part.len() == 4 && part.bytes().all(|b| b.is_ascii_hexdigit());
    text.is_empty()
        || (parts.len() == 6 && parts.iter().all(byte))
        || (dotted.len() == 3 && dotted.iter().all(word))
}

/// The names of volumes that the engine's own driver makes.
fn volume(node: &Node, report: &Reporter) {
    let local =
        text(node, "driver").is_none_or(|(driver, _)| driver.is_empty() || driver == "local");
    let external = text(node, "external").is_some_and(|(value, _)| value == "true");
    let Some((name, at)) = text(node, "name").filter(|_| local && !external) else { return };
    let rest = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let valid = (2..=255).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(rest);
    if !valid {
        let what = format!("{} cannot be the name of a volume", quote(at));
        let help =
            "use 2 to 255 letters, digits, `_`, `.` and `-`, beginning with a letter or digit";
        refuse(at.span, what, help, report);
    }
}
