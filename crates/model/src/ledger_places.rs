//! The ledger put together from wherever its records are: in Consul, on the engines, or, in the
//! form that it had once, as one value for all.

use std::collections::BTreeMap;

use super::id::EngineName;
use super::ledger::{Ledger, LedgerView, Stored};
use super::observed::EngineView;

impl LedgerView {
    /// Puts the records together. `central` is what Consul holds, or why it does not say; without
    /// Consul it is `None`, and each engine holds its own.
    ///
    /// A record on an engine is newer than Consul's, since none is written there while there is
    /// Consul; except the one that Consul's was continued from.
    #[must_use]
    pub fn of(
        engines: &BTreeMap<EngineName, EngineView>,
        central: Option<Result<Stored, String>>,
    ) -> Self {
        let has_central = central.is_some();
        let central = match central {
            Some(Err(error)) => return Self::unseen(error),
            Some(Ok(stored)) => stored,
            None => Stored::default(),
        };
        let mut view = Self { unreadable: central.unreadable, ..Self::default() };
        let seen = engines.iter().filter_map(|(name, view)| match view {
            EngineView::Seen(contents) => Some((name, &contents.stored)),
            EngineView::Unseen { .. } => None,
        });
        // With Consul's, those of the engines are older still.
        let single = seen.clone().filter(|_| central.single == Ledger::default());
        for (_, stored) in single {
            view.take(&stored.single, None);
        }
        view.take(&central.single, None);
        view.take(&central.ledger, Some(false));
        view.leftovers = central.leftovers;
        for (_, stored) in seen {
            view.take(&stored.ledger, Some(has_central));
            view.unreadable.extend(stored.unreadable.clone());
            let not_here = has_central && stored.ledger != Ledger::default();
            view.leftovers |= stored.leftovers || not_here;
        }
        view.misplaced.retain(|key| !view.unreadable.contains_key(key));
        if !has_central {
            view.unseen_on = engines
                .iter()
                .filter_map(|(name, view)| match view {
                    EngineView::Seen(_) => None,
                    EngineView::Unseen { error } => Some((name.clone(), error.clone())),
                })
                .collect();
        }
        view
    }

    /// Takes what is newer than what is known already. `moves` says whether it is in the form
    /// that is written now, and if so, whether it has to go to another place.
    fn take(&mut self, ledger: &Ledger, moves: Option<bool>) {
        for (engine, id, record) in ledger.iter() {
            let key = (engine.clone(), id.clone());
            let known = self.ledger.record(engine, id);
            let continued = known
                .is_some_and(|known| record.origin.is_some() && known.continues == record.origin);
            if continued {
                continue;
            }
            let mut record = known.map_or_else(|| record.clone(), |old| record.clone().over(old));
            if moves == Some(true) {
                record.continues.clone_from(&record.origin);
            }
            self.ledger.put(engine, id, record);
            if moves == Some(false) {
                self.misplaced.remove(&key);
            } else {
                self.misplaced.insert(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Record;
    use crate::ledger::tests::applied;
    use crate::observed::EngineContents;

    fn record(revision: &str, origin: Option<&str>) -> Record {
        let origin = origin.map(Into::into);
        Record { applied: Some(applied(revision)), origin, ..Record::default() }
    }

    fn ledger(record: Record) -> Ledger {
        let mut ledger = Ledger::default();
        ledger.put(&"local".into(), &"abc".into(), record);
        ledger
    }

    fn engines(stored: Stored) -> BTreeMap<EngineName, EngineView> {
        let contents = EngineContents { stored, ..EngineContents::default() };
        let error = "no route".to_owned();
        [
            ("local".into(), EngineView::Seen(Box::new(contents))),
            ("away".into(), EngineView::Unseen { error }),
        ]
        .into()
    }

    fn revision(view: &LedgerView) -> Option<&str> {
        let record = view.record(&"local".into(), &"abc".into()).expect("it can be read");
        record?.applied.as_ref().map(|applied| applied.revision.as_str())
    }

    fn of(on_engine: Option<Record>, in_consul: Option<Record>) -> LedgerView {
        let on_engine = on_engine.map(ledger).unwrap_or_default();
        let in_consul = in_consul.map(ledger).unwrap_or_default();
        let stored = |ledger| Stored { ledger, ..Stored::default() };
        LedgerView::of(&engines(stored(on_engine)), Some(Ok(stored(in_consul))))
    }

    #[test]
    fn an_engine_that_is_away_hides_its_own_records_only() {
        let stored = Stored { ledger: ledger(record("r1", Some("c1"))), ..Stored::default() };
        let view = LedgerView::of(&engines(stored), None);
        assert_eq!(revision(&view), Some("r1"));
        assert!(view.is_tidy());
        assert_eq!(view.record(&"away".into(), &"abc".into()), Err("no route"));
    }

    #[test]
    fn one_that_cannot_be_read_hides_itself_only() {
        let mut stored = Stored { ledger: ledger(record("r1", None)), ..Stored::default() };
        stored.unreadable.insert(("local".into(), "xyz".into()), "broken".to_owned());
        let view = LedgerView::of(&engines(stored), None);
        assert_eq!(revision(&view), Some("r1"));
        assert_eq!(view.record(&"local".into(), &"xyz".into()), Err("broken"));
    }

    #[test]
    fn when_consul_is_switched_on_what_the_engine_holds_moves_there_once() {
        let view = of(Some(record("r1", Some("c1"))), None);
        assert_eq!((revision(&view), view.misplaced.len()), (Some("r1"), 1));
        let moved = view.ledger.record(&"local".into(), &"abc".into()).unwrap().clone();
        // It was written there, but is still on the engine; then Consul's is changed.
        let changed = Record { applied: Some(applied("r2")), origin: None, ..moved };
        let view = of(Some(record("r1", Some("c1"))), Some(changed));
        assert_eq!((revision(&view), view.misplaced.len()), (Some("r2"), 0));
        assert!(!view.is_tidy(), "the one on the engine has to go");
    }

    #[test]
    fn what_was_written_while_consul_was_off_is_newer() {
        let mut old = record("r1", None);
        old.others.insert("history".to_owned(), 7.into());
        let view = of(Some(record("r2", Some("c2"))), Some(old));
        assert_eq!((revision(&view), view.misplaced.len()), (Some("r2"), 1));
        let record = view.ledger.record(&"local".into(), &"abc".into()).unwrap();
        assert_eq!(record.others["history"], 7, "nothing is lost");
    }

    #[test]
    fn a_single_value_counts_where_there_is_no_record() {
        let stored =
            Stored { single: ledger(record("r1", None)), leftovers: true, ..Stored::default() };
        let view = LedgerView::of(&engines(stored.clone()), None);
        assert_eq!((revision(&view), view.misplaced.len()), (Some("r1"), 1));
        let newer = Stored { ledger: ledger(record("r2", None)), ..stored };
        let view = LedgerView::of(&engines(newer), None);
        assert_eq!((revision(&view), view.misplaced.len()), (Some("r2"), 0));
    }

    #[test]
    fn a_consul_that_does_not_answer_hides_all() {
        let view = LedgerView::of(&engines(Stored::default()), Some(Err("no leader".to_owned())));
        assert_eq!(view.record(&"local".into(), &"abc".into()), Err("no leader"));
    }
}
