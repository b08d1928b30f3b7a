//! Where the fields of a service were written.

use std::sync::OnceLock;

use super::diagnostic::Loc;

/// Where fields were written, in the order of the notes: many are made and few looked up, so that
/// their paths are one text, and what was written at one place says so once.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    notes: Vec<Note>,
    /// The paths of all notes, one behind the other.
    paths: String,
    /// The places of notes, those of neighbours once if they are the same.
    places: Vec<Loc>,
    /// The notes in the order of their paths, once one of many is looked up.
    sorted: OnceLock<Vec<u32>>,
}

#[derive(Clone, Copy, Debug)]
struct Note {
    /// Where its path ends; it begins where the one before ends.
    end: u32,
    /// Which of the places it is.
    place: u32,
}

/// So few notes are looked through.
const FEW: usize = 64;

impl Origins {
    /// Notes where a field was written; the first note stays.
    pub fn note(&mut self, path: impl AsRef<str>, at: Loc) {
        self.sorted.take();
        self.paths.push_str(path.as_ref());
        if self.places.last() != Some(&at) {
            self.places.push(at);
        }
        let (end, place) = (small(self.paths.len()), small(self.places.len() - 1));
        self.notes.push(Note { end, place });
    }

    /// How many notes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.notes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }

    /// Whether there is a note of this path behind so many others.
    #[must_use]
    pub fn has_since(&self, others: usize, path: &str) -> bool {
        (others..self.notes.len()).any(|index| self.path(index) == path)
    }

    /// Where a field was written, or the nearest thing around it.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<&Loc> {
        let mut path = path;
        loop {
            if let Some(at) = self.noted(path) {
                return Some(at);
            }
            if path.is_empty() {
                return None;
            }
            path = path.rsplit_once('.').map_or("", |(parent, _)| parent);
        }
    }

    fn noted(&self, path: &str) -> Option<&Loc> {
        let count = self.notes.len();
        let found = if count <= FEW {
            (0..count).find(|index| self.path(*index) == path)
        } else {
            let path_of = |index: &u32| self.path(index_of(*index));
            let sorted = self.sorted.get_or_init(|| {
                let mut all: Vec<u32> = (0..small(count)).collect();
                all.sort_unstable_by_key(|index| (path_of(index), *index));
                all
            });
            let first = sorted.get(sorted.partition_point(|index| path_of(index) < path));
            first.filter(|index| path_of(index) == path).map(|index| index_of(*index))
        };
        found.map(|index| &self.places[index_of(self.notes[index].place)])
    }

    /// The path of a note.
    fn path(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.notes[before].end);
        &self.paths[index_of(start)..index_of(self.notes[index].end)]
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).expect("BUG: a service with 4 GiB of paths")
}

fn index_of(small: u32) -> usize {
    usize::try_from(small).expect("BUG: an index is at least as wide as that")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_falls_back_to_what_surrounds_it() {
        let mut origins = Origins::default();
        origins.note("", Loc::new("compose.yaml", 1, 1));
        origins.note("environment", Loc::new("compose.yaml", 3, 5));
        assert_eq!(origins.find("environment.TAG").map(|at| at.line), Some(3));
        assert_eq!(origins.find("healthcheck.test").map(|at| at.line), Some(1));
    }

    #[test]
    fn among_many_notes_the_first_of_a_path_is_found() {
        let mut origins = Origins::default();
        for number in 1..200 {
            origins.note(format!("ports.{}", number % 100), Loc::new("compose.yaml", number, 1));
        }
        assert_eq!(origins.find("ports.7").map(|at| at.line), Some(7));
        assert_eq!(origins.find("ports.100"), None);
        origins.note("ports", Loc::new("compose.yaml", 300, 1));
        assert_eq!(origins.find("ports.100").map(|at| at.line), Some(300));
    }
}
