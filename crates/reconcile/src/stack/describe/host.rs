//! What a container has of its host and no plain field says: namespaces, security options,
//! devices, limits of processes, where its log goes.

use super::Writer;
use model::privilege::{Device, DeviceRequest};
use model::share::Namespace;
use model::spec::Logging;
use text::emit::{Pair, Yaml};

/// Writes all of it.
pub(super) fn write(writer: &mut Writer<'_>) {
    let spec = &writer.running.view.spec;
    for (key, namespace) in [("ipc", &spec.ipc), ("pid", &spec.pid)] {
        let whose = match namespace {
            // What every engine gives.
            Namespace::Default | Namespace::Private => continue,
            Namespace::Of(peer) => peer_word(writer, key, &peer_name(peer)),
            other => other.to_string(),
        };
        writer.put(key, Yaml::text(whose));
    }
    security(writer);
    devices(writer);
    let ulimits = spec.limits.ulimits.iter().map(|(name, limit)| {
        let limits = if limit.soft == limit.hard {
            Yaml::word(limit.soft)
        } else {
            Yaml::map([("soft", Yaml::word(limit.soft)), ("hard", Yaml::word(limit.hard))])
        };
        Pair::new(name, limits)
    });
    let ulimits: Vec<Pair> = ulimits.collect();
    if !ulimits.is_empty() {
        writer.put("ulimits", Yaml::Map(ulimits));
    }
    logging(writer);
}

/// The name or id in a peer.
pub(super) fn peer_name(peer: &model::share::Peer) -> String {
    match peer {
        model::share::Peer::Service(name) => name.to_string(),
        model::share::Peer::Container(name) => name.to_string(),
    }
}

/// How the stack names a container that this one shares something with.
pub(super) fn peer_word(writer: &mut Writer<'_>, key: &str, name: &str) -> String {
    if let Some(service) = writer.service_of(name) {
        return format!("service:{service}");
    }
    let about = "that container is not in this file; adopt it, too, or keep it where it is";
    writer.note(key, about);
    format!("container:{name}")
}

fn security(writer: &mut Writer<'_>) {
    let spec = &writer.running.view.spec;
    let privileges = &spec.privileges;
    let unlabelled = privileges.privileged
        || [&spec.ipc, &spec.pid].iter().any(|whose| **whose == Namespace::Host);
    let mut options = Vec::new();
    for option in &privileges.security_opt {
        // The engine adds this by itself to what shares so much with the host.
        if unlabelled && option == "label=disable" {
            continue;
        }
        let profile = option.strip_prefix("seccomp=").or_else(|| option.strip_prefix("seccomp:"));
        if profile.is_some_and(|profile| profile.starts_with('{')) {
            writer.note(
                "security_opt.seccomp",
                "its profile is a file beside the stack: `security_opt: [\"seccomp=profile.json\"]`",
            );
        } else {
            options.push(writer.text("SECURITY_OPT", option));
        }
    }
    if privileges.system_paths {
        options.push(Yaml::text("systempaths=unconfined"));
    }
    if !options.is_empty() {
        writer.put("security_opt", Yaml::List(options));
    }
}

fn devices(writer: &mut Writer<'_>) {
    let devices = &writer.running.view.spec.devices;
    let mut mapped = Vec::new();
    for (target, Device { host, permissions }) in &devices.mapped {
        mapped.push(Yaml::text(format!("{host}:{target}:{permissions}")));
    }
    let (mut gpus, mut reserved) = (Vec::new(), Vec::new());
    for request in &devices.requests {
        if request.driver == "cdi" && request.options.is_empty() {
            mapped.extend(request.ids.iter().map(Yaml::text));
            continue;
        }
        if request.capabilities.len() > 1 {
            writer
                .note("device_requests", "of several lists of capabilities only the last is here");
        }
        let is_gpu = request.capabilities.iter().flatten().any(|it| it == "gpu");
        let written = self::request(writer, request);
        if is_gpu { gpus.push(written) } else { reserved.push(written) }
    }
    if !mapped.is_empty() {
        writer.put("devices", Yaml::List(mapped));
    }
    if !gpus.is_empty() {
        writer.put("gpus", Yaml::List(gpus));
    }
    if !reserved.is_empty() {
        let reservations = Yaml::map([("devices", Yaml::List(reserved))]);
        let resources = Yaml::map([("reservations", reservations)]);
        writer.put("deploy", Yaml::map([("resources", resources)]));
    }
}

fn request(writer: &mut Writer<'_>, request: &DeviceRequest) -> Yaml {
    let mut pairs: Vec<(&str, Yaml)> = Vec::new();
    if !request.driver.is_empty() {
        pairs.push(("driver", Yaml::text(&request.driver)));
    }
    match request.count {
        0 => {}
        -1 => pairs.push(("count", Yaml::text("all"))),
        count => pairs.push(("count", Yaml::word(count))),
    }
    if !request.ids.is_empty() {
        pairs.push(("device_ids", Yaml::texts(request.ids.clone())));
    }
    if let Some(capabilities) = request.capabilities.last() {
        pairs.push(("capabilities", Yaml::texts(capabilities.clone())));
    }
    if !request.options.is_empty() {
        pairs.push(("options", writer.texts(&request.options)));
    }
    Yaml::map(pairs)
}

fn logging(writer: &mut Writer<'_>) {
    let Logging { driver, options } = &writer.running.view.spec.logging;
    let Some(name) = driver else { return };
    if options.is_empty() && *driver == writer.scene.around.defaults.logging {
        return;
    }
    let mut pairs = vec![("driver", Yaml::text(name))];
    if !options.is_empty() {
        pairs.push(("options", writer.texts(options)));
    }
    writer.put("logging", Yaml::map(pairs));
}
