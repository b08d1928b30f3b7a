//! What a step acts on, and what it yields for later ones.

use serde::Serialize;

use super::id::{ContainerId, ContainerName, StepId};
use super::image_content::ImageContent;
use super::observed::ContainerView;

/// A container that a step acts on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum ContainerRef {
    /// It exists.
    Known(ContainerId),
    /// An earlier step makes it.
    Made(StepId),
}

/// A container that a step acts on, with its name for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    /// Which.
    pub container: ContainerRef,
    /// The name that it has then.
    pub name: ContainerName,
}

/// What a step yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing that a later step needs.
    Done,
    /// A container was made.
    Container(ContainerId),
    /// An image is there.
    Image(ImageContent),
    /// What a wait saw last.
    Seen(Box<ContainerView>),
}

/// A placeholder whose step yielded nothing that fits it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} yielded nothing that this step can use")]
pub struct Unresolved(pub StepId);
