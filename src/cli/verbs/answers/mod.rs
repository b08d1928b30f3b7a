//! What is there: each of these verbs looks by itself, changes nothing and needs no controller.

mod explain;
mod history;
mod lists;
mod ps;
mod status;
mod wait;

use std::sync::Arc;

use adapters::clock::SystemClock;
use adapters::docker::ImageListener;
use model::desired::DesiredState;
use model::render::count;
use model::selector::{NothingNamed, Selector};
use model::tree::Tree;
use reconcile::control::{self, Limits, Looked, Setup, Silent};
use reconcile::plan::Settings;
use text::suggest::did_you_mean;
use world::{Observe, Snapshot, Source as _, Watch};

pub(in crate::cli) use self::explain::explain;
pub(in crate::cli) use self::history::history;
pub(in crate::cli) use self::lists::{services, stacks};
pub(in crate::cli) use self::ps::ps;
pub(in crate::cli) use self::status::status;
pub(in crate::cli) use self::wait::wait;

use super::super::config::Layer;
use super::super::console::Console;
use super::super::environment::Environment;
use super::super::exit::Exit;
use super::super::follow_up;
use super::super::render::report;
use super::super::setup::loader::Loader;
use super::super::setup::real::{Real, open};
use super::super::setup::source::AnySource;
use super::super::setup::{Refusal, chain};
use super::super::target::meant_as_source;
use super::no_stack::is_without_stacks;
use super::real::block_on;

/// So many deployments are named where one is not found.
const MOST: usize = 6;

/// Why no source was read, if none was named.
const NO_STACKS: &str =
    "this folder has no stacks; labels and the ledger say what is there (see --source)";

/// Where an answer prints, and what it is made from.
#[derive(Clone, Copy)]
pub(in crate::cli) struct Asked<'a> {
    /// Where it prints.
    pub(in crate::cli) console: Console,
    /// The settings.
    pub(in crate::cli) layer: &'a Layer,
    /// The environment.
    pub(in crate::cli) environment: &'a Environment,
}

/// What a verb looks with.
struct Lens<W> {
    console: Console,
    source: AnySource,
    /// Whether the source was named, and not only looked for in the current folder.
    is_named: bool,
    loader: Loader,
    world: W,
    settings: Settings,
}

/// What was seen.
struct Seen {
    looked: Looked,
    /// Why no source was read, in words; `None` if one was.
    without_source: Option<String>,
    /// Whether there is one, which cannot be read: that was said already.
    is_source_lost: bool,
    /// How the program ends if all goes well from here.
    exit: Exit,
}

/// Puts together what a verb looks with.
async fn lens(asked: Asked<'_>) -> Result<Lens<impl Observe + Watch>, Refusal> {
    let Asked { console, layer, environment } = asked;
    let nobody: ImageListener = Arc::new(|_| {});
    let real = open(layer, environment, false, &nobody)?;
    let loader = real.loader(environment).await;
    let Real { source, host, settings, .. } = real;
    let is_named = layer.source.source.is_some() || layer.source.git.is_some();
    Ok(Lens { console, source, is_named, loader, world: host.read_only(), settings })
}

/// Looks once, and lets an answer be made of what the words mean.
fn once(
    asked: Asked<'_>,
    words: &[String],
    answer: impl FnOnce(&Seen) -> Exit,
) -> Result<Exit, Refusal> {
    block_on(async {
        let mut seen = lens(asked).await?.look().await;
        let selectors = seen.resolve(words)?;
        seen.looked.tree = seen.looked.tree.only(&selectors);
        Ok(answer(&seen).max(seen.exit))
    })?
}

impl<W: Observe> Lens<W> {
    /// Looks, and says on stderr what did not answer.
    async fn look(&self) -> Seen {
        let seen = self.look_quietly().await;
        report::complaints(self.console, &seen.looked.report);
        seen
    }

    /// Looks.
    async fn look_quietly(&self) -> Seen {
        let (wanted, without_source, exit) = match self.source.fetch().await {
            Ok(snapshot) => match self.wanted(&snapshot) {
                Some(wanted) => (Some(wanted), None, Exit::Done),
                None => (None, Some(NO_STACKS.to_owned()), Exit::Done),
            },
            Err(_) if !self.is_named => (None, Some(NO_STACKS.to_owned()), Exit::Done),
            Err(error) => {
                let Refusal { exit, messages } = Refusal::source(&error);
                self.console.complain_all(&messages);
                (None, Some(chain(&error)), exit)
            }
        };
        let setup = Setup {
            world: &self.world,
            clock: &SystemClock,
            load: &self.loader,
            settings: &self.settings,
            limits: Limits::default(),
            progress: &Silent,
        };
        let wanted = wanted.as_ref().map(|(snapshot, desired)| (snapshot, desired.clone()));
        let looked = control::look(setup, wanted).await;
        let unseen = if looked.tree.unseen.is_empty() { Exit::Done } else { Exit::Unreachable };
        let is_source_lost = exit != Exit::Done;
        Seen { looked, without_source, is_source_lost, exit: exit.max(unseen) }
    }

    /// What a revision asks for; nothing if the folder was not named and has no stacks.
    fn wanted(&self, snapshot: &Snapshot) -> Option<(Snapshot, DesiredState)> {
        let desired = self.loader.load(snapshot);
        (self.is_named || !is_without_stacks(&desired)).then(|| (snapshot.clone(), desired))
    }
}

impl Seen {
    /// Says on stderr that no source was read, which takes away what is missing or differs.
    fn note_source(&self, console: Console) {
        if let Some(why) = self.without_source.as_ref().filter(|_| !self.is_source_lost) {
            console.progress(&format!("note: no source: {why}"));
        }
    }

    fn tree(&self) -> &Tree {
        &self.looked.tree
    }

    /// What words mean.
    fn resolve(&self, words: &[String]) -> Result<Vec<Selector>, Refusal> {
        self.tree().resolve(words).map_err(|error| self.unknown(&error))
    }

    /// A word that means nothing that was seen.
    fn unknown(&self, error: &NothingNamed) -> Refusal {
        let tree = self.tree();
        let ids: Vec<&str> = tree.deployments.iter().map(|node| node.id.as_str()).collect();
        let named = tree.named();
        let services = named.iter().map(|named| named.service.as_str());
        let containers = named.iter().map(|named| named.container.as_str());
        let known = ids.iter().copied().chain(services).chain(containers);
        let not_seen = "what is on the engines that did not answer is not known";
        let meant = meant_as_source(&error.word).or_else(|| did_you_mean(&error.word, known));
        let help = meant.unwrap_or_else(|| match ids.len() {
            _ if self.exit != Exit::Done => not_seen.to_owned(),
            0 => "there is no deployment of this installation (`--installation`)".to_owned(),
            1..=MOST => format!("there is {}", ids.join(", ")),
            many => {
                let list = follow_up::command("stack ls", &[]);
                format!("`{list}` lists {}", count(many, "deployment"))
            }
        });
        let mut refusal = Refusal::usage(error.to_string(), help);
        // It may be where nothing was seen.
        if self.exit != Exit::Done {
            refusal.exit = self.exit;
        }
        refusal
    }
}
