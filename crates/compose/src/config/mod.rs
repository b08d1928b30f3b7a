//! What `docker compose config` prints.

mod json;
mod order;
mod style;
mod view;
mod yaml;

use super::Project;
use super::spec;

pub use json::{compact, digest};
pub use view::{Items, View, Viewer};

/// What was read into other keys.
const READ: &[(&str, &str)] = &[("service", "label_file")];

/// The text that `docker compose config --format json` prints: the same bytes, but for
/// `build.ssh`, which Compose cannot print. `unfilled` is a project whose
/// references were not filled in: it is printed as it was merged.
#[must_use]
pub fn json_text(project: &Project, unfilled: bool) -> String {
    if unfilled {
        return json::indented(&Viewer::json(READ).any(&project.root));
    }
    let viewer = Viewer::json(READ);
    let View::Map(mut entries) = viewer.object(&spec::FILE, Some(&project.root)) else {
        return String::new();
    };
    entries.extend(viewer.extensions(&project.root));
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    escaped(json::indented(&View::Map(entries)))
}

/// What `docker compose config` prints: the same bytes.
#[must_use]
pub fn yaml(project: &Project, unfilled: bool) -> String {
    let viewer = Viewer::yaml(READ);
    if unfilled {
        return yaml::text(&viewer.any(&project.root));
    }
    escaped(yaml::text(&viewer.object(&spec::FILE, Some(&project.root))))
}

/// A `$` is doubled, so that the text can be read again.
fn escaped(text: String) -> String {
    if text.contains('$') { text.replace('$', "$$") } else { text }
}
