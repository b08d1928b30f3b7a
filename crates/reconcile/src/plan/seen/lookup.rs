//! Looking things up in what one engine holds.

use super::inventory::EngineInventory;
use super::shares;
use super::state::runs;
use model::id::{ContainerId, ContainerName, NetworkName};
use model::observed::ContainerView;

impl<'a> EngineInventory<'a> {
    /// The container of ours that bears a name.
    pub(in crate::plan) fn bearer(&self, name: &ContainerName) -> Option<&'a ContainerId> {
        self.names.get(name).copied()
    }

    /// The containers of ours that cannot live without this one: they run in one of its
    /// namespaces.
    pub(in crate::plan) fn members_of(
        &self,
        host: &ContainerView,
    ) -> impl Iterator<Item = &'a ContainerView> {
        let inside = move |member: &&&ContainerView| {
            member.id != host.id
                && runs(member)
                && shares::is_inside(&member.spec, &host.id, &host.name)
        };
        self.members.iter().filter(inside).copied()
    }

    /// A container by its full id.
    pub(in crate::plan) fn view(&self, id: &ContainerId) -> Option<&'a ContainerView> {
        self.contents.containers.iter().find(|view| view.id == *id)
    }

    /// The containers of ours that are on a network.
    pub(in crate::plan) fn users_of(
        &self,
        network: &NetworkName,
    ) -> impl Iterator<Item = &'a ContainerView> {
        let all = self.contents.containers.iter();
        all.filter(move |view| view.spec.networks.contains_key(network))
    }

    /// The container that a text names, by name or by the beginning of its id.
    pub(in crate::plan) fn find(
        &self,
        text: &ContainerName,
    ) -> Option<(&'a ContainerName, &'a ContainerId)> {
        let ours = self.contents.containers.iter().map(|view| (&view.name, &view.id));
        let all = || self.contents.others.iter().chain(ours.clone());
        let named = all().find(|(name, _)| *name == text);
        named.or_else(|| all().find(|(name, id)| shares::names(text, id, name)))
    }
}
