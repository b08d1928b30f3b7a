//! What is changed on a container that stays: its limits, and the networks it is on.

use super::builder::StepBuilder;
use super::create::requires;
use super::{Transition, known};
use crate::plan::cause::Why;
use crate::plan::decide::Replica;
use crate::plan::fact::Fact;
use crate::plan::resources::addresses_on;
use crate::plan::seen::Owned;
use model::action::{Action, Resources};
use model::id::NetworkName;

impl<'a> StepBuilder<'_, 'a> {
    /// Changes a container in place.
    pub(super) fn change(
        &self,
        replica: &Replica<'a>,
        owned: &Owned<'_>,
        limits: &[Why],
        networks: &[(NetworkName, Why)],
    ) -> Vec<Transition> {
        let (who, at, spec) = (known(owned), self.target(replica), &self.decided.service.spec);
        let mut actions = Vec::new();
        if !limits.is_empty() {
            let resources = Resources { limits: spec.limits.clone(), restart: spec.restart };
            let container = at.clone();
            actions.push((Action::UpdateContainer { container, resources }, limits.to_vec()));
        }
        for (network, why) in networks {
            let (container, network) = (at.clone(), network.clone());
            let action = match spec.networks.get(&network).cloned() {
                Some(attachment) => Action::ConnectNetwork { container, network, attachment },
                None => Action::DisconnectNetwork { container, network },
            };
            actions.push((action, vec![why.clone()]));
        }
        let steps = actions.into_iter().enumerate().map(|(number, (action, causes))| {
            let began = (number == 0).then(|| Fact::Began(who.clone()));
            let step = Transition::new(action, causes)
                .needs([self.prepared()])
                .gives(began.into_iter().chain([Fact::Ready(who.clone())]));
            self.attaching(owned, step)
        });
        steps.collect()
    }

    /// A step with what it needs and gives if it puts a container on a network, or lets it go.
    fn attaching(&self, owned: &Owned<'_>, step: Transition) -> Transition {
        let engine = self.engine();
        match &step.action {
            Action::DisconnectNetwork { network, .. } => {
                let had = owned.view.spec.networks.get(network);
                let had = had.map(|how| addresses_on(engine, network, how)).unwrap_or_default();
                let detached = Fact::Detached(known(owned), network.clone());
                step.gives([detached]).frees(had)
            }
            Action::ConnectNetwork { network, attachment, .. } => {
                let takes = addresses_on(engine, network, attachment);
                // Another deployment may make it.
                let made = Fact::Network(engine.clone(), network.clone());
                let mut requires = requires(self.context(), &self.decided.service.spec);
                requires.retain(|(fact, _)| *fact == made);
                Transition { requires, ..step.needs([made]).takes(takes) }
            }
            _ => step,
        }
    }
}
