//! What the guard has to know of the engine to evaluate a request: whose the containers are that
//! it is about or shares something with, what a container binds that it starts, and which
//! networks its ids are.

use std::sync::PoisonError;

use bollard::errors::Error;
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::transport::{Transport, refused};
use crate::docker::guard::{self, Owner, Refusal, RequestedPrivileges};
use crate::docker::names::is_generated;
use crate::http::full;
use model::ability::ApiVersion;
use model::compose_labels;
use model::id::DeploymentId;

impl Transport {
    /// Asks the policy about a request, with what it takes to read for that.
    pub(in crate::docker) async fn evaluate(
        &self,
        mut requested: RequestedPrivileges,
        version: ApiVersion,
    ) -> Result<(), Error> {
        if self.evaluator.is_permissive() {
            return Ok(());
        }
        if let Owner::OfContainer { container, network } = &requested.owner {
            let deployment = self.deployment_of(container, version).await?;
            if is_generated(network.as_deref().unwrap_or_default()) {
                requested.networks.extend(network.clone());
            } else if let Some(network) = network {
                requested.demands.extend(guard::network_demand(&deployment, network));
            }
            requested.owner = Owner::Deployment(deployment);
        }
        if let Some(container) = requested.starts.take()
            && let Some((deployment, view)) = self.owner_of(&container, version).await?
        {
            requested.demands.extend(guard::binds(&deployment, &view));
            requested.owner = Owner::Deployment(deployment);
        }
        if let Owner::Deployment(deployment) = &requested.owner {
            for join in &requested.joins {
                let seen = if join.can_be_read() {
                    self.inspect(&join.container, version).await?
                } else {
                    None
                };
                requested.demands.extend(guard::join_demand(join, deployment, seen.as_ref()));
            }
            for id in &requested.networks {
                // One that is not there gets the name that nobody was granted.
                let name = self.network_name(id, version).await?.unwrap_or_else(|| id.clone());
                requested.demands.extend(guard::network_demand(deployment, &name));
            }
        }
        requested.evaluate(&self.evaluator).map_err(refused)
    }

    /// The deployment that a container belongs to, by its labels.
    async fn deployment_of(
        &self,
        container: &str,
        version: ApiVersion,
    ) -> Result<DeploymentId, Error> {
        let owner = self.owner_of(container, version).await?;
        owner.map(|(deployment, _)| deployment).ok_or_else(|| {
            let message = format!("container {container} cannot be read");
            Error::DockerResponseServerError { status_code: 404, message }
        })
    }

    /// The same, with how the engine shows the container; `None` if there is none.
    async fn owner_of(
        &self,
        container: &str,
        version: ApiVersion,
    ) -> Result<Option<(DeploymentId, Value)>, Error> {
        let Some(view) = self.inspect(container, version).await? else { return Ok(None) };
        let deployment = ["reconciler.deployment", compose_labels::PROJECT]
            .iter()
            .find_map(|label| view["Config"]["Labels"][label].as_str())
            .map(DeploymentId::from)
            .ok_or_else(|| {
                refused(Refusal(format!("container {container} belongs to no deployment")))
            })?;
        Ok(Some((deployment, view)))
    }

    /// A container as the engine shows it; `None` if there is none of that name.
    async fn inspect(&self, container: &str, version: ApiVersion) -> Result<Option<Value>, Error> {
        self.read(&format!("/containers/{container}/json"), version).await
    }

    /// The name of the network with this id; `None` if there is none.
    async fn network_name(&self, id: &str, version: ApiVersion) -> Result<Option<String>, Error> {
        let known = || self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = known().get(id) {
            return Ok(Some(name.clone()));
        }
        let Some(seen) = self.read(&format!("/networks/{id}"), version).await? else {
            return Ok(None);
        };
        let name = seen["Name"].as_str().filter(|_| seen["Id"].as_str() == Some(id));
        if let Some(name) = name {
            known().insert(id.to_owned(), name.to_owned());
        }
        Ok(name.map(str::to_owned))
    }

    /// What the engine shows of one thing; `None` if there is none.
    async fn read(&self, path: &str, version: ApiVersion) -> Result<Option<Value>, Error> {
        let uri = format!("/v{version}{path}");
        let response = self.call(Request::get(uri).body(full(""))?).await?;
        let status_code = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        match status_code {
            200 => Ok(Some(serde_json::from_slice(&body)?)),
            404 => Ok(None),
            _ => {
                let message = format!("{path} cannot be read");
                Err(Error::DockerResponseServerError { status_code, message })
            }
        }
    }
}
