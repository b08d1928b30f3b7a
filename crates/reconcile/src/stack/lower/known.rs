//! Words that engines and the kernel know: with another one a container is made and does not
//! start, or is refused when its networks are there already.

use std::net::IpAddr;

use super::nodes::{items, map, refuse, text};
use text::read::quote;
use text::report::Reporter;
use text::suggest::{did_you_mean, one_of};
use text::units;
use text::yaml::{Entry, Node};

/// Capabilities of Linux, without `CAP_`.
const CAPABILITIES: [&str; 42] = [
    "ALL",
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];
/// Names of `security_opt`.
const SECURITY: [&str; 6] =
    ["apparmor", "label", "no-new-privileges", "seccomp", "systempaths", "writable-cgroups"];
/// Options of a mount of memory that stand alone.
const FLAGS: [&str; 33] = [
    "async",
    "atime",
    "defaults",
    "dev",
    "diratime",
    "dirsync",
    "exec",
    "mand",
    "noatime",
    "nodev",
    "nodiratime",
    "noexec",
    "nomand",
    "norelatime",
    "nostrictatime",
    "nosuid",
    "private",
    "relatime",
    "remount",
    "ro",
    "rprivate",
    "rshared",
    "rslave",
    "runbindable",
    "rw",
    "shared",
    "slave",
    "strictatime",
    "suid",
    "sync",
    "unbindable",
    "bind",
    "rbind",
];
/// Options of the engine's own drivers of logs; the first two have values of their own kind.
const LOG_OPTIONS: [(&str, &[&str]); 2] = [
    (
        "json-file",
        &[
            "max-size",
            "max-file",
            "compress",
            "env",
            "env-regex",
            "labels",
            "labels-regex",
            "max-buffer-size",
            "mode",
            "tag",
        ],
    ),
    ("local", &["max-size", "max-file", "compress", "max-buffer-size", "mode"]),
];

/// Checks a service in normal form.
pub(super) fn check(service: &Node, report: &Reporter) {
    for item in ["cap_add", "cap_drop"].iter().flat_map(|key| items(service, key)) {
        let upper = item.scalar().map(|scalar| scalar.text.to_ascii_uppercase());
        let name = upper.as_deref().map(|name| name.strip_prefix("CAP_").unwrap_or(name));
        if let Some(name) = name.filter(|name| !CAPABILITIES.contains(name)) {
            let what = format!("{} is not a capability of Linux", quote(item));
            let near = did_you_mean(name, CAPABILITIES);
            let help = near.unwrap_or_else(|| "write one as `NET_ADMIN`".to_owned());
            refuse(item.span, what, &help, report);
        }
    }
    for item in items(service, "security_opt") {
        security(item, report);
    }
    for item in items(service, "tmpfs") {
        let options = item.scalar().and_then(|scalar| scalar.text.split_once(':'));
        let options = options.map_or("", |(_, options)| options);
        for option in options.split(',').filter(|_| !options.is_empty()) {
            tmpfs(option, item, report);
        }
    }
    for item in items(service, "dns") {
        let address = item.scalar().map(|scalar| scalar.text.split('%').next().unwrap_or_default());
        if !address.is_some_and(|text| text.is_empty() || text.parse::<IpAddr>().is_ok()) {
            let what = format!("{} is not an address", quote(item));
            refuse(item.span, what, "write the address of a DNS server", report);
        }
    }
    for item in items(service, "device_cgroup_rules") {
        if !item.scalar().is_some_and(|scalar| is_device_rule(&scalar.text)) {
            let what = format!("{} is no rule for devices", quote(item));
            refuse(item.span, what, "write for example `c 1:3 rwm`", report);
        }
    }
    if let Some(logging) = service.get("logging") {
        self::logging(&logging.value, report);
    }
}

