//! The exit codes: a promise to scripts, so they live in one place.

use std::process::ExitCode;

use reconcile::control;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exit {
    /// Done; everything is as desired.
    Done = 0,
    /// A step failed, or something did not become healthy.
    Failed = 1,
    /// `--detailed-exitcode` of `plan` and `diff`: there is something to do, or something differs.
    Pending = 2,
    /// A guard withholds a change.
    Blocked = 3,
    /// The command line is wrong.
    Usage = 64,
    /// The desired state or the configuration is wrong.
    Invalid = 65,
    /// git, an engine or Consul cannot be reached.
    Unreachable = 69,
    /// Another process acts right now, or what was agreed to has moved; trying again makes sense.
    Busy = 75,
    /// Credentials were refused.
    Refused = 77,
    /// Interrupted by SIGINT.
    Interrupted = 130,
    /// Terminated by SIGTERM.
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<control::Exit> for Exit {
    fn from(exit: control::Exit) -> Self {
        match exit {
            control::Exit::Done => Self::Done,
            control::Exit::Blocked => Self::Blocked,
            control::Exit::Failed => Self::Failed,
            control::Exit::Refused => Self::Refused,
            control::Exit::Stale => Self::Busy,
            control::Exit::Unreachable => Self::Unreachable,
            control::Exit::Invalid => Self::Invalid,
        }
    }
}

/// The table for `--help`.
pub(super) const TABLE: &str = "\
Exit codes:
    0  done; everything is as desired
    1  a step failed, or a replica did not become healthy; fmt --check: a file is not formatted
    1  the result could not be written (a full disk); that nobody reads it (`| head`) is no error
    2  plan, diff --detailed-exitcode: there is something to do, or something differs
    3  a change is withheld by a guard or waits for an approval, or the source is empty or gone
   64  wrong usage
   65  invalid desired state or configuration (the message shows the place)
   69  git, an engine or Consul cannot be reached; nothing was changed there
   75  another controller acts right now: try again; apply: what the plan was made for has moved
   77  permission refused
  130, 143  interrupted: the current call was finished, the message says what remains
  134       a bug: it ended where it stood; the message says where";
