//! What files of a container hold: asked only of containers that Compose made, whose labels
//! do not say which configs and secrets were put into them.

use std::collections::{BTreeMap, BTreeSet};

use bollard::errors::Error;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Limited};

use crate::docker::Docker;
use crate::docker::wire::archive::first_file;
use crate::docker::wire::transport::Transport;
use crate::http::full;
use crate::http::percent_encoded;
use model::compose_labels;
use model::digest::Digest;
use model::labels::PREFIX;
use model::observed::ContainerView;
use world::{OutsideError, Scope};

/// What is larger is no config of a stack: Compose reads no file beyond this.
const LARGEST: usize = 4 << 20;

impl Docker {
    /// Adds the digests that the scope asks for.
    pub(in crate::docker) async fn look_into(
        &self,
        mut view: ContainerView,
        scope: &Scope,
    ) -> Result<ContainerView, OutsideError> {
        for path in asked(&view, scope).into_iter().flatten() {
            let id = percent_encoded(view.id.as_str());
            let query = format!("/containers/{id}/archive?path={}", percent_encoded(path));
            let answer = match self.transport.get_up_to(&query, LARGEST).await {
                Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
                other => other,
            };
            let answer = self.read(async { answer }).await?;
            if let Some(digest) = answer.and_then(|archive| digest(&archive)) {
                view.files.insert(path.clone(), digest);
            }
        }
        Ok(view)
    }
}

impl Transport {
    /// The answer to a GET of this path and query; `None` if it is longer than that.
    pub(in crate::docker) async fn get_up_to(
        &self,
        path: &str,
        most: usize,
    ) -> Result<Option<Bytes>, Error> {
        let version = self.engine().await?.version;
        let uri = format!("/v{version}{path}");
        let response = self.call(Request::get(uri).body(full(""))?).await?;
        let status_code = response.status().as_u16();
        if status_code != 200 {
            let message = format!("{path} cannot be read");
            return Err(Error::DockerResponseServerError { status_code, message });
        }
        let answer = Limited::new(response.into_body(), most).collect().await;
        Ok(answer.ok().map(http_body_util::Collected::to_bytes))
    }
}

fn asked<'s>(view: &ContainerView, scope: &'s Scope) -> Option<&'s BTreeSet<String>> {
    let labels: &BTreeMap<String, String> = &view.spec.labels;
    let service = (
        labels.get(compose_labels::PROJECT)?.as_str().into(),
        labels.get(compose_labels::SERVICE)?.as_str().into(),
    );
    let ours = labels.keys().any(|name| name.starts_with(PREFIX));
    scope.files.get(&service).filter(|_| !ours)
}

/// The digest of the one regular file in an archive.
fn digest(archive: &Bytes) -> Option<Digest> {
    first_file(archive).map(Digest::of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docker::wire::archive::Archive;

    #[test]
    fn only_a_regular_file_has_a_digest() {
        let mut file = Archive::new();
        file.file("site.conf", false, b"a = 1\n").unwrap();
        let file = Bytes::from(file.finish().unwrap());
        assert_eq!(digest(&file), Some(Digest::of("a = 1\n")));
        let mut link = Archive::new();
        link.link("site.conf", "/etc/shadow").unwrap();
        assert_eq!(digest(&Bytes::from(link.finish().unwrap())), None);
        assert_eq!(digest(&Bytes::new()), None);
    }
}
