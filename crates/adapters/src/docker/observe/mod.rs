//! One look at an engine: the snapshot, and what the scope adds to it; and single things.
//!
//! - `snapshot`, `list`, `networks`, `about`: what a look finds whatever its scope is; `own`: which
//!   container this program runs in; `records`: what is remembered on the engine.
//! - `inspect`: answers, as our nouns. What is read most does not go through bollard, only through
//!   the same transport.
//! - `contents`, `tail`, `last_words`: files and logs of containers, and how their health checks ran; `logs`, `frames`: their logs as
//!   streams; `hidden`: what of them is not shown. `events`, `whose`: hints when to look, and for
//!   what; `reported`: the same for people. `facts`: what a person who looks for faults asks.

pub(super) mod about;
mod contents;
pub(super) mod events;
pub(super) mod facts;
pub(super) mod frames;
pub(in crate::docker) mod hidden;
mod inspect;
mod last_words;
mod list;
pub(super) mod logs;
pub(super) mod networks;
pub(super) mod own;
pub(super) mod records;
pub(super) mod reported;
pub(super) mod snapshot;
mod tail;
mod whole;
pub(super) mod whose;

use std::collections::BTreeMap;

use bollard::errors::Error;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use self::list::Other;
use self::snapshot::EngineSnapshot;
use super::wire::answer::{ContainerInspect, ImageInspect};
use super::{AT_ONCE, Docker};
use crate::http::percent_encoded;
use model::id::{ContainerId, ImageRef};
use model::observed::{ContainerView, EngineContents, ImageView};
use world::{OutsideError, Scope};

impl Docker {
    /// Everything of interest on this engine.
    ///
    /// # Errors
    /// If any part could not be read: half an answer is no answer. Only a container
    /// that vanishes between the list and its inspect is simply not there.
    pub async fn observe(&self, scope: &Scope) -> Result<EngineContents, OutsideError> {
        let (snapshot, mut images) =
            futures_util::try_join!(self.snapshot(scope), self.images(scope))?;
        let EngineSnapshot { id, abilities, ours, others, own, networks, volumes, stored } =
            snapshot;
        let is_concerned = |other: &Other| {
            other.project.as_ref().is_some_and(|project| scope.deployments.contains(project))
        };
        let (adoptable, others): (Vec<Other>, Vec<Other>) =
            others.into_iter().partition(is_concerned);
        let adoptable = adoptable.into_iter().map(|other| other.id).collect();
        let mut containers = ours;
        for view in self.inspected(adoptable).await? {
            containers.push(self.look_into(view, scope).await?);
        }
        containers.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        images.extend(self.moved(&containers, &images).await?);
        let holders = others.iter().filter(|other| !other.ports.is_empty());
        let foreign_ports =
            holders.filter_map(|it| Some((it.name.clone()?, it.ports.clone()))).collect();
        let others = others.into_iter().filter_map(|other| Some((other.name?, other.id))).collect();
        Ok(EngineContents {
            id: Some(id),
            abilities,
            containers,
            others,
            foreign_ports,
            networks,
            volumes,
            images,
            own,
            stored,
        })
    }

    /// One container; `None` if it does not exist.
    pub async fn container(
        &self,
        container: &ContainerId,
    ) -> Result<Option<ContainerView>, OutsideError> {
        let path = format!("/containers/{}/json", percent_encoded(container.as_str()));
        let answer = self.read(absent(self.transport.get(&path))).await?;
        let Some(answer) = answer else { return Ok(None) };
        let seen: ContainerInspect<'_> = self.decoded(&answer)?;
        inspect::container(seen).map(Some).map_err(|error| self.failed(error))
    }

    /// An image's id and defaults; `None` if it is not there. What is no reference at all
    /// names no image: one mistake in one stack must not hide the whole engine.
    pub(in crate::docker) async fn image(
        &self,
        image: &ImageRef,
    ) -> Result<Option<ImageView>, OutsideError> {
        if !is_reference(image.as_str()) {
            return Ok(None);
        }
        let path = format!("/images/{}/json", image.as_str());
        let call = async {
            match absent(self.transport.get(&path)).await {
                Err(Error::DockerResponseServerError { status_code: 400, .. }) => Ok(None),
                other => other,
            }
        };
        let Some(answer) = self.read(call).await? else { return Ok(None) };
        let seen: ImageInspect<'_> = self.decoded(&answer)?;
        inspect::image(seen).map(Some).map_err(|error| self.failed(error))
    }

    /// The images of containers whose reference leads to another one by now, by their id: that
    /// may be like it. Almost always there are none.
    async fn moved(
        &self,
        containers: &[ContainerView],
        images: &BTreeMap<ImageRef, ImageView>,
    ) -> Result<BTreeMap<ImageRef, ImageView>, OutsideError> {
        let moved = containers.iter().filter(|view| {
            images.get(&view.spec.image).is_some_and(|image| image.id != view.image_id)
        });
        let ids = moved.map(|view| ImageRef::new(view.image_id.as_str()));
        self.images(&Scope { images: ids.collect(), ..Scope::default() }).await
    }

    async fn images(&self, scope: &Scope) -> Result<BTreeMap<ImageRef, ImageView>, OutsideError> {
        let found: Vec<Option<(ImageRef, ImageView)>> = stream::iter(&scope.images)
            .map(|image| async move {
                let view = self.image(image).await?;
                Ok::<_, OutsideError>(view.map(|view| (image.clone(), view)))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().collect())
    }
}

/// The answer, or `None` for "there is no such thing".
pub(in crate::docker) async fn absent<T>(
    call: impl Future<Output = Result<T, Error>>,
) -> Result<Option<T>, Error> {
    match call.await {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether this can be an image's name, and so the end of a path.
fn is_reference(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-:@".contains(c);
    text.split('/').all(|part| !matches!(part, "" | "." | "..") && part.chars().all(plain))
}
