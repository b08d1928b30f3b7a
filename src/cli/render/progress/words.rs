//! What is going on with an object, in plain words.

use std::time::Duration;

use model::action::{Action, Until};
use model::overview::Kind;
use model::printable::one_line;
use model::rollback::{Instead, InsteadOf, Why};

/// A change: its symbol, what is done, and what was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) symbol: char,
    pub(super) word: &'static str,
    pub(super) past: &'static str,
}

impl Change {
    pub(super) const BUILD: Self = Self { symbol: '↓', word: "build", past: "built" };
    pub(super) const PULL: Self = Self { symbol: '↓', word: "pull", past: "pulled" };
    const RECORD: Self = Self { symbol: '·', word: "record", past: "recorded" };
    const REGISTER: Self = Self { symbol: '·', word: "register", past: "registered" };
    const DEREGISTER: Self = Self { symbol: '·', word: "deregister", past: "deregistered" };

    /// That of an object of a plan's overview.
    pub(super) fn of_kind(kind: Kind) -> Self {
        let (symbol, word) = kind.words();
        let past = match kind {
            Kind::Create => "created",
            Kind::Replace => "replaced",
            Kind::Rename => "renamed",
            Kind::Update => "updated in place",
            Kind::Unpause => "unpaused",
            Kind::Restart => "restarted",
            Kind::Remove => "removed",
            Kind::Wait => "waited for",
        };
        Self { symbol, word, past }
    }

    /// That of what no overview lists.
    pub(super) fn of_action(action: &Action) -> Self {
        match action {
            Action::BuildImage { .. } => Self::BUILD,
            Action::PullImage { .. } => Self::PULL,
            Action::Register { .. } => Self::REGISTER,
            Action::Deregister { .. } => Self::DEREGISTER,
            Action::WriteLedger { .. } => Self::RECORD,
            Action::CreateContainer(_)
            | Action::CreateNetwork { .. }
            | Action::CreateVolume { .. } => Self::of_kind(Kind::Create),
            Action::StopContainer { .. }
            | Action::RemoveContainer { .. }
            | Action::RemoveNetwork { .. } => Self::of_kind(Kind::Remove),
            Action::UnpauseContainer { .. } => Self::of_kind(Kind::Unpause),
            Action::StartContainer { .. } | Action::RestartContainer { .. } => {
                Self::of_kind(Kind::Restart)
            }
            Action::RenameContainer { .. } => Self::of_kind(Kind::Rename),
            Action::Await { .. } | Action::RunHook { .. } => Self::of_kind(Kind::Wait),
            Action::UploadFiles { .. }
            | Action::ConnectNetwork { .. }
            | Action::DisconnectNetwork { .. }
            | Action::UpdateContainer { .. } => Self::of_kind(Kind::Update),
        }
    }

    /// Whether another container takes the place of one.
    pub(super) fn replaces(self) -> bool {
        self.word == Kind::Replace.words().1
    }
}

/// What goes on while an action is carried out. `is_of_old` says that it is about the container
/// that makes room for another one.
pub(super) fn phase(action: &Action, is_of_old: bool) -> String {
    let text = match action {
        Action::PullImage { .. } => "pulling",
        Action::BuildImage { .. } => "building",
        Action::CreateNetwork { .. }
        | Action::CreateVolume { .. }
        | Action::CreateContainer { .. } => "creating",
        Action::UploadFiles { .. } => "uploading files",
        Action::ConnectNetwork { network, .. } => {
            return one_line(&format!("connecting to {network}")).into_owned();
        }
        Action::DisconnectNetwork { network, .. } => {
            return one_line(&format!("disconnecting from {network}")).into_owned();
        }
        Action::StartContainer { .. } => "starting",
        Action::UpdateContainer { .. } => "updating",
        Action::RunHook { moment, .. } => return format!("running {moment}"),
        Action::UnpauseContainer { .. } => "unpausing",
        Action::RestartContainer { .. } => "restarting",
        Action::StopContainer { .. } if is_of_old => "stopping the old one",
        Action::StopContainer { .. } => "stopping",
        Action::RenameContainer { .. } => "renaming",
        Action::RemoveContainer { .. } if is_of_old => "removing the old one",
        Action::RemoveContainer { .. } | Action::RemoveNetwork { .. } => "removing",
        Action::Await { until, .. } => match until {
            Until::Running => "waiting until it runs",
            Until::Healthy(_) | Until::HealthyOrCompleted(_) => "waiting for health",
            Until::Completed => "waiting for its end",
        },
        Action::Register { .. } => "registering",
        Action::Deregister { .. } => "deregistering",
        Action::WriteLedger { .. } => "recording",
    };
    text.to_owned()
}

