//! What is done only if an image that comes is another one: which images that may be, and what
//! follows from several of them. Conditions are joined here, and nowhere else.

use std::collections::BTreeMap;

use super::fact::Fact;
use model::id::{ContainerId, StepId};
use model::image_content::ImageContent;
use model::only_if::OnlyIf;

/// Images that may be others once they came: the fact after which each is there, and what was
/// there before.
pub(super) type Others = BTreeMap<Fact, ImageContent>;

/// Whether something happens in a pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Chance {
    #[default]
    Never,
    /// If one of these is another image.
    If(Others),
    Always,
}

/// When a step is needed; always if nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct When {
    /// If one of these is another image; empty if it is whatever they are.
    pub(super) another: Others,
    /// And if none of these is.
    pub(super) unless: Others,
    /// The container that stands for the one that it makes, if it is not needed.
    pub(super) keeps: Option<ContainerId>,
}

impl Chance {
    /// Always if so, else never.
    pub(super) fn certain(is: bool) -> Self {
        if is { Self::Always } else { Self::Never }
    }

    /// If one of these is another image; never if there is none.
    pub(super) fn of(others: &Others) -> Self {
        if others.is_empty() { Self::Never } else { Self::If(others.clone()) }
    }

    pub(super) fn is_never(&self) -> bool {
        *self == Self::Never
    }

    /// It happens if either does.
    pub(super) fn or(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Always, _) | (_, Self::Never) => {}
            (Self::If(all), Self::If(others)) => all.extend(others),
            (_, other) => *self = other,
        }
    }

    /// When its steps are needed if none of these is another image; `None` if never.
    pub(super) fn unless(&self, unless: &Others) -> Option<When> {
        let another: Others = match self {
            Self::Never => return None,
            Self::Always => Others::new(),
            Self::If(others) => {
                let left = others.iter().filter(|(fact, _)| !unless.contains_key(*fact));
                let left: Others = left.map(|(fact, had)| (fact.clone(), had.clone())).collect();
                if left.is_empty() {
                    return None;
                }
                left
            }
        };
        Some(When { another, unless: unless.clone(), keeps: None })
    }
}

impl When {
    /// The facts after which it is known.
    pub(super) fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.another.keys().chain(self.unless.keys())
    }

    /// The same with the numbers of the steps that bring the images.
    pub(super) fn resolve(self, number: impl Fn(&Fact) -> StepId) -> OnlyIf {
        let numbered = |others: Others| {
            others.into_iter().map(|(fact, had)| (number(&fact), had)).collect::<BTreeMap<_, _>>()
        };
        let Self { another, unless, keeps } = self;
        OnlyIf { another: numbered(another), unless: numbered(unless), keeps }
    }
}
