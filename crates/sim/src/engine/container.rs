//! Containers: create, rename, update, upload, remove, and the engine's refusals.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use super::{Behaviour, Engine};
use model::action::{Create, Resources};
use model::compose_labels::PROJECT;
use model::digest::Digest;
use model::fields;
use model::hook::Moment;
use model::id::{
    ContainerId, ContainerName, DeploymentId, ImageId, NetworkId, NetworkName, Slot, VolumeName,
};
use model::labels::Identity;
use model::observed::{Health, StartFailure, Status};
use model::spec::{Attachment, ContainerSpec, FileSpec, MountSource, Port};
use model::time::Timestamp;
use world::OutsideError;

/// Its default number of failures until unhealthy.
pub(super) const CHECK_RETRIES: u32 = 3;

/// A container of a model engine.
#[derive(Clone, Debug)]
pub(crate) struct Container {
    pub(crate) id: ContainerId,
    pub(crate) name: ContainerName,
    /// Whether the controller made it; what a person made is not to be touched.
    pub(crate) by_us: bool,
    /// Who it claims to be.
    pub(crate) identity: Option<Identity>,
    pub(crate) image_id: ImageId,
    /// As inspect shows it.
    pub(crate) spec: ContainerSpec,
    /// The networks behind the names of `spec.networks`, known since the first start.
    pub(crate) attached: BTreeMap<NetworkName, NetworkId>,
    /// Why its last start failed.
    pub(crate) start_failure: Option<StartFailure>,
    pub(crate) volumes: BTreeMap<String, VolumeName>,
    /// What was put into it, by path.
    pub(crate) uploads: BTreeMap<String, Digest>,
    pub(crate) status: Status,
    pub(crate) exit_code: i64,
    pub(crate) health: Option<Health>,
    pub(crate) created_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) restarts: u32,
    /// How often it was started, by us or by hand; things due for an earlier run are stale.
    pub(crate) run: u32,
    pub(crate) addresses: BTreeMap<NetworkName, Ipv4Addr>,
    pub(crate) host_ports: BTreeMap<Port, u16>,
    /// The containers in whose namespaces it lives, each with the run that it joined.
    pub(crate) joined: Vec<(ContainerId, u32)>,
    /// The commands that have run in it, each with the run they ran in.
    pub(crate) hooks: Vec<(Moment, u32)>,
    pub(super) behaviour: Behaviour,
    pub(super) stopped_by_hand: bool,
    pub(super) start_after_exit: bool,
    pub(super) backoff: Duration,
}

impl Container {
    /// How often in a row its health check failed: as often as it takes, once it is known.
    pub(super) fn failures(&self) -> u32 {
        let check = self.spec.healthcheck.as_ref();
        let retries = check.and_then(|check| check.retries).unwrap_or(CHECK_RETRIES);
        if self.health == Some(Health::Unhealthy) { retries } else { 0 }
    }

    /// Whether it runs and its health check, if it has one, passes.
    pub(crate) fn is_healthy(&self) -> bool {
        self.status == Status::Running && matches!(self.health, None | Some(Health::Healthy))
    }

    /// Whether its process lives, or the engine will start it again.
    pub(crate) fn is_alive(&self) -> bool {
        matches!(self.status, Status::Running | Status::Paused | Status::Restarting)
    }

    /// Whether it lives and nobody has asked it to stop.
    pub(crate) fn is_staying(&self) -> bool {
        self.is_alive() && (!self.stopped_by_hand || self.start_after_exit)
    }

    /// The service whose replica it claims to be; what runs before a service is none.
    pub(crate) fn service(&self) -> Option<super::ServiceKey> {
        let replica = &self.identity.as_ref()?.replica;
        (replica.slot != Slot::INIT).then(|| (replica.deployment.clone(), replica.service.clone()))
    }

    /// The Compose project that its labels name.
    pub(crate) fn project(&self) -> Option<DeploymentId> {
        self.spec.labels.get(PROJECT).map(|id| id.as_str().into())
    }

