//! The files of last stable states on the engine: each in a container of ours that is never started,
//! as a file in it. In no label, because a list of containers repeats those at each look; who can
//! read them there can read the files of the containers themselves.

use std::collections::BTreeSet;

use bollard::query_parameters::UploadToContainerOptions;
use serde_json::json;

use crate::docker::form::{self, STATE, STATE_NAME};
use crate::docker::wire::answer::ContainerSummary;
use crate::docker::wire::archive;
use crate::docker::{Docker, LONG};
use crate::http::percent_encoded;
use bollard::errors::Error;
use model::digest::Digest;
use model::id::{ContainerId, DeploymentId};
use model::labels::INSTALLATION;
use model::secret::Content;
use model::spec::FileSpec;
use world::OutsideError;

/// The file in the container.
const PATH: &str = "/state.json";
/// The most that is read, in bytes.
const MOST: usize = 8 << 20;

/// A container that holds files.
struct Holder {
    id: ContainerId,
    digest: String,
}

impl Docker {
    /// Keeps files of a deployment, and removes all others but those with these SHA-256 sums.
    ///
    /// # Errors
    /// What the engine said; the files before are still there then.
    pub async fn keep(
        &self,
        deployment: &DeploymentId,
        files: &Content,
        beside: &BTreeSet<Digest>,
    ) -> Result<(), OutsideError> {
        let digest = files.digest();
        let stays = |holder: &Holder| beside.iter().any(|it| holder.digest == it.as_str());
        let (known, others): (Vec<_>, Vec<_>) =
            self.holders(deployment).await?.into_iter().partition(stays);
        // What bears the same digest and is remembered nowhere may be half of it.
        for holder in &others {
            self.discard(&holder.id).await?;
        }
        if known.iter().any(|holder| holder.digest == digest.as_str()) {
            return Ok(());
        }
        let name = format!("{}{}", self.state_prefix(deployment), digest.short());
        let body = form::state(self.installation.as_str(), digest.as_str());
        let made = self.make_never_run(&name, &body).await?;
        let filled = self.fill(&made, files).await;
        if filled.is_err() {
            self.discard(&made).await?;
        }
        filled
    }

    async fn fill(&self, container: &ContainerId, files: &Content) -> Result<(), OutsideError> {
        let file = FileSpec {
            target: PATH.to_owned(),
            uid: 0,
            gid: 0,
            mode: 0o400,
            content: files.clone(),
        };
        let archive = archive::of_files(&[file]).map_err(|error| self.failed(error))?;
        let options = UploadToContainerOptions {
            path: "/".to_owned(),
            ..UploadToContainerOptions::default()
        };
        let body = bollard::body_full(archive.into());
        let call = self.api.upload_to_container(container.as_str(), Some(options), body);
        self.within(LONG, call).await
    }

    /// The files of a deployment with this SHA-256; `None` if they are not there (any more).
    ///
    /// # Errors
    /// What the engine said.
    pub async fn kept_files(
        &self,
        deployment: &DeploymentId,
        digest: &Digest,
    ) -> Result<Option<Content>, OutsideError> {
        for holder in self.holders(deployment).await? {
            if holder.digest != digest.as_str() {
                continue;
            }
            let id = percent_encoded(holder.id.as_str());
            let query = format!("/containers/{id}/archive?path={}", percent_encoded(PATH));
            let answer = match self.transport.get_up_to(&query, MOST).await {
                Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
                other => other,
            };
            let archive = self.read(async { answer }).await?;
            let files = archive.and_then(|archive| archive::first_file(&archive)).map(Content::new);
            if let Some(files) = files.filter(|files| files.digest() == *digest) {
                return Ok(Some(files));
            }
        }
        Ok(None)
    }

    /// Removes the files of a deployment that left.
    ///
    /// # Errors
    /// What the engine said.
    pub async fn forget_kept(&self, deployment: &DeploymentId) -> Result<(), OutsideError> {
        for holder in self.holders(deployment).await? {
            self.discard(&holder.id).await?;
        }
        Ok(())
    }

    async fn holders(&self, deployment: &DeploymentId) -> Result<Vec<Holder>, OutsideError> {
        let labels = [STATE, &format!("{INSTALLATION}={}", self.installation)];
        let prefix = self.state_prefix(deployment);
        // The engine takes a name for a regular expression.
        let name = format!("^/?{}[0-9a-f]+$", prefix.replace('.', "[.]"));
        let filters = json!({ "label": labels, "name": [name] }).to_string();
        let filters = percent_encoded(&filters);
        let answer = self.get(&format!("/containers/json?all=true&filters={filters}")).await?;
        let list: Vec<ContainerSummary<'_>> = self.decoded(&answer)?;
        let of_it =
            list.iter().filter(|seen| seen.name().is_some_and(|name| name.starts_with(&prefix)));
        let holder = |seen: &ContainerSummary<'_>| {
            let digest = seen.label(STATE)?.to_owned();
            Some(Holder { id: ContainerId::new(&*seen.id.0), digest })
        };
        Ok(of_it.filter_map(holder).collect())
    }

    /// What the names of the containers begin with that hold a deployment's files.
    fn state_prefix(&self, deployment: &DeploymentId) -> String {
        format!("{STATE_NAME}{}.{deployment}.", self.installation)
    }
}
