//! A container as a list of named facts, the same for the desired and the observed
//! side, and the published table that says what a difference in each of them costs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use crate::model::labels;
use crate::model::spec::{
    ContainerSpec, Healthcheck, Mount, MountSource, PublishedPort, RestartPolicy,
};

/// What a difference in a field costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Changed as the container runs.
    InPlace,
    /// The container is replaced.
    Recreate,
    /// The container is replaced, and data in a volume is at stake.
    RecreateWithData,
}

/// The table of fields: the first part of a fact's path, its class, and what is compared.
pub const FIELDS: &[(&str, Class, &str)] = &[
    ("cap_add", Class::Recreate, "capabilities added"),
    ("cap_drop", Class::Recreate, "capabilities dropped"),
    ("command", Class::Recreate, "`Config.Cmd`, image default included"),
    ("cpu_shares", Class::InPlace, "`HostConfig.CpuShares`"),
    ("cpus", Class::InPlace, "`HostConfig.NanoCpus`"),
    ("dns", Class::Recreate, "`HostConfig.Dns`, in order"),
    ("dns_search", Class::Recreate, "`HostConfig.DnsSearch`, in order"),
    ("entrypoint", Class::Recreate, "`Config.Entrypoint`, image default included"),
    ("environment", Class::Recreate, "each variable, image defaults included"),
    ("expose", Class::Recreate, "`Config.ExposedPorts`, image defaults included"),
    ("extra_hosts", Class::Recreate, "`HostConfig.ExtraHosts`"),
    ("files", Class::Recreate, "content of configs, secrets and files of the tree"),
    ("healthcheck", Class::Recreate, "each part, image default included"),
    ("hostname", Class::Recreate, "`Config.Hostname`, if the stack sets one"),
    ("image", Class::Recreate, "the image's content id, never its tag"),
    ("init", Class::Recreate, "`HostConfig.Init`"),
    ("labels", Class::Recreate, "each label but identity labels, image defaults included"),
    ("mem_limit", Class::InPlace, "`HostConfig.Memory`"),
    ("networks", Class::InPlace, "which networks it is attached to"),
    ("network_config", Class::Recreate, "aliases, links and fixed addresses on each network"),
    ("pids_limit", Class::InPlace, "`HostConfig.PidsLimit`"),
    ("ports", Class::Recreate, "`HostConfig.PortBindings`"),
    ("read_only", Class::Recreate, "`HostConfig.ReadonlyRootfs`"),
    ("restart", Class::InPlace, "`HostConfig.RestartPolicy`"),
    ("stdin_open", Class::Recreate, "`Config.OpenStdin`"),
    ("stop_grace_period", Class::Recreate, "`Config.StopTimeout`, if the stack sets one"),
    ("stop_signal", Class::Recreate, "`Config.StopSignal`, image default included"),
    ("tmpfs", Class::Recreate, "each tmpfs and its options"),
    ("tty", Class::Recreate, "`Config.Tty`"),
    ("user", Class::Recreate, "`Config.User`, image default included"),
    ("volumes", Class::RecreateWithData, "each mount: source and mode"),
    ("working_dir", Class::Recreate, "`Config.WorkingDir`, image default included"),
];

/// The class of a fact.
#[must_use]
pub fn class_of(path: &str) -> Class {
    let head = path.split('.').next().unwrap_or(path);
    FIELDS.iter().find(|(name, ..)| *name == head).map_or(Class::Recreate, |(_, class, _)| *class)
}

/// Facts by path, each as text.
pub(super) type Facts = BTreeMap<String, String>;

/// Everything that is compared of a container, except its image and its files.
pub(super) fn facts(spec: &ContainerSpec) -> Facts {
    let mut facts = Facts::new();
    process(spec, &mut facts);
    host(spec, &mut facts);
    health(spec.healthcheck.as_ref(), &mut facts);
    for (name, attachment) in &spec.networks {
        facts.insert(format!("networks.{name}"), "attached".to_owned());
        let mut config = Vec::new();
        config.extend(attachment.aliases.iter().map(|alias| format!("alias {alias}")));
        config.extend(attachment.links.iter().map(|link| format!("link {link}")));
        config.extend(attachment.ipv4.iter().map(|ip| format!("ipv4 {ip}")));
        config.extend(attachment.ipv6.iter().map(|ip| format!("ipv6 {ip}")));
        if !config.is_empty() {
            facts.insert(format!("network_config.{name}"), config.join(", "));
        }
    }
    facts
}

fn process(spec: &ContainerSpec, facts: &mut Facts) {
    let mut text = |path: &str, value: Option<&String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            facts.insert(path.to_owned(), value.clone());
        }
    };
    text("user", spec.user.as_ref());
    text("working_dir", spec.working_dir.as_ref());
    text("hostname", spec.hostname.as_ref());
    text("stop_signal", spec.stop_signal.as_ref());
    for (path, list) in [("entrypoint", &spec.entrypoint), ("command", &spec.command)] {
        if let Some(words) = list.as_ref().filter(|words| !words.is_empty()) {
            facts.insert(path.to_owned(), words_text(words));
        }
    }
    for (name, value) in &spec.env {
        facts.insert(format!("environment.{name}"), value.clone());
    }
    for (name, value) in spec.labels.iter().filter(|(name, _)| !labels::is_reserved(name)) {
        facts.insert(format!("labels.{name}"), value.clone());
    }
    if let Some(seconds) = spec.stop_timeout {
        facts.insert("stop_grace_period".to_owned(), format!("{seconds}s"));
    }
    flag(facts, "tty", spec.tty);
    flag(facts, "stdin_open", spec.stdin_open);
}

