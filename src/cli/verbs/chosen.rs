//! The containers that a person names, on all engines: by their labels alone, so that neither a
//! source nor a controller is needed.

use std::collections::BTreeMap;
use std::sync::Arc;

use adapters::docker::Docker;
use futures_util::future::join_all;
use model::comparison::{Compared, Comparison};
use model::id::{EngineName, InstallationId};
use model::labels::Identity;
use model::observed::{ContainerView, EngineContents};
use model::printable::one_line;
use model::selector::{Named, NothingNamed, Selector};
use text::suggest::did_you_mean;
use world::remedy::cause_and_remedy;
use world::{OutsideError, Scope};

use super::super::console::Console;
use super::super::exit::Exit;
use super::super::setup::Refusal;
use super::super::setup::real::Real;
use super::super::target::meant_as_source;

/// What can be named of a container; `None` if it is not ours. A look at a part finds those of
/// other installations, too, whose deployment has the same id.
pub(super) fn named(view: &ContainerView, installation: &InstallationId) -> Option<Named> {
    let identity = Identity::decode(&view.spec.labels)?;
    if identity.installation != *installation {
        return None;
    }
    let replica = identity.replica;
    let (deployment, service, slot) = (replica.deployment, replica.service, replica.slot);
    Some(Named { deployment, service, slot, container: view.name.clone() })
}

/// What a word of `--only` stands for: of a deployment or containers, else a network or a volume.
pub(super) fn only<'a>(
    word: &str,
    named: &(impl Iterator<Item = &'a Named> + Clone),
    compared: &[Comparison],
) -> Result<Selector, Refusal> {
    let networks = compared.iter().filter_map(|one| match &one.object {
        Compared::Network { name } => Some(name),
        _ => None,
    });
    let volumes = compared.iter().filter_map(|one| match &one.object {
        Compared::Volume { name } => Some(name),
        _ => None,
    });
    Selector::resolve(word, named)
        .or_else(|error| Selector::resource(word, networks, volumes).ok_or(error))
        .map_err(|error| unknown(&error))
}

/// What a word of `--only` is refused with that stands for nothing.
fn unknown(error: &NothingNamed) -> Refusal {
    Refusal::usage(
        one_line(&error.to_string()).into_owned(),
        "name a deployment, a service, `DEPLOYMENT/SERVICE`, `DEPLOYMENT/SERVICE/NUMBER`, a \
         container, `network/NAME` or `volume/NAME`",
    )
}

/// What was seen of each engine.
pub(super) struct Seen {
    /// The engines that can be asked.
    pub(super) engines: BTreeMap<EngineName, Arc<Docker>>,
    /// What each that answered holds of ours.
    pub(super) contents: BTreeMap<EngineName, EngineContents>,
    /// What went wrong.
    pub(super) faults: Faults,
    /// Whose containers are ours.
    pub(super) installation: InstallationId,
}

impl Seen {
    /// Looks at all engines at once, and says which did not answer.
    pub(super) async fn look(console: Console, real: &Real) -> Self {
        let engines: BTreeMap<EngineName, Arc<Docker>> = real
            .settings
            .engines
            .keys()
            .filter_map(|name| Some((name.clone(), Arc::clone(real.host.of(name)?))))
            .collect();
        let scope = Scope::default();
        let looks = engines.values().map(|engine| Box::pin(engine.observe(&scope)));
        let looks = join_all(looks).await;
        let (mut contents, mut faults) = (BTreeMap::new(), Faults::default());
        for (name, look) in engines.keys().zip(looks) {
            match look {
                Ok(seen) => drop(contents.insert(name.clone(), seen)),
                Err(error) => faults.say(console, &error),
            }
        }
        let installation = real.settings.installation.clone();
        Self { engines, contents, faults, installation }
    }

    /// All that can be named, with where it is.
    pub(super) fn containers(&self) -> impl Iterator<Item = (&EngineName, Named, &ContainerView)> {
        self.contents.iter().flat_map(move |(engine, contents)| {
            let ours = contents.containers.iter();
            ours.filter_map(move |view| Some((engine, named(view, &self.installation)?, view)))
        })
    }

