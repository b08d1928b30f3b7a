//! Why an old and a new container of a replica cannot run at once, if what they share with others is
//! the reason.

use super::scope::Scope;
use crate::plan::fact::Who;
use crate::plan::seen::{Owned, is_of};
use model::desired::Service;
use model::share::{Namespace, Peer};

impl<'a> Scope<'_, 'a> {
    /// Why two containers of a replica cannot run at once, if sharing is the reason.
    pub(super) fn collides(
        &self,
        service: &Service,
        surplus: &[&'a Owned<'a>],
        goes_before: bool,
    ) -> Option<String> {
        let spec = &service.spec;
        let namespaces = [&spec.network_mode, &spec.ipc, &spec.pid];
        if goes_before {
            let peer = namespaces.iter().find_map(|space| space.peer()).map(ToString::to_string);
            let peer = peer.or_else(|| surplus.iter().find_map(|owned| self.host_of(owned)));
            let peer = peer.unwrap_or_else(|| "the container".to_owned());
            return Some(format!("it goes before {peer}, whose namespace it shares"));
        }
        match &spec.network_mode {
            Namespace::Host => return Some("it uses the host's network".to_owned()),
            Namespace::Of(peer) => {
                let join = self.joins.iter().find(|join| join.peer == *peer);
                let stays = |owned: &Owned<'_>| {
                    join.is_some_and(|join| match &join.who {
                        Who::Known(id) => {
                            is_of(&owned.view.spec.network_mode, id, &owned.view.name)
                        }
                        Who::Made(..) => false,
                    })
                };
                if surplus.iter().any(|owned| stays(owned)) {
                    return Some(format!("two of it would collide in the network of {peer}"));
                }
            }
            _ => {}
        }
        let from = spec.volumes_from.iter().find(|from| !from.read_only)?;
        Some(format!("it writes to the volumes of {}", from.peer))
    }

    /// The container that another one lives in, in words.
    fn host_of(&self, owned: &Owned<'_>) -> Option<String> {
        let spec = &owned.view.spec;
        let mut spaces = [&spec.network_mode, &spec.ipc, &spec.pid].into_iter();
        let Some(Peer::Container(text)) = spaces.find_map(|space| space.peer()) else {
            return None;
        };
        let (name, _) = self.context.inventory.find(text)?;
        Some(format!("container {name}"))
    }
}