    /// Whether that is this service.
    pub(crate) fn is_of(&self, (deployment, service): &super::ServiceKey) -> bool {
        self.identity.as_ref().is_some_and(|identity| {
            let replica = &identity.replica;
            replica.slot != Slot::INIT
                && replica.service == *service
                && replica.deployment == *deployment
        })
    }

    /// The replica's number that it claims to have.
    pub(crate) fn slot(&self) -> Option<Slot> {
        self.identity.as_ref().map(|identity| identity.replica.slot)
    }
}

impl Engine {
    /// Creates a container of ours.
    pub(crate) fn create(
        &mut self,
        now: Timestamp,
        create: &Create,
    ) -> Result<ContainerId, OutsideError> {
        let mut spec = super::image::with_ids(create);
        spec.labels = create.labels();
        spec.networks = create.made_on();
        // We say of each network which one is meant.
        let id_of = |name: &NetworkName| Some((name.clone(), self.networks.get(name)?.id.clone()));
        let attached = spec.networks.keys().filter_map(id_of).collect();
        let id = self.make(now, &create.name, spec, &create.volumes)?;
        let made = self.get(&id)?;
        made.by_us = true;
        made.attached = attached;
        Ok(id)
    }

    /// A name is borne once.
    fn check_name(&self, name: &ContainerName) -> Result<(), OutsideError> {
        let Some(holder) = self.containers.values().find(|c| c.name == *name) else {
            return Ok(());
        };
        let (by_us, holder) = (holder.by_us, holder.id.short());
        let text =
            format!("The container name \"/{name}\" is already in use by container \"{holder}\"");
        Err(if by_us { OutsideError::Conflict(text) } else { OutsideError::InUse(text) })
    }

    /// `POST /containers/create`, by any client.
    pub(crate) fn make(
        &mut self,
        now: Timestamp,
        name: &ContainerName,
        asked: ContainerSpec,
        taken_over: &BTreeMap<String, VolumeName>,
    ) -> Result<ContainerId, OutsideError> {
        self.check_name(name)?;
        let image = self
            .image(&asked.image)
            .cloned()
            .ok_or_else(|| OutsideError::Gone(format!("No such image: {}", asked.image)))?;
        for network in asked.networks.keys() {
            if !self.networks.contains_key(network) {
                return Err(OutsideError::Gone(format!("network {network} not found")));
            }
        }
        self.check_volumes_from(&asked)?;
        let id = ContainerId::new(self.fresh("container"));
        let mut spec = super::image::merged(asked, &image);
        self.drop_limits(&mut spec);
        let volumes = self.mount_volumes(&mut spec, &image.volumes, taken_over);
        let identity = Identity::decode(&spec.labels);
        let service =
            identity.as_ref().map(|i| (i.replica.deployment.clone(), i.replica.service.clone()));
        let behaviour = service
            .and_then(|key| self.behaviours.get(&key).cloned())
            .unwrap_or_else(|| Behaviour::of_image(&spec.image));
        let container = Container {
            id: id.clone(),
            name: name.clone(),
            by_us: false,
            identity,
            image_id: image.id,
            spec,
            attached: BTreeMap::new(),
            start_failure: None,
            volumes,
            uploads: BTreeMap::new(),
            status: Status::Created,
            exit_code: 0,
            health: None,
            created_at: now,
            started_at: None,
            finished_at: None,
            restarts: 0,
            run: 0,
            addresses: BTreeMap::new(),
            host_ports: BTreeMap::new(),
            joined: Vec::new(),
            hooks: Vec::new(),
            behaviour,
            stopped_by_hand: false,
            start_after_exit: false,
            backoff: Duration::ZERO,
        };
        self.containers.insert(id.clone(), container);
        Ok(id)
    }

