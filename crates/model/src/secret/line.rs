//! The words of a command line, one after the other: which of them is a secret, by what stands
//! before it and by the program that reads it.

use std::ops::Range;

use super::names::{is_bare, is_flag, is_option, is_secret, is_token, is_value};

/// Words before the program's name.
const BEFORE: [&str; 13] = [
    "!", "command", "do", "else", "env", "exec", "if", "nohup", "sudo", "then", "time", "until",
    "while",
];
/// Programs with a `-p` that is no password.
const HARMLESS: [&str; 24] = [
    "cp",
    "docker",
    "export",
    "gunicorn",
    "grep",
    "http-server",
    "install",
    "iptables",
    "kill",
    "lsof",
    "mkdir",
    "nc",
    "netstat",
    "nginx",
    "ps",
    "pgrep",
    "read",
    "rmdir",
    "rsync",
    "scp",
    "ss",
    "ssh",
    "tar",
    "test",
];
/// Words that begin with `-p` and are no password behind it.
const WORDS: [&str; 21] = [
    "parallel",
    "password",
    "path",
    "pedantic",
    "persist",
    "pid",
    "pidfile",
    "plugin",
    "policy",
    "port",
    "prefix",
    "prefork",
    "print",
    "prod",
    "production",
    "profile",
    "project",
    "protocol",
    "proxy",
    "public",
    "pretty",
];

/// What is known where a word begins.
#[derive(Debug, Default)]
pub(super) struct Line {
    program: String,
    next: Option<Next>,
    /// The word before.
    before: String,
    /// Whether no shell reads it: a `$` means itself.
    literal: bool,
}

/// What the next word is.
#[derive(Debug)]
enum Next {
    Secret(String),
    /// A secret, unless it is a number or a place: `-p` is a port, too.
    Perhaps(String),
    /// `user:password`
    Login,
}

impl Line {
    /// Of a program that gets its words as they are.
    pub(super) fn of(program: &str) -> Self {
        let mut line = Self { literal: true, ..Self::default() };
        line.begin(program);
        line
    }

    /// A command begins with this word.
    pub(super) fn begin(&mut self, word: &str) {
        self.next = None;
        let name = word.rsplit('/').next().unwrap_or_default();
        if !word.starts_with('-') && !word.contains('=') && !BEFORE.contains(&name) {
            name.clone_into(&mut self.program);
        }
    }

    /// Whether a word may be the name of the program: none before it was.
    pub(super) fn may_begin(&self, word: &str) -> bool {
        self.program.is_empty() && self.next.is_none() && !word.starts_with('-') && !is_token(word)
    }

    /// The program's name.
    pub(super) fn program(&self) -> &str {
        &self.program
    }

    /// Forgets the program: another command follows.
    pub(super) fn end(&mut self) {
        *self = Self::default();
    }

    /// What of the next word is secret, and what that is called.
    pub(super) fn read(&mut self, word: &str) -> Option<(Range<usize>, String)> {
        let whole = 0..word.len();
        let found = match self.next.take() {
            Some(Next::Secret(name)) if self.is_value(word) => Some((whole.clone(), name)),
            Some(Next::Perhaps(name)) if self.is_value(word) && !self.is_port_or_place(word) => {
                Some((whole.clone(), name))
            }
            Some(Next::Login) => login(word),
            _ => None,
        };
        let found = found
            .or_else(|| self.glued(word))
            .or_else(|| is_token(word).then(|| (whole, "TOKEN".to_owned())));
        if found.is_none() {
            self.next = self.after(word);
        }
        word.clone_into(&mut self.before);
        found
    }

    fn is_value(&self, word: &str) -> bool {
        is_value(word) || (self.literal && word.starts_with('$'))
    }

    fn is_port_or_place(&self, word: &str) -> bool {
        let is_port = word.chars().all(|c| c.is_ascii_digit() || ":./".contains(c));
        (is_port && !self.is_database()) || word.starts_with(['/', '.'])
    }

    /// Clients whose `-p` is a password whatever it looks like.
    fn is_database(&self) -> bool {
        ["mysql", "mariadb", "mongo", "sshpass", "7z"].iter().any(|it| self.program.starts_with(it))
    }

    fn has_harmless_p(&self) -> bool {
        HARMLESS.contains(&self.program.as_str())
    }

