//! Content hashes: SHA-256 in hexadecimal, because that is what operators can recompute.

use std::fmt;
use std::io::{self, BufWriter, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The SHA-256 of something, as 64 lower-case hexadecimal characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self(hex(&Sha256::digest(bytes.as_ref())))
    }

    /// The digest of something's JSON, of which no text is made.
    #[must_use]
    pub fn of_json(thing: &impl Serialize) -> Self {
        let mut hash = Hasher::default();
        serde_json::to_writer(&mut hash, thing).expect("BUG: what is hashed is always JSON");
        hash.finish()
    }

    /// The digest of parts, each prefixed with its length, so that
    /// `("ab","c")` and `("a","bc")` differ.
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hex(&hash.finalize()))
    }

    /// A digest read back from a label; nothing is checked.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// All 64 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 8 characters, for names and for people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

/// Hashes what is written to it: nobody has to hold all of it. JSON comes in pieces of a few bytes,
/// which cost more one by one.
pub struct Hasher(BufWriter<Sink>);

/// Where the pieces go together.
struct Sink(Sha256);

impl Default for Hasher {
    fn default() -> Self {
        Self(BufWriter::with_capacity(1024, Sink(Sha256::new())))
    }
}

impl Hasher {
    /// Takes in what comes next.
    pub fn update(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).expect("BUG: a hash takes everything");
    }

    /// The digest of all of it.
    #[must_use]
    pub fn finish(mut self) -> Digest {
        self.0.flush().expect("BUG: a hash takes everything");
        Digest(hex(&self.0.get_mut().0.finalize_reset()))
    }
}

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.short())
    }
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.extend([digit(byte >> 4), digit(byte & 15)]);
    }
    text
}