/// Kind, numbers, and what may be done: `c 10:* rw`.
fn is_device_rule(text: &str) -> bool {
    let number = |part: &str| part == "*" || part.parse::<u32>().is_ok();
    let parts: Vec<&str> = text.split(' ').collect();
    let [kind, numbers, may] = parts[..] else { return false };
    let numbers = numbers.split_once(':');
    matches!(kind, "a" | "b" | "c")
        && numbers.is_some_and(|(major, minor)| number(major) && number(minor))
        && (1..=3).contains(&may.len())
        && may.bytes().all(|letter| b"rwm".contains(&letter))
}

fn security(item: &Node, report: &Reporter) {
    let Some(scalar) = item.scalar() else { return };
    let (name, value) = match scalar.text.split_once(['=', ':']) {
        Some((name, value)) => (name, Some(value)),
        None => (scalar.text.as_str(), None),
    };
    if !SECURITY.contains(&name) {
        let what = format!("{} is no security option", quote(item));
        refuse(item.span, what, &one_of(name, &SECURITY), report);
    } else if name == "no-new-privileges" && !value.is_none_or(is_flag) {
        let what = format!("{} says neither yes nor no", quote(item));
        refuse(item.span, what, "write `no-new-privileges:true`", report);
    }
}

fn is_flag(word: &str) -> bool {
    matches!(word.to_ascii_lowercase().as_str(), "1" | "t" | "true" | "0" | "f" | "false")
}

fn tmpfs(option: &str, item: &Node, report: &Reporter) {
    let digits = |text: &str, radix| !text.is_empty() && text.chars().all(|c| c.is_digit(radix));
    let amount = |text: &str| {
        let units = ['k', 'K', 'm', 'M', 'g', 'G', 't', 'T', 'p', 'P', 'e', 'E', '%'];
        digits(text.strip_suffix(units).unwrap_or(text), 10)
    };
    let (name, value) = option.split_once('=').unwrap_or((option, ""));
    let known = match name {
        "size" | "nr_blocks" | "nr_inodes" => amount(value),
        "mode" => digits(value, 8),
        "uid" | "gid" => digits(value, 10),
        "mpol" => !value.is_empty(),
        flag => FLAGS.contains(&flag) && !option.contains('='),
    };
    if !known {
        let shows = item.scalar().is_none_or(|scalar| !scalar.sensitive);
        let option = if shows { format!("`{option}`") } else { quote(item) };
        let what = format!("{option} is no option of a mount in memory");
        refuse(item.span, what, "for example `/run:size=64m,mode=1777,uid=1000`", report);
    }
}

fn logging(logging: &Node, report: &Reporter) {
    let Some((driver, _)) = text(logging, "driver") else { return };
    let Some((_, known)) = LOG_OPTIONS.iter().find(|(name, _)| *name == driver) else { return };
    for Entry { key, at, value } in map(logging, "options") {
        if !known.contains(&key.as_str()) && !key.starts_with("cache-") {
            let what = format!("`{key}` is no option of the log driver `{driver}`");
            refuse(*at, what, &one_of(key, known), report);
            continue;
        }
        let Some(scalar) = value.scalar() else { continue };
        let valid = match key.as_str() {
            "max-size" => scalar.text == "-1" || units::bytes(&scalar.text).is_some_and(|b| b > 0),
            "max-file" => scalar.text.parse::<u32>().is_ok_and(|files| files > 0),
            "compress" => is_flag(&scalar.text),
            "mode" => matches!(scalar.text.as_str(), "blocking" | "non-blocking" | ""),
            _ => continue,
        };
        if !valid {
            let what = format!("{} is not what `{key}` can be", quote(value));
            let help = "for example `max-size: 10m`, `max-file: \"3\"`, `mode: non-blocking`";
            refuse(value.span, what, help, report);
        }
    }
    // The other driver has both by itself.
    let option = |key| logging.get("options").and_then(|options| text(&options.value, key));
    if let Some((word, at)) = option("compress").filter(|_| driver == "json-file")
        && matches!(word, "1" | "t" | "T" | "true" | "TRUE" | "True")
        && (option("max-size").is_none() || option("max-file").is_none_or(|(n, _)| n == "1"))
    {
        let what = "there is nothing to compress without `max-size` and a second file";
        refuse(at.span, what, "write `max-size: 10m` and `max-file: \"2\"`", report);
    }
}
