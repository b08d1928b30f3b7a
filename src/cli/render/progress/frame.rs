//! The live view as lines of text: a row for each object, and one that counts. Given the width and
//! the height of a terminal, and the time.

use ::console::{measure_text_width, truncate_str};
use clap::builder::styling::Style;

use model::printable::one_line;
use model::render::shortened;
use model::time::Instant;

use super::super::super::console::{BAD, FAINT, GOOD, STRONG, WARN, paint};
use super::tracks::{Image, State, Track, Tracks};
use super::words::{elapsed, megabytes, running};

/// How wide a line may be, however wide the terminal is.
const WIDEST: usize = 100;
/// How wide a bar is, its brackets included.
const BAR: usize = 14;
/// How wide a time is.
const TIME: usize = 7;

/// A line of the view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line(Vec<(Style, String)>);

impl Line {
    /// With colours.
    pub(super) fn painted(&self) -> String {
        self.0.iter().map(|(style, text)| paint(*style, text)).collect()
    }

    /// Without.
    pub(super) fn plain(&self) -> String {
        self.0.iter().map(|(_, text)| text.as_str()).collect()
    }
}

/// The view, at most as many lines as the terminal has less the one of the cursor.
pub(super) fn frame(tracks: &Tracks, now: Instant, (width, height): (usize, usize)) -> Vec<Line> {
    let width = width.saturating_sub(1).min(WIDEST);
    let all: Vec<(&Track, State)> = tracks.visible().collect();
    // The line that counts, and that of the cursor.
    let room = height.saturating_sub(2);
    let places = if all.len() <= room {
        (0..all.len()).collect()
    } else {
        chosen(&all, room.saturating_sub(1))
    };
    let rows: Vec<_> = places.iter().map(|place| all[*place]).collect();
    let columns = Columns::of(&rows, width);
    let mut lines: Vec<Line> = rows.iter().map(|row| columns.row(tracks, *row, now)).collect();
    if rows.len() < all.len() {
        let others = (0..all.len()).filter(|place| places.binary_search(place).is_err());
        let others = counted(others.map(|place| all[place].1));
        let text = truncate_str(&format!("and {others}"), width, "…").into_owned();
        lines.push(Line(vec![(FAINT, text)]));
    }
    let took = tracks.since(now).map(running).unwrap_or_default();
    let text = counted(all.iter().map(|(_, state)| *state));
    let text = truncate_str(&text, width.saturating_sub(TIME + 2), "…").into_owned();
    lines.push(Line(vec![(STRONG, text), (FAINT, format!("  {took}"))]));
    lines
}

/// The places of those of most interest, in the plan's order.
fn chosen(all: &[(&Track, State)], room: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..all.len()).collect();
    places.sort_by_key(|place| all[*place].1);
    places.truncate(room);
    places.sort_unstable();
    places
}

/// The states in their order, and their words.
const WORDS: [(State, &str); 7] = [
    (State::Moving, "under way"),
    (State::Failed, "failed"),
    (State::Waiting, "waiting"),
    (State::Unfinished, "not finished"),
    (State::NotChanged, "not changed"),
    (State::NotNeeded, "not needed"),
    (State::Done, "done"),
];

/// How many there are of each state: `2 under way, 1 failed, 3 waiting, 5 done`.
fn counted(states: impl Iterator<Item = State>) -> String {
    let states: Vec<State> = states.collect();
    let counted = WORDS.iter().filter_map(|(state, word)| {
        let count = states.iter().filter(|other| *other == state).count();
        (count > 0).then(|| format!("{count} {word}"))
    });
    counted.collect::<Vec<_>>().join(", ")
}

/// How wide the columns of the rows are.
struct Columns {
    label: usize,
    change: usize,
    phase: usize,
}

impl Columns {
    fn of(rows: &[(&Track, State)], width: usize) -> Self {
        let most = |texts: &dyn Fn(&Track) -> String| {
            rows.iter().map(|(track, _)| measure_text_width(&texts(track))).max().unwrap_or(0)
        };
        let label = most(&|track| track.label.clone()).min((width * 2 / 5).max(12));
        let change = most(&|track| change(track));
        // Two spaces between columns.
        let phase = width.saturating_sub(label + change + TIME + 6);
        Self { label, change, phase }
    }

