//! Bytes that must not print: contents of configs and secrets, and the mask that
//! stands for a sensitive value in plans, diffs and errors.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Serialize, Serializer};
use sha2::Sha256;

use super::digest::{Digest, hex};

/// The content of a config or secret. `Debug` shows its length, serialising it its digest.
#[derive(Clone, PartialEq, Eq)]
pub struct Content(Arc<[u8]>);

impl Content {
    /// Wraps bytes.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes themselves, for the one place that uploads them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The SHA-256 of the bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes)", self.0.len())
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.digest().as_str())
    }
}

/// Replaces sensitive values by a mask that is equal for equal values and, without the
/// installation's key, says nothing else.
#[derive(Clone)]
pub struct Masker {
    key: Arc<[u8]>,
}

impl Masker {
    /// A masker keyed for one installation.
    pub fn new(key: impl AsRef<[u8]>) -> Self {
        Self { key: key.as_ref().into() }
    }

    /// The mask of a value, for example `(masked 3fa91c02)`.
    #[must_use]
    pub fn mask(&self, value: &str) -> String {
        let mut mac = self.keyed();
        mac.0.update(value.as_bytes());
        let tag = mac.0.finalize().into_bytes();
        format!("(masked {})", hex(&tag[..4]))
    }

    /// A digest of something's JSON that confirms no guess without the key. No text is made of it.
    #[must_use]
    pub fn digest_of_json(&self, thing: &impl Serialize) -> Digest {
        let mut mac = self.keyed();
        serde_json::to_writer(&mut mac, thing).expect("BUG: what is hashed is always JSON");
        Digest::from_text(hex(&mac.0.finalize().into_bytes()))
    }

    fn keyed(&self) -> Keyed {
        let mac = Hmac::new_from_slice(&self.key);
        Keyed(mac.expect("BUG: HMAC takes keys of any length"))
    }
}

/// A keyed hash of what is written to it.
struct Keyed(Hmac<Sha256>);

impl Write for Keyed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masker")
    }
}

/// Whether a name alone says that its value is a secret: it contains `PASS`, `TOKEN`,
/// `KEY`, `SECRET` or `CREDENTIAL`, in any case.
#[must_use]
pub fn is_sensitive_name(name: &str) -> bool {
    let contains = |word: &&str| {
        let mut parts = name.as_bytes().windows(word.len());
        parts.any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
    };
    ["PASS", "TOKEN", "KEY", "SECRET", "CREDENTIAL"].iter().any(contains)
}
