//! `events`: what happened to containers, networks and volumes of ours, as the engines remember it,
//! and what happens from now on.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use adapters::clock::SystemClock;
use adapters::docker::{Docker, ImageListener, REMEMBERED, Reported};
use futures_util::future::join_all;
use model::id::{EngineName, InstallationId};
use model::labels::Identity;
use model::observed::EngineContents;
use model::printable::one_line;
use model::selector::{Named, Selector};
use model::time::Timestamp;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::{JoinSet, LocalSet};
use world::{Clock as _, OutsideError, Scope};

use super::super::config::Layer;
use super::super::console::{Console, FAINT, Format, paint};
use super::super::environment::Environment;
use super::super::exit::Exit;
use super::super::gone::nobody_reads;
use super::super::render::happened::{Happened, History};
use super::super::render::log_line::seconds;
use super::super::setup::Refusal;
use super::super::setup::real::{Real, open};
use super::super::signals::asked_to_end;
use super::super::stream_args::EventsArgs;
use super::chosen::{Faults, Seen};
use super::real::block_on;

/// How far an engine's clock may be from ours so that the end of what it remembers is known by ours.
const SKEW: Duration = Duration::from_secs(2);
/// How long an engine may take to list all that it remembers.
const LIST: Duration = Duration::from_secs(30);
/// How many events of an engine are held at most until they are in order.
const MOST: usize = 10_000;
/// How many wait to be printed.
const WAITING: usize = 64;
/// Pauses before an engine that was lost is asked again: the first, doubled up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LAST_PAUSE: Duration = Duration::from_secs(15);

/// What a follower has to say.
enum Message {
    Reported(EngineName, Reported),
    Note(String),
    Fault(OutsideError),
}

/// `events`.
pub(in crate::cli) fn events(
    console: Console,
    layer: &Layer,
    environment: &Environment,
    args: &EventsArgs,
) -> Result<Exit, Refusal> {
    let nobody: ImageListener = Arc::new(|_| {});
    let now = SystemClock.now();
    let wanted = Wanted::of(args, now)?;
    let real = open(layer, environment, false, &nobody)?;
    block_on(LocalSet::new().run_until(print_all(console, &real, args, wanted)))?
}

/// Between which times events are wanted.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    since: Timestamp,
    until: Option<Timestamp>,
    /// Our time when they were asked for.
    now: Timestamp,
}

impl Wanted {
    /// What the words say; engines refuse a beginning behind the end in words of their own.
    fn of(args: &EventsArgs, now: Timestamp) -> Result<Self, Refusal> {
        let since = args.since.before(now);
        let until = args.until.map(|moment| moment.before(now));
        if since > now {
            return Err(Refusal::usage(
                format!(
                    "`--since` is in the future: by this machine's clock it is {}",
                    seconds(now)
                ),
                "write an earlier time, or how long ago: `--since 10m`; `--follow` alone waits for \
                 what comes",
            ));
        }
        match until {
            Some(until) if until < since => Err(Refusal::usage(
                format!("`--until` {} is before `--since` {}", seconds(until), seconds(since)),
                "exchange the two; without `--since` it is an hour ago",
            )),
            _ => Ok(Self { since, until, now }),
        }
    }
}

/// What an engine remembers.
struct Memory {
    events: VecDeque<Reported>,
    /// Until when it was asked.
    end: Timestamp,
    /// The time before which it may have forgotten what was asked for.
    forgotten: Option<Timestamp>,
}

