//! One changing call per action. Removals read their target again just before.
//!
//! - `body`, `joined`: what is wanted, as the bodies of calls. `network`, `image`, `hook`: actions
//!   of more than one call. `holder`: what holds what a call could not have. `unprinted`: what
//!   errors must not show.

pub(super) mod body;
mod holder;
mod hook;
mod image;
mod joined;
mod layers;
mod network;
mod unprinted;

use std::time::Duration;

use bollard::errors::Error;
use bollard::query_parameters::{
    CreateContainerOptions, RemoveContainerOptions, RenameContainerOptions,
    RestartContainerOptions, StartContainerOptions, StopContainerOptions, UploadToContainerOptions,
};

use super::observe::hidden::Hidden;
use super::wire::{archive, error};
use super::{Docker, LONG};
use model::action::{Action, Create};
use model::id::{ContainerId, ImageRef};
use model::labels::INSTALLATION;
use model::labels::OwnerLabels;
use model::observed::Status;
use model::spec::{FileSpec, VolumeSpec};
use model::target::{ContainerRef, Outcome, Target};
use world::{OutsideError, Tree};

/// How much longer than the grace period a stop may take.
const STOP_MARGIN: Duration = Duration::from_secs(20);

/// The images that an action names.
fn images(action: &Action) -> Vec<&ImageRef> {
    match action {
        Action::PullImage { image, .. } => vec![image],
        Action::BuildImage { tag, .. } => vec![tag],
        Action::CreateContainer(create) => {
            let mounted = create.spec.mounted_images().map(|(_, image)| image);
            std::iter::once(&create.spec.image).chain(mounted).collect()
        }
        _ => Vec::new(),
    }
}

impl Docker {
    /// Carries out one resolved action with exactly one changing call (a command in a
    /// container takes two: it is made, then started).
    ///
    /// # Errors
    /// [`OutsideError::Forbidden`] if the host policy denies it: nothing was sent then.
    /// After [`OutsideError::Timeout`] it may have been carried out.
    /// [`OutsideError::InUse`] says by what, as far as the engine tells.
    pub async fn act(&self, action: &Action, tree: &dyn Tree) -> Result<Outcome, OutsideError> {
        // An engine repeats names of images that do not print.
        let hidden = images(action).into_iter().flat_map(ImageRef::hidden).collect::<Vec<_>>();
        match self.carry_out(action, tree).await {
            Err(error) => {
                let error = self.explained(action, error).await;
                let error = self.without_secrets(action, error).await;
                Err(error.map(|text| error::without(text, hidden.into_iter())))
            }
            done => done,
        }
    }

    async fn carry_out(&self, action: &Action, tree: &dyn Tree) -> Result<Outcome, OutsideError> {
        match action {
            Action::PullImage { image, platform } => {
                return self.pull(image, platform.as_ref()).await.map(Outcome::Image);
            }
            Action::BuildImage { tag, build, owner } => {
                return self.build(tag, build, owner, tree).await.map(Outcome::Image);
            }
            Action::CreateContainer(create) => {
                return self.create(create).await.map(Outcome::Container);
            }
            Action::CreateNetwork { network, owner } => self.create_network(network, owner).await,
            Action::RemoveNetwork { name, id } => self.remove_network(name, id).await,
            Action::CreateVolume { volume, owner } => self.create_volume(volume, owner).await,
            Action::UploadFiles { container, files } => self.upload(container, files).await,
            Action::RemoveContainer { container } => self.remove(container).await,
            Action::WriteLedger { change } => {
                self.change_record(change.deployment(), |record| record.changed(change)).await
            }
            Action::RunHook { container, moment, number, hook, deadline } => {
                self.run_hook(container, (*moment, *number), hook, *deadline).await
            }
            Action::ConnectNetwork { container, network, attachment } => {
                self.connect_network(container, network, attachment).await
            }
            Action::DisconnectNetwork { container, network } => {
                self.disconnect_network(container, network).await
            }
            Action::StartContainer { .. }
            | Action::UnpauseContainer { .. }
            | Action::UpdateContainer { .. }
            | Action::RestartContainer { .. }
            | Action::StopContainer { .. }
            | Action::RenameContainer { .. } => self.change(action).await,
            Action::Await { .. } | Action::Register { .. } | Action::Deregister { .. } => {
                Err(self.failed("BUG: this step is none of an engine's"))
            }
        }
        .map(|()| Outcome::Done)
    }

