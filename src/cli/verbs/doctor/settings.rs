//! How the settings are: the configuration file, the files with secrets that it names, and what is
//! weak although it works.

use std::io;
use std::net::IpAddr;
use std::path::Path;

use model::diagnostic::Diagnostic;
use model::remedy::quoted;

use super::super::super::values::Listen;
use super::finding::Finding;

/// What most findings are about.
pub(super) const SETTINGS: &str = "settings";

/// Whether the file is understood to the last key.
pub(super) fn file(path: Option<&Path>, wrong: &[Diagnostic]) -> Finding {
    let of = ("configuration", SETTINGS);
    let Some(path) = path else {
        return Finding::ok(of, "no configuration file: flags, variables and defaults count");
    };
    let path = path.display().to_string();
    match wrong {
        [] => Finding::ok(of, format!("`{path}` is understood")),
        [first, more @ ..] => {
            let more = match more.len() {
                0 => String::new(),
                count => format!(", and {count} more"),
            };
            let help = first.help.clone();
            let help =
                help.unwrap_or_else(|| format!("`reconciler validate --config {}`", quoted(&path)));
            Finding::fail(of, format!("{}{more}", first.message), help)
        }
    }
}

/// A file that holds a secret, as far as it can be looked at.
#[derive(Debug)]
pub(super) struct SecretFile {
    /// The setting that names it.
    pub(super) setting: &'static str,
    /// Its path.
    pub(super) path: String,
    /// Who may do what with it, as `chmod` counts; or why it cannot be opened.
    pub(super) mode: io::Result<u32>,
}

/// Whether only its owner can read it.
pub(super) fn secret_file(file: &SecretFile) -> Finding {
    let SecretFile { setting, path, mode } = file;
    let of = ("secret-file", SETTINGS);
    let name = quoted(path);
    match mode {
        Ok(mode) if mode & 0o004 != 0 => Finding::warn(
            of,
            format!("`{path}` (`{setting}`) can be read by every user of this machine"),
            format!("`chmod 600 {name}`"),
        ),
        Ok(_) => {
            Finding::ok(of, format!("`{path}` (`{setting}`) can be read by us and not by all"))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Finding::fail(
            of,
            format!("`{path}` (`{setting}`) does not exist"),
            format!("`ls -l {name}`, and mend the setting `{setting}`"),
        ),
        Err(error) => Finding::fail(
            of,
            format!("`{path}` (`{setting}`) cannot be read: {error}"),
            format!("`ls -l {name}`: let the user of this program read it"),
        ),
    }
}

/// Whether masks can be confirmed by a guess.
pub(super) fn masks(has_key: bool) -> Finding {
    let of = ("mask-key", SETTINGS);
    if has_key {
        return Finding::ok(of, "masks of secrets have a key of their own");
    }
    Finding::warn(
        of,
        "no `mask_key_file`: who guesses a masked value can confirm it by its mask",
        "`head -c 32 /dev/urandom > mask.key`, and `mask_key_file: mask.key`",
    )
}

/// Whether others than this machine reach the controller's answers.
pub(super) fn listen(listen: Listen) -> Finding {
    let of = ("listen", SETTINGS);
    match listen {
        Listen::Off => Finding::ok(of, "the controller answers nowhere"),
        Listen::At(address) if is_here(address.ip()) => {
            Finding::ok(of, format!("the controller answers on this machine only ({address})"))
        }
        Listen::At(address) => Finding::warn(
            of,
            format!("the controller answers everyone who reaches {address}, without a password"),
            "`listen: 127.0.0.1:8620`, or a firewall before it",
        ),
    }
}

fn is_here(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_configuration_with_mistakes_fails() {
        let wrong =
            [Diagnostic::error("there is no setting `alow`").with_help("did you mean `allow`?")];
        let path = Path::new("config.yaml");
        assert_eq!(file(None, &[]).verdict, Verdict::Ok);
        assert_eq!(file(Some(path), &[]).verdict, Verdict::Ok);
        let found = file(Some(path), &wrong);
        assert_eq!(found.verdict, Verdict::Fail);
        assert_eq!(found.help.as_deref(), Some("did you mean `allow`?"));
        let two = [Diagnostic::error("a"), Diagnostic::error("b")];
        assert_eq!(file(Some(path), &two).text, "a, and 1 more");
    }

    #[test]
    fn a_secret_is_for_its_owner() {
        let of = |mode| {
            let path = "/keys/my key".to_owned();
            secret_file(&SecretFile { setting: "ssh_key", path, mode })
        };
        assert_eq!(of(Ok(0o100_600)).verdict, Verdict::Ok);
        assert_eq!(of(Ok(0o100_640)).verdict, Verdict::Ok);
        let open = of(Ok(0o100_644));
        assert_eq!(open.verdict, Verdict::Warn);
        assert_eq!(open.help.as_deref(), Some("`chmod 600 '/keys/my key'`"));
        let missing = of(Err(io::ErrorKind::NotFound.into()));
        assert_eq!(missing.verdict, Verdict::Fail);
        assert!(missing.text.contains("does not exist"));
        assert_eq!(of(Err(io::ErrorKind::PermissionDenied.into())).verdict, Verdict::Fail);
    }

    #[test]
    fn what_is_weak_is_told() {
        assert_eq!((masks(true).verdict, masks(false).verdict), (Verdict::Ok, Verdict::Warn));
        let at = |text: &str| listen(text.parse().expect("an address")).verdict;
        assert_eq!(
            (at("off"), at("127.0.0.1:8620"), at("[::1]:1")),
            (Verdict::Ok, Verdict::Ok, Verdict::Ok)
        );
        assert_eq!(at("[::ffff:127.0.0.1]:1"), Verdict::Ok);
        assert_eq!((at("0.0.0.0:8620"), at("10.0.0.1:8620")), (Verdict::Warn, Verdict::Warn));
    }
}
