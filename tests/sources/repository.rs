//! A git repository for tests, driven by the `git` program.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::temp::Temp;

/// A working copy and the bare repository that it pushes to.
pub(crate) struct Repository {
    temp: Temp,
}

impl Repository {
    /// With one commit on `main`, pushed.
    pub(crate) fn new() -> Self {
        let temp = Temp::new();
        let made = Self { temp };
        git(made.temp.path(), &["init", "-q", "--bare", "-b", "main", "repo.git"]);
        git(made.temp.path(), &["init", "-q", "-b", "main", "work"]);
        made.git(&["remote", "add", "origin", "../repo.git"]);
        made.push("shop/compose.yaml", "services: {}\n");
        made
    }

    /// The folder that holds the bare repository as `repo.git`.
    pub(crate) fn root(&self) -> &Path {
        self.temp.path()
    }

    pub(crate) fn bare(&self) -> PathBuf {
        self.temp.path().join("repo.git")
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.temp.path().join("work")
    }

    /// Runs git in the working copy.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        git(&self.work(), args)
    }

    /// Runs git in the bare repository.
    pub(crate) fn git_bare(&self, args: &[&str]) -> String {
        git(&self.bare(), args)
    }

    /// Commits a file; returns the commit's id.
    pub(crate) fn commit(&self, path: &str, text: impl AsRef<[u8]>) -> String {
        self.temp.write(&format!("work/{path}"), text);
        self.git(&["add", "-A"]);
        self.git(&["commit", "-qm", path]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Commits a file and pushes; returns the commit's id.
    pub(crate) fn push(&self, path: &str, text: impl AsRef<[u8]>) -> String {
        let commit = self.commit(path, text);
        self.git(&["push", "-qf", "origin", "HEAD"]);
        commit
    }
}

/// Runs git without the machine's configuration; returns what it printed.
pub(crate) fn git(folder: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "protocol.file.allow=always"])
        .args(args)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "test")))
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "test@example.org")))
        .output()
        .unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