/// What is the case when an action has succeeded, where that is of interest.
pub(super) fn fact(action: &Action, is_of_old: bool) -> Option<&'static str> {
    Some(match action {
        Action::CreateContainer { .. } => "created",
        Action::StartContainer { .. } => "started",
        Action::UpdateContainer { .. } => "updated",
        Action::RestartContainer { .. } => "restarted",
        Action::StopContainer { .. } if is_of_old => "the old one stopped",
        Action::StopContainer { .. } => "stopped",
        Action::Await { until, .. } => match until {
            Until::Running => "runs",
            Until::Healthy(_) | Until::HealthyOrCompleted(_) => "healthy",
            Until::Completed => "ended with 0",
        },
        _ => return None,
    })
}

/// Whether it takes so long that progress is reported when it begins.
pub(in crate::cli) fn takes_long(action: &Action) -> bool {
    matches!(
        action,
        Action::PullImage { .. }
            | Action::BuildImage { .. }
            | Action::StopContainer { .. }
            | Action::RestartContainer { .. }
            | Action::RunHook { .. }
            | Action::Await { .. }
    )
}

/// A span as people read it: `340ms`, `1.2s`, `3m20s`.
pub(in crate::cli) fn elapsed(span: Duration) -> String {
    match span.as_secs() {
        0 => format!("{}ms", span.as_millis()),
        1..=59 => format!("{}.{}s", span.as_secs(), span.subsec_millis() / 100),
        secs => minutes(secs),
    }
}

/// A span that is still growing: no part of a second is of interest.
pub(super) fn running(span: Duration) -> String {
    match span.as_secs() {
        secs @ 0..=59 => format!("{secs}s"),
        secs => minutes(secs),
    }
}

fn minutes(secs: u64) -> String {
    format!("{}m{:02}s", secs / 60, secs % 60)
}

/// Bytes as people read them: `12.3 MB`.
pub(super) fn megabytes(bytes: u64) -> String {
    let tenths = bytes.saturating_add(50_000) / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

/// That a deployment is wanted otherwise than the source says.
pub(in crate::cli) fn given_up(instead: &Instead) -> String {
    let why = match &instead.why {
        Why::Failed(quarantine) => format!("revision {} failed", quarantine.revision.short()),
        Why::Asked(pin) => format!("as {} asked", pin.by),
    };
    match &instead.of {
        InsteadOf::Stable(stable) => format!("{why}: back to revision {}", stable.short()),
        InsteadOf::Standing => format!("{why}: it is left as it stands"),
        InsteadOf::Nothing => format!("{why}: it is paused"),
        InsteadOf::Lost(lost) => format!(
            "{why}, and the state that worked cannot be had ({lost}): it is left as it stands"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short() {
        let text = |millis| elapsed(Duration::from_millis(millis));
        assert_eq!(
            (text(3), text(999), text(1_250)),
            ("3ms".into(), "999ms".into(), "1.2s".into())
        );
        assert_eq!(text(200_000), "3m20s");
        let text = |millis| running(Duration::from_millis(millis));
        assert_eq!(
            (text(999), text(59_999), text(61_000)),
            ("0s".into(), "59s".into(), "1m01s".into())
        );
    }

    #[test]
    fn bytes_are_rounded() {
        assert_eq!(megabytes(0), "0.0 MB");
        assert_eq!(megabytes(12_349_999), "12.3 MB");
        assert_eq!(megabytes(u64::MAX), "18446744073709.5 MB");
    }
}
