//! Which SSH host keys are trusted: the `known_hosts` format of OpenSSH, of which libgit2
//! reads only the file in its own idea of a home folder, and says only "invalid".

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// A host as it is connected to, and the key it showed.
pub(super) struct HostKey<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    /// The key's type as SSH names it: `ssh-ed25519`.
    pub(super) kind: &'a str,
    /// The public key as SSH sends it.
    pub(super) key: &'a [u8],
}

/// What `known_hosts` says of a host's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is listed.
    Known,
    /// The host is not listed.
    Unknown,
    /// The host is listed with another key of the same type.
    Changed,
    /// The host is listed with keys of other types only.
    OtherTypes(Vec<String>),
    /// The key is listed as revoked.
    Revoked,
}

impl HostKey<'_> {
    /// The key's fingerprint, as `ssh-keygen -l` prints it.
    pub(super) fn fingerprint(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(self.key)))
    }

    /// The host as `known_hosts` names it.
    pub(super) fn name(&self) -> String {
        if self.port == 22 {
            self.host.to_ascii_lowercase()
        } else {
            format!("[{}]:{}", self.host.to_ascii_lowercase(), self.port)
        }
    }

    /// Looks the key up in the text of `known_hosts` files. Lines for certificate
    /// authorities are passed over: certificates are not supported.
    pub(super) fn verify(&self, known_hosts: &str) -> Verdict {
        let name = self.name();
        let key = STANDARD.encode(self.key);
        let mut verdict = Verdict::Unknown;
        for line in known_hosts.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            let mut words = line.split_ascii_whitespace().peekable();
            let marker = words.next_if(|word| word.starts_with('@'));
            let (Some(hosts), Some(kind), Some(listed)) =
                (words.next(), words.next(), words.next())
            else {
                continue;
            };
            let revoked = marker == Some("@revoked");
            if (marker.is_some() && !revoked) || !matches(hosts, &name) {
                continue;
            }
            verdict = match (listed == key, verdict) {
                (true, _) if revoked => return Verdict::Revoked,
                (_, verdict) if revoked => verdict,
                (true, _) | (_, Verdict::Known) => Verdict::Known,
                (_, Verdict::Changed) => Verdict::Changed,
                _ if kind == self.kind => Verdict::Changed,
                (_, Verdict::OtherTypes(mut kinds)) => {
                    kinds.push(kind.to_owned());
                    Verdict::OtherTypes(kinds)
                }
                _ => Verdict::OtherTypes(vec![kind.to_owned()]),
            };
        }
        verdict
    }
}

/// Whether a line's host field names this host.
fn matches(field: &str, name: &str) -> bool {
    if let Some(hashed) = field.strip_prefix("|1|") {
        return hashed.split_once('|').is_some_and(|(salt, hash)| {
            let Ok(salt) = STANDARD.decode(salt) else { return false };
            let mut mac =
                Hmac::<Sha1>::new_from_slice(&salt).expect("BUG: HMAC takes keys of any length");
            mac.update(name.as_bytes());
            STANDARD.encode(mac.finalize().into_bytes()) == hash
        });
    }
    let mut found = false;
    for pattern in field.split(',') {
        match pattern.strip_prefix('!') {
            Some(not) if glob(not, name) => return false,
            Some(_) => {}
            None => found |= glob(pattern, name),
        }
    }
    found
}

/// Whether a pattern with `*` and `?` fits, without regard to case.
fn glob(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    // Where to go on from after the last `*`, should what follows it not fit.
    let mut retry: Option<(usize, usize)> = None;
    let (mut at, mut pos) = (0, 0);
    while pos < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                retry = Some((at + 1, pos + 1));
                at += 1;
            }
            Some(&c) if c == b'?' || c.eq_ignore_ascii_case(&name[pos]) => {
                at += 1;
                pos += 1;
            }
            _ => match retry {
                Some((after, next)) => {
                    (at, pos) = (after, next);
                    retry = Some((after, next + 1));
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&c| c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verify(host: &str, port: u16, kind: &str, key: &[u8], text: &str) -> Verdict {
        HostKey { host, port, kind, key }.verify(text)
    }

    #[test]
    fn a_listed_key_is_known_and_any_other_is_not() {
        let text = "# a comment\n\ngit.example.org,10.0.0.1 ssh-ed25519 a2V5 me\n\
                    [git.example.org]:2222 ssh-ed25519 b3RoZXI=\n";
        let ed = "ssh-ed25519";
        assert_eq!(verify("git.example.org", 22, ed, b"key", text), Verdict::Known);
        assert_eq!(verify("GIT.example.org", 22, ed, b"key", text), Verdict::Known);
        assert_eq!(verify("10.0.0.1", 22, ed, b"key", text), Verdict::Known);
        assert_eq!(verify("git.example.org", 2222, ed, b"other", text), Verdict::Known);
        assert_eq!(verify("git.example.org", 2222, ed, b"key", text), Verdict::Changed);
        assert_eq!(verify("git.example.org", 22, ed, b"new", text), Verdict::Changed);
        assert_eq!(verify("git.example.com", 22, ed, b"key", text), Verdict::Unknown);
        assert_eq!(
            verify("git.example.org", 22, "ssh-rsa", b"rsa", text),
            Verdict::OtherTypes(vec![ed.to_owned()])
        );
    }

    #[test]
    fn patterns_negation_and_revocation_count() {
        let text = "*.example.org,!bad.example.org ssh-rsa a2V5\n\
                    @cert-authority * ssh-rsa b3RoZXI=\n";
        assert_eq!(verify("a.example.org", 22, "ssh-rsa", b"key", text), Verdict::Known);
        assert_eq!(verify("bad.example.org", 22, "ssh-rsa", b"key", text), Verdict::Unknown);
        assert_eq!(verify("a.example.com", 22, "ssh-rsa", b"other", text), Verdict::Unknown);
        let text = format!("{text}@revoked * ssh-rsa a2V5\n");
        assert_eq!(verify("a.example.org", 22, "ssh-rsa", b"key", &text), Verdict::Revoked);
        assert!(glob("a*b?c", "aXXbYc") && glob("*", "x") && !glob("a?", "a") && !glob("a", "ab"));
    }

    #[test]
    fn a_hashed_name_is_found() {
        // As OpenSSH wrote it with `HashKnownHosts yes`.
        let text = "|1|HHWyzuzSVpqPLxWyZHQOq7k1vQE=|U7oclmiBOcXxVsdy7nFh3OSFp/g= ssh-ed25519 \
                    AAAAC3NzaC1lZDI1NTE5AAAAIGyUv654oSDrh1Os1sot1yDE9iiJ0ZZ1i2e4uwDtJXbt";
        let key = STANDARD.decode(text.split(' ').next_back().unwrap()).unwrap();
        let ed = "ssh-ed25519";
        assert_eq!(verify("127.0.0.1", 2299, ed, &key, text), Verdict::Known);
        assert_eq!(verify("127.0.0.1", 2298, ed, &key, text), Verdict::Unknown);
        assert_eq!(verify("127.0.0.1", 2299, ed, b"key", text), Verdict::Changed);
    }
}
