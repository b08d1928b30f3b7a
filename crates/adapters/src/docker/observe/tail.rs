//! The end of a container's log, without the secrets that the container itself was given:
//! many a program prints its settings before it gives up.

use std::collections::BTreeSet;
use std::io::Read as _;

use bollard::query_parameters::LogsOptions;
use bytes::Bytes;
use futures_util::TryStreamExt as _;

use super::absent;
use super::hidden::Hidden;
use crate::docker::Docker;
use crate::http::percent_encoded;
use model::id::{ContainerId, DeploymentId};
use model::labels::{Identity, PREFIX};
use model::observed::ContainerView;
use model::secret::{SHORTEST, hidden_in, is_sensitive_name, options_in};
use model::spec::ContainerSpec;
use world::OutsideError;

/// How much of a log is kept at most, and of each of its lines, in bytes.
const LONGEST_LOG: usize = 1 << 20;
const LONGEST_LINE: usize = 4096;
/// How long a value of the stack is that hides a part of a line, in bytes.
const LEAST: usize = 6;
/// The folder where secrets are, unless the stack says otherwise.
const SECRETS: &str = "/run/secrets";
/// How much of a container's secrets is read.
const LARGEST: usize = 40 << 20;

impl Docker {
    /// The last lines of a container's log, standard output and error as they came,
    /// oldest first; values of its sensitive variables and lines of its secrets are masked.
    /// The rest is the container's output: its renderer escapes it.
    ///
    /// # Errors
    /// Also if the secrets cannot be read: then nobody can tell what may be shown.
    pub async fn log_tail(
        &self,
        container: &ContainerId,
        lines: usize,
    ) -> Result<Vec<String>, OutsideError> {
        let Some(view) = self.container(container).await? else { return Ok(Vec::new()) };
        let secrets = self.secrets(&view).await?;
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
        let text = String::from_utf8_lossy(whole_lines(&bytes.await?)).into_owned();
        let (text, _) = secrets.mask(&text, usize::MAX);
        let all: Vec<String> = text.lines().map(cut).collect();
        let surplus = all.len().saturating_sub(lines);
        Ok(all.into_iter().skip(surplus).collect())
    }

    /// What a container has that must not be shown, line by line.
    ///
    /// # Errors
    /// If its files cannot be read.
    pub(in crate::docker) async fn secrets(
        &self,
        view: &ContainerView,
    ) -> Result<Hidden, OutsideError> {
        let identity = Identity::decode(&view.spec.labels);
        let declared = self.declared(identity.as_ref(), &view.spec);
        let mut found = BTreeSet::new();
        let masked = identity.map(|identity| identity.masked).unwrap_or_default();
        let files = masked.iter().filter(|path| path.starts_with('/')).map(String::as_str);
        for path in files.filter(|path| !path.starts_with(SECRETS)).chain([SECRETS]) {
            found.extend(self.lines_of(view, path).await?);
        }
        Ok(declared.and(found))
    }

    /// What hides the secrets of a container in errors about it, also where its files cannot be
    /// read, as of one whose mounts fail: errors of engines repeat what it was made of, not what
    /// is in its files.
    pub(in crate::docker) async fn hidden_in_errors(&self, id: &ContainerId) -> Hidden {
        let Ok(Some(view)) = self.container(id).await else { return Hidden::default() };
        if let Ok(hidden) = self.secrets(&view).await {
            return hidden;
        }
        let identity = Identity::decode(&view.spec.labels);
        self.declared(identity.as_ref(), &view.spec)
    }

    /// What a container of this spec has beside files that must not be shown. What only an env
    /// file gave to a variable with an ordinary name is hidden where it stands alone, unless
    /// it could be guessed: else `info` would blacken half of a log.
    pub(in crate::docker) fn declared(
        &self,
        identity: Option<&Identity>,
        spec: &ContainerSpec,
    ) -> Hidden {
        let masked = |name: &String| identity.is_some_and(|it| it.masked.contains(name));
        let is_word = |name: &String| {
            !is_sensitive_name(name) && identity.is_some_and(|it| it.from_env_file.contains(name))
        };
        // Nothing says where a variable of a foreign container came from.
        let foreign =
            identity.is_none() && !spec.labels.keys().any(|label| label.starts_with(PREFIX));
        let variables = spec.env.iter();
        let variables =
            variables.filter(|(name, _)| foreign || is_sensitive_name(name) || masked(name));
        let (words, secrets): (Vec<_>, Vec<_>) = variables.partition(|(name, _)| is_word(name));
        let lines = |(_, value): (&String, &String)| secret_lines(value).collect::<Vec<_>>();
        let mut found: BTreeSet<String> = secrets.into_iter().flat_map(lines).collect();
        found.extend(logins(spec));
        found.extend(identity.iter().flat_map(|it| self.put(&it.replica.deployment)));
        Hidden::of(found).and_words(words.into_iter().flat_map(lines))
    }

