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
/// `build.ssh`, which Compose cannot print. `unfilled` is the text of a project whose
/// references were not filled in: there a `$` stays as it is.
pub(crate) fn json_text(project: &Project, unfilled: bool) -> String {
    let viewer = Viewer::json(READ);
    let View::Map(mut entries) = viewer.object(&spec::FILE, Some(&project.root)) else {
        return String::new();
    };
    entries.extend(viewer.extensions(&project.root));
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    escaped(json::indented(&View::Map(entries)), unfilled)
}

/// What `docker compose config` prints, in meaning.
pub(crate) fn yaml(project: &Project, unfilled: bool) -> String {
    let view = Viewer::yaml(READ).object(&spec::FILE, Some(&project.root));
    escaped(yaml::text(&view), unfilled)
}

/// A `$` is doubled, so that the text can be read again.
fn escaped(text: String, unfilled: bool) -> String {
    if unfilled { text } else { text.replace('$', "$$") }
}
