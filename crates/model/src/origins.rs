//! Where the fields of a service were written.

use std::sync::OnceLock;

use super::diagnostic::Loc;

/// Where fields were written, in the order of the notes: many are made and few looked up.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    notes: Vec<(String, Loc)>,
    /// The places of the notes in the order of their paths, once one of many is looked up.
    sorted: OnceLock<Vec<usize>>,
}

/// So few notes are looked through.
const FEW: usize = 64;

impl Origins {
    /// Notes where a field was written; the first note stays.
    pub fn note(&mut self, path: impl Into<String>, at: Loc) {
        self.sorted.take();
        self.notes.push((path.into(), at));
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
        self.notes[others..].iter().any(|(noted, _)| noted == path)
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
        let found = if self.notes.len() <= FEW {
            self.notes.iter().find(|(noted, _)| noted == path)
        } else {
            let sorted = self.sorted.get_or_init(|| {
                let mut all: Vec<usize> = (0..self.notes.len()).collect();
                all.sort_by_key(|index| (&self.notes[*index].0, *index));
                all
            });
            let first = sorted.partition_point(|index| self.notes[*index].0.as_str() < path);
            let first = sorted.get(first).map(|index| &self.notes[*index]);
            first.filter(|(noted, _)| noted == path)
        };
        found.map(|(_, at)| at)
    }
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
