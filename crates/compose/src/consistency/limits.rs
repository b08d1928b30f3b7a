//! Numbers that two keys say: they have to be the same one.

use super::Whole;
use crate::codes::{CONFLICT, CONTAINER_NAME, RANGE};
use crate::nodes::{entries_mut, get_mut, text_of};
use crate::path::Path;
use crate::schema::refuse;
use text::report::Reporter;
use text::yaml::{Entry, Node};

/// `deploy.replicas` becomes what `scale` says.
pub(super) fn level_scale(services: &mut Node, report: &Reporter) {
    let path = Path::Root.key("services");
    for Entry { key, value: service, .. } in entries_mut(services) {
        let path = path.key(key);
        let Some(scale) = service.get("scale").map(|scale| scale.value.clone()) else { continue };
        let Some(deploy) = get_mut(service, "deploy") else { continue };
        let number = scale.scalar().map_or("", |scalar| scalar.text.as_str());
        match text_of(deploy, "replicas") {
            Some(replicas) if replicas != number => {
                let what = format!("`deploy.replicas` says `{replicas}`, and this `{number}`");
                let help = Some("keep one of them".to_owned());
                refuse(report, CONFLICT, path.key("scale"), scale.span, &what, help);
            }
            Some(_) => {}
            None => crate::nodes::set(deploy, "replicas", scale),
        }
    }
}

/// A key of the service, one of `deploy.resources` for the same thing, and which of its
/// parts that is in.
const TWINS: [(&str, &str, &str); 4] = [
    ("cpus", "limits", "cpus"),
    ("mem_limit", "limits", "memory"),
    ("mem_reservation", "reservations", "memory"),
    ("pids_limit", "limits", "pids"),
];

impl Whole<'_> {
    pub(super) fn limits(&self, service: &Node, path: Path<'_>) {
        let resources = service.get("deploy").and_then(|deploy| deploy.value.get("resources"));
        for (own, part, twin) in TWINS {
            let Some(written) = service.get(own) else { continue };
            let number = text_of(service, own).unwrap_or("0");
            let Some(part_node) = resources.and_then(|resources| resources.value.get(part)) else {
                continue;
            };
            let other = text_of(&part_node.value, twin).unwrap_or("0");
            if number != "0" && number != other {
                let what =
                    format!("`deploy.resources.{part}.{twin}` says `{other}`, and this `{number}`");
                self.refuse(CONFLICT, path.key(own), written.at, &what, "keep one of them");
            }
        }
        let deploy = service.get("deploy").map(|deploy| &deploy.value);
        let replicas = deploy.and_then(|deploy| deploy.get("replicas"));
        for (count, path) in [
            (service.get("scale"), path.key("scale")),
            (replicas, path.key("deploy").key("replicas")),
        ] {
            if let Some(count) = count.filter(|c| number(c) < 0) {
                self.refuse(RANGE, path, count.value.span, "must be at least 0", "");
            }
        }
        let scale = service.get("scale").or(replicas).filter(|count| number(count) > 1);
        let name = service.get("container_name");
        let name = name.filter(|_| text_of(service, "container_name") != Some(""));
        if let (Some(scale), Some(name)) = (scale, name) {
            let key = if service.get("scale").is_some() { "scale" } else { "deploy.replicas" };
            let what = format!(
                "`{key}` asks for {} containers, and no two can have one name",
                number(scale)
            );
            let help = "remove the name, or run one container";
            self.refuse(CONTAINER_NAME, path.key("container_name"), name.at, &what, help);
        }
    }
}

fn number(entry: &Entry) -> i64 {
    entry.value.scalar().and_then(|scalar| scalar.text.parse().ok()).unwrap_or(0)
}
