//! What tells one image from another, where nobody has to know what is in them: a plan carries it
//! for the image that is there, and a pull or a build yields it for the one that it brings.

use serde::Serialize;

use super::digest::Digest;
use super::id::ImageId;

/// What tells one image from another: containers of two that are alike are alike, too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ImageContent {
    /// Its id.
    pub id: ImageId,
    /// The digest of its files and defaults; `None` if the engine does not say which files it has.
    pub content: Option<Digest>,
}

impl ImageContent {
    /// Whether it is the same image as another one, or just like it.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.id == other.id || self.content.is_some() && self.content == other.content
    }
}