fn host(spec: &ContainerSpec, facts: &mut Facts) {
    let ports: BTreeSet<_> =
        spec.exposed.iter().copied().chain(spec.published.iter().map(|p| p.container)).collect();
    for port in ports {
        facts.insert(format!("expose.{port}"), "exposed".to_owned());
    }
    for published in &spec.published {
        let entry = facts.entry(format!("ports.{}", published.container)).or_default();
        if !entry.is_empty() {
            entry.push_str(", ");
        }
        entry.push_str(&published_text(published));
    }
    for (target, mount) in &spec.mounts {
        facts.insert(format!("volumes.{target}"), mount_text(mount));
    }
    for (target, options) in &spec.tmpfs {
        facts.insert(format!("tmpfs.{target}"), format!("tmpfs {options}").trim().to_owned());
    }
    for (name, list) in
        [("cap_add", &spec.privileges.cap_add), ("cap_drop", &spec.privileges.cap_drop)]
    {
        for capability in list {
            facts.insert(format!("{name}.{capability}"), name.replace('_', " "));
        }
    }
    for entry in &spec.extra_hosts {
        facts.insert(format!("extra_hosts.{entry}"), "set".to_owned());
    }
    for (path, list) in [("dns", &spec.dns), ("dns_search", &spec.dns_search)] {
        if !list.is_empty() {
            facts.insert(path.to_owned(), list.join(" "));
        }
    }
    number(facts, "mem_limit", spec.limits.memory, spec.limits.memory);
    number(facts, "cpu_shares", spec.limits.cpu_shares, spec.limits.cpu_shares);
    number(facts, "pids_limit", spec.limits.pids, spec.limits.pids);
    number(facts, "cpus", spec.limits.nano_cpus, cpus_text(spec.limits.nano_cpus));
    flag(facts, "read_only", spec.read_only);
    flag(facts, "init", spec.init.unwrap_or(false));
    let restart = restart_text(spec.restart);
    if restart != "no" {
        facts.insert("restart".to_owned(), restart);
    }
}

fn health(check: Option<&Healthcheck>, facts: &mut Facts) {
    let Some(check) = check.filter(|check| !check.test.is_empty()) else { return };
    facts.insert("healthcheck.test".to_owned(), words_text(&check.test));
    if check.is_disabled() {
        return;
    }
    let spans = [
        ("interval", check.interval),
        ("timeout", check.timeout),
        ("start_period", check.start_period),
    ];
    for (name, span) in spans {
        if let Some(span) = span.filter(|span| !span.is_zero()) {
            let text = humantime::format_duration(span).to_string();
            facts.insert(format!("healthcheck.{name}"), text);
        }
    }
    if let Some(retries) = check.retries.filter(|retries| *retries > 0) {
        facts.insert("healthcheck.retries".to_owned(), retries.to_string());
    }
}

fn flag(facts: &mut Facts, path: &str, value: bool) {
    if value {
        facts.insert(path.to_owned(), "true".to_owned());
    }
}

fn number(facts: &mut Facts, path: &str, value: i64, shown: impl Display) {
    if value > 0 {
        facts.insert(path.to_owned(), shown.to_string());
    }
}

fn words_text(words: &[String]) -> String {
    serde_json::to_string(words).expect("BUG: strings are always valid JSON")
}

fn published_text(port: &PublishedPort) -> String {
    let ip = port.host_ip.as_deref().unwrap_or("0.0.0.0");
    format!("{ip}:{}", port.host_port.as_deref().unwrap_or("any"))
}

fn mount_text(mount: &Mount) -> String {
    let source = match &mount.source {
        MountSource::Bind(path) => path.clone(),
        MountSource::Volume(name) => format!("volume {name}"),
        MountSource::Anonymous => "anonymous volume".to_owned(),
        MountSource::Image(image) => format!("image {image}"),
    };
    if mount.read_only { format!("{source}, read-only") } else { source }
}

/// Billionths of a CPU in decimal form, without trailing zeros.
fn cpus_text(nano: i64) -> String {
    let text = format!("{}.{:09}", nano / 1_000_000_000, nano % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn restart_text(policy: RestartPolicy) -> String {
    match policy {
        RestartPolicy::No => "no".to_owned(),
        RestartPolicy::Always => "always".to_owned(),
        RestartPolicy::UnlessStopped => "unless-stopped".to_owned(),
        RestartPolicy::OnFailure(0) => "on-failure".to_owned(),
        RestartPolicy::OnFailure(times) => format!("on-failure:{times}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpus_have_no_trailing_zeros() {
        assert_eq!(cpus_text(1_500_000_000), "1.5");
        assert_eq!(cpus_text(2_000_000_000), "2");
        assert_eq!(cpus_text(1), "0.000000001");
    }

    #[test]
    fn the_table_is_sorted_enough_to_be_read_and_has_no_field_twice() {
        let names: BTreeSet<_> = FIELDS.iter().map(|(name, ..)| name).collect();
        assert_eq!(names.len(), FIELDS.len());
    }
}
