//! The short form of mounts: `[source:]target[:options]`.

use super::Canonical;
use crate::codes::MOUNT;
use crate::nodes::{entry, flag, map, text};
use crate::path::Path;
use crate::paths::clean;
use crate::schema::refuse;
use text::read::quote;
use text::yaml::{Node, Scalar, Value};

const PROPAGATIONS: [&str; 6] = ["rprivate", "private", "rshared", "shared", "rslave", "slave"];

/// What a short form says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Mount {
    source: String,
    target: String,
    read_only: bool,
    nocopy: bool,
    propagation: String,
    selinux: String,
    /// Too short to say more than its target.
    bare: bool,
}

/// An item of `volumes` in its long form; `None` if it cannot be read.
pub(super) fn mount(canonical: &Canonical<'_>, node: &mut Node, path: Path<'_>) -> Option<()> {
    let Some(scalar) = node.scalar() else { return Some(()) };
    match short(&scalar.text) {
        Ok(mount) => node.value = long(mount, node, scalar),
        Err(_) if canonical.unfilled => {}
        Err(why) => {
            let what = format!("{} is no mount: {why}", quote(node));
            let help = "write `target`, `source:target` or `source:target:options`";
            refuse(canonical.report, MOUNT, path, node.span, &what, Some(help.to_owned()));
            return None;
        }
    }
    Some(())
}

fn long(mount: Mount, node: &Node, like: &Scalar) -> Value {
    let at = node.span;
    let is_bind = is_file_path(&mount.source);
    let part = |key: &str, part: String| entry(key, text(at, part, Some(like)));
    let mut entries = vec![part("type", if is_bind { "bind" } else { "volume" }.to_owned())];
    if !mount.source.is_empty() {
        entries.push(part("source", mount.source));
    }
    if !mount.target.is_empty() {
        entries.push(part("target", clean(&mount.target)));
    }
    if mount.read_only {
        entries.push(entry("read_only", flag(at, true)));
    }
    let mut bind = Vec::new();
    if !mount.selinux.is_empty() {
        bind.push(part("selinux", mount.selinux));
    }
    if !mount.propagation.is_empty() {
        bind.push(part("propagation", mount.propagation));
    }
    if is_bind {
        bind.push(entry("create_host_path", flag(at, true)));
    }
    if !bind.is_empty() {
        entries.push(entry("bind", map(at, bind)));
    }
    if mount.nocopy || !(is_bind || mount.bare) {
        let options = if mount.nocopy { vec![entry("nocopy", flag(at, true))] } else { Vec::new() };
        entries.push(entry("volume", map(at, options)));
    }
    Value::Map(entries)
}

fn short(spec: &str) -> Result<Mount, &'static str> {
    let mut mount = Mount::default();
    match spec.len() {
        0 => return Err("it is empty"),
        1 | 2 => {
            spec.clone_into(&mut mount.target);
            mount.bare = true;
            return Ok(mount);
        }
        _ => {}
    }
    let mut part = String::new();
    let mut references = 0_usize;
    for (at, c) in spec.char_indices() {
        match c {
            '$' if spec[at + 1..].starts_with('{') => references += 1,
            '}' if references > 0 => references -= 1,
            ':' if references == 0 && !is_drive(&part) => {
                field(&mut mount, &part, false)?;
                part.clear();
                continue;
            }
            _ => {}
        }
        part.push(c);
    }
    if references == 0 {
        field(&mut mount, &part, true)?;
    }
    Ok(mount)
}

fn field(mount: &mut Mount, part: &str, last: bool) -> Result<(), &'static str> {
    if part.is_empty() {
        return Err("there is nothing between two colons");
    }
    if mount.source.is_empty() {
        let place = if last { &mut mount.target } else { &mut mount.source };
        part.clone_into(place);
    } else if mount.target.is_empty() {
        part.clone_into(&mut mount.target);
    } else if !last {
        return Err("it has too many colons");
    } else {
        for option in part.split(',') {
            match option {
                "ro" => mount.read_only = true,
                "rw" => mount.read_only = false,
                "nocopy" => mount.nocopy = true,
                "z" | "Z" => option.clone_into(&mut mount.selinux),
                _ if PROPAGATIONS.contains(&option) => option.clone_into(&mut mount.propagation),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Whether a colon behind this belongs to it: one letter is a drive of Windows.
fn is_drive(part: &str) -> bool {
    let mut chars = part.chars();
    chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none()
}

/// Whether a source is a path of the host, and not the name of a volume.
fn is_file_path(source: &str) -> bool {
    let mut chars = source.chars();
    let first = chars.next();
    matches!(first, Some('.' | '/' | '~'))
        || (first.is_some_and(char::is_alphabetic) && chars.next() == Some(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str) -> String {
        match short(text) {
            Ok(m) => {
                let mut rendered = format!("{}>{}", m.source, m.target);
                for (set, word) in [(m.read_only, " ro"), (m.nocopy, " nocopy"), (m.bare, " bare")]
                {
                    rendered.push_str(if set { word } else { "" });
                }
                format!("{rendered}{}{}", m.propagation, m.selinux)
            }
            Err(why) => why.to_owned(),
        }
    }

    #[test]
    fn short_mounts_are_composes() {
        for (text, want) in [
            ("/data", ">/data"),
            ("/d", ">/d bare"),
            ("data:/x", "data>/x"),
            ("v:/x", ">v:/x"),
            ("./a:/b:ro", "./a>/b ro"),
            ("C:\\a:/b", "C:\\a>/b"),
            ("aa:/b:nocopy,z,rslave,unknown", "aa>/b nocopyrslavez"),
            ("${A:-x}:/b", "${A:-x}>/b"),
            ("aa::/b", "there is nothing between two colons"),
            ("aa:/b:ro:x", "it has too many colons"),
            ("aa:", "there is nothing between two colons"),
            ("", "it is empty"),
        ] {
            assert_eq!(rendered(text), want, "{text}");
        }
    }
}
