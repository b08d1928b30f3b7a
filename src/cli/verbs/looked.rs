//! One look that changes nothing, as `plan` and `diff` have in common.

use std::sync::Arc;

use adapters::docker::ImageListener;
use reconcile::control::{Prepared, Silent};
use reconcile::plan::Settings;
use world::{Snapshot, Source as _};

use super::super::config::Layer;
use super::super::console::Console;
use super::super::environment::Environment;
use super::super::exit::Exit;
use super::super::setup::Refusal;
use super::super::setup::real::{Real, open};
use super::pass::{fetched, look, unread};
use super::real::{block_on, setup};

/// Reads the source, looks at the engines, plans, and hands that to `show`; what `first` makes of
/// the source, or refuses, comes before any engine is waited for.
pub(super) fn looked<T>(
    console: Console,
    layer: &Layer,
    environment: &Environment,
    first: impl FnOnce(&Snapshot) -> Result<T, Refusal>,
    show: impl FnOnce(&Prepared, &Settings, T) -> Result<Exit, Refusal>,
) -> Result<Exit, Refusal> {
    let nobody: ImageListener = Arc::new(|_| {});
    let real = open(layer, environment, false, &nobody)?;
    block_on(async {
        let loader = real.loader(environment).await;
        let Real { source, host, settings, .. } = real;
        let world = host.read_only();
        let setup = setup(&world, &settings, &loader, &Silent);
        let snapshot = match fetched(console, setup, source.fetch()).await {
            Ok(snapshot) => snapshot,
            Err(error) => return Ok(unread(console, error)),
        };
        let first = first(&snapshot)?;
        let prepared = look(console, setup, snapshot).await;
        show(&prepared, &settings, first)
    })?
}