    /// The actions that change one existing container and yield nothing.
    async fn change(&self, action: &Action) -> Result<(), OutsideError> {
        match action {
            Action::StartContainer { container } => {
                let id = self.known(container)?;
                // Started already is fine: the engine says 304, which is no error.
                let call = self.api.start_container(id, None::<StartContainerOptions>);
                self.within(LONG, call).await
            }
            Action::UnpauseContainer { container } => {
                self.within(LONG, self.api.unpause_container(self.known(container)?)).await
            }
            Action::UpdateContainer { container, resources } => {
                let id = self.known(container)?;
                let call = self.api.update_container(id, body::update(resources));
                self.within(LONG, call).await
            }
            Action::RestartContainer { container, grace } => {
                let id = self.known(container)?;
                let options = RestartContainerOptions { t: Some(seconds(*grace)), signal: None };
                let call = self.api.restart_container(id, Some(options));
                self.within(*grace + STOP_MARGIN + LONG, call).await
            }
            Action::StopContainer { container, grace } => {
                let id = self.known(container)?;
                let options = StopContainerOptions { t: Some(seconds(*grace)), signal: None };
                let call = self.api.stop_container(id, Some(options));
                match self.within(*grace + STOP_MARGIN, call).await {
                    // Whatever is gone has stopped.
                    Err(OutsideError::Gone(_)) => Ok(()),
                    done => done,
                }
            }
            Action::RenameContainer { container, to } => {
                let options = RenameContainerOptions { name: to.to_string() };
                self.within(LONG, self.api.rename_container(self.known(container)?, options)).await
            }
            _ => Err(self.failed("BUG: this step changes no container")),
        }
    }

    async fn create(&self, create: &Create) -> Result<ContainerId, OutsideError> {
        let options = CreateContainerOptions {
            name: Some(create.name.to_string()),
            platform: create.spec.platform.as_ref().map(ToString::to_string).unwrap_or_default(),
        };
        let mut body = body::container(create);
        self.attach_by_id(&mut body).await?;
        let call = self.api.create_container(Some(options), body);
        // An engine that dislikes a variable quotes it, and of what it says only so much is kept.
        let hidden = self.declared(Some(&create.identity), &create.spec);
        let call = async { call.await.map_err(|error| masked(error, &hidden)) };
        let made = self.within(LONG, call).await?;
        for warning in &made.warnings {
            tracing::warn!(engine = %self.name, container = %create.name, "{warning}");
        }
        Ok(ContainerId::new(made.id))
    }

    async fn upload(&self, container: &Target, files: &[FileSpec]) -> Result<(), OutsideError> {
        let archive = archive::of_files(files).map_err(|error| self.failed(error))?;
        let options = UploadToContainerOptions {
            path: "/".to_owned(),
            ..UploadToContainerOptions::default()
        };
        let body = bollard::body_full(archive.into());
        let call = self.api.upload_to_container(self.known(container)?, Some(options), body);
        self.within(LONG, call).await
    }

    /// Removes a stopped container, and nothing of its volumes. What was adopted bears
    /// no labels of ours; its full id, which the plan found in the ledger, is proof. One that is
    /// gone already is removed.
    async fn remove(&self, container: &Target) -> Result<(), OutsideError> {
        let id = ContainerId::from(self.known(container)?);
        let Some(view) = self.container(&id).await? else { return Ok(()) };
        let owner = view.spec.labels.get(INSTALLATION);
        let refusal = if view.id != id || view.name != container.name {
            Some(format!("it is {} now", view.name))
        } else if owner.is_some_and(|owner| owner != self.installation.as_str()) {
            Some("it belongs to another installation".to_owned())
        } else if !matches!(view.state.status, Status::Created | Status::Exited | Status::Dead) {
            Some("it runs again".to_owned())
        } else {
            None
        };
        if let Some(why) = refusal {
            return Err(self.conflict(&format!("{} is not removed: {why}", container.name)));
        }
        let call = self.api.remove_container(id.as_str(), None::<RemoveContainerOptions>);
        self.within(LONG, call).await
    }

    /// Creates a volume. The engine answers with the existing one if there is one, so
    /// whose it is shows only in the answer.
    async fn create_volume(
        &self,
        volume: &VolumeSpec,
        owner: &OwnerLabels,
    ) -> Result<(), OutsideError> {
        let made = self.within(LONG, self.api.create_volume(body::volume(volume, owner))).await?;
        let wanted = owner.encode_volume();
        if wanted.iter().all(|(name, value)| made.labels.get(name) == Some(value)) {
            return Ok(());
        }
        Err(self.conflict(&format!("another program made the volume {} meanwhile", volume.name)))
    }

    pub(in crate::docker) fn known<'a>(&self, target: &'a Target) -> Result<&'a str, OutsideError> {
        match &target.container {
            ContainerRef::Known(id) => Ok(id.as_str()),
            ContainerRef::Made(step) => Err(self.failed(format!("BUG: {step} is not resolved"))),
        }
    }

    pub(in crate::docker) fn conflict(&self, why: &str) -> OutsideError {
        OutsideError::Conflict(error::described(&self.name, why))
    }
}

/// Whole seconds, rounded up: the engine counts nothing finer.
fn seconds(span: Duration) -> i32 {
    let whole = span.as_secs() + u64::from(span.subsec_nanos() > 0);
    i32::try_from(whole).unwrap_or(i32::MAX)
}

fn masked(error: Error, hidden: &Hidden) -> Error {
    match error {
        Error::DockerResponseServerError { status_code, message } => {
            let (message, _) = hidden.mask(&message, usize::MAX);
            Error::DockerResponseServerError { status_code, message }
        }
        other => other,
    }
}