    /// The volumes behind all volume mounts; anonymous ones are made now.
    fn mount_volumes(
        &mut self,
        spec: &mut ContainerSpec,
        of_image: &[String],
        taken_over: &BTreeMap<String, VolumeName>,
    ) -> BTreeMap<String, VolumeName> {
        for target in of_image.iter().filter(|target| !spec.tmpfs.contains_key(*target)) {
            spec.mounts.entry(target.clone()).or_insert_with(super::image::anonymous_mount);
        }
        // As binds of their names: also where nothing declares a volume.
        for target in taken_over.keys() {
            spec.mounts.entry(target.clone()).or_insert_with(super::image::anonymous_mount);
        }
        let mut volumes = BTreeMap::new();
        for (target, mount) in &mut spec.mounts {
            mount.create_host_path = false;
            let name = match &mount.source {
                MountSource::Bind(_) | MountSource::Image(_) => continue,
                MountSource::Volume(name) => name.clone(),
                MountSource::Anonymous => match taken_over.get(target) {
                    Some(name) => name.clone(),
                    None => VolumeName::new(self.fresh("volume")),
                },
            };
            self.volume(&name);
            volumes.insert(target.clone(), name);
        }
        volumes
    }

    /// Puts files into a container.
    pub(crate) fn upload(
        &mut self,
        id: &ContainerId,
        files: &[FileSpec],
    ) -> Result<(), OutsideError> {
        let container = self.get(id)?;
        let digests = files.iter().map(|file| (file.target.clone(), file.content.digest()));
        container.uploads.extend(digests);
        Ok(())
    }

    /// Changes limits in place.
    pub(crate) fn update(&mut self, id: &ContainerId, to: &Resources) -> Result<(), OutsideError> {
        let mut want = ContainerSpec { limits: to.limits.clone(), ..ContainerSpec::default() };
        want.limits.memory_swap = want.limits.memory_and_swap();
        self.drop_limits(&mut want);
        let spec = &mut self.get(id)?.spec;
        for field in fields::plain().filter(|field| field.class.is_in_place()) {
            let value = (field.value)(&want);
            // Nothing leaves a limit as it is; only that of processes is lifted by it.
            if !value.is_unset() || field.key == "pids_limit" {
                field.set(spec, value.to_owned());
            }
        }
        spec.restart = to.restart;
        Ok(())
    }

    /// Gives a container another name, if that is free.
    pub(crate) fn rename(
        &mut self,
        id: &ContainerId,
        to: &ContainerName,
    ) -> Result<(), OutsideError> {
        self.get(id)?;
        if self.containers.values().any(|other| other.name == *to && other.id != *id) {
            return Err(OutsideError::Conflict(format!(
                "Error when allocating new name: \"/{to}\" is already in use"
            )));
        }
        self.get(id)?.name = to.clone();
        Ok(())
    }

    /// Removes a container; a running one is refused. Its volumes stay.
    pub(crate) fn remove(&mut self, id: &ContainerId) -> Result<(), OutsideError> {
        let container = self.get(id)?;
        if container.is_alive() {
            return Err(OutsideError::Conflict(format!(
                "You cannot remove a running container {}",
                id.short()
            )));
        }
        self.containers.remove(id);
        Ok(())
    }

    /// Attaches a container to one more network.
    pub(crate) fn connect(
        &mut self,
        id: &ContainerId,
        network: &NetworkName,
        attachment: &Attachment,
    ) -> Result<(), OutsideError> {
        let Some(found) = self.networks.get(network).map(|found| found.id.clone()) else {
            return Err(OutsideError::Gone(format!("network {network} not found")));
        };
        let container = self.get(id)?;
        if container.spec.networks.contains_key(network) {
            return Err(OutsideError::Conflict(format!(
                "endpoint with name {} already exists in network {network}",
                container.name
            )));
        }
        let runs = matches!(container.status, Status::Running | Status::Paused);
        if runs {
            let address = self.address(network, attachment)?;
            self.get(id)?.addresses.insert(network.clone(), address);
        }
        let container = self.get(id)?;
        if runs {
            container.attached.insert(network.clone(), found);
        }
        container.spec.networks.insert(network.clone(), Box::new(attachment.clone()));
        Ok(())
    }

    /// Detaches a container from a network.
    pub(crate) fn disconnect(
        &mut self,
        id: &ContainerId,
        network: &NetworkName,
    ) -> Result<(), OutsideError> {
        let container = self.get(id)?;
        if container.spec.networks.remove(network).is_none() {
            return Err(OutsideError::Failed(format!(
                "container {} is not connected to network {network}",
                container.name
            )));
        }
        container.attached.remove(network);
        container.addresses.remove(network);
        Ok(())
    }
}
