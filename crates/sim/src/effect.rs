//! What an action does on a simulated engine.

use std::time::Duration;

use super::engine::Engine;
use super::timeline::Timeline;
use model::action::Action;
use model::id::ContainerId;
use model::target::{ContainerRef, Outcome, Target};
use world::OutsideError;

/// What an action does on an engine.
pub(crate) fn on_engine(
    engine: &mut Engine,
    timeline: &mut Timeline,
    action: &Action,
) -> Result<(Outcome, Duration), OutsideError> {
    let mut wait = Duration::ZERO;
    match action {
        Action::PullImage { image, .. } => return Ok((Outcome::Image(engine.pull(image)?), wait)),
        Action::BuildImage { tag, build, .. } => {
            return Ok((Outcome::Image(engine.build(tag, build)), wait));
        }
        Action::CreateNetwork { network, owner } => engine.create_network(network, owner)?,
        Action::RemoveNetwork { id, .. } => engine.remove_network(id)?,
        Action::CreateVolume { volume, owner } => engine.create_volume(volume, Some(owner)),
        Action::CreateContainer(create) => {
            let id = engine.create(timeline.now, create)?;
            return Ok((Outcome::Container(id), wait));
        }
        Action::UploadFiles { container, files } => engine.upload(known(container)?, files)?,
        Action::ConnectNetwork { container, network, attachment } => {
            engine.connect(known(container)?, network, attachment)?;
        }
        Action::DisconnectNetwork { container, network } => {
            engine.disconnect(known(container)?, network)?;
        }
        Action::StartContainer { container } => engine.start(known(container)?, timeline)?,
        Action::UpdateContainer { container, resources } => {
            engine.update(known(container)?, resources)?;
        }
        Action::RunHook { container, moment, .. } => {
            engine.run_hook(known(container)?, *moment)?;
        }
        Action::UnpauseContainer { container } => engine.unpause(known(container)?, timeline)?,
        Action::RestartContainer { container, grace } => {
            wait = engine.restart(known(container)?, *grace, timeline)?;
        }
        Action::StopContainer { container, grace } => {
            let id = known(container)?;
            if engine.get(id).is_ok() {
                wait = engine.stop(id, *grace, timeline)?;
            }
        }
        Action::RenameContainer { container, to } => engine.rename(known(container)?, to)?,
        Action::RemoveContainer { container } => {
            let id = known(container)?;
            // Read again just before: it must still be what the action says, or gone.
            let Ok(found) = engine.get(id) else { return Ok((Outcome::Done, Duration::ZERO)) };
            if found.name != container.name {
                let text = format!("{} is not {} any more", id.short(), container.name);
                return Err(OutsideError::Conflict(text));
            }
            engine.remove(id)?;
        }
        Action::Await { .. }
        | Action::Register { .. }
        | Action::Deregister { .. }
        | Action::WriteLedger { .. } => {}
    }
    Ok((Outcome::Done, wait))
}

fn known(target: &Target) -> Result<&ContainerId, OutsideError> {
    match &target.container {
        ContainerRef::Known(id) => Ok(id),
        ContainerRef::Made(step) => {
            Err(OutsideError::Failed(format!("BUG: {step} was not resolved")))
        }
    }
}