    /// What the words stand for: of what is there, and of what else is known.
    pub(super) fn selectors(
        &self,
        words: &[String],
        gone: impl Iterator<Item = Named>,
    ) -> Result<Vec<Selector>, Refusal> {
        let there = self.containers().map(|(_, named, _)| named);
        let known: Vec<Named> = there.chain(gone).collect();
        let found = words.iter().map(|word| Selector::resolve(word, &known.iter()));
        let found: Result<Vec<_>, _> = found.collect();
        found.map_err(|nothing| {
            let error = one_line(&nothing.to_string()).into_owned();
            if let Some(exit) = self.faults.exit {
                let help = "what is on the engines that did not answer is not known";
                let refusal = Refusal::usage(error, help);
                return Refusal { exit, ..refusal };
            }
            let error = format!("{error} of installation `{}`", self.installation);
            Refusal::usage(error, suggestion(&nothing.word, &known))
        })
    }
}

/// What may have been meant.
fn suggestion(word: &str, known: &[Named]) -> String {
    if let Some(help) = meant_as_source(word) {
        return help;
    }
    let names: Vec<String> = known.iter().flat_map(candidates).collect();
    if let Some(help) = did_you_mean(word, names.iter().map(String::as_str)) {
        return one_line(&help).into_owned();
    }
    let mut deployments: Vec<&str> = known.iter().map(|named| named.deployment.as_str()).collect();
    deployments.sort_unstable();
    deployments.dedup();
    match deployments[..] {
        [] => "nothing of it runs; `--installation NAME` names another one".to_owned(),
        [..] => one_line(&format!("there is `{}`", deployments.join("`, `"))).into_owned(),
    }
}

/// The words that mean a container.
fn candidates(named: &Named) -> [String; 5] {
    let Named { deployment, service, slot, container } = named;
    [
        deployment.to_string(),
        service.to_string(),
        format!("{deployment}/{service}"),
        format!("{deployment}/{service}/{slot}"),
        container.to_string(),
    ]
}

/// What went wrong while others went on.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// The exit code that follows: that an engine cannot be reached counts before all else.
    pub(super) exit: Option<Exit>,
    /// What was said last: many containers of one engine have one fault.
    last: String,
}

impl Faults {
    /// Says what went wrong.
    pub(super) fn say(&mut self, console: Console, error: &OutsideError) {
        let text = error.to_string();
        self.note(error);
        if std::mem::replace(&mut self.last, text.clone()) == text {
            return;
        }
        let (cause, remedy) = cause_and_remedy(&text);
        console.error(&one_line(cause), remedy.map(one_line).as_deref());
    }

    fn note(&mut self, error: &OutsideError) {
        let exit = match error {
            OutsideError::Unreachable(_) | OutsideError::Timeout(_) => Exit::Unreachable,
            OutsideError::Forbidden(_) => Exit::Refused,
            _ => Exit::Failed,
        };
        let rank = |exit: Exit| match exit {
            Exit::Unreachable => 2,
            Exit::Refused => 1,
            _ => 0,
        };
        if self.exit.is_none_or(|before| rank(before) < rank(exit)) {
            self.exit = Some(exit);
        }
    }

    /// How the program ends.
    pub(super) fn or_done(&self) -> Exit {
        self.exit.unwrap_or(Exit::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::id::Slot;

    fn known() -> Vec<Named> {
        let container = "abc-pricing-1".into();
        vec![Named {
            deployment: "abc".into(),
            service: "pricing".into(),
            slot: Slot(1),
            container,
        }]
    }

    #[test]
    fn what_is_nearly_a_name_is_suggested_else_what_there_is() {
        for (word, help) in [
            ("pricng", "did you mean `pricing`?"),
            ("abc/pricng", "did you mean `abc/pricing`?"),
            ("abc-pricing-2", "did you mean `abc-pricing-1`?"),
            ("something", "there is `abc`"),
        ] {
            assert_eq!(suggestion(word, &known()), help, "{word}");
        }
        assert!(suggestion("abc", &[]).contains("--installation"));
    }

    #[test]
    fn an_engine_that_cannot_be_reached_decides_the_exit_code() {
        let mut faults = Faults::default();
        assert_eq!(faults.or_done(), Exit::Done);
        for (error, exit) in [
            (OutsideError::Failed(String::new()), Exit::Failed),
            (OutsideError::Forbidden(String::new()), Exit::Refused),
            (OutsideError::Timeout(String::new()), Exit::Unreachable),
            (OutsideError::Failed(String::new()), Exit::Unreachable),
        ] {
            faults.note(&error);
            assert_eq!(faults.or_done(), exit);
        }
    }
}
