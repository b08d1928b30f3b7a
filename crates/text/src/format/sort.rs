//! The conventional order of keys: what a stack is made of first, and of a service what it
//! runs before what it is given. Keys that are not listed stay behind those that are, in
//! the order of the file.

use super::Line;

/// Extensions come first: they mostly hold anchors.
const TOP: [&str; 10] = [
    "x-", "version", "name", "include", "services", "networks", "volumes", "configs", "secrets",
    "models",
];

const SERVICE: [&str; 40] = [
    "extends",
    "profiles",
    "image",
    "build",
    "platform",
    "pull_policy",
    "container_name",
    "hostname",
    "command",
    "entrypoint",
    "working_dir",
    "user",
    "init",
    "restart",
    "depends_on",
    "links",
    "scale",
    "deploy",
    "healthcheck",
    "stop_signal",
    "stop_grace_period",
    "env_file",
    "environment",
    "ports",
    "expose",
    "networks",
    "network_mode",
    "dns",
    "dns_search",
    "extra_hosts",
    "volumes",
    "volumes_from",
    "tmpfs",
    "configs",
    "secrets",
    "logging",
    "labels",
    "cap_add",
    "cap_drop",
    "x-",
];

/// The lines with the keys of the top level and of each service in order.
pub(super) fn sorted(lines: Vec<Line>) -> Vec<Line> {
    let (mut out, entries) = entries(lines, 1);
    for mut entry in in_order(entries, &TOP) {
        if entry.key == "services" {
            let (head, services) = self::entries(entry.lines, 2);
            entry.lines = head;
            for service in services {
                let (head, keys) = self::entries(service.lines, 3);
                entry.lines.extend(head);
                entry.lines.extend(in_order(keys, &SERVICE).into_iter().flat_map(|key| key.lines));
            }
        }
        out.extend(entry.lines);
    }
    out
}

/// An entry of a map: its key's line, the comments right above, and everything below.
struct Entry {
    key: String,
    lines: Vec<Line>,
}

/// Takes a map apart into what is before its first entry, and its entries.
fn entries(lines: Vec<Line>, depth: usize) -> (Vec<Line>, Vec<Entry>) {
    let mut head = Vec::new();
    let mut entries: Vec<Entry> = Vec::new();
    for line in lines {
        match &line.key {
            Some((key, at)) if *at == depth => {
                let key = key.trim_matches(['"', '\'']).to_owned();
                let before = entries.last_mut().map_or(&mut head, |entry| &mut entry.lines);
                // A comment belongs to what follows it, unless an empty line is between.
                let comments = before.iter().rev().take_while(|line| line.comment).count();
                let mut own = before.split_off(before.len() - comments);
                let apart = (1..own.len()).rev().find(|index| own[*index].blank);
                if line.blank {
                    before.append(&mut own);
                } else if let Some(apart) = apart {
                    let rest = own.split_off(apart);
                    before.append(&mut own);
                    own = rest;
                }
                own.push(line);
                entries.push(Entry { key, lines: own });
            }
            _ => entries.last_mut().map_or(&mut head, |entry| &mut entry.lines).push(line),
        }
    }
    (head, entries)
}

/// Empty lines stay where they are: mostly they are between all entries.
fn in_order(mut entries: Vec<Entry>, order: &[&str]) -> Vec<Entry> {
    let blanks: Vec<bool> = entries.iter().map(|entry| entry.lines[0].blank).collect();
    let rank = |entry: &Entry| {
        let key = if entry.key.starts_with("x-") { "x-" } else { entry.key.as_str() };
        order.iter().position(|known| *known == key).unwrap_or(order.len())
    };
    entries.sort_by_key(rank);
    for (entry, blank) in entries.iter_mut().zip(blanks) {
        entry.lines[0].blank = blank;
    }
    entries
}
