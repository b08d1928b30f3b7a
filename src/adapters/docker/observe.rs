//! One look at an engine: one list of everything, and an inspect of what may be ours.

use std::collections::BTreeMap;

use bollard::errors::Error;
use bollard::query_parameters::LogsOptions;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::act::INSTALLATION;
use super::answer::{ContainerInspect, ContainerSummary, ImageInspect, Info, Network, Volumes};
use super::transport::percent_encoded;
use super::{AT_ONCE, Docker, inspect, ledger, own};
use crate::model::id::{ContainerId, ContainerName, EngineId, ImageRef};
use crate::model::observed::{ContainerView, EngineContents, ImageView, NetworkView, VolumeView};
use crate::world::{OutsideError, Scope};

/// How much of a log is kept at most, and of each of its lines, in bytes.
const LONGEST_LOG: usize = 1 << 20;
const LONGEST_LINE: usize = 4096;

impl Docker {
    /// Everything of interest on this engine.
    ///
    /// # Errors
    /// If any part could not be read: half an answer is no answer. Only a container
    /// that vanishes between the list and its inspect is simply not there.
    pub async fn observe(&self, scope: &Scope) -> Result<EngineContents, OutsideError> {
        let (containers, networks, volumes, images, id) = futures_util::try_join!(
            self.containers(scope),
            self.networks(),
            self.volumes(),
            self.images(scope),
            self.engine_id(),
        )?;
        let (containers, others, own) = containers;
        Ok(EngineContents { id: Some(id), containers, others, networks, volumes, images, own })
    }

    /// Containers that may be ours, the names of all others, and our own container.
    async fn containers(
        &self,
        scope: &Scope,
    ) -> Result<
        (Vec<ContainerView>, BTreeMap<ContainerName, ContainerId>, Option<ContainerId>),
        OutsideError,
    > {
        let mut others = BTreeMap::new();
        let mut concerned = Vec::new();
        let mut ids = Vec::new();
        let answer = self.get("/containers/json?all=true").await?;
        for summary in self.decoded::<Vec<ContainerSummary<'_>>>(&answer)? {
            let id = ContainerId::new(&*summary.id.0);
            ids.push(id.clone());
            if self.concerns(&summary, scope) {
                concerned.push(id);
            } else if let Some(name) = summary.name() {
                others.insert(ContainerName::new(name), id);
            }
        }
        drop(answer);
        let found: Vec<Option<ContainerView>> = stream::iter(&concerned)
            .map(|id| self.container(id))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let mut containers: Vec<ContainerView> = found.into_iter().flatten().collect();
        containers.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        Ok((containers, others, own::among(&ids)))
    }

    /// One container; `None` if it does not exist.
    pub async fn container(
        &self,
        container: &ContainerId,
    ) -> Result<Option<ContainerView>, OutsideError> {
        let path = format!("/containers/{}/json", percent_encoded(container.as_str()));
        let answer = self.read(absent(self.transport.get(&path))).await?;
        let Some(answer) = answer else { return Ok(None) };
        let seen: ContainerInspect = self.decoded(&answer)?;
        inspect::container(seen).map(Some).map_err(|error| self.failed(error))
    }

    /// An image's id and defaults; `None` if it is not there. What is no reference at all
    /// names no image: one mistake in one stack must not hide the whole engine.
    pub(super) async fn image(&self, image: &ImageRef) -> Result<Option<ImageView>, OutsideError> {
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
        let seen: ImageInspect = self.decoded(&answer)?;
        inspect::image(seen).map(Some).map_err(|error| self.failed(error))
    }

    /// The last lines of a container's log, standard output and error as they came,
    /// oldest first. They are the container's words: whoever shows them escapes them.
    pub async fn log_tail(
        &self,
        container: &ContainerId,
        lines: usize,
    ) -> Result<Vec<String>, OutsideError> {
        let options = LogsOptions {
            stdout: true,
            stderr: true,
            tail: lines.to_string(),
            ..LogsOptions::default()
        };
        let frames = self.api.logs(container.as_str(), Some(options));
        let bytes = self.read(frames.try_fold(Vec::new(), |mut all: Vec<u8>, frame| async move {
            all.extend_from_slice(&frame.into_bytes());
            let surplus = all.len().saturating_sub(LONGEST_LOG);
            all.drain(..surplus);
            Ok(all)
        }));
        let text = String::from_utf8_lossy(&bytes.await?).into_owned();
        let all: Vec<String> = text.lines().map(cut).collect();
        let surplus = all.len().saturating_sub(lines);
        Ok(all.into_iter().skip(surplus).collect())
    }

    /// Whether a container may be ours.
    fn concerns(&self, summary: &ContainerSummary, scope: &Scope) -> bool {
        if summary.label(ledger::LABEL).is_some() {
            return false;
        }
        let ours = summary.label(INSTALLATION) == Some(self.installation.as_str());
        let project = summary.label("com.docker.compose.project");
        ours || project.is_some_and(|id| scope.deployments.contains(&id.into()))
    }

    async fn networks(&self) -> Result<Vec<NetworkView>, OutsideError> {
        let mut list: Vec<Network> = self.decoded(&self.get("/networks").await?)?;
        let age = |network: &Network| network.created.as_deref().and_then(inspect::instant);
        list.sort_by(|a, b| (&a.name, age(a), &a.id).cmp(&(&b.name, age(b), &b.id)));
        let views = list.into_iter().map(inspect::network).collect::<Result<Vec<_>, _>>();
        views.map_err(|error| self.failed(error))
    }

    async fn volumes(&self) -> Result<Vec<VolumeView>, OutsideError> {
        let list: Volumes = self.decoded(&self.get("/volumes").await?)?;
        let views = list.volumes.unwrap_or_default().into_iter().map(inspect::volume);
        let views = views.collect::<Result<Vec<_>, _>>();
        let mut views = views.map_err(|error| self.failed(error))?;
        views.sort_by(|a, b| a.spec.name.cmp(&b.spec.name));
        Ok(views)
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

    /// The id that the engine gives itself, asked for once: it is expensive to ask.
    async fn engine_id(&self) -> Result<EngineId, OutsideError> {
        let asked = self.id.get_or_try_init(|| async {
            let info: Info = self.decoded(&self.get("/info").await?)?;
            let id = info.id.filter(|id| !id.is_empty());
            id.map(EngineId::new).ok_or_else(|| self.failed("it does not say its id"))
        });
        asked.await.cloned()
    }
}

/// The answer, or `None` for "there is no such thing".
async fn absent<T>(call: impl Future<Output = Result<T, Error>>) -> Result<Option<T>, Error> {
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

fn cut(line: &str) -> String {
    let end = line.floor_char_boundary(LONGEST_LINE);
    line[..end].trim_end_matches('\r').to_owned()
}
