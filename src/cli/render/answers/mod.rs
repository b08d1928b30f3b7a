//! What is there, in words and columns. Colour never says anything that no word or symbol says.

pub(in crate::cli) mod controller;
pub(in crate::cli) mod history;
mod lines;
pub(in crate::cli) mod object;
pub(in crate::cli) mod tables;
pub(in crate::cli) mod tree;

use std::time::Duration;

use clap::builder::styling::Style;

use model::plan::{Health, Sync};
use model::time::Timestamp;
use model::tree::{Time, Tree};

use model::id::EngineName;
use world::remedy::cause_and_remedy;

use super::super::console::{BAD, FAINT, GOOD, WARN, paint};

/// How wide a line may be.
const WIDTH: usize = 100;

/// How long ago a time was, as `3m`.
pub(in crate::cli) fn ago(now: Timestamp, at: Timestamp) -> String {
    age(now.since(at))
}

/// A span in its largest unit.
fn age(span: Duration) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    match span.as_secs() {
        seconds @ 0..MINUTE => format!("{seconds}s"),
        seconds if seconds < HOUR => format!("{}m", seconds / MINUTE),
        // 47h says more than 1d.
        seconds if seconds < 2 * DAY => format!("{}h", seconds / HOUR),
        seconds => format!("{}d", seconds / DAY),
    }
}

/// Ages at the time of a tree.
fn ages(tree: &Tree) -> impl Fn(Time) -> String + Copy {
    let now = tree.at.0;
    move |at: Time| ago(now, at.0)
}

/// Why something was not seen, without what helps, which was said before, and without the name of
/// its engine, which stands before it.
fn cause(error: &str, engine: Option<&EngineName>) -> String {
    let (cause, _) = cause_and_remedy(error);
    let name = engine.map(|engine| format!("engine {engine}: "));
    name.and_then(|name| cause.strip_prefix(&name).map(str::to_owned)).unwrap_or(cause.to_owned())
}

/// That there are none, as far as everything was seen.
fn none(tree: &Tree, what: &str) -> String {
    let seen = if tree.unseen.is_empty() { "" } else { " were seen" };
    format!("{}\n", paint(FAINT, &format!("no {what}{seen}")))
}

/// A symbol for a state of health, and its colour.
fn health(health: Health) -> (Style, &'static str) {
    match health {
        Health::Empty => (FAINT, "○"),
        Health::Healthy => (GOOD, "✓"),
        Health::Suspended => (WARN, "="),
        Health::Progressing => (WARN, "…"),
        Health::Missing => (BAD, "∅"),
        Health::Degraded => (BAD, "✗"),
        Health::Unknown => (FAINT, "?"),
    }
}

/// The colour of a state of sync.
fn sync(sync: Sync) -> Style {
    match sync {
        Sync::Synced => GOOD,
        Sync::OutOfSync => WARN,
        Sync::Unknown => FAINT,
    }
}

/// How many there are of how many that are wanted, as `docker service ls` writes it.
fn of(have: Option<u32>, want: Option<u32>) -> String {
    let number = |number: Option<u32>| number.map_or("?".to_owned(), |number| number.to_string());
    format!("{}/{}", number(have), number(want))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_in_its_largest_unit() {
        let of = |seconds| age(Duration::from_secs(seconds));
        assert_eq!([of(0), of(59), of(60), of(3599)], ["0s", "59s", "1m", "59m"]);
        assert_eq!([of(3600), of(172_799), of(172_800)], ["1h", "47h", "2d"]);
        // A clock that is behind.
        assert_eq!(ago(Timestamp::from_secs(1), Timestamp::from_secs(9)), "0s");
    }

    #[test]
    fn what_is_not_known_is_no_number() {
        assert_eq!(
            [of(Some(2), Some(3)), of(None, Some(3)), of(Some(1), None)],
            ["2/3", "?/3", "1/?"]
        );
    }
}
