//! Logs as they are written, for as long as they are read. Containers that appear or are
//! started again join; an engine that was lost is asked again.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use adapters::clock::SystemClock;
use adapters::docker::{Docker, LogLine, LogRequest, LogStream};
use model::id::{ContainerId, EngineName, InstallationId};
use model::observed::{ContainerView, EngineContents, Status};
use model::printable::one_line;
use model::selector::Selector;
use model::time::Timestamp;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;
use world::{Changed, Clock as _, OutsideError, Scope};

use super::super::super::console::{Console, FAINT, paint};
use super::super::super::exit::Exit;
use super::super::super::gone::nobody_reads;
use super::super::super::render::ended::ended;
use super::super::super::render::log_line::Speaker;
use super::super::super::setup::Refusal;
use super::super::super::signals::asked_to_end;
use super::super::chosen::{Faults, Seen, named};
use super::Wanted;
use super::print::Printer;

/// How many lines wait to be printed; from then on engines wait.
const WAITING: usize = 64;
/// How long a log that ended is left alone although its container runs: engines note ends later.
const PAUSE: Duration = Duration::from_millis(200);

/// What an engine's follower has to say.
enum Message {
    Line(Speaker, LogLine),
    Note(String),
    Fault(OutsideError),
}

/// Prints until it is interrupted, nobody reads any more, or the end that was asked for has come.
pub(super) async fn follow(
    console: Console,
    seen: Seen,
    (wanted, selectors): (Vec<Wanted>, Vec<Selector>),
    request: LogRequest,
    mut printer: Printer,
) -> Result<Exit, Refusal> {
    let Seen { engines, mut contents, mut faults, installation } = seen;
    if contents.is_empty() {
        return Ok(faults.or_done());
    }
    let unlogged = wanted.iter().map(|one| one.docker.unlogged(&one.view));
    // Of none of them there will ever be anything to read.
    if let Some(errors) = unlogged.collect::<Option<Vec<_>>>().filter(|errors| !errors.is_empty()) {
        for error in &errors {
            faults.say(console, error);
        }
        return Ok(faults.or_done());
    }
    if wanted.is_empty() {
        console.progress(&paint(FAINT, "nothing of that runs yet; waiting for it"));
    }
    let (sender, receiver) = channel(WAITING);
    let mut followers = JoinSet::new();
    for (name, docker) in engines {
        let follower = Follower {
            name: name.clone(),
            docker,
            installation: installation.clone(),
            selectors: selectors.clone(),
            request: request.clone(),
            sender: sender.clone(),
            known: BTreeMap::new(),
            logs: JoinSet::new(),
            is_lost: false,
            again: false,
        };
        followers.spawn_local(follower.run(contents.remove(&name)));
    }
    drop(sender);
    let left = request.until.map(|until| until.since(SystemClock.now()));
    let over = async {
        match left {
            Some(left) => tokio::time::sleep(left).await,
            None => std::future::pending().await,
        }
    };
    let signal = asked_to_end().map_err(|error| Refusal::invalid(error.to_string()))?;
    tokio::select! {
        biased;
        exit = signal => Ok(exit),
        () = print(console, receiver, &mut printer, &mut faults) => Ok(faults.or_done()),
        () = over => Ok(faults.or_done()),
        () = nobody_reads() => Ok(faults.or_done()),
    }
}

/// Prints the messages until nobody reads it any more.
async fn print(
    console: Console,
    mut receiver: Receiver<Message>,
    printer: &mut Printer,
    faults: &mut Faults,
) {
    while let Some(message) = receiver.recv().await {
        match message {
            Message::Line(speaker, line) => {
                if printer.print(&speaker, &line).is_err() {
                    return;
                }
            }
            Message::Note(text) => console.progress(&paint(FAINT, &one_line(&text))),
            Message::Fault(error) => faults.say(console, &error),
        }
    }
}

/// Follows what runs on one engine.
struct Follower {
    name: EngineName,
    docker: Arc<Docker>,
    installation: InstallationId,
    selectors: Vec<Selector>,
    request: LogRequest,
    sender: Sender<Message>,
    known: BTreeMap<ContainerId, Known>,
    logs: JoinSet<Over>,
    /// Whether it was reported that the engine does not answer.
    is_lost: bool,
    /// Whether to look again soon although nothing is reported.
    again: bool,
}

/// What is known of a container.
struct Known {
    speaker: Speaker,
    /// Its last start when its log was opened last.
    started: Option<Timestamp>,
    /// When the last line was written that was passed on.
    last: Rc<Cell<Option<Timestamp>>>,
    /// Whether its log is open, or cannot be read at all.
    open: bool,
    /// Whether it ran when that was opened.
    ran: bool,
}

/// A log that is at its end.
struct Over {
    container: ContainerId,
    result: Result<(), OutsideError>,
}

