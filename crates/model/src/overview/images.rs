//! Builds and pulls, in one line for each way and cause.

use super::{Brought, How};
use crate::action::Action;
use crate::build::FOLDERS;
use crate::plan::{Reason, Step};

/// Adds the image that a step brings, if it brings one.
pub(super) fn note(step: &Step, all: &mut Vec<Brought>) -> bool {
    let (how, image) = match &step.action {
        Action::PullImage { image, .. } => (How::Pull, image.to_string()),
        Action::BuildImage { tag, build, .. } if tag.as_str().starts_with(FOLDERS) => {
            (How::Build, format!("folder {:?}", build.context))
        }
        Action::BuildImage { tag, .. } => (How::Build, tag.to_string()),
        _ => return false,
    };
    let why = why(step);
    let same = all.iter_mut().find(|brought| brought.how == how && brought.why == why);
    match same {
        Some(brought) => brought.images.push(image),
        None => all.push(Brought { how, images: vec![image], why }),
    }
    true
}

fn why(step: &Step) -> &'static str {
    match step.causes.first().map(|cause| &cause.reason) {
        Some(Reason::Refreshed) => "`pull_policy` asks for the newest",
        Some(Reason::NotBuilt { .. }) => "none was built from these files",
        _ => "not on the engine",
    }
}
