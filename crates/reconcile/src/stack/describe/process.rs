//! What runs in a container: image, command, environment, labels, health check.

use std::time::Duration;

use super::{Running, Writer};
use crate::stack::describe::secrets::Secrets;
use model::compose_labels;
use model::id::ServiceName;
use model::labels::is_reserved;
use model::secret::is_sensitive_name;
use model::spec::{Healthcheck, RestartPolicy};
use text::emit::Yaml;

/// Gives the secret variables of a container's environment names.
pub(super) fn collect_secrets(service: &ServiceName, running: &Running, secrets: &mut Secrets) {
    for (name, value) in own_env(running) {
        if is_sensitive_name(name) {
            secrets.named(service.as_str(), name, value);
        }
    }
}

/// The variables that are not the image's.
fn own_env(running: &Running) -> impl Iterator<Item = (&String, &String)> {
    let of_image = |name: &String| running.image.as_ref().and_then(|image| image.env.get(name));
    running.view.spec.env.iter().filter(move |(name, value)| of_image(name) != Some(value))
}

/// Writes all of it.
pub(super) fn write(writer: &mut Writer<'_>) {
    let running = writer.running;
    let spec = &running.view.spec;
    let image = writer.text("IMAGE", spec.image.as_str());
    writer.put("image", image);
    if writer.is_in_place() && writer.alone && !is_named_by_compose(running) {
        let name = Yaml::text(running.view.name.as_str());
        writer.put("container_name", name);
    }
    command(writer);
    environment(writer);
    let image = running.image.as_ref();
    let is_own = |name: &String, value: &String| {
        !is_reserved(name) && image.and_then(|image| image.labels.get(name)) != Some(value)
    };
    let labels = spec.labels.iter().filter(|(name, value)| is_own(name, value));
    let labels = writer.labels(labels);
    if labels != Yaml::Map(Vec::new()) {
        writer.put("labels", labels);
    }
    healthcheck(writer);
    depends_on(writer);
    let restart = match spec.restart {
        RestartPolicy::No => return,
        RestartPolicy::Always => "always".to_owned(),
        RestartPolicy::UnlessStopped => "unless-stopped".to_owned(),
        RestartPolicy::OnFailure(0) => "on-failure".to_owned(),
        RestartPolicy::OnFailure(times) => format!("on-failure:{times}"),
    };
    writer.put("restart", Yaml::text(restart));
}

/// Whether a container has a name that Compose gives.
fn is_named_by_compose(running: &Running) -> bool {
    let Some((project, service)) = running.composed() else { return false };
    let name = running.view.name.as_str();
    let number = ["-", "_"].iter().find_map(|sign| {
        let rest = name.strip_prefix(project)?.strip_prefix(sign)?;
        rest.strip_prefix(service)?.strip_prefix(sign)
    });
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}

fn command(writer: &mut Writer<'_>) {
    let spec = &writer.running.view.spec;
    let image = writer.running.image.as_ref();
    let words = |words: &Option<Vec<String>>| words.clone().unwrap_or_default();
    let of_image = |of: fn(&model::observed::ImageView) -> &Option<Vec<String>>| {
        image.map(|image| words(of(image))).unwrap_or_default()
    };
    let (entrypoint, command) = (words(&spec.entrypoint), words(&spec.command));
    let own_entrypoint = entrypoint != of_image(|image| &image.entrypoint);
    // An entrypoint of its own drops the image's command.
    let inherited = if own_entrypoint && !entrypoint.is_empty() {
        Vec::new()
    } else {
        of_image(|image| &image.command)
    };
    if own_entrypoint {
        let words = writer.words("ENTRYPOINT", None, &entrypoint);
        writer.put("entrypoint", Yaml::texts(words));
    }
    if command != inherited {
        let words = writer.words("COMMAND", entrypoint.first(), &command);
        writer.put("command", Yaml::texts(words));
    }
}

fn environment(writer: &mut Writer<'_>) {
    let running = writer.running;
    let service = writer.service.as_str();
    let mut env: Vec<(String, Yaml)> = Vec::new();
    for (name, value) in own_env(running) {
        let value = writer.used.secrets.named(service, name, value);
        env.push((name.clone(), Yaml::text(value)));
    }
    let unset = running.view.spec.unset_env.iter();
    env.extend(unset.map(|name| (name.clone(), Yaml::word("null"))));
    if !env.is_empty() {
        writer.put("environment", Yaml::map(env));
    }
}

fn healthcheck(writer: &mut Writer<'_>) {
    let running = writer.running;
    let of_image = running.image.as_ref().and_then(|image| image.healthcheck.as_ref());
    let Some(check) = &running.view.spec.healthcheck else { return };
    if Some(check) == of_image || check.test.is_empty() {
        return;
    }
    if check.is_disabled() {
        writer.put("healthcheck", Yaml::map([("disable", Yaml::word(true))]));
        return;
    }
    let test = writer.words("HEALTHCHECK", None, &check.test);
    let mut pairs = vec![("test", Yaml::texts(test))];
    let Healthcheck { interval, timeout, start_period, start_interval, .. } = check;
    let spans = [
        ("interval", interval),
        ("timeout", timeout),
        ("start_period", start_period),
        ("start_interval", start_interval),
    ];
    for (key, span) in spans {
        pairs.extend(span.iter().map(|span| (key, Yaml::text(duration(*span)))));
    }
    pairs.extend(check.retries.iter().map(|times| ("retries", Yaml::word(times))));
    writer.put("healthcheck", Yaml::map(pairs));
}

/// What Compose noted of the order in which it starts services.
fn depends_on(writer: &mut Writer<'_>) {
    let Some(noted) = writer.running.view.spec.labels.get(compose_labels::DEPENDS_ON) else {
        return;
    };
    let mut pairs = Vec::new();
    for one in noted.split(',') {
        let mut parts = one.split(':');
        let name = parts.next().unwrap_or_default();
        if !writer.scene.services.keys().any(|service| service.as_str() == name) {
            continue;
        }
        let condition = parts.next().filter(|word| !word.is_empty()).unwrap_or("service_started");
        let mut how = vec![("condition", Yaml::text(condition))];
        if parts.next() == Some("true") {
            how.push(("restart", Yaml::word(true)));
        }
        pairs.push((name, Yaml::map(how)));
    }
    if !pairs.is_empty() {
        writer.put("depends_on", Yaml::map(pairs));
    }
}

/// A duration as Compose reads it.
pub(super) fn duration(span: Duration) -> String {
    let units = [("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000)];
    let units = units.into_iter().chain([("ms", 1_000_000), ("us", 1_000), ("ns", 1)]);
    let mut rest = span.as_nanos();
    let mut out = String::new();
    for (unit, size) in units {
        if rest >= size {
            out.extend([&(rest / size).to_string(), unit]);
            rest %= size;
        }
    }
    if out.is_empty() { "0s".to_owned() } else { out }
}