impl Follower {
    async fn run(mut self, first: Option<EngineContents>) {
        let (docker, mut connection) = (Arc::clone(&self.docker), self.docker.connection());
        self.is_lost = first.is_none();
        if let Some(contents) = first {
            self.take(&contents);
        }
        loop {
            let changed = tokio::select! {
                biased;
                Some(over) = self.logs.join_next() => {
                    if let Ok(over) = over {
                        self.over(over).await;
                    }
                    continue;
                }
                changed = docker.changed() => changed,
                () = tokio::time::sleep(PAUSE), if self.again => Changed::Anything,
            };
            self.again = false;
            // Behind another connection is perhaps another engine, and what was open is dead.
            if docker.connection() != connection {
                connection = docker.connection();
                self.logs.shutdown().await;
                self.known.values_mut().for_each(|known| known.open = false);
            }
            let scope = match changed {
                Changed::Anything => Scope::default(),
                Changed::Deployments(deployments) => {
                    Scope { deployments, only: true, ..Scope::default() }
                }
            };
            match Box::pin(docker.observe(&scope)).await {
                Ok(contents) => {
                    if std::mem::take(&mut self.is_lost) {
                        self.say(Message::Note(format!("engine {} answers again", self.name)))
                            .await;
                    }
                    self.take(&contents);
                    if scope == Scope::default() {
                        self.forget(&contents);
                    }
                }
                Err(error) if !self.is_lost => {
                    self.is_lost = true;
                    self.say(Message::Fault(error)).await;
                }
                Err(_) => {}
            }
        }
    }

    /// Nobody listens at the end of the program only.
    async fn say(&self, message: Message) {
        let _ = self.sender.send(message).await;
    }

    /// Opens the logs of what runs, or ran since the last look.
    fn take(&mut self, contents: &EngineContents) {
        for view in &contents.containers {
            let Some(named) = named(view, &self.installation) else { continue };
            if !Selector::any(&self.selectors, &named) || view.state.status == Status::Created {
                continue;
            }
            let speaker = Speaker { named, engine: self.name.clone() };
            self.open(view, speaker);
        }
    }

    /// Forgets what is gone. Not as soon as it is: a look that was begun before may still find it, and
    /// would print all of its log anew.
    fn forget(&mut self, contents: &EngineContents) {
        let there: BTreeSet<&ContainerId> = contents.containers.iter().map(|it| &it.id).collect();
        self.known.retain(|id, known| known.open || there.contains(id));
    }

    fn open(&mut self, view: &ContainerView, speaker: Speaker) {
        let runs = matches!(view.state.status, Status::Running | Status::Paused);
        let started = view.state.started_at;
        let before = self.known.get(&view.id);
        if before.is_some_and(|known| known.open || !runs && known.started == started) {
            return;
        }
        let last = before.map(|known| Rc::clone(&known.last)).unwrap_or_default();
        let mut request = self.request.clone();
        if before.is_some() {
            request.tail = None;
            request.since = last.get().map(|at| Timestamp(at.0 + 1)).or(request.since);
        }
        let open =
            Known { speaker: speaker.clone(), started, last: last.clone(), open: true, ran: runs };
        self.known.insert(view.id.clone(), open);
        let (docker, view, sender) = (Arc::clone(&self.docker), view.clone(), self.sender.clone());
        self.logs.spawn_local(async move {
            let mut result = docker.logs(&view, &request).await;
            if let Ok(log) = &mut result {
                let read = read(log, &speaker, &last, &sender).await;
                result = read.and(result);
            }
            Over { container: view.id, result: result.map(drop) }
        });
    }

    /// A log is at its end: its container ended, or was started again meanwhile, or the engine is
    /// gone.
    async fn over(&mut self, over: Over) {
        let Over { container, result } = over;
        let Some(known) = self.known.get_mut(&container) else { return };
        known.open = false;
        let (name, ran) = (known.speaker.named.container.clone(), known.ran);
        match result {
            // That the engine is gone is reported by the next look, once and not by each log.
            Err(OutsideError::Unreachable(_) | OutsideError::Timeout(_)) => {
                self.again = !self.is_lost;
                return;
            }
            Err(OutsideError::Gone(_)) | Ok(()) => {}
            Err(error) => {
                // Its log driver, or its secrets: it is not asked again and again.
                known.open = true;
                return self.say(Message::Fault(error)).await;
            }
        }
        match self.docker.container(&container).await {
            Ok(Some(view)) if matches!(view.state.status, Status::Running | Status::Paused) => {
                self.again = true;
            }
            Ok(Some(view)) if ran => {
                self.say(Message::Note(format!("{name} {}", ended(view.state.exit_code)))).await;
            }
            Ok(None) if ran => self.say(Message::Note(format!("{name} was removed"))).await,
            Ok(_) => {}
            Err(_) => self.again = !self.is_lost,
        }
    }
}

/// Passes a log on to its end.
async fn read(
    log: &mut LogStream,
    speaker: &Speaker,
    last: &Cell<Option<Timestamp>>,
    sender: &Sender<Message>,
) -> Result<(), OutsideError> {
    while let Some(line) = log.next().await? {
        let at = line.at;
        if sender.send(Message::Line(speaker.clone(), line)).await.is_err() {
            break;
        }
        last.set(at.or(last.get()));
    }
    Ok(())
}