    /// What was put into the stack of a deployment, wherever: into a command, a config, the name of
    /// an image.
    pub(in crate::docker) fn put(&self, deployment: &DeploymentId) -> BTreeSet<String> {
        let put = self.transport.evaluator.secrets_of(deployment);
        let put = put.iter().map(|value| String::from_utf8_lossy(value.expose()).into_owned());
        let lines = put.flat_map(|value| secret_lines(&value).collect::<Vec<_>>());
        lines.filter(|line| line.len() >= LEAST).collect()
    }

    /// The lines of a file of a container, or of all files in a folder of it.
    async fn lines_of(
        &self,
        view: &ContainerView,
        path: &str,
    ) -> Result<BTreeSet<String>, OutsideError> {
        let id = percent_encoded(view.id.as_str());
        let query = format!("/containers/{id}/archive?path={}", percent_encoded(path));
        let answer = self.read(absent(self.transport.get_up_to(&query, LARGEST))).await?;
        let Some(answer) = answer else { return Ok(BTreeSet::new()) };
        let unread = || self.failed(format!("{path} of {} cannot be read", view.name));
        lines_in(&answer.ok_or_else(unread)?).map_err(|_| unread())
    }
}

/// The secrets in a container's variables and words, whatever those are called: logins of URLs, what
/// is assigned to a name, options of its command.
fn logins(spec: &ContainerSpec) -> impl Iterator<Item = String> {
    let words = spec.entrypoint.iter().chain(&spec.command).flatten();
    let texts = spec.env.values().chain(words);
    let program = spec.entrypoint.iter().flatten().next().map(String::as_str);
    let lists = [&spec.entrypoint, &spec.command].into_iter().flatten();
    let options = lists.flat_map(move |words| {
        let found = words.iter().zip(options_in(program, words));
        found.filter_map(|(word, found)| Some(word[found?.0].to_owned()))
    });
    let options = options.filter(|value| value.len() >= SHORTEST);
    texts.flat_map(|text| hidden_in(text)).map(str::to_owned).chain(options)
}

/// What is kept of a log, without a line whose beginning is lost: of a secret in it only the
/// rest would be there, which nothing would recognise.
fn whole_lines(kept: &[u8]) -> &[u8] {
    if kept.len() < LONGEST_LOG {
        return kept;
    }
    let end = kept.iter().position(|byte| *byte == b'\n').map_or(kept.len(), |at| at + 1);
    &kept[end..]
}

/// The lines of all regular files in an archive.
fn lines_in(archive: &Bytes) -> std::io::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for entry in tar::Archive::new(&archive[..]).entries()? {
        let mut entry = entry?;
        if entry.header().entry_type().is_file() {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            found.extend(secret_lines(&String::from_utf8_lossy(&bytes)));
        }
    }
    Ok(found)
}

/// A value as it may stand in a log, which is read line by line.
fn secret_lines(value: &str) -> impl Iterator<Item = String> {
    value.lines().map(|line| line.trim().to_owned())
}

fn cut(line: &str) -> String {
    let end = line.floor_char_boundary(LONGEST_LINE);
    line[..end].trim_end_matches('\r').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docker::wire::archive::Archive;

    #[test]
    fn a_line_without_its_beginning_is_left_out() {
        assert_eq!(whole_lines(b"hunter2\nend"), b"hunter2\nend");
        let mut long = vec![b'x'; LONGEST_LOG - 11];
        long.extend(b"ter2\nthe end");
        assert_eq!(whole_lines(&long[1..]), b"the end");
        assert_eq!(whole_lines(&vec![b'x'; LONGEST_LOG]), b"");
    }

    #[test]
    fn logins_of_urls_are_hidden_whatever_their_variable_is_called() {
        let mut spec = ContainerSpec::default();
        spec.env.insert("DSN".into(), "postgres://u:dsnpw4711@db/x".into());
        spec.command = Some(vec!["--from=https://ann:urlpw123@host/x".into()]);
        let (text, _) = Hidden::of(logins(&spec).collect())
            .mask("to postgres://u:dsnpw4711@db/x as u, dsnpw4711, https://ann:urlpw123@h", 999);
        assert_eq!(text, "to postgres://(masked)db/x as u, (masked), https://(masked)h");
    }

    #[test]
    fn secrets_count_line_by_line() {
        let mut archive = Archive::new();
        archive.file("secrets/one", false, b" first\r\nsecond\n").unwrap();
        archive.link("secrets/two", "/etc/shadow").unwrap();
        let archive = Bytes::from(archive.finish().unwrap());
        let lines = lines_in(&archive).unwrap();
        assert_eq!(lines.iter().collect::<Vec<_>>(), ["first", "second"]);
        assert!(lines_in(&archive.slice(..700)).is_err(), "half an answer is none");
    }
}
