//! Networks, by their ids: up to API 1.43 two networks may have one name, and the engine then
//! attaches nothing by that name any more.

use bollard::models::{ContainerCreateBody, NetworkConnectRequest, NetworkDisconnectRequest};
use bollard::query_parameters::InspectNetworkOptions;
use serde_json::json;

use super::body;
use crate::docker::wire::OF_ENDPOINTS;
use crate::docker::{Docker, LONG};
use crate::http::percent_encoded;
use model::compose_labels;
use model::id::{NetworkId, NetworkName};
use model::labels::INSTALLATION;
use model::labels::OwnerLabels;
use model::observed::NetworkView;
use model::spec::{Attachment, NetworkSpec};
use model::target::Target;
use world::OutsideError;

/// Names that are no user's: what stands for them is the engine's choice.
const BUILT_IN: [&str; 4] = ["bridge", "default", "host", "none"];

fn label<'a>(network: &'a NetworkView, name: &str) -> Option<&'a str> {
    network.spec.labels.get(name).map(String::as_str)
}

impl Docker {
    /// Says of each network in the body which one of that name is meant.
    pub(in crate::docker) async fn attach_by_id(
        &self,
        body: &mut ContainerCreateBody,
    ) -> Result<(), OutsideError> {
        if self.names_are_unique().await? {
            return Ok(());
        }
        let endpoints = body.networking_config.as_mut();
        let endpoints = endpoints.and_then(|config| config.endpoints_config.as_mut());
        for (name, endpoint) in endpoints.into_iter().flatten() {
            endpoint.network_id = self.id_of(name);
        }
        Ok(())
    }

    pub(in crate::docker) async fn connect_network(
        &self,
        container: &Target,
        network: &NetworkName,
        attachment: &Attachment,
    ) -> Result<(), OutsideError> {
        let unique = self.names_are_unique().await?;
        let id = self.id_of(network.as_str()).filter(|_| !unique);
        let mut endpoint = body::endpoint(attachment);
        endpoint.network_id.clone_from(&id);
        let request = NetworkConnectRequest {
            container: self.known(container)?.to_owned(),
            endpoint_config: Some(endpoint),
        };
        let network = id.as_deref().unwrap_or(network.as_str());
        self.within(LONG, self.api.connect_network(network, request)).await
    }

    /// Takes a container off the network of this name that it is on, whichever that is.
    pub(in crate::docker) async fn disconnect_network(
        &self,
        container: &Target,
        network: &NetworkName,
    ) -> Result<(), OutsideError> {
        let id = self.known(container)?.to_owned();
        let view = self.container(&id.as_str().into()).await?;
        let attached = view.and_then(|view| view.network_ids.get(network).cloned());
        let request = NetworkDisconnectRequest { container: id, force: None };
        let network = attached.as_ref().map_or(network.as_str(), NetworkId::as_str);
        self.within(LONG, self.api.disconnect_network(network, request)).await
    }

    /// Creates a network. Another client may do so at the same moment, and the engine then makes
    /// two: ours, which nobody uses yet, goes again. Of two of one installation, which a lock
    /// keeps apart as a rule, the older one stays.
    pub(in crate::docker) async fn create_network(
        &self,
        network: &NetworkSpec,
        owner: &OwnerLabels,
    ) -> Result<(), OutsideError> {
        let call = self.api.create_network(body::network(network, owner));
        let made = NetworkId::new(self.within(LONG, call).await?.id);
        self.networks.insert(network.name.clone(), made.clone());
        if self.names_are_unique().await? {
            return Ok(());
        }
        let filters = json!({ "name": [network.name] }).to_string();
        let path = format!("/networks?filters={}", percent_encoded(&filters));
        let mut all = self.networks_of(&path).await?;
        all.retain(|seen| seen.spec.name == network.name);
        let is_ours =
            |seen: &NetworkView| label(seen, INSTALLATION) == Some(self.installation.as_str());
        let other = match all.iter().find(|seen| !is_ours(seen)) {
            Some(other) => other,
            None => match all.first() {
                Some(first) if first.id != made => first,
                _ => return Ok(()),
            },
        };
        self.within(LONG, self.api.remove_network(made.as_str())).await?;
        self.networks.insert(network.name.clone(), other.id.clone());
        let labels = owner.encode_network();
        let project = labels.get(compose_labels::PROJECT).map(String::as_str);
        if is_ours(other) || label(other, compose_labels::PROJECT) == project {
            return Ok(());
        }
        Err(self.conflict(&format!("another program made the network {} meanwhile", network.name)))
    }

    pub(in crate::docker) async fn remove_network(
        &self,
        name: &NetworkName,
        id: &NetworkId,
    ) -> Result<(), OutsideError> {
        let call = self.api.inspect_network(id.as_str(), None::<InspectNetworkOptions>);
        let seen = self.read(call).await?;
        let label = |name| seen.labels.as_ref().and_then(|labels| labels.get(name));
        let ours = match label(INSTALLATION) {
            Some(owner) => owner == self.installation.as_str(),
            // Adopted: its full id, which the plan found in the ledger, is proof.
            None => label(compose_labels::PROJECT).is_some(),
        };
        let same =
            seen.id.as_deref() == Some(id.as_str()) && seen.name.as_deref() == Some(name.as_str());
        if !(ours && same) {
            return Err(self.conflict(&format!("{name} is not removed: it is not ours now")));
        }
        self.within(LONG, self.api.remove_network(id.as_str())).await
    }

    fn id_of(&self, name: &str) -> Option<String> {
        let id = self.networks.get(name).filter(|_| !BUILT_IN.contains(&name))?;
        Some(id.as_str().to_owned())
    }

    /// Whether the engine never makes a second network of a name.
    async fn names_are_unique(&self) -> Result<bool, OutsideError> {
        Ok(self.read(self.transport.version()).await? >= OF_ENDPOINTS)
    }
}
