//! `logs`: what containers print, all replicas interleaved, without a source and without a
//! controller.

mod follow;
mod merge;
mod previous;
mod print;

use std::sync::Arc;
use std::time::Duration;

use adapters::clock::SystemClock;
use adapters::docker::{Docker, ImageListener, LogRequest};
use model::desired::Entry;
use model::id::EngineName;
use model::observed::ContainerView;
use model::printable::one_line;
use model::selector::{Named, Selector};
use tokio::task::LocalSet;
use world::{Clock as _, Source as _};

use self::print::Printer;
use super::super::config::Layer;
use super::super::console::{Console, FAINT, paint};
use super::super::environment::Environment;
use super::super::exit::Exit;
use super::super::render::log_line::Speaker;
use super::super::setup::Refusal;
use super::super::setup::real::{Real, open};
use super::super::stream_args::LogsArgs;
use super::chosen::Seen;
use super::real::block_on;

/// How long the source may take to say what is secret.
const SOURCE: Duration = Duration::from_secs(5);

/// What follows if the source does not say what is secret.
const UNMASKED: &str =
    "values of the operator that a stack puts into commands or configs are not masked";

/// A container whose log is wanted.
struct Wanted {
    docker: Arc<Docker>,
    speaker: Speaker,
    view: ContainerView,
    request: LogRequest,
}

/// `logs`.
pub(in crate::cli) fn logs(
    console: Console,
    layer: &Layer,
    environment: &Environment,
    args: &LogsArgs,
) -> Result<Exit, Refusal> {
    let nobody: ImageListener = Arc::new(|_| {});
    allow_many_connections();
    let real = open(layer, environment, false, &nobody)?;
    let now = SystemClock.now();
    let request = LogRequest {
        since: args.since.map(|moment| moment.before(now)),
        until: args.until.map(|moment| moment.before(now)),
        tail: args.tail.0,
        follow: args.follow,
    };
    block_on(LocalSet::new().run_until(async {
        let (mut seen, unknown) =
            futures_util::join!(Seen::look(console, &real), learn(&real, environment));
        if seen.contents.is_empty() {
            return Ok(seen.faults.or_done());
        }
        let selectors = seen.selectors(&args.of, std::iter::empty())?;
        let mut wanted = wanted(&seen, &selectors, &request);
        if args.previous {
            wanted = previous::runs(console, wanted);
            if wanted.is_empty() && seen.faults.exit.is_none() {
                return Ok(Exit::Failed);
            }
        }
        if let Some(why) = unknown.filter(|_| !wanted.is_empty()) {
            console.progress(&paint(FAINT, &one_line(&format!("note: {why}; {UNMASKED}"))));
        }
        let names = wanted.iter().map(|wanted| &wanted.speaker.named);
        let all = seen.containers().map(|(_, named, _)| named);
        let printer = Printer::new(console, (!args.no_log_prefix, args.timestamps), names, all);
        if args.follow {
            return follow::follow(console, seen, (wanted, selectors), request, printer).await;
        }
        if wanted.is_empty() && seen.faults.exit.is_none() {
            nothing(console, &real);
        }
        merge::merge(console, wanted, printer, &mut seen.faults).await;
        Ok(seen.faults.or_done())
    }))?
}

/// Each log that is open is a connection, and most systems allow a program far fewer of them at first
/// than it may have.
fn allow_many_connections() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Where not, the logs beyond the limit are reported as not readable.
    let _ =
        setrlimit(Resource::Nofile, rustix::process::Rlimit { current: limit.maximum, ..limit });
}

/// The containers that the selectors mean.
fn wanted(seen: &Seen, selectors: &[Selector], request: &LogRequest) -> Vec<Wanted> {
    let meant = seen.containers().filter(|(_, named, _)| Selector::any(selectors, named));
    let wanted = meant.filter_map(|(engine, named, view)| {
        let docker = Arc::clone(seen.engines.get(engine)?);
        Some(Wanted::new(docker, (engine, named), view.clone(), request.clone()))
    });
    wanted.collect()
}

impl Wanted {
    fn new(
        docker: Arc<Docker>,
        (engine, named): (&EngineName, Named),
        view: ContainerView,
        request: LogRequest,
    ) -> Self {
        let speaker = Speaker { named, engine: engine.clone() };
        Self { docker, speaker, view, request }
    }
}

fn nothing(console: Console, real: &Real) {
    let installation = &real.settings.installation;
    let text = format!("no container of installation `{installation}` is there");
    console.progress(&paint(FAINT, &text));
}

/// Tells the engines' clients which values of the stacks nobody may see, or returns why they are not
/// known. What a container's own labels say is known without it.
async fn learn(real: &Real, environment: &Environment) -> Option<String> {
    let loader = real.loader(environment).await;
    let fetched = tokio::time::timeout(SOURCE, real.source.fetch()).await;
    match fetched {
        Ok(Ok(snapshot)) => {
            let desired = loader.load(&snapshot);
            let is_read = desired.incomplete.is_empty()
                && desired.deployments.values().all(|entry| matches!(entry, Entry::Valid(..)));
            (!is_read).then(|| "the stacks of the source have errors".to_owned())
        }
        Ok(Err(error)) => Some(format!("the source cannot be read: {error}")),
        Err(_) => Some("the source does not answer".to_owned()),
    }
}
