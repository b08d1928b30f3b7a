//! What a container leaves that failed: its log, what its health check printed, and whether it
//! ran out of memory. Masked like the log.

use serde::Deserialize;

use super::absent;
use crate::docker::Docker;
use crate::docker::wire::error;
use crate::http::percent_encoded;
use model::id::ContainerId;
use model::observed::Probe;
use model::secret::{assigned, hidden_in};
use world::{LastWords, OutsideError};

/// How many lines of a health check's output are kept, and how many characters of each.
const PROBE_LINES: usize = 5;
const PROBE_CHARS: usize = 400;
/// How many bytes an engine keeps of it: the first ones.
const ENGINES: usize = 4096;

/// The part of `inspect` that says how a container fares.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspect {
    state: Option<State>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    #[serde(default, rename = "OOMKilled")]
    oom_killed: bool,
    #[serde(default)]
    error: String,
    health: Option<Health>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Health {
    log: Option<Vec<Run>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Run {
    #[serde(default)]
    exit_code: i64,
    output: Option<String>,
}

impl Docker {
    /// The last lines of a container's log, as [`Docker::log_tail`] gives them, what its health
    /// check printed when it failed last, and whether the kernel killed it for its memory.
    ///
    /// # Errors
    /// As those of [`Docker::log_tail`].
    pub async fn last_words(
        &self,
        container: &ContainerId,
        lines: usize,
    ) -> Result<LastWords, OutsideError> {
        let log = self.log_tail(container, lines).await?;
        let state = self.state_of(container).await?;
        let out_of_memory = state.oom_killed;
        let failed = state.runs().rev().find(|run| run.exit_code != 0);
        let probe = match failed {
            Some(run) => self.printed_by(container, &run).await?,
            None => Vec::new(),
        };
        Ok(LastWords { log, probe, out_of_memory })
    }

    /// How a container's health check ran last; `None` if it never did, or the container is gone.
    ///
    /// # Errors
    /// Also if the container's secrets cannot be read: then nobody can tell what may be shown.
    pub async fn probe(&self, container: &ContainerId) -> Result<Option<Probe>, OutsideError> {
        let Some(run) = self.state_of(container).await?.runs().next_back() else {
            return Ok(None);
        };
        let output = self.printed_by(container, &run).await?;
        Ok(Some(Probe { exit_code: run.exit_code, output }))
    }

    /// Why the engine could not start a container the last time, without the container's secrets;
    /// `None` if it could.
    ///
    /// # Errors
    /// If the engine does not tell.
    pub async fn start_error(&self, of: &ContainerId) -> Result<Option<String>, OutsideError> {
        let error = self.state_of(of).await?.error;
        if error.trim().is_empty() {
            return Ok(None);
        }
        let (text, _) = self.hidden_in_errors(of).await.mask(error.trim(), usize::MAX);
        Ok(Some(error::without(&text, hidden_in(&text).chain(assigned(&text)))))
    }

    /// The state of a container; of one that is gone, nothing.
    async fn state_of(&self, container: &ContainerId) -> Result<State, OutsideError> {
        let path = format!("/containers/{}/json", percent_encoded(container.as_str()));
        let Some(answer) = self.read(absent(self.transport.get(&path))).await? else {
            return Ok(State::default());
        };
        Ok(self.decoded::<Inspect>(&answer)?.state.unwrap_or_default())
    }

    /// What a check printed, without the container's secrets.
    async fn printed_by(&self, of: &ContainerId, run: &Run) -> Result<Vec<String>, OutsideError> {
        let printed = run.printed();
        if printed.is_empty() {
            return Ok(Vec::new());
        }
        let Some(view) = self.container(of).await? else { return Ok(Vec::new()) };
        Ok(rendered(&self.secrets(&view).await?.mask(printed, usize::MAX).0))
    }
}

impl State {
    /// How the health check ran, oldest first, as far as the engine remembers.
    fn runs(self) -> std::vec::IntoIter<Run> {
        self.health.and_then(|health| health.log).unwrap_or_default().into_iter()
    }
}

impl Run {
    /// What it printed. Of a secret that the engine cut off only the beginning would be there,
    /// which nothing recognises: that line is left out.
    fn printed(&self) -> &str {
        let text = self.output.as_deref().unwrap_or_default();
        if text.len() < ENGINES { text } else { whole(text) }
    }
}

/// The text without its last line.
fn whole(text: &str) -> &str {
    text.trim_end_matches(['\n', '.']).rsplit_once('\n').map_or("", |(lines, _)| lines)
}

/// The last lines that hold something, cut.
fn rendered(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|l| !l.is_empty()).collect();
    let surplus = lines.len().saturating_sub(PROBE_LINES);
    let cut = |line: &str| line.chars().take(PROBE_CHARS).collect();
    lines[surplus..].iter().map(|line| cut(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(text: &str) -> State {
        serde_json::from_str::<Inspect>(text).unwrap().state.unwrap()
    }

    #[test]
    fn runs_come_oldest_first() {
        let text = r#"{"State": {"OOMKilled": true, "Health": {"Log": [
            {"ExitCode": 7, "Output": "no\nroute\n\n"}, {"ExitCode": 0, "Output": "fine"}]}}}"#;
        assert!(state(text).oom_killed);
        let runs: Vec<_> = state(text).runs().collect();
        assert_eq!(rendered(runs[0].printed()), ["no", "route"]);
        assert_eq!((runs[1].exit_code, runs[1].printed()), (0, "fine"));
        for none in [r#"{"State": {"Health": null}}"#, r#"{"State": {"Health": {"Log": null}}}"#] {
            assert!(state(none).runs().next().is_none());
        }
    }

    #[test]
    fn a_line_without_its_end_is_left_out() {
        let printed = |output: &str| {
            Run { exit_code: 1, output: Some(output.to_owned()) }.printed().to_owned()
        };
        assert_eq!(printed("a\nhunter2"), "a\nhunter2");
        let long = format!("{}\nhunt", "x".repeat(ENGINES - 5));
        for cut in [long.clone(), long.clone() + "...", long + "...\n"] {
            assert!(!printed(&cut).contains("hunt"));
        }
        assert_eq!(printed(&"x".repeat(ENGINES)), "");
    }

    #[test]
    fn much_output_keeps_its_end() {
        let lines: Vec<_> = (0..20).map(|n| format!("{n}{}", "x".repeat(1000))).collect();
        let text = lines.join("\n");
        let lines = rendered(&text);
        assert_eq!(lines.len(), PROBE_LINES);
        assert!(lines[0].starts_with("15x") && lines[4].chars().count() == PROBE_CHARS);
    }
}
