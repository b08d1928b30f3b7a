//! Groups of options that several verbs have: what is read, what is looked at, what a pass may do,
//! and of what is printed.

use clap::Args;

use super::config::Layer;
use super::environment::Environment;
use super::options::{PassOptions, SourceOptions, TrustOptions, WorldOptions};
use super::output_args::OutputArgs;
use super::setup::Refusal;

/// The source by the flag that every verb takes which reads one; help shows it where words of the
/// verb name something else, and the argument everywhere else.
#[derive(Debug, Default, Args)]
pub(super) struct NamedSource {
    /// A folder, a stack file, or the URL of a git repository [default: the current folder]
    #[arg(long = "source", id = "named_source", value_name = "PATH|URL", hide = true)]
    pub(super) source: Option<String>,
}

/// What stacks are read from, and what they may ask for.
#[derive(Debug, Args)]
pub(super) struct ReadArgs {
    /// Where desired state comes from.
    #[command(flatten)]
    pub(super) source: SourceOptions,
    /// What stacks may ask for.
    #[command(flatten)]
    pub(super) trust: TrustOptions,
}

/// What a look takes.
#[derive(Debug, Args)]
pub(super) struct LookArgs {
    /// Form of the result.
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// What is read.
    #[command(flatten)]
    pub(super) read: ReadArgs,
    /// Engines and Consul.
    #[command(flatten)]
    pub(super) world: WorldOptions,
}

/// What a pass takes.
#[derive(Debug, Args)]
pub(super) struct PassArgs {
    /// What is read.
    #[command(flatten)]
    pub(super) read: ReadArgs,
    /// The source by its flag.
    #[command(flatten)]
    pub(super) named: NamedSource,
    /// Engines and Consul.
    #[command(flatten)]
    pub(super) world: WorldOptions,
    /// What the pass may do.
    #[command(flatten)]
    pub(super) pass: PassOptions,
}

/// Of what is printed.
#[derive(Debug, Args)]
pub(super) struct OnlyArgs {
    /// Print only these: a deployment `abc`, a service `pricing` or `abc/pricing`, a replica
    /// `abc/pricing/2`, a container by its name, `network/abc_default` or `volume/abc_data`; may be
    /// repeated
    #[arg(long, value_name = "WORD", value_delimiter = ',')]
    pub(super) only: Vec<String>,
}

impl NamedSource {
    /// The source, by this flag or as the argument; what a variable says counts after both.
    ///
    /// # Errors
    /// If both are given.
    pub(super) fn or(self, argument: Option<String>) -> Result<Option<String>, Refusal> {
        let Some(flag) = self.source else { return Ok(argument) };
        let environment = Environment::read();
        let variable = environment.get("RECONCILER_SOURCE");
        match argument {
            Some(argument) if variable != Some(argument.as_str()) && argument != flag => {
                Err(Refusal::usage(
                    "the source is given twice: as `--source` and without it",
                    "leave one of them out",
                ))
            }
            _ => Ok(Some(flag)),
        }
    }
}

impl ReadArgs {
    /// As settings, where the source may be given by its flag.
    pub(super) fn layer_of(self, named: NamedSource) -> Result<Layer, Refusal> {
        let mut layer = self.layer();
        layer.source.source = named.or(layer.source.source)?;
        Ok(layer)
    }

    /// As settings.
    pub(super) fn layer(self) -> Layer {
        let Self { source, trust } = self;
        Layer { source, trust, ..Layer::default() }
    }
}

impl LookArgs {
    /// As settings.
    pub(super) fn layer(self) -> Layer {
        Layer { world: self.world, ..self.read.layer() }
    }
}

impl PassArgs {
    /// As settings.
    pub(super) fn layer(self) -> Result<Layer, Refusal> {
        Ok(Layer { world: self.world, pass: self.pass, ..self.read.layer_of(self.named)? })
    }
}
