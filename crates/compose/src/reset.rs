//! `!reset` and `!override`: what earlier files, or the base of an `extends`, have at a
//! key is taken out before anything is merged onto it.

use text::yaml::{KeyPath, Node, Value};

/// Takes out of a tree what is at these paths. Items of lists cannot be named.
pub(crate) fn clear(root: &mut Node, paths: &[KeyPath]) {
    for path in paths {
        clear_one(root, path);
    }
}

/// The same for one service that stands alone.
pub(crate) fn clear_service(service: &mut Node, name: &str, paths: &[KeyPath]) {
    for path in paths {
        if let [services, this, rest @ ..] = path.as_slice()
            && services == "services"
            && (this == name || this == "*")
            && !rest.is_empty()
        {
            clear_one(service, rest);
        }
    }
}

fn clear_one(node: &mut Node, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return };
    let Value::Map(entries) = &mut node.value else { return };
    let meant = |key: &str| key == first || first == "*";
    if rest.is_empty() {
        entries.retain(|entry| !meant(&entry.key));
        return;
    }
    for entry in entries.iter_mut().filter(|entry| meant(&entry.key)) {
        clear_one(&mut entry.value, rest);
    }
}
