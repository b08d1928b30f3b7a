//! What the live view becomes when a pass is over: a line for each change of equal replicas, as the
//! plan had it, and what became of it.

use clap::builder::styling::Style;

use model::render::shortened;
use model::time::Instant;

use super::super::super::console::{BAD, FAINT, GOOD, WARN, paint};
use super::super::objects::{Object, listed};
use super::tracks::{State, Track, Tracks};
use super::words::elapsed;

/// How long a name may be.
const NAME: usize = 60;

/// Objects of which the same became.
struct Group<'t> {
    tracks: Vec<&'t Track>,
    state: State,
}

/// What was done, and what was not.
pub(super) fn collapsed(tracks: &Tracks) -> Vec<String> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (track, state) in tracks.visible() {
        let same = groups.iter_mut().find(|group| group.is_for(track, state));
        match same {
            Some(group) => group.tracks.push(track),
            None => groups.push(Group { tracks: vec![track], state }),
        }
    }
    groups.iter().map(Group::line).collect()
}

impl Group<'_> {
    fn is_for(&self, track: &Track, state: State) -> bool {
        let first = self.tracks[0];
        let is_same_service = match (&first.object, &track.object) {
            (Object::Replica(one, _), Object::Replica(other, _)) => one == other,
            _ => false,
        };
        is_same_service
            && self.state == state
            && (&first.deployment, first.change) == (&track.deployment, track.change)
            && (state != State::Failed || first.failed_phase() == track.failed_phase())
    }

    fn line(&self) -> String {
        let first = self.tracks[0];
        let name = match &self.tracks[..] {
            [one] => one.label.clone(),
            all => listed(all.iter().map(|track| (&track.deployment, &track.object))),
        };
        let (name, change) = (shortened(&name, NAME), first.change);
        let (style, text): (Style, String) = match self.state {
            State::Done => (GOOD, format!("{} {} {name}", change.symbol, change.past)),
            State::Failed => {
                let phase = first.failed_phase().unwrap_or_default();
                (BAD, format!("! failed {name}: {}, {phase}", change.word))
            }
            State::NotNeeded => {
                let text = format!("= {name}: {} not needed, the image is the same", change.word);
                (FAINT, text)
            }
            State::NotChanged => (WARN, format!("! not changed {name}: {}", change.word)),
            State::Unfinished | State::Waiting | State::Moving => {
                (WARN, format!("! not finished {name}: {}", change.word))
            }
        };
        let text = paint(style, &text);
        match self.span() {
            Some((began, ended)) => {
                format!("  {text} {}", paint(FAINT, &format!("({})", elapsed(ended.since(began)))))
            }
            None => format!("  {text}"),
        }
    }

    /// From when the first of them began until the last one ended.
    fn span(&self) -> Option<(Instant, Instant)> {
        let spans = || self.tracks.iter().filter_map(|track| track.span());
        let began = spans().map(|(began, _)| began).min()?;
        Some((began, spans().map(|(_, ended)| ended).max()?))
    }
}
