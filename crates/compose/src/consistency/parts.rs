//! What is checked of each file's own parts before paths are resolved.

use std::net::IpAddr;

use crate::codes::{EXCLUSIVE, EXTERNAL_AND_MORE, NO_CONTENT, PORT, WATCH};
use crate::nodes::{entries, items, text_of};
use crate::path::Path;
use crate::schema::refuse;
use text::read::quote;
use text::report::Reporter;
use text::yaml::{Entry, Node};

/// Checks them.
pub(crate) fn parts(root: &Node, report: &Reporter) {
    for Entry { key: section, value, .. } in entries(root) {
        let top = Path::Root.key(section);
        for entry in entries(value) {
            let path = top.key(&entry.key);
            match section.as_str() {
                "volumes" => external(&entry.value, path, report),
                "configs" => content(entry, &["file", "environment", "content"], path, report),
                "secrets" => content(entry, &["file", "environment"], path, report),
                "services" => service(&entry.value, path, report),
                _ => {}
            }
        }
    }
}

fn external(volume: &Node, path: Path<'_>, report: &Reporter) {
    if text_of(volume, "external") != Some("true") {
        return;
    }
    for entry in entries(volume) {
        let key = entry.key.as_str();
        if !matches!(key, "name" | "external") && !key.starts_with("x-") {
            let what = format!("`external` and `{key}` exclude each other");
            let help = format!("remove `{key}`: what is external is made elsewhere");
            refuse(report, EXTERNAL_AND_MORE, path, entry.at, &what, Some(help));
        }
    }
}

fn content(entry: &Entry, keys: &[&str], path: Path<'_>, report: &Reporter) {
    let node = &entry.value;
    if entries(node).is_empty() && !matches!(node.value, text::yaml::Value::Map(_)) {
        return;
    }
    let found: Vec<_> = keys.iter().filter_map(|key| node.get(key)).collect();
    let words: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
    let words = words.join(", ");
    match found[..] {
        [_, second, ..] => {
            let what = format!("{words} exclude each other");
            let help = Some("keep one of them".to_owned());
            refuse(report, EXCLUSIVE, path, second.at, &what, help);
        }
        [] if node.get("driver").is_none() && node.get("external").is_none() => {
            refuse(report, NO_CONTENT, path, entry.at, &format!("needs one of {words}"), None);
        }
        _ => {}
    }
}

fn service(service: &Node, path: Path<'_>, report: &Reporter) {
    for Entry { key, value, .. } in entries(service) {
        let path = path.key(key);
        match key.as_str() {
            "ports" => {
                for (index, port) in items(value).iter().enumerate() {
                    let Some(address) = port.get("host_ip") else { continue };
                    let text = address.value.scalar().map_or("", |scalar| scalar.text.as_str());
                    if text.parse::<IpAddr>().is_err() {
                        let what = format!("{} is no address", quote(&address.value));
                        let path = path.item(index);
                        refuse(report, PORT, path.key("host_ip"), address.value.span, &what, None);
                    }
                }
            }
            "gpus" => devices(value, path, report),
            "deploy" => {
                let keys = ["resources", "reservations", "devices"];
                let mut at = Some(value);
                for key in keys {
                    at = at.and_then(|node| node.get(key)).map(|entry| &entry.value);
                }
                let path = path.key("resources");
                let path = path.key("reservations");
                if let Some(node) = at {
                    devices(node, path.key("devices"), report);
                }
            }
            "develop" => {
                let watch = value.get("watch").map(|found| items(&found.value));
                for (index, trigger) in watch.unwrap_or_default().iter().enumerate() {
                    if let Some(blank) =
                        trigger.get("path").filter(|_| text_of(trigger, "path") == Some(""))
                    {
                        let path = path.key("watch");
                        let path = path.item(index);
                        refuse(
                            report,
                            WATCH,
                            path.key("path"),
                            blank.at,
                            "must not be empty",
                            None,
                        );
                    }
                }
            }
            _ => {}
        }
    }
}

fn devices(list: &Node, path: Path<'_>, report: &Reporter) {
    for (index, request) in items(list).iter().enumerate() {
        if let (Some(_), Some(ids)) = (request.get("count"), request.get("device_ids")) {
            let what = "`count` and `device_ids` exclude each other";
            let help = Some("keep one of them".to_owned());
            refuse(report, EXCLUSIVE, path.item(index), ids.at, what, help);
        }
    }
}
