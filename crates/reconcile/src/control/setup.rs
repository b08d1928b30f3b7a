//! What a pass, and the loop around it, work with.

use crate::plan::Settings;

use super::event::Progress;
use super::limits::Limits;
use super::load::Load;

/// What a pass works with.
pub struct Setup<'a, W, C> {
    /// The outside world.
    pub world: &'a W,
    /// Its time.
    pub clock: &'a C,
    /// Reads desired state out of a snapshot.
    pub load: &'a dyn Load,
    /// What the operator decided.
    pub settings: &'a Settings,
    /// How much at once.
    pub limits: Limits,
    /// Who wants to know.
    pub progress: &'a dyn Progress,
}

impl<W, C> Clone for Setup<'_, W, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<W, C> Copy for Setup<'_, W, C> {}
