//! Bytes to text: UTF-8 as all read it, and UTF-16 where a byte order mark says so, which
//! YAML allows. What is neither has a place that can be pointed to.

use std::fmt::{self, Display};
use std::string::FromUtf8Error;

/// The first byte that is no text, and the text around it.
#[derive(Debug, PartialEq, Eq)]
pub struct NotText {
    /// Its line, from 1.
    pub line: u32,
    /// Its column in characters, from 1.
    pub column: u32,
    /// What is there, in words.
    pub what: String,
    /// The text, with a replacement character for each byte that is none.
    pub lossy: String,
}

impl Display for NotText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}

/// The text of a YAML file, without its byte order mark.
pub fn yaml(bytes: Vec<u8>) -> Result<String, NotText> {
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => utf8(bytes),
    }
}

/// The text of a file in UTF-8, without its byte order mark.
pub fn utf8(bytes: Vec<u8>) -> Result<String, NotText> {
    let text = String::from_utf8(bytes)?;
    Ok(text.strip_prefix(MARK).map(str::to_owned).unwrap_or(text))
}

/// The byte order mark.
const MARK: char = '\u{feff}';

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, NotText> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    let mut text = String::with_capacity(units.len());
    let lossy = || String::from_utf16_lossy(&units);
    for unit in char::decode_utf16(units.iter().copied()) {
        match unit {
            Ok(c) => text.push(c),
            Err(error) => {
                let unit = error.unpaired_surrogate();
                let what = format!("0x{unit:04X} is half a character of UTF-16");
                return Err(NotText::after(&text, what, lossy()));
            }
        }
    }
    if let [byte] = rest {
        let what = format!("the byte 0x{byte:02X} is half a character of UTF-16");
        return Err(NotText::after(&text, what, lossy() + "\u{fffd}"));
    }
    Ok(text)
}

impl From<FromUtf8Error> for NotText {
    fn from(error: FromUtf8Error) -> Self {
        let from = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let what = format!("the byte 0x{:02X} is not UTF-8 text", bytes[from]);
        let before = String::from_utf8_lossy(&bytes[..from]);
        Self::after(&before, what, String::from_utf8_lossy(bytes).into_owned())
    }
}

impl NotText {
    fn after(before: &str, what: String, lossy: String) -> Self {
        let before = before.strip_prefix(MARK).unwrap_or(before);
        let lossy = lossy.strip_prefix(MARK).map(str::to_owned).unwrap_or(lossy);
        let number = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
        let last = before.rsplit('\n').next().unwrap_or_default();
        Self {
            line: number(before.matches('\n').count()),
            column: number(last.chars().count()),
            what,
            lossy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        format!("\u{feff}{text}").encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn a_byte_order_mark_says_what_the_bytes_are() {
        for bytes in [
            "k: 😀ä\n".as_bytes().to_vec(),
            "\u{feff}k: 😀ä\n".as_bytes().to_vec(),
            wide("k: 😀ä\n", u16::to_le_bytes),
            wide("k: 😀ä\n", u16::to_be_bytes),
        ] {
            assert_eq!(yaml(bytes).as_deref(), Ok("k: 😀ä\n"));
        }
        assert!(utf8(wide("k", u16::to_le_bytes)).is_err(), "env files are UTF-8");
    }

    #[test]
    fn what_is_no_text_has_its_place() {
        let rendered = |bytes: &[u8]| yaml(bytes.to_vec()).unwrap_err().to_string();
        assert_eq!(
            rendered(b"\xef\xbb\xbfa: 1\nb: \xc3\xa4k\xe4se\n"),
            "line 2, column 6: the byte 0xE4 is not UTF-8 text"
        );
        assert_eq!(rendered(b"\xe4"), "line 1, column 1: the byte 0xE4 is not UTF-8 text");
        let mut half = wide("a\nb", u16::to_le_bytes);
        half.extend([0x00, 0xd8, b'c', 0]);
        assert_eq!(rendered(&half), "line 2, column 2: 0xD800 is half a character of UTF-16");
        let mut odd = wide("a\nb", u16::to_le_bytes);
        odd.push(b'c');
        assert_eq!(rendered(&odd), "line 2, column 2: the byte 0x63 is half a character of UTF-16");
    }
}
