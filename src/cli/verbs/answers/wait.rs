//! `wait`: looks again and again until what is asked about is healthy, or as the source says.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::select;
use serde_json::json;

use adapters::clock::SystemClock;
use model::printable::one_line;
use model::tree::{SCHEMA_VERSION, Tree};
use reconcile::answer::{Goal, lacking};
use world::{Clock as _, Observe, Watch};

use super::status::ask;
use super::{Asked, Lens, lens};
use crate::api::Withheld;
use crate::cli::console::{Console, Format};
use crate::cli::exit::Exit;
use crate::cli::invocation;
use crate::cli::render::answers::controller;
use crate::cli::render::answers::tree::{lacks, lacks_without_ages};
use crate::cli::setup::Refusal;
use crate::cli::signals::asked_to_end;
use crate::cli::values::Listen;
use crate::cli::verbs::real::block_on;

/// How soon it looks again although no engine reported anything: a replica gets old enough to
/// count without an event.
const PAUSE: Duration = Duration::from_secs(2);
/// How long a look may take at least, also if less of the timeout is left: a busy engine is no
/// hanging one.
const LOOK: Duration = Duration::from_secs(5);
/// How soon at the soonest.
const LEAST: Duration = Duration::from_millis(200);

/// How it went.
struct Waited {
    /// What is not as it should be; empty if the goal is reached.
    lacks: Vec<String>,
    exit: Exit,
}

/// Waits.
pub(in crate::cli) fn wait(
    asked: Asked<'_>,
    words: &[String],
    (goal, timeout): (Goal, Duration),
) -> Result<Exit, Refusal> {
    let console = asked.console;
    block_on(async {
        let signal = asked_to_end().map_err(|error| Refusal::invalid(error.to_string()))?;
        let lens = lens(asked).await?;
        let controller = match asked.layer.listen.listen.unwrap_or_default() {
            Listen::At(address) if goal == Goal::Synced => Some(address),
            _ => None,
        };
        tokio::select! {
            exit = signal => Ok(exit),
            waited = until(&lens, words, (goal, timeout), controller) => {
                Ok(conclude(console, &waited?, goal, timeout))
            }
        }
    })?
}

async fn until<W: Observe + Watch>(
    lens: &Lens<W>,
    words: &[String],
    (goal, timeout): (Goal, Duration),
    controller: Option<SocketAddr>,
) -> Result<Waited, Refusal> {
    let began = SystemClock.instant();
    let mut reported = Vec::new();
    loop {
        let left = timeout.saturating_sub(SystemClock.instant().since(began));
        // An engine that hangs must not hold this up.
        let looked = tokio::time::timeout(left.max(LOOK), lens.look_quietly()).await;
        let Ok(seen) = looked else {
            let lacks = vec!["not everything that was asked has answered".to_owned()];
            return Ok(Waited { lacks, exit: Exit::Unreachable });
        };
        if goal == Goal::Synced && seen.tree().source.is_none() && seen.exit == Exit::Done {
            return Err(Refusal::usage(
                "without a source nothing says what is wanted",
                "name it: `reconciler wait --for synced --source PATH`",
            ));
        }
        let selectors = match seen.resolve(words) {
            Ok(selectors) => selectors,
            // It may be where nothing was seen.
            Err(_) if seen.exit != Exit::Done && !left.is_zero() => {
                SystemClock.sleep(PAUSE.min(left)).await;
                continue;
            }
            Err(refusal) => return Err(refusal),
        };
        let tree = seen.looked.tree;
        // What is not of the source never becomes as it says.
        let tree = if words.is_empty() { tree.of_source() } else { tree.only(&selectors) };
        let lacking = lacking(&tree, goal);
        let mut lacks = lacks(&lacking, &tree);
        let withheld = match controller {
            Some(address) if lacks.is_empty() => withheld(lens, address, &tree),
            _ => Vec::new(),
        };
        lacks.extend(withheld.iter().cloned());
        if words.is_empty() && (lacks.is_empty() || tree.deployments.is_empty()) {
            // Of what was not seen nobody knows whether it is as it should be.
            let unseen = tree.unseen.iter().map(|part| format!("{}: not seen", part.part));
            let unseen: Vec<String> = unseen.collect();
            lacks = if unseen.is_empty() { lacks } else { unseen };
        }
        let left = timeout.saturating_sub(SystemClock.instant().since(began));
        if lacks.is_empty() || left.is_zero() {
            let unseen = if lacks.is_empty() { Exit::Done } else { seen.exit };
            return Ok(Waited { lacks, exit: unseen });
        }
        let mut now = lacks_without_ages(&lacking);
        now.extend(withheld);
        if now != reported {
            lens.console.progress(&waiting(&lacks, goal));
            reported = now;
        }
        // An engine reports several things at once, and one look is enough for them.
        let news = pin!(lens.world.changed());
        select(news, pin!(SystemClock.sleep(PAUSE.min(left)))).await;
        SystemClock.sleep(LEAST.min(left)).await;
    }
}

/// What a controller of the same installation, if there is one, withholds of these deployments: it
/// may do less than what this call would, or read another revision.
fn withheld<W>(lens: &Lens<W>, address: SocketAddr, tree: &Tree) -> Vec<String> {
    let Ok(status) = ask(address) else { return Vec::new() };
    if status.installation != lens.settings.installation.as_str() {
        return Vec::new();
    }
    let all = controller::withheld(&status, tree).into_iter();
    let counts = all.filter(|one| !one.is_notice && one.deployment.is_some());
    let line = |one: &Withheld| {
        let of = one.deployment.as_ref().map(ToString::to_string).unwrap_or_default();
        let text = format!("{of}: the controller withholds {}, waits {}", one.what, one.waits);
        one_line(&text).into_owned()
    };
    counts.map(line).collect()
}

/// What it waits for now, in one line.
fn waiting(lacks: &[String], goal: Goal) -> String {
    let (first, rest) = lacks.split_first().expect("BUG: something is lacking");
    let more = if rest.is_empty() { String::new() } else { format!("; {} more", rest.len()) };
    format!("waiting until {}: {first}{more}", goal.word())
}

fn conclude(console: Console, waited: &Waited, goal: Goal, timeout: Duration) -> Exit {
    let reached = waited.lacks.is_empty();
    if console.format == Format::Json {
        console.json(&json!({
            "schema_version": SCHEMA_VERSION,
            "for": goal.word(),
            "reached": reached,
            "lacks": waited.lacks,
        }));
    }
    if reached {
        return Exit::Done;
    }
    let span = humantime::format_duration(timeout);
    if console.format == Format::Text {
        console.result(&waited.lacks.join("\n"));
    }
    let help = format!("`{}` shows what keeps it", invocation::status());
    console.error(&format!("not {} within {span}", goal.word()), Some(&help));
    Exit::Failed.max(waited.exit)
}
