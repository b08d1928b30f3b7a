//! Why an engine cannot be reached, and what to do about it: the one place that words this. What
//! the system says (`ECONNREFUSED`, `EACCES`) is looked into here, because the same number stands
//! for a stopped engine, for a folder in the socket's place, and for a file.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use crate::http::HttpError;
use world::remedy::with_remedy;

/// What helps whatever the reason is.
const ELSEWHERE: &str = "if the engine listens elsewhere, set DOCKER_HOST to what \
                         `docker context ls` shows for it";
/// How an engine is started.
const START: &str = "start it with `systemctl start docker` (or `dockerd`)";
/// How TLS is turned on.
const TLS: &str = "DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH (or `tls` of the engine in --config)";

/// An answer that no engine gives.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(in crate::docker) struct NoEngine(String);

impl NoEngine {
    /// What answered `GET /_ping` without the name of an API version, which every engine gives.
    pub(in crate::docker) fn answered(at: &str, status: u16, body: &str) -> Self {
        Self(if body.contains("HTTP request to an HTTPS server") {
            with_remedy(&format!("{at} speaks TLS, and is asked without"), &format!("set {TLS}"))
        } else {
            let cause = format!(
                "what answers at {at} is no Docker engine: GET /_ping gave status {status} without \
                 an API version"
            );
            with_remedy(&cause, &format!("correct the port in DOCKER_HOST; {ELSEWHERE}"))
        })
    }
}

/// Cause and remedy of a request that got no answer.
pub(super) fn explained(error: &HttpError) -> String {
    let (cause, remedy) = match error {
        HttpError::Refused { at } | HttpError::NotFound { at } => match socket(at) {
            Some(path) => no_listener(at, path),
            None if matches!(error, HttpError::NotFound { .. }) => (
                format!("the host name of {at} cannot be resolved"),
                format!("correct it in DOCKER_HOST (or in `engines` of --config); {ELSEWHERE}"),
            ),
            None => (
                format!("nothing listens at {at}"),
                format!("start the engine there, or correct the port; {ELSEWHERE}"),
            ),
        },
        HttpError::PermissionDenied { at } => match socket(at) {
            Some(path) => denied(at, &Owner::of(path), &Process::this()),
            None => (error.to_string(), ELSEWHERE.to_owned()),
        },
        HttpError::TlsRefused { why, .. } if why == "it does not speak TLS" => {
            (error.to_string(), "unset DOCKER_TLS_VERIFY, or use the port that speaks TLS".into())
        }
        HttpError::NotHttp { .. } => (
            error.to_string(),
            format!("correct the port in DOCKER_HOST; if it speaks TLS, set {TLS}"),
        ),
        HttpError::ConnectTimeout { .. } | HttpError::Unreachable { .. } => {
            (error.to_string(), format!("look at the network and at firewalls; {ELSEWHERE}"))
        }
        HttpError::TlsRefused { .. } | HttpError::Closed { .. } => return error.to_string(),
    };
    with_remedy(&cause, &remedy)
}

/// The path of a unix socket.
fn socket(at: &str) -> Option<&Path> {
    at.strip_prefix("unix://").map(Path::new)
}

/// Nothing takes connections at a path: it may be something else than a socket.
fn no_listener(at: &str, path: &Path) -> (String, String) {
    match fs::metadata(path).map(|found| found.file_type()) {
        Ok(kind) if kind.is_dir() => (
            format!("{at} is a folder, not a socket"),
            format!(
                "Docker makes a folder where the source of a bind mount is absent: stop the \
                 container that mounts it, remove the folder (`rmdir {}`), start the engine, and \
                 make the container anew",
                path.display()
            ),
        ),
        Ok(kind) if !kind.is_socket() => {
            (format!("{at} is a file, not a socket"), ELSEWHERE.to_owned())
        }
        Ok(_) => (
            format!("{at} is there, but nobody listens: the engine is stopped"),
            format!("{START}; {ELSEWHERE}"),
        ),
        Err(_) => (
            format!("{at} does not exist"),
            format!("if the engine is not running, {START}; {ELSEWHERE}"),
        ),
    }
}

/// Whose a socket is.
struct Owner {
    user: String,
    group: String,
    /// `None` if it cannot be looked at.
    mode: Option<u32>,
}

impl Owner {
    fn of(path: &Path) -> Self {
        match fs::metadata(path) {
            Ok(found) => Self {
                user: name_of("/etc/passwd", found.uid()),
                group: name_of("/etc/group", found.gid()),
                mode: Some(found.mode() & 0o7777),
            },
            Err(_) => Self { user: String::new(), group: String::new(), mode: None },
        }
    }
}