async fn print_all(
    console: Console,
    real: &Real,
    args: &EventsArgs,
    wanted: Wanted,
) -> Result<Exit, Refusal> {
    let mut seen = Seen::look(console, real).await;
    if seen.contents.is_empty() {
        return Ok(seen.faults.or_done());
    }
    let mut history = History::of(&real.settings.installation);
    seen.contents.values().for_each(|contents| history.know(contents));
    let mut remembered = Vec::new();
    let mut ends = Vec::new();
    let asked = seen.engines.iter().filter(|(name, _)| seen.contents.contains_key(*name));
    let reported = asked.map(|(name, docker)| async move {
        (name.clone(), Arc::clone(docker), remember(docker, wanted).await)
    });
    for (engine, docker, reported) in join_all(reported).await {
        match reported {
            Ok(Memory { events, end, forgotten }) => {
                if let Some(at) = forgotten {
                    note_forgotten(console, &engine, at);
                }
                remembered.extend(events.into_iter().map(|event| (engine.clone(), event)));
                ends.push((engine, docker, end));
            }
            Err(error) => seen.faults.say(console, &error),
        }
    }
    remembered.sort_by_key(|(_, event)| event.at);
    let gone = remembered.iter().filter_map(|(_, event)| named(event, &real.settings.installation));
    let selectors = seen.selectors(&args.of, gone)?;
    let mut printer = Printer { console, history, selectors, width: 0 };
    printer.expect(&seen);
    for (engine, event) in &remembered {
        if printer.print(engine, event).is_err() {
            return Ok(Exit::Done);
        }
    }
    if args.follow && !ends.is_empty() {
        return follow(printer, ends, wanted.until, seen.faults).await;
    }
    Ok(seen.faults.or_done())
}

/// The container that an event is about, gone or not.
fn named(event: &Reported, installation: &InstallationId) -> Option<Named> {
    let identity = Identity::decode(&event.attributes)?;
    let replica = Some(identity).filter(|it| it.installation == *installation)?.replica;
    let container = event.attributes.get("name")?.as_str().into();
    let (deployment, service, slot) = (replica.deployment, replica.service, replica.slot);
    Some(Named { deployment, service, slot, container })
}

/// Says that more may have happened than an engine tells.
fn note_forgotten(console: Console, engine: &EngineName, at: Timestamp) {
    let text = format!(
        "note: engine {engine} remembers its last {REMEMBERED} events only: nothing of before {}",
        seconds(at)
    );
    console.progress(&paint(FAINT, &one_line(&text)));
}

/// What an engine remembers of what is wanted.
async fn remember(docker: &Docker, wanted: Wanted) -> Result<Memory, OutsideError> {
    let Wanted { since, until, now } = wanted;
    let date = docker.date().await?;
    let present = date.map_or(now, |date| present(date, now));
    let end = until.map_or(present, |until| until.min(present));
    let mut memory = Memory { events: VecDeque::new(), end, forgotten: None };
    // By the engine's clock that is still to come.
    if since > present {
        return Ok(memory);
    }
    let list = async {
        // What came after the end counts, too, for what is forgotten.
        let mut stream = docker.reported_until(since, present).await?;
        while let Some(event) = stream.next().await? {
            if event.at > end {
                continue;
            }
            memory.events.push_back(event);
            if memory.events.len() > MOST {
                memory.events.pop_front();
            }
        }
        memory.forgotten = stream.forgotten_before().filter(|at| *at > since);
        Ok(memory)
    };
    let late =
        || OutsideError::Timeout(format!("engine {}: it did not answer in time", docker.name()));
    tokio::time::timeout(LIST, list).await.unwrap_or_else(|_| Err(late()))
}

/// What is now for an engine whose clock says this date, which has no fractions. It answers when its
/// clock is there.
fn present(date: Timestamp, now: Timestamp) -> Timestamp {
    let skew = date.since(now).max(now.since(date));
    if skew <= SKEW { now } else { date.plus(Duration::from_secs(1)) }
}

/// Prints what happens from now on.
async fn follow(
    mut printer: Printer,
    ends: Vec<(EngineName, Arc<Docker>, Timestamp)>,
    until: Option<Timestamp>,
    mut faults: Faults,
) -> Result<Exit, Refusal> {
    let (sender, receiver) = channel(WAITING);
    let mut followers = JoinSet::new();
    let engines: Vec<_> = ends.iter().map(|(_, docker, _)| Arc::clone(docker)).collect();
    for (name, docker, end) in ends {
        followers.spawn_local(report(name, docker, (end, until), sender.clone()));
    }
    drop(sender);
    let signal = asked_to_end().map_err(|error| Refusal::invalid(error.to_string()))?;
    tokio::select! {
        biased;
        exit = signal => Ok(exit),
        () = printer.print_all(receiver, &engines, &mut faults) => Ok(faults.or_done()),
        () = nobody_reads() => Ok(faults.or_done()),
    }
}

