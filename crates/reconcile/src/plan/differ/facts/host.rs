//! Facts about what a container has of the host.

use super::{Facts, Page, Side, flag, map, number, set, text};
use model::digest::Digest;
use model::limits::{Limits, Ulimit};
use model::privilege::{DeviceRequest, Devices, Privileges};
use model::share::Namespace;
use model::spec::RestartPolicy;

pub(super) fn host<'s>(page: &mut impl Page<'s>) {
    page.section(
        |side| &side.spec.extra_hosts,
        |hosts, facts| set(facts, "extra_hosts", hosts, "set"),
    );
    for (path, of) in [
        ("dns", (|side| &side.spec.dns) as fn(Side<'s>) -> &'s Vec<String>),
        ("dns_search", |side| &side.spec.dns_search),
        ("dns_opt", |side| &side.spec.dns_options),
    ] {
        page.section(of, |list, facts| text(facts, path, &list.join(" ")));
    }
    page.section(|side| &side.spec.sysctls, |all, facts| map(facts, "sysctls", all));
    page.section(|side| &side.spec.storage_options, |all, facts| map(facts, "storage_opt", all));
    page.section(Side::logging, |logging, facts| {
        text(facts, "logging.driver", logging.driver.as_deref().unwrap_or_default());
        map(facts, "logging.options", &logging.options);
    });
    for (path, of) in [
        ("uts", (|side| &side.spec.uts) as fn(Side<'s>) -> &'s Namespace),
        ("userns_mode", |side| &side.spec.userns),
        ("cgroup", Side::cgroup),
    ] {
        page.section(of, |namespace, facts| text(facts, path, &namespace.to_string()));
    }
    for (path, of) in [
        ("runtime", Side::runtime as fn(Side<'s>) -> Option<&'s str>),
        ("isolation", |side| side.spec.isolation.as_deref()),
    ] {
        page.section(of, |value, facts| text(facts, path, value.unwrap_or_default()));
    }
    page.section(|side| side.spec.read_only, |on, facts| flag(facts, "read_only", on));
    page.section(|side| side.spec.init.unwrap_or(false), |on, facts| flag(facts, "init", on));
    page.section(
        |side| side.spec.restart,
        |policy, facts| {
            let restart = restart_text(policy);
            if restart != "no" {
                facts.insert("restart".to_owned(), restart);
            }
        },
    );
}

pub(super) fn limits(limits: &Limits, facts: &mut Facts) {
    let numbers = [
        ("mem_limit", limits.memory),
        ("mem_reservation", limits.memory_reservation),
        ("memswap_limit", if limits.has_usual_swap() { 0 } else { limits.memory_swap }),
        ("cpu_shares", limits.cpu_shares),
        ("cpu_period", limits.cpu_period),
        ("cpu_quota", limits.cpu_quota),
        ("cpu_rt_period", limits.cpu_rt_period),
        ("cpu_rt_runtime", limits.cpu_rt_runtime),
        ("cpu_count", limits.cpu_count),
        ("pids_limit", limits.pids),
        ("shm_size", limits.shm_size),
        ("oom_score_adj", limits.oom_score_adj),
        ("blkio_config.weight", i64::from(limits.blkio.weight)),
    ];
    for (path, value) in numbers {
        number(facts, path, value);
    }
    if limits.nano_cpus != 0 {
        facts.insert("cpus".to_owned(), decimal(limits.nano_cpus, 9));
    }
    if limits.cpu_percent != 0 {
        facts.insert("cpu_percent".to_owned(), decimal(limits.cpu_percent, 2));
    }
    if let Some(swappiness) = limits.swappiness {
        facts.insert("mem_swappiness".to_owned(), swappiness.to_string());
    }
    flag(facts, "oom_kill_disable", limits.oom_kill_disable);
    text(facts, "cpuset", &limits.cpuset);
    text(facts, "cgroup_parent", &limits.cgroup_parent);
    for (name, limit) in &limits.ulimits {
        facts.insert(format!("ulimits.{name}"), ulimit_text(*limit));
    }
    let blkio = &limits.blkio;
    map(facts, "blkio_config.weight_device", &blkio.weight_device);
    map(facts, "blkio_config.device_read_bps", &blkio.read_bps);
    map(facts, "blkio_config.device_read_iops", &blkio.read_iops);
    map(facts, "blkio_config.device_write_bps", &blkio.write_bps);
    map(facts, "blkio_config.device_write_iops", &blkio.write_iops);
}

/// The privileges, and whether the engine adds `label=disable` by itself: it does to what
/// shares so much with the host.
pub(super) fn privileges_of(Side { spec, .. }: Side<'_>) -> (&Privileges, bool) {
    let shares = spec.ipc == Namespace::Host || spec.pid == Namespace::Host;
    (&spec.privileges, spec.privileges.privileged || shares)
}

pub(super) fn privileges((privileges, unlabelled): (&Privileges, bool), facts: &mut Facts) {
    flag(facts, "privileged", privileges.privileged);
    set(facts, "cap_add", &privileges.cap_add, "cap add");
    set(facts, "cap_drop", &privileges.cap_drop, "cap drop");
    set(facts, "group_add", &privileges.groups, "member");
    for option in &privileges.security_opt {
        if unlabelled && option == "label=disable" {
            continue;
        }
        let (name, value) = option.split_once(['=', ':']).unwrap_or((option, "true"));
        let shown = if value.starts_with('{') {
            format!("profile {}", Digest::of(value).short())
        } else {
            value.to_owned()
        };
        let entry = facts.entry(format!("security_opt.{name}")).or_default();
        if !entry.is_empty() {
            entry.push_str(", ");
        }
        entry.push_str(&shown);
    }
    if privileges.system_paths {
        facts.insert("security_opt.systempaths".to_owned(), "unconfined".to_owned());
    }
}

pub(super) fn devices(devices: &Devices, facts: &mut Facts) {
    for (target, device) in &devices.mapped {
        let text = format!("{} {}", device.host, device.permissions);
        facts.insert(format!("devices.{target}"), text);
    }
    set(facts, "device_cgroup_rules", &devices.rules, "set");
    for (number, request) in devices.requests.iter().enumerate() {
        facts.insert(format!("device_requests.{}", number + 1), request_text(request));
    }
}

fn request_text(request: &DeviceRequest) -> String {
    let mut parts = Vec::new();
    if !request.driver.is_empty() {
        parts.push(format!("driver {}", request.driver));
    }
    match request.count {
        0 => {}
        -1 => parts.push("all".to_owned()),
        count => parts.push(format!("count {count}")),
    }
    parts.extend(request.ids.iter().map(|id| format!("id {id}")));
    parts.extend(request.capabilities.iter().map(|all| format!("capable of {}", all.join("+"))));
    parts.extend(request.options.iter().map(|(name, value)| format!("option {name}={value}")));
    parts.join(", ")
}

fn ulimit_text(limit: Ulimit) -> String {
    if limit.soft == limit.hard {
        limit.soft.to_string()
    } else {
        format!("{} to {}", limit.soft, limit.hard)
    }
}

/// A number of `10^-digits` in decimal form, without trailing zeros.
fn decimal(value: i64, digits: u32) -> String {
    let one = 10_i64.pow(digits);
    let width = digits as usize;
    let text = format!("{}.{:0width$}", value / one, value % one);
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
    fn decimals_have_no_trailing_zeros() {
        assert_eq!(decimal(1_500_000_000, 9), "1.5");
        assert_eq!(decimal(2_000_000_000, 9), "2");
        assert_eq!(decimal(1, 9), "0.000000001");
        assert_eq!(decimal(1250, 2), "12.5");
    }
}