    /// A secret behind an option in one word: `-psecret`.
    fn glued(&self, word: &str) -> Option<(Range<usize>, String)> {
        let found = (2..word.len(), "PASSWORD".to_owned());
        if self.is_sql_server() && word.len() > 2 && word.starts_with("-P") {
            return Some(found);
        }
        if let Some(found) = self.glued_login(word) {
            return Some(found);
        }
        let rest = word.strip_prefix("-p").filter(|rest| !rest.is_empty())?;
        let name = word[1..].split(['=', '-', '.', '_']).next().unwrap_or_default();
        let is_plain = WORDS.contains(&name)
            || rest.starts_with("ass")
            || self.has_harmless_p()
            || self.is_port_or_place(rest);
        // A client of MySQL has no long option with one dash: all of it is the password.
        let is_value = if self.is_mysql() { self.is_value(rest) } else { is_value(rest) };
        ((self.is_mysql() || !is_plain) && is_value).then_some(found)
    }

    /// `--user=user:password`, and `-uuser:password` of curl, also behind options without a value.
    fn glued_login(&self, word: &str) -> Option<(Range<usize>, String)> {
        let at = if ["--user=", "--proxy-user="].iter().any(|option| word.starts_with(option)) {
            word.find('=')? + 1
        } else {
            let options = word.strip_prefix('-').filter(|_| self.program == "curl")?;
            let at = 1 + options.find('u')? + 1;
            let is_alone = word[1..at].chars().all(|c| c.is_ascii_alphabetic());
            Some(at).filter(|_| is_alone)?
        };
        let (secret, name) = login(&word[at..])?;
        Some((at + secret.start..at + secret.end, name))
    }

    fn is_mysql(&self) -> bool {
        ["mysql", "mariadb"].iter().any(|it| self.program.starts_with(it))
    }

    fn is_sql_server(&self) -> bool {
        ["sqlcmd", "bcp", "isql", "osql", "zip", "unzip"].contains(&self.program.as_str())
    }

    /// What follows a word.
    fn after(&self, word: &str) -> Option<Next> {
        let name = |text: &str| text.trim_start_matches('-').to_ascii_uppercase();
        let program = self.program.as_str();
        let password = || Next::Secret("PASSWORD".to_owned());
        match word {
            "-p" if !self.has_harmless_p() => Some(Next::Perhaps("PASSWORD".to_owned())),
            "-P" if self.is_sql_server() => Some(password()),
            "-a" if program.starts_with("redis") || program.starts_with("valkey") => {
                Some(password())
            }
            "-w" | "-y" if program.starts_with("ldap") => Some(password()),
            "-k" | "-K" if program == "openssl" => Some(password()),
            "-u" | "-U" | "--user" | "--proxy-user" => Some(Next::Login),
            _ if is_option(word) => Some(Next::Secret(name(word))),
            _ if word.eq_ignore_ascii_case("bearer") => Some(Next::Secret("TOKEN".to_owned())),
            _ if word.eq_ignore_ascii_case("by")
                && self.before.eq_ignore_ascii_case("identified") =>
            {
                Some(password())
            }
            _ if is_bare(word) => Some(Next::Secret(name(word))),
            _ => None,
        }
    }
}

/// The password of `user:password` or `user%password`; `1000:1000` has none.
fn login(word: &str) -> Option<(Range<usize>, String)> {
    let at = word.find([':', '%'])? + 1;
    let is_ids = word.chars().all(|c| c.is_ascii_digit() || c == ':');
    let is_secret = !is_ids && is_value(&word[at..]);
    is_secret.then(|| (at..word.len(), "PASSWORD".to_owned()))
}

/// The value of `--password=x` or `PASSWORD=x` as a whole word.
pub(super) fn value_of(word: &str) -> Option<(Range<usize>, String)> {
    let at = word.find('=')?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_.-[]".contains(c);
    let name = &word[..at];
    let is_found = name.chars().all(is_part) && is_secret(name) && is_value(&word[at + 1..]);
    let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned();
    is_found.then(|| (at + 1..word.len(), name))
}

/// Whether the words of a command that print something are read by another as a secret.
pub(super) fn reads_a_secret(words: &[&str]) -> bool {
    words.iter().any(|word| word.ends_with("-stdin") || word.ends_with("passwd"))
}

/// Whether a word may be what `echo` prints.
pub(super) fn is_printed(word: &str) -> bool {
    !is_flag(word) && is_value(word)
}
