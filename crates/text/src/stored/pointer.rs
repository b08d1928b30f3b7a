//! The pointers that git-lfs puts into a repository instead of large files, as its
//! specification has them: a text that only speaks of one is none.

/// The first lines that say that a file is one; the second is of versions before 1.0.
const VERSIONS: [&str; 2] =
    ["version https://git-lfs.github.com/spec/v1", "version https://hawser.github.com/spec/v1"];
/// The shortest file that is too long to be one, in bytes.
pub(super) const LONGEST: u64 = 1024;
/// How many digits the name of a content has.
const DIGITS: usize = 64;

/// What a pointer says of the file that it is there for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pointer {
    /// How large the file is, in bytes.
    pub(super) size: u64,
}

impl Pointer {
    /// The pointer that a file's bytes are; `None` if they are the file's content.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        if u64::try_from(bytes.len()).ok()? >= LONGEST {
            return None;
        }
        let mut lines = std::str::from_utf8(bytes).ok()?.lines();
        if !VERSIONS.contains(&lines.next()?) {
            return None;
        }
        let (mut last, mut named, mut size) = ("", false, None);
        for line in lines {
            let (key, value) = line.split_once(' ')?;
            if !is_key(key) || key <= last || value.is_empty() || value.starts_with(' ') {
                return None;
            }
            match key {
                "oid" => named = is_content(value),
                "size" => size = number(value),
                _ => {}
            }
            last = key;
        }
        Some(Self { size: size.filter(|_| named)? })
    }
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'))
}

/// Whether a text names a content by its hash.
fn is_content(text: &str) -> bool {
    let digits = text.strip_prefix("sha256:");
    digits.is_some_and(|d| d.len() == DIGITS && d.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn number(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const OID: &str = "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";

    fn parse(text: &str) -> Option<u64> {
        Pointer::parse(text.as_bytes()).map(|pointer| pointer.size)
    }

    #[test]
    fn what_the_specification_calls_a_pointer_is_one() {
        let v1 = VERSIONS[0];
        let of = |version: &str| format!("{version}\n{OID}\nsize 12345\n");
        for version in VERSIONS {
            assert_eq!(parse(&of(version)), Some(12345), "{version}");
        }
        // git-lfs reads these, too: saved by an editor, or with lines of Windows.
        assert_eq!(parse(of(v1).trim_end()), Some(12345));
        assert_eq!(parse(&of(v1).replace('\n', "\r\n")), Some(12345));
        let extended = format!("{v1}\next-0-case {}\n{OID}\nsize 0\n", &OID[4..]);
        assert_eq!(parse(&extended), Some(0));
        assert_eq!(parse(&format!("{v1}\n{OID}\nsize 1\nzone a b\n")), Some(1));
        let long = |more: usize| format!("{v1}\n{OID}\nsize 1\nz {}\n", "a".repeat(more));
        let most = 1023 - long(0).len();
        assert_eq!(parse(&long(most)), Some(1));
        assert_eq!(parse(&long(most + 1)), None);
    }

    #[test]
    fn what_only_looks_like_a_pointer_is_content() {
        let v1 = VERSIONS[0];
        let short = &OID[..OID.len() - 1];
        let texts = [
            String::new(),
            v1.to_owned(),
            format!("{v1}\n{OID}\n"),
            format!("{v1}\nsize 1\n"),
            format!("{v1}\nsize 1\n{OID}\n"),
            format!("{v1}\n{OID}\nsize 1\nsize 2\n"),
            format!("{v1}\n{OID}\nsize -1\n"),
            format!("{v1}\n{OID}\nsize +1\n"),
            format!("{v1}\n{OID}\nsize 99999999999999999999\n"),
            format!("{v1}\n{OID}\nsize  1\n"),
            format!("{v1}\n{OID}\n\nsize 1\n"),
            format!("{v1}\n{short}\nsize 1\n"),
            format!("{v1}\n{short}g\nsize 1\n"),
            format!("{v1}\n{}\nsize 1\n", OID.replace("sha256", "md5")),
            format!("{v1}\n{OID}\nsize 1\nand so it goes on\n# like this\n"),
            format!("{v1}\n{OID}\nsize 1\nKey value\n"),
            format!("{v1}0\n{OID}\nsize 1\n"),
            format!(" {v1}\n{OID}\nsize 1\n"),
            format!("# a pointer:\n{v1}\n{OID}\nsize 1\n"),
            format!("{OID}\nsize 1\n{v1}\n"),
        ];
        for text in texts {
            assert_eq!(parse(&text), None, "{text:?}");
        }
        assert_eq!(
            Pointer::parse(format!("{v1}\n{OID}\nsize 1\nz \u{fffd}").as_bytes()).map(|p| p.size),
            Some(1)
        );
        assert_eq!(Pointer::parse(&[v1.as_bytes(), b"\n\xff"].concat()), None);
    }
}
