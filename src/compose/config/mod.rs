//! What `docker compose config` prints.

mod json;
mod view;
mod yaml;

use super::Project;
use super::spec;

pub(crate) use json::compact;
pub(crate) use view::{View, Viewer};

/// What was read into other keys.
const READ: &[(&str, &str)] = &[("service", "label_file")];

/// The text that `docker compose config --format json` prints: the same bytes, but for
/// `build.ssh`, which Compose cannot print.
pub(crate) fn json_text(project: &Project) -> String {
    let viewer = Viewer::json(READ);
    let View::Map(mut entries) = viewer.object(&spec::FILE, Some(&project.root)) else {
        return String::new();
    };
    entries.extend(viewer.extensions(&project.root));
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    escaped(&json::indented(&View::Map(entries)))
}

/// The same as a value.
pub(crate) fn json(project: &Project) -> serde_json::Value {
    serde_json::from_str(&json_text(project)).expect("BUG: what was printed is no JSON")
}

/// What `docker compose config` prints, in meaning.
pub(crate) fn yaml(project: &Project) -> String {
    escaped(&yaml::text(&Viewer::yaml(READ).object(&spec::FILE, Some(&project.root))))
}

/// A `$` is doubled, so that the text can be read again.
fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}
