//! Causes in the making: what they refer to has no number yet.

use super::fact::Fact;
use model::diagnostic::Loc;
use model::id::StepId;
use model::plan::{Cause, Difference, Reason};

/// A cause of a step, before steps have numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Why {
    reason: Reason,
    at: Option<Loc>,
    /// Parts of a difference's wanted text that only a step yields, and after which fact
    /// they are known; of a step that follows, the step's own.
    pending: Vec<(String, Fact)>,
}

/// A cause.
pub(super) fn because(reason: Reason, at: Option<&Loc>) -> Why {
    Why { reason, at: at.cloned(), pending: Vec::new() }
}

impl Why {
    /// It belongs to the change that the giver of this fact begins.
    pub(super) fn follows(fact: Fact) -> Self {
        let reason = Reason::Follows { step: StepId(0) };
        Self { reason, at: None, pending: vec![(String::new(), fact)] }
    }

    /// A difference, of which parts are known only after some steps.
    pub(super) fn differs(
        difference: Difference,
        at: Option<&Loc>,
        pending: Vec<(String, Fact)>,
    ) -> Self {
        Self { reason: Reason::Changed(difference), at: at.cloned(), pending }
    }

    pub(super) fn at(&self) -> Option<&Loc> {
        self.at.as_ref()
    }

    /// The reason in words, as part of another one's.
    pub(super) fn text(&self) -> String {
        self.reason.to_string()
    }

    /// What differs, if that is why.
    pub(super) fn difference(&self) -> Option<&Difference> {
        match &self.reason {
            Reason::Changed(difference) => Some(difference),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub(super) fn difference_mut(&mut self) -> Option<&mut Difference> {
        match &mut self.reason {
            Reason::Changed(difference) => Some(difference),
            _ => None,
        }
    }

    /// The field that differs, if that is why.
    pub(super) fn field(&self) -> Option<&str> {
        self.difference().map(|difference| &*difference.field)
    }

    /// The cause with the numbers of the steps that it refers to.
    pub(super) fn resolve(self, number: impl Fn(&Fact) -> StepId) -> Cause {
        let Self { mut reason, at, pending } = self;
        for (part, fact) in pending {
            match &mut reason {
                Reason::Follows { step } => *step = number(&fact),
                Reason::Changed(Difference { want: Some(want), .. }) => {
                    let known = format!("{part} (known after {})", number(&fact));
                    *want = want.replace(&part, &known);
                }
                _ => {}
            }
        }
        Cause { reason, at }
    }
}