/// Tells what an engine reports, until its end; asks again while it is lost.
async fn report(
    name: EngineName,
    docker: Arc<Docker>,
    (mut since, until): (Timestamp, Option<Timestamp>),
    sender: Sender<Message>,
) {
    let mut pause = FIRST_PAUSE;
    let mut is_lost = false;
    loop {
        let reported = async {
            let mut stream = docker.reported(Timestamp(since.0 + 1), until).await?;
            pause = FIRST_PAUSE;
            if std::mem::take(&mut is_lost) {
                let _ = sender.send(Message::Note(format!("engine {name} answers again"))).await;
            }
            while let Some(event) = stream.next().await? {
                since = since.max(event.at);
                if sender.send(Message::Reported(name.clone(), event)).await.is_err() {
                    break;
                }
            }
            Ok::<_, OutsideError>(())
        };
        let reported = reported.await;
        if until.is_some_and(|until| until <= SystemClock.now()) || sender.is_closed() {
            return;
        }
        if !std::mem::replace(&mut is_lost, true) {
            let error = reported.err().unwrap_or_else(|| {
                OutsideError::Unreachable(format!("engine {name}: it ended the stream of events"))
            });
            let _ = sender.send(Message::Fault(error)).await;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

/// Prints what is of interest.
struct Printer {
    console: Console,
    history: History,
    selectors: Vec<Selector>,
    width: usize,
}

impl Printer {
    /// Makes room for the names of what is there.
    fn expect(&mut self, seen: &Seen) {
        let meant = seen.containers().filter(|(_, named, _)| Selector::any(&self.selectors, named));
        let width = |named: Named| {
            let whom = format!("{}/{}/{}", named.deployment, named.service, named.slot);
            one_line(&whom).chars().count()
        };
        self.width = meant.map(|(_, named, _)| width(named)).max().unwrap_or_default();
    }

    /// Prints an event.
    ///
    /// # Errors
    /// If nobody reads it any more.
    fn print(&mut self, engine: &EngineName, event: &Reported) -> std::io::Result<()> {
        let happened = self.history.add(engine, event);
        match happened.filter(|happened| happened.is_meant(&self.selectors)) {
            Some(happened) => self.console.line(&self.text(&happened)),
            None => Ok(()),
        }
    }

    fn text(&mut self, happened: &Happened) -> String {
        match self.console.format {
            Format::Json => happened.json(),
            Format::Text | Format::Markdown => happened.line(&mut self.width),
        }
    }

    /// Prints the messages until nobody reads it any more.
    async fn print_all(
        &mut self,
        mut receiver: Receiver<Message>,
        engines: &[Arc<Docker>],
        faults: &mut Faults,
    ) {
        while let Some(message) = receiver.recv().await {
            match message {
                Message::Reported(engine, event) => {
                    if self.history.is_unknown(&event)
                        && let Some(docker) = engines.iter().find(|docker| *docker.name() == engine)
                        && let Ok(contents) = Box::pin(docker.observe(&Scope::default())).await
                    {
                        self.know(&contents);
                    }
                    if self.print(&engine, &event).is_err() {
                        return;
                    }
                }
                Message::Note(text) => self.console.progress(&paint(FAINT, &one_line(&text))),
                Message::Fault(error) => faults.say(self.console, &error),
            }
        }
    }

    fn know(&mut self, contents: &EngineContents) {
        self.history.know(contents);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_present_is_ours_unless_the_engine_has_another_one() {
        let at = Timestamp::from_secs;
        let ours = Timestamp(100_700_000_000);
        assert_eq!(present(at(100), ours), ours);
        assert_eq!(present(at(102), ours), ours);
        assert_eq!(present(at(500), ours), at(501));
        assert_eq!(present(at(7), ours), at(8));
    }
}
