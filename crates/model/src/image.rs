//! References to images. One into which a value was put that never prints shows itself as a
//! mask everywhere but in requests, which take its text.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::secret::Masker;

/// An image reference as the stack writes it (`acme/web:1.8`).
#[derive(Clone, Default)]
pub struct ImageRef {
    text: String,
    /// What is shown instead of the text.
    mask: Option<Box<str>>,
}

impl ImageRef {
    /// Wraps a string as it is; nothing is checked.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), mask: None }
    }

    /// The same reference, shown as a mask.
    #[must_use]
    pub fn masked(self, masker: &Masker) -> Self {
        let mask = Some(masker.mask(&self.text).into());
        Self { mask, ..self }
    }

    /// The text itself, for requests and comparisons.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is shown as a mask.
    #[must_use]
    pub fn is_masked(&self) -> bool {
        self.mask.is_some()
    }

    /// Whether it is an image's id, and no name.
    #[must_use]
    pub fn is_id(&self) -> bool {
        self.text.starts_with("sha256:")
    }

    /// The same without what the engine adds itself: `docker.io/library/web:latest` is `web`.
    #[must_use]
    pub fn familiar(text: &str) -> &str {
        let text = text.strip_prefix("docker.io/").unwrap_or(text);
        let text = text.strip_prefix("library/").unwrap_or(text);
        text.strip_suffix(":latest").unwrap_or(text)
    }

    /// What an answer about it may repeat, and must not print: the reference, what it is
    /// without tag and digest, and without its registry.
    #[must_use]
    pub fn hidden(&self) -> Vec<&str> {
        if self.mask.is_none() {
            return Vec::new();
        }
        let name = self.text.split('@').next().unwrap_or_default();
        let name = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => name,
            _ => name,
        };
        let path = name.split_once('/').map_or(name, |(_, path)| path);
        vec![&self.text, name, path]
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.mask.as_deref().unwrap_or(&self.text))
    }
}

impl fmt::Debug for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ImageRef({:?})", self.mask.as_deref().unwrap_or(&self.text))
    }
}

impl From<&str> for ImageRef {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl PartialEq for ImageRef {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for ImageRef {}

impl PartialOrd for ImageRef {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ImageRef {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl Hash for ImageRef {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl Serialize for ImageRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for ImageRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_reference_is_equal_and_shows_nothing_of_itself() {
        let plain = ImageRef::new("reg:5000/x/hunter2:y");
        let masked = plain.clone().masked(&Masker::new("k"));
        assert_eq!(plain, masked);
        assert_eq!(masked.as_str(), "reg:5000/x/hunter2:y");
        for rendered in [masked.to_string(), format!("{masked:?}")] {
            assert!(rendered.contains("(masked ") && !rendered.contains("hunter2"), "{rendered}");
        }
        assert_eq!(masked.hidden(), ["reg:5000/x/hunter2:y", "reg:5000/x/hunter2", "x/hunter2"]);
        assert!(plain.hidden().is_empty());
    }
}