    fn row(&self, tracks: &Tracks, (track, state): (&Track, State), now: Instant) -> Line {
        let style = match state {
            State::Moving => Style::new(),
            State::Failed => BAD,
            State::Waiting | State::NotNeeded => FAINT,
            State::Unfinished | State::NotChanged => WARN,
            State::Done => GOOD,
        };
        let time = time(track, state, now);
        let room = if time.is_some() { self.phase } else { self.phase + 2 + TIME };
        let phase = truncate_str(&phase(tracks, track, state), room, "…").into_owned();
        let mut parts = vec![
            (STRONG, padded(&shortened(&track.label, self.label), self.label)),
            (Style::new(), format!("  {}  ", padded(&change(track), self.change))),
        ];
        match time {
            Some(time) => {
                parts.push((style, padded(&phase, self.phase)));
                parts.push((FAINT, format!("  {time:>TIME$}")));
            }
            None => parts.push((style, phase)),
        }
        Line(parts)
    }
}

fn change(track: &Track) -> String {
    format!("{} {}", track.change.symbol, track.change.word)
}

fn padded(text: &str, width: usize) -> String {
    let spaces = width.saturating_sub(measure_text_width(text));
    format!("{text}{}", " ".repeat(spaces))
}

fn phase(tracks: &Tracks, track: &Track, state: State) -> String {
    match state {
        State::Moving => match (&track.image, track.phase()) {
            (Some(image), Some(_)) => arriving(image),
            (_, phase) => phase.unwrap_or_default().to_owned(),
        },
        State::Failed => {
            format!("failed: {}", track.failed_phase().unwrap_or_default())
        }
        State::Waiting => tracks.awaited(track),
        State::Unfinished => "not finished".to_owned(),
        State::NotChanged => "not changed".to_owned(),
        State::NotNeeded => "not needed, the image is the same".to_owned(),
        State::Done => "done".to_owned(),
    }
}

fn time(track: &Track, state: State, now: Instant) -> Option<String> {
    let (began, last) = track.span()?;
    Some(match state {
        State::Moving | State::Waiting => running(now.since(began)),
        _ => elapsed(last.since(began)),
    })
}

/// A bar, and how far the image is.
fn arriving(image: &Image) -> String {
    match image {
        Image::Steps(done, of, step) => format!("{} {}", bar(*done, *of), one_line(step)),
        Image::Layers(arrived) if arrived.of_bytes == 0 => {
            let layers = format!("{} of {} layers", arrived.layers, arrived.of_layers);
            format!("{} {layers}", bar(arrived.layers, arrived.of_layers))
        }
        Image::Layers(arrived) => {
            // In thousands, so that no product is too large.
            let [bytes, of] = [arrived.bytes, arrived.of_bytes]
                .map(|bytes| usize::try_from(bytes / 1000).unwrap_or_default());
            let [got, all] = [arrived.bytes.min(arrived.of_bytes), arrived.of_bytes].map(megabytes);
            let got = got.trim_end_matches(" MB");
            let layers = format!("{} of {} layers", arrived.layers, arrived.of_layers);
            format!("{} {got}/{all}, {layers}", bar(bytes, of))
        }
    }
}

/// `[=====>      ]`.
fn bar(done: usize, of: usize) -> String {
    let inside = BAR - 2;
    let full = done.min(of).saturating_mul(inside).checked_div(of).unwrap_or_default();
    let head = if full < inside { ">" } else { "" };
    format!("[{}{head}{}]", "=".repeat(full), " ".repeat(inside - full - head.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills_from_the_left() {
        assert_eq!(bar(0, 0), "[>           ]");
        assert_eq!(bar(0, 4), "[>           ]");
        assert_eq!(bar(2, 4), "[======>     ]");
        assert_eq!(bar(4, 4), "[============]");
        assert_eq!(bar(9, 4), "[============]");
    }
}
