//! Lifecycle hooks: commands in a container after its start and before its stop.
//!
//! What has no label cannot be proven later: a container whose `post_start` has not ended
//! yet bears its second name, and gets its own only then, so that a pass that died between
//! the two is made up for by the next. Where what it replaces runs under that second name,
//! it has its own from the first, and proves nothing until the other is gone.

use super::{Transition, known, target, used};
use crate::plan::cause::{Why, because};
use crate::plan::decide::Replica;
use crate::plan::fact::{Fact, Who};
use crate::plan::seen::Owned;
use model::action::Action;
use model::desired::Service;
use model::hook::Moment;
use model::observed::Status;
use model::plan::Reason;
use model::target::Target;

/// The commands of an occasion, each after the one before. The last says so by
/// [`Fact::Hooked`].
fn commands(
    service: &Service,
    moment: Moment,
    container: &Target,
    who: &Who,
    causes: &[Why],
    after: &[Fact],
) -> Vec<Transition> {
    let hooks = match moment {
        Moment::PostStart => &service.hooks.post_start,
        Moment::PreStop => &service.hooks.pre_stop,
    };
    let deadline = service.rollout.deadline;
    let ran = |number| Fact::Hooked(who.clone(), moment, number);
    let commands = hooks.iter().enumerate().map(|(number, hook)| {
        let (container, hook) = (container.clone(), hook.clone());
        let before = number.checked_sub(1).map(ran);
        let action = Action::RunHook { container, moment, number, hook, deadline };
        Transition::new(action, causes.to_vec())
            .uses(used(who))
            .needs(before.into_iter().chain(after.iter().cloned()))
            .gives([ran(number)])
    });
    commands.collect()
}

/// Runs the commands that follow a start.
pub(super) fn post_start(
    service: &Service,
    container: &Target,
    who: &Who,
    why: &Why,
    started: Fact,
) -> Vec<Transition> {
    let causes = std::slice::from_ref(why);
    commands(service, Moment::PostStart, container, who, causes, &[started])
}

/// Runs the commands that come before a stop; what is frozen or down runs none. Returns
/// what holds when they have ended.
pub(super) fn pre_stop(
    service: &Service,
    owned: &Owned<'_>,
    causes: &[Why],
    after: &[Fact],
) -> (Vec<Transition>, Option<Fact>) {
    if owned.view.state.status != Status::Running {
        return (Vec::new(), None);
    }
    let who = known(owned);
    let container = target(&who, &owned.view.name);
    let steps = commands(service, Moment::PreStop, &container, &who, causes, after);
    let last = steps.last().map(|step| step.gives[0].clone());
    (steps, last)
}

/// Runs the commands of a container that was started, because nothing says that they ended.
pub(super) fn prove(
    service: &Service,
    replica: &Replica<'_>,
    after: &[Fact],
) -> (Vec<Transition>, Option<Fact>) {
    let Some(owned) = replica.existing().filter(|_| replica.proves) else {
        return (Vec::new(), None);
    };
    let why = because(Reason::HooksUnproven, service.origins.find("post_start"));
    let who = known(owned);
    let container = target(&who, &owned.view.name);
    let steps = commands(service, Moment::PostStart, &container, &who, &[why], after);
    let last = steps.last().map(|step| step.gives[0].clone());
    (steps, last)
}
