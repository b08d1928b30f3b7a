//! Facts about what a container has of the host, and no plain field says.

use std::collections::{BTreeMap, BTreeSet};

use super::{Facts, FieldSet, Side, map, text};
use model::digest::Digest;
use model::limits::Ulimit;
use model::privilege::{Device, DeviceRequest};
use model::share::Namespace;
use model::spec::RestartPolicy;

pub(super) fn host<'s>(set: &mut impl FieldSet<'s>) {
    set.group(Side::logging, |logging, facts| {
        text(facts, "logging.driver", logging.driver.as_deref().unwrap_or_default());
        map(facts, "logging.options", &logging.options);
    });
    set.group(
        |side| side.spec.restart,
        |policy, facts| {
            let restart = restart_text(policy);
            if restart != "no" {
                facts.insert("restart".to_owned(), restart);
            }
        },
    );
    set.group(
        |side| &side.spec.limits.ulimits,
        |limits, facts| {
            for (name, limit) in limits {
                facts.insert(format!("ulimits.{name}"), ulimit_text(*limit));
            }
        },
    );
    set.group(security_of, security);
    set.group(|side| (&side.spec.devices.mapped, &side.spec.devices.requests), devices);
}

/// The security options, and whether the engine adds `label=disable` by itself: it does to what
/// shares so much with the host.
fn security_of(Side { spec, .. }: Side<'_>) -> (&BTreeSet<String>, bool, bool) {
    let shares = spec.ipc == Namespace::Host || spec.pid == Namespace::Host;
    let privileges = &spec.privileges;
    (&privileges.security_opt, privileges.system_paths, privileges.privileged || shares)
}

fn security(
    (options, system_paths, unlabelled): (&BTreeSet<String>, bool, bool),
    facts: &mut Facts,
) {
    for option in options {
        if unlabelled && option == "label=disable" {
            continue;
        }
        let (name, value) = option.split_once(['=', ':']).unwrap_or((option, "true"));
        let rendered = if value.starts_with('{') {
            format!("profile {}", Digest::of(value).short())
        } else {
            value.to_owned()
        };
        let entry = facts.entry(format!("security_opt.{name}")).or_default();
        if !entry.is_empty() {
            entry.push_str(", ");
        }
        entry.push_str(&rendered);
    }
    if system_paths {
        facts.insert("security_opt.systempaths".to_owned(), "unconfined".to_owned());
    }
}

fn devices(
    (mapped, requests): (&BTreeMap<String, Device>, &Vec<DeviceRequest>),
    facts: &mut Facts,
) {
    for (target, device) in mapped {
        let text = format!("{} {}", device.host, device.permissions);
        facts.insert(format!("devices.{target}"), text);
    }
    for (number, request) in requests.iter().enumerate() {
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

fn restart_text(policy: RestartPolicy) -> String {
    match policy {
        RestartPolicy::No => "no".to_owned(),
        RestartPolicy::Always => "always".to_owned(),
        RestartPolicy::UnlessStopped => "unless-stopped".to_owned(),
        RestartPolicy::OnFailure(0) => "on-failure".to_owned(),
        RestartPolicy::OnFailure(times) => format!("on-failure:{times}"),
    }
}
