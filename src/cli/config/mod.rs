//! The configuration: flags, `RECONCILER_*` variables and `--config FILE`, one over the
//! other. Only the operator writes it, never the author of a stack.

mod engines;
mod expected;
mod file;

pub(super) use engines::{EngineOptions, TlsFiles};
pub(super) use expected::line as example;
pub(super) use file::{ConfigError, read};

use std::collections::BTreeMap;
use std::path::Path;

use model::id::EngineName;

use super::options::{
    ControllerOptions, ListenOptions, LogOptions, OnceOptions, PassOptions, SourceOptions,
    TrustOptions, WorldOptions,
};

/// What one layer says. Only a file has engines.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    /// Where desired state comes from.
    pub(super) source: SourceOptions,
    /// What stacks may ask for.
    pub(super) trust: TrustOptions,
    /// Engines and Consul.
    pub(super) world: WorldOptions,
    /// What a pass may do.
    pub(super) pass: PassOptions,
    /// What `--once` may do.
    pub(super) once: OnceOptions,
    /// When the controller looks.
    pub(super) controller: ControllerOptions,
    /// Where the controller answers.
    pub(super) listen: ListenOptions,
    /// Logs and colour.
    pub(super) log: LogOptions,
    /// The engines by name.
    pub(super) engines: BTreeMap<EngineName, EngineOptions>,
}

impl Layer {
    /// This layer, and a lower one where this says nothing.
    pub(super) fn or(self, lower: Self) -> Self {
        Self {
            source: self.source.or(lower.source),
            trust: self.trust.or(lower.trust),
            world: self.world.or(lower.world),
            pass: self.pass.or(lower.pass),
            once: self.once.or(lower.once),
            controller: self.controller.or(lower.controller),
            listen: self.listen.or(lower.listen),
            log: self.log.or(lower.log),
            engines: if self.engines.is_empty() { lower.engines } else { self.engines },
        }
    }

    /// Relative paths of a file are meant from the file's folder.
    fn rebase(&mut self, folder: &Path) {
        let source = &mut self.source;
        let world = &mut self.world;
        let engines = self.engines.values_mut().filter_map(|engine| engine.tls.as_mut());
        [
            &mut source.git_token_file,
            &mut source.ssh_key,
            &mut source.ssh_passphrase_file,
            &mut source.known_hosts,
            &mut source.cache_dir,
            &mut world.mask_key_file,
            &mut world.consul_token_file,
            &mut world.consul_cacert,
            &mut world.registry_config,
        ]
        .into_iter()
        .flatten()
        .chain(engines.flat_map(TlsFiles::paths))
        .for_each(|path| *path = folder.join(&path));
        if let Some(text) = &mut source.source
            && !super::target::is_url(text)
        {
            *text = folder.join(&*text).to_string_lossy().into_owned();
        }
    }
}
