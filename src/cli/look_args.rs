//! Groups of options that several verbs have: what is read, what is looked at, what a pass may do,
//! and of what is printed.

use clap::Args;

use super::config::Layer;
use super::options::{PassOptions, SourceOptions, TrustOptions, WorldOptions};
use super::output_args::OutputArgs;

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

impl ReadArgs {
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
    pub(super) fn layer(self) -> Layer {
        Layer { world: self.world, pass: self.pass, ..self.read.layer() }
    }
}
