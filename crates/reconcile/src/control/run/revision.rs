//! The controller's revisions: what the source gave is read, and becomes what is wanted.

use futures_util::future::AbortHandle;

use crate::control::event::Event;
use crate::control::observe::changed;
use crate::control::triggers::Trigger;
use model::desired::DesiredState;
use model::time::Instant;
use world::{Act, Clock, Snapshot, Source, SourceError, Watch};

use super::{Controller, Current, Loading};

impl<W: Act + Watch, C: Clock, S: Source> Controller<'_, W, C, S> {
    pub(super) fn fetched(&mut self, answer: Result<Snapshot, SourceError>, now: Instant) {
        match answer {
            Ok(snapshot) => {
                self.fetch.succeeded();
                // Only what was fetched can change; until then nobody listens.
                if self.listening.is_none() {
                    self.await_source();
                }
                if self.status.source(None) {
                    self.emit(&Event::Status(&self.status));
                }
                self.accept(snapshot, now);
                self.fetch.want_at(self.presence.next());
            }
            Err(error) => {
                self.fetch.failed(now, &self.pace);
                self.presence.lost();
                if self.status.source(Some(error.to_string())) {
                    self.emit(&Event::SourceFailed(&error));
                    self.emit(&Event::Status(&self.status));
                }
            }
        }
    }

    /// Has a snapshot read, unless it is the one we have, which makes certain what it lacks. The
    /// newest wins: what is being read of an older one is given up.
    fn accept(&mut self, snapshot: Snapshot, now: Instant) {
        let began = self.fetch.began();
        if let Some(loading) = &mut self.loading
            && loading.snapshot.is_same(&snapshot)
        {
            loading.came_again = true;
            return;
        }
        self.loading.take().iter().for_each(|loading| loading.reading.abort());
        if let Some(current) = &mut self.current
            && current.desired.provisional.is_empty()
            && current.snapshot.is_same(&snapshot)
        {
            current.desired.settling = self.presence.looked(&current.desired, began, now);
            if let Some(asked) = &mut current.asked {
                asked.settling = current.desired.settling.clone();
            }
            if self.last.awaits_absence() {
                self.due.want(now);
            }
            return;
        }
        let (read, load) = (snapshot.clone(), self.setup.load.load(&snapshot));
        let reading = self.triggers.push_until_given_up(async move {
            let desired = load.await;
            Trigger::Loaded(read, Box::new(desired))
        });
        self.loading = Some(Loading { snapshot, began, reading, came_again: false });
    }

    /// Takes what was read as the new truth. It interrupts what it changes, and nothing else.
    pub(super) fn loaded(&mut self, snapshot: Snapshot, mut desired: DesiredState, now: Instant) {
        let (began, came_again) =
            self.loading.take().map_or((now, false), |read| (read.began, read.came_again));
        desired.settling = self.presence.looked(&desired, began, now);
        self.fetch.want_at(self.presence.next());
        if came_again && !desired.provisional.is_empty() {
            self.fetch.want(now, &self.pace);
        }
        if self.listening.is_some() {
            // Now it is known which files of the source matter.
            self.await_source();
        }
        if let Some(current) = &self.current {
            let changed = changed(current.asked(), &desired);
            self.executor.stop(&|id| changed.contains(id));
            self.backoffs.clear(&changed);
            if !changed.is_empty() {
                self.looking.take().iter().for_each(AbortHandle::abort);
            }
        }
        self.forget_instead();
        self.status.revision = Some(snapshot.revision.clone());
        self.current = Some(Current::of(snapshot, desired, None, self.setup.settings));
        self.due.want(now);
    }
}
