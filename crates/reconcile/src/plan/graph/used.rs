//! Networks that are not removed, because a container stays on them or joins them.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::fact::{Fact, Who};
use crate::plan::transition::Transition;
use model::action::Action;
use model::id::{ContainerName, EngineName, NetworkName};
use model::plan::{Blocked, StaysOn, WaitingOn};

/// Leaves out the removal of networks that are used after all steps, and says so.
pub(in crate::plan) fn without_used(steps: Vec<Transition>) -> (Vec<Transition>, Vec<Blocked>) {
    if steps.iter().all(|step| step.users.is_none()) {
        return (steps, Vec::new());
    }
    let given: BTreeSet<Fact> = steps.iter().flat_map(|step| step.gives.iter().cloned()).collect();
    let coming: BTreeSet<(EngineName, NetworkName, String)> = steps
        .iter()
        .flat_map(|step| {
            let name = step.replica.as_ref().map(|replica| replica.container_name().to_string());
            step.needs.iter().filter_map(move |fact| match fact {
                Fact::Network(engine, network) => {
                    Some((engine.clone(), network.clone(), name.clone()?))
                }
                _ => None,
            })
        })
        .collect();
    let mut blocked = Vec::new();
    let mut stays = |step: &Transition| {
        let (Action::RemoveNetwork { name, .. }, Some(users)) = (&step.action, &step.users) else {
            return false;
        };
        let leaves = |who: Who| {
            given.contains(&Fact::Gone(who.clone()))
                || given.contains(&Fact::Detached(who, name.clone()))
        };
        let staying = users.iter().filter(|(id, ..)| !leaves(Who::Known(id.clone())));
        let mut by: BTreeMap<ContainerName, StaysOn> =
            staying.map(|(_, user, why)| (user.clone(), why.clone())).collect();
        let to_it = coming.iter().filter(|(at, to, _)| *at == step.place.engine && to == name);
        for (_, _, user) in to_it {
            by.entry(user.as_str().into()).or_insert(StaysOn::Asked { at: None });
        }
        if by.is_empty() {
            return false;
        }
        blocked.push(Blocked {
            deployment: Some(step.place.deployment.clone()),
            subject: format!("remove network {name}"),
            waiting_on: WaitingOn::Unused { network: name.clone(), by },
            at: step.causes.iter().find_map(|why| why.at().cloned()),
        });
        true
    };
    let steps = steps.into_iter().filter(|step| !stays(step)).collect();
    (steps, blocked)
}
