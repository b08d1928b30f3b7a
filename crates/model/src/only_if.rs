//! A step that may turn out not to be needed: which images earlier steps bring decides that, and
//! what was there says what counts as another one. Data of the plan: the executor compares,
//! and decides nothing.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use super::id::{ContainerId, StepId};
use super::image_content::ImageContent;
use super::target::Outcome;

/// When a step is needed, if that depends on images which earlier steps bring.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct OnlyIf {
    /// At least one of these steps brings another image than this one; empty if it is needed
    /// whatever they bring.
    pub another: BTreeMap<StepId, ImageContent>,
    /// And none of these does.
    pub unless: BTreeMap<StepId, ImageContent>,
    /// The container that stays, and stands for the one that the step makes, if it is not needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keeps: Option<ContainerId>,
}

impl OnlyIf {
    /// Whether the step is needed, after what earlier steps yielded. What a step did not yield, it
    /// did not bring.
    #[must_use]
    pub fn holds(&self, outcomes: &BTreeMap<StepId, Outcome>) -> bool {
        let brought = |(step, had): (&StepId, &ImageContent)| match outcomes.get(step) {
            Some(Outcome::Image(image)) => !image.is_like(had),
            _ => false,
        };
        let asked = self.another.is_empty() || self.another.iter().any(brought);
        asked && !self.unless.iter().any(brought)
    }

    /// Whether never both of two steps are needed.
    #[must_use]
    pub fn excludes(&self, other: &Self) -> bool {
        let never = |one: &Self, other: &Self| {
            !one.another.is_empty()
                && one.another.keys().all(|step| other.unless.contains_key(step))
        };
        never(self, other) || never(other, self)
    }

    /// The steps that bring the images.
    pub fn steps(&self) -> impl Iterator<Item = StepId> {
        self.another.keys().chain(self.unless.keys()).copied()
    }

    /// In words, with these names of the steps.
    pub fn text(&self, name: impl Fn(StepId) -> String) -> String {
        let names = |steps: &BTreeMap<StepId, ImageContent>| {
            let mut all: Vec<_> = steps.keys().map(|step| name(*step)).collect();
            all.dedup();
            all.join(" or ")
        };
        let (another, unless) = (names(&self.another), names(&self.unless));
        match (another.is_empty(), unless.is_empty()) {
            (_, true) => format!("only if {another} brings another image"),
            (true, false) => format!("unless {unless} brings another image"),
            (false, false) => {
                format!("only if {another} brings another image, and {unless} does not")
            }
        }
    }
}

impl Display for OnlyIf {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(|step| step.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;

    fn image(id: &str, content: Option<&str>) -> ImageContent {
        ImageContent { id: id.into(), content: content.map(Digest::of) }
    }

    fn of(steps: &[u32]) -> BTreeMap<StepId, ImageContent> {
        steps.iter().map(|step| (StepId(*step), image("old", Some("files")))).collect()
    }

    #[test]
    fn one_other_image_is_enough_and_one_forbidden_is_too_many() {
        let yields = |all: &[(u32, &ImageContent)]| {
            all.iter().map(|(step, i)| (StepId(*step), Outcome::Image((*i).clone()))).collect()
        };
        let (same, alike) = (image("old", None), image("new", Some("files")));
        let other = image("new", Some("others"));
        let any = OnlyIf { another: of(&[1, 2]), ..OnlyIf::default() };
        assert!(!any.holds(&yields(&[(1, &same), (2, &alike)])));
        assert!(any.holds(&yields(&[(1, &same), (2, &other)])));
        assert!(any.holds(&yields(&[(1, &image("new", None)), (2, &same)])));
        let none = OnlyIf { unless: of(&[2]), ..OnlyIf::default() };
        assert!(none.holds(&yields(&[(2, &alike)])));
        assert!(!none.holds(&yields(&[(2, &other)])));
        let both = OnlyIf { another: of(&[1]), unless: of(&[2]), keeps: None };
        assert!(both.holds(&yields(&[(1, &other), (2, &same)])));
        assert!(!both.holds(&yields(&[(1, &other), (2, &other)])));
        assert!(any.excludes(&OnlyIf { unless: of(&[1, 2, 3]), ..OnlyIf::default() }));
        assert!(!any.excludes(&none) && !none.excludes(&OnlyIf::default()));
        assert_eq!(any.to_string(), "only if #1 or #2 brings another image");
        assert_eq!(none.to_string(), "unless #2 brings another image");
        assert_eq!(both.to_string(), "only if #1 brings another image, and #2 does not");
    }
}