/// Who this process is.
struct Process {
    user: String,
    groups: Vec<String>,
}

impl Process {
    fn this() -> Self {
        let user = name_of("/etc/passwd", rustix::process::geteuid().as_raw());
        let mut groups = vec![rustix::process::getegid().as_raw()];
        groups.extend(rustix::process::getgroups().unwrap_or_default().iter().map(|g| g.as_raw()));
        groups.sort_unstable();
        groups.dedup();
        Self { user, groups: groups.into_iter().map(|id| name_of("/etc/group", id)).collect() }
    }
}

/// The name that a table such as /etc/passwd has for a number, else the number.
fn name_of(table: &str, id: u32) -> String {
    let text = fs::read_to_string(table).unwrap_or_default();
    named(&text, id).map_or_else(|| id.to_string(), |name| format!("{name} ({id})"))
}

/// `NAME:x:ID:…`
fn named(table: &str, id: u32) -> Option<&str> {
    table.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)?.parse() == Ok(id)).then_some(name)
    })
}

/// The socket may not be opened by this user.
fn denied(at: &str, owner: &Owner, process: &Process) -> (String, String) {
    let mut cause = format!(
        "no permission to connect to {at}: this process is user {} in group {}",
        process.user,
        process.groups.join(", ")
    );
    let word = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
    let Some(mode) = owner.mode else {
        return (
            cause + ", which may not enter the folder of the socket",
            format!("{ROOTLESS}; {ELSEWHERE}"),
        );
    };
    let _ = write!(
        cause,
        "; the socket is of user {}, group {}, mode {mode:04o}",
        owner.user, owner.group
    );
    let join = format!(
        "join its group: `usermod -aG {} {}`, then log in anew; its members are root of the \
         host",
        word(&owner.group),
        word(&process.user)
    );
    // A group that may not write to the socket, or root's own, is no way out.
    if mode & 0o020 == 0 || word(&owner.group) == "root" {
        return (cause, format!("{ROOTLESS}; {ELSEWHERE}"));
    }
    (cause, format!("{join}; or {ROOTLESS}"))
}

/// The way without being root of the host.
const ROOTLESS: &str = "use a rootless engine: `DOCKER_HOST=unix://$XDG_RUNTIME_DIR/docker.sock`";

#[cfg(test)]
mod tests {
    use super::*;
    use world::remedy::cause_and_remedy;

    fn process() -> Process {
        Process { user: "ann (1000)".into(), groups: vec!["ann (1000)".into(), "27".into()] }
    }

    fn owned(group: &str, mode: Option<u32>) -> (String, String) {
        let owner = Owner { user: "root (0)".into(), group: group.into(), mode };
        denied("unix:///run/docker.sock", &owner, &process())
    }

    #[test]
    fn a_refused_socket_says_who_is_who_and_both_ways_out() {
        let (cause, remedy) = owned("docker (998)", Some(0o660));
        assert_eq!(
            cause,
            "no permission to connect to unix:///run/docker.sock: this process is user ann (1000) \
             in group ann (1000), 27; the socket is of user root (0), group docker (998), mode 0660"
        );
        assert!(remedy.contains("`usermod -aG docker ann`"), "{remedy}");
        assert!(remedy.contains("are root of the host") && remedy.contains("rootless"), "{remedy}");
    }

    #[test]
    fn nobody_is_told_to_join_a_group_that_does_not_help() {
        for (group, mode) in [("root (0)", Some(0o660)), ("docker (998)", Some(0o600)), ("", None)]
        {
            let (cause, remedy) = owned(group, mode);
            assert!(!remedy.contains("usermod") && remedy.contains("rootless"), "{remedy}");
            assert!(cause.contains("ann (1000)"), "{cause}");
        }
    }

    #[test]
    fn names_are_looked_up_by_number() {
        let table = "root:x:0:0:root:/root:/bin/sh\nbroken\nann:x:1000:1000::/home/ann:/bin/sh\n";
        assert_eq!(named(table, 1000), Some("ann"));
        assert_eq!(named(table, 7), None);
        assert!(!Process::this().groups.is_empty());
    }

    #[test]
    fn what_is_no_engine_is_told_from_one_that_speaks_tls() {
        let body = "Client sent an HTTP request to an HTTPS server.\n";
        let tls = NoEngine::answered("tcp://h:2376", 400, body).to_string();
        let (cause, remedy) = cause_and_remedy(&tls);
        assert!(cause.contains("speaks TLS") && remedy.is_some_and(|r| r.contains("TLS_VERIFY")));
        let other = NoEngine::answered("tcp://h:80", 404, "<html>secret</html>").to_string();
        assert!(other.contains("no Docker engine") && !other.contains("secret"), "{other}");
    }
}
