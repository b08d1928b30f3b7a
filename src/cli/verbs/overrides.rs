//! `rollback`, `pause` and `resume`: what a person wants of a deployment instead of what the source
//! says. It is written into the ledger by compare-and-set. The controller reads it at its next look,
//! `--once` when it begins.

use std::sync::Arc;

use serde_json::{Value, json};

use adapters::clock::SystemClock;
use adapters::docker::ImageListener;
use adapters::host::Host;
use model::action::{Action, LedgerChange};
use model::id::{DeploymentId, EngineName};
use model::ledger::{LedgerView, Pin, Record, Stable};
use reconcile::control::{Limits, look_at_ledger};
use text::suggest::did_you_mean;
use world::{Act as _, Clock as _, NoTree};

use super::super::config::Layer;
use super::super::console::{Console, Format};
use super::super::environment::Environment;
use super::super::exit::Exit;
use super::super::setup::real::{Real, open};
use super::super::setup::{Refusal, chain};
use super::real::block_on;
use super::run::holder;

/// What is asked for.
#[derive(Clone, Debug)]
pub(in crate::cli) enum Override {
    /// A state that worked: the one of this revision, or the one before.
    Rollback(Option<String>),
    /// Nothing is done any more.
    Pause,
    /// The source is followed again.
    Resume,
}

/// What comes of it for one deployment.
struct Outcome<'l> {
    engine: &'l EngineName,
    id: &'l DeploymentId,
    /// What is written; nothing if it is so already.
    change: Option<LedgerChange>,
    text: String,
}

/// Writes it for each of the deployments.
pub(in crate::cli) fn write_each(
    console: Console,
    layer: &Layer,
    environment: &Environment,
    (words, asked): (&[String], &Override),
) -> Result<Exit, Refusal> {
    let nobody: ImageListener = Arc::new(|_| {});
    block_on(async {
        let Real { host, settings, .. } = open(layer, environment, false, &nobody)?;
        let limit = Limits::default().look;
        let ledger = look_at_ledger(&host, &SystemClock, &settings, limit).await;
        let by = person(environment);
        // All of them are found before anything is written.
        let outcomes = words.iter().map(|word| outcome(&ledger, word, (asked, &by)));
        let outcomes = outcomes.collect::<Result<Vec<_>, Refusal>>()?;
        for Outcome { engine, change, .. } in &outcomes {
            if let Some(change) = change {
                write(&host, engine, change).await?;
            }
        }
        print(console, &outcomes);
        Ok(Exit::Done)
    })?
}

fn print(console: Console, outcomes: &[Outcome<'_>]) {
    if console.format == Format::Json {
        let one = |outcome: &Outcome<'_>| {
            let Outcome { engine, id, change, text } = outcome;
            let changed = change.is_some();
            json!({ "deployment": id, "engine": engine, "changed": changed, "text": text })
        };
        let all: Vec<Value> = outcomes.iter().map(one).collect();
        console.json(&json!({ "schema_version": 1, "deployments": all }));
        return;
    }
    for outcome in outcomes {
        console.result(&format!("{}\n", outcome.text));
    }
    if outcomes.iter().any(|outcome| outcome.change.is_some()) {
        console.progress(
            "note: a running controller acts at its next look; without one, `reconciler --once` \
             does",
        );
    }
}

async fn write(host: &Host, engine: &EngineName, change: &LedgerChange) -> Result<(), Refusal> {
    let action = Action::WriteLedger { change: change.clone() };
    let written = host.act(engine, &action, &NoTree).await;
    written.map(drop).map_err(|error| Refusal {
        exit: Exit::Unreachable,
        ..Refusal::invalid(format!("the ledger cannot be written: {}", chain(&error)))
    })
}

/// Who asks.
fn person(environment: &Environment) -> String {
    let user = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| environment.get(name));
    let host = holder().holder;
    let host = host.split(',').next().unwrap_or_default();
    format!("{}@{host}", user.unwrap_or("somebody"))
}

/// What comes of it for the deployment that a word means.
fn outcome<'l>(
    ledger: &'l LedgerView,
    word: &str,
    asked: (&Override, &str),
) -> Result<Outcome<'l>, Refusal> {
    let mut all = ledger.ledger.iter().filter(|(_, id, _)| id.as_str() == word);
    if let Some((engine, id, record)) = all.next() {
        let (change, text) = change(id, record, asked)?;
        return Ok(Outcome { engine, id, change, text });
    }
    let unseen = ledger.unseen.iter().chain(ledger.unseen_on.values()).next();
    if let Some(error) = unseen {
        let refusal = Refusal::invalid(format!("the ledger cannot be read: {error}"));
        return Err(Refusal { exit: Exit::Unreachable, ..refusal });
    }
    let known = ledger.ledger.iter().map(|(_, id, _)| id.as_str());
    let help = did_you_mean(word, known)
        .unwrap_or_else(|| "`reconciler stack ls` lists deployments".to_owned());
    Err(Refusal::usage(format!("nothing is remembered of a deployment `{word}`"), help))
}

/// What is written, and what is said of it.
fn change(
    id: &DeploymentId,
    record: &Record,
    (asked, by): (&Override, &str),
) -> Result<(Option<LedgerChange>, String), Refusal> {
    let pin = |to| {
        let pin = Pin { at: SystemClock.now(), by: by.to_owned(), to };
        Some(LedgerChange::Pin { deployment: id.clone(), pin: Box::new(pin) })
    };
    match asked {
        Override::Rollback(revision) => {
            let stable = target(id, record, revision.as_deref())?;
            let commit = [stable.author.as_deref(), stable.subject.as_deref()];
            let commit = commit.into_iter().flatten().collect::<Vec<_>>().join(": ");
            let commit = if commit.is_empty() { commit } else { format!(" ({commit})") };
            let text = format!(
                "{id} is rolled back to revision {}{commit} until `reconciler resume {id}`",
                stable.revision.short()
            );
            Ok((pin(Some(stable.clone())), text))
        }
        Override::Pause => {
            Ok((pin(None), format!("{id} is left alone until `reconciler resume {id}`")))
        }
        Override::Resume if record.pin.is_none() && record.quarantine.is_none() => {
            Ok((None, format!("{id} follows the source already")))
        }
        Override::Resume => {
            let change = LedgerChange::Resume { deployment: id.clone() };
            let failed = record.quarantine.as_ref();
            let text = failed.map_or_else(
                || format!("{id} follows the source again"),
                |it| format!("revision {} of {id} is tried again", it.revision.short()),
            );
            Ok((Some(change), text))
        }
    }
}

/// The state that is meant.
fn target<'r>(
    id: &DeploymentId,
    record: &'r Record,
    revision: Option<&str>,
) -> Result<&'r Stable, Refusal> {
    let applied = record.applied.as_ref().map(|applied| &applied.hash);
    let found = match revision {
        Some(text) => {
            record.stable.iter().find(|stable| stable.revision.as_str().starts_with(text))
        }
        None => record.stable.iter().find(|stable| Some(&stable.hash) != applied),
    };
    found.ok_or_else(|| {
        let known: Vec<_> = record.stable.iter().map(|stable| stable.revision.short()).collect();
        let message = match revision {
            Some(text) => format!("no state of {id} at a revision `{text}` is kept"),
            None => format!("no state of {id} before the one that runs is kept"),
        };
        let help = if known.is_empty() {
            "a state is kept once its rollout ended and it is healthy; revert it in the source"
                .to_owned()
        } else {
            format!("kept are {}; others can be reverted in the source", known.join(", "))
        };
        Refusal { exit: Exit::Blocked, ..Refusal::usage(message, help) }
    })
}
