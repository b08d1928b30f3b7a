//! The platform of an image: operating system, architecture and its variant.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A platform of an image. Written `linux/arm64/v8`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Platform {
    /// The operating system, as Go calls it: `linux`.
    pub os: String,
    /// The architecture, as Go calls it: `amd64`.
    pub architecture: String,
    /// Its variant, `v8`; `None` for any.
    pub variant: Option<String>,
}

impl Platform {
    /// Reads `os/architecture[/variant]`, `architecture` alone meaning Linux; the kernel's
    /// names of architectures become Go's. `None` if a part is missing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let parts: Vec<&str> = lower.split('/').collect();
        let (os, architecture, variant) = match parts.as_slice() {
            [architecture] => ("linux", *architecture, None),
            [os, architecture] => (*os, *architecture, None),
            [os, architecture, variant] => (*os, *architecture, Some(*variant)),
            _ => return None,
        };
        let (architecture, implied) = match architecture {
            "x86_64" | "x86-64" => ("amd64", None),
            "aarch64" | "arm64" => ("arm64", None),
            "armhf" => ("arm", Some("v7")),
            "armel" => ("arm", Some("v6")),
            "i386" | "i686" => ("386", None),
            other => (other, None),
        };
        // Of these two there is only one variant: not to name it is to mean it.
        let variant = variant.or(implied).filter(|variant| {
            !matches!((architecture, *variant), ("arm64", "v8") | ("amd64", "v1"))
        });
        let named = !os.is_empty() && !architecture.is_empty() && variant != Some("");
        named.then(|| Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.map(str::to_owned),
        })
    }

    /// Whether an image of the other platform is one of this.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        self.os == other.os
            && self.architecture == other.architecture
            && (self.variant.is_none() || self.variant == other.variant)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_has_one_spelling() {
        let parse = |text| Platform::parse(text).map(|platform| platform.to_string());
        for (text, spelling) in [
            ("linux/amd64", "linux/amd64"),
            ("x86_64", "linux/amd64"),
            ("Linux/aarch64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/arm/v6", "linux/arm/v6"),
            ("armhf", "linux/arm/v7"),
        ] {
            assert_eq!(parse(text).as_deref(), Some(spelling), "{text}");
        }
        for text in ["", "linux/", "/amd64", "linux/arm/", "a/b/c/d"] {
            assert_eq!(parse(text), None, "{text}");
        }
        let any = Platform::parse("linux/arm").unwrap();
        let one = Platform::parse("linux/arm/v7").unwrap();
        assert!(any.includes(&one) && !one.includes(&any));
    }
}
