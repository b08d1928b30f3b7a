//! What a container leaves that failed: its log, what its health check printed, and whether it
//! ran out of memory. Masked like the log.

use std::borrow::Cow;

use serde::Deserialize;

use super::absent;
use crate::docker::Docker;
use crate::http::percent_encoded;
use model::id::ContainerId;
use world::{LastWords, OutsideError};

/// How many lines of a health check's output are kept, and how many characters of each.
const PROBE_LINES: usize = 5;
const PROBE_CHARS: usize = 400;
/// How many bytes an engine keeps of it: the first ones.
const ENGINES: usize = 4096;

/// The part of `inspect` that says how a container ended.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspect<'a> {
    #[serde(borrow)]
    state: Option<State<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State<'a> {
    #[serde(default, rename = "OOMKilled")]
    oom_killed: bool,
    #[serde(borrow)]
    health: Option<Health<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Health<'a> {
    #[serde(borrow)]
    log: Option<Vec<Probe<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Probe<'a> {
    #[serde(default)]
    exit_code: i64,
    #[serde(borrow)]
    output: Option<Cow<'a, str>>,
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
        let path = format!("/containers/{}/json", percent_encoded(container.as_str()));
        let answer = self.read(absent(self.transport.get(&path))).await?;
        let Some(answer) = answer else { return Ok(LastWords { log, ..LastWords::default() }) };
        let state = self.decoded::<Inspect<'_>>(&answer)?.state.unwrap_or_default();
        let printed = state.health.and_then(|health| printed(&health)).unwrap_or_default();
        let mut probe = Vec::new();
        if !printed.is_empty()
            && let Some(view) = self.container(container).await?
        {
            let secrets = self.secrets(&view).await?;
            probe = rendered(&secrets.mask(&printed, usize::MAX).0);
        }
        Ok(LastWords { log, probe, out_of_memory: state.oom_killed })
    }
}

/// What the newest failed check printed. Of a secret that the engine cut off only the beginning
/// would be there, which nothing recognises: that line is left out.
fn printed(health: &Health<'_>) -> Option<String> {
    let failed = health.log.as_ref()?.iter().rev().find(|probe| probe.exit_code != 0)?;
    let text = failed.output.as_deref()?;
    Some(if text.len() < ENGINES { text } else { whole(text) }.to_owned())
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

    #[test]
    fn the_newest_check_that_failed_counts() {
        let text = r#"{"State": {"OOMKilled": true, "Health": {"Log": [
            {"ExitCode": 1, "Output": "old"}, {"ExitCode": 7, "Output": "no\nroute\n\n"},
            {"ExitCode": 0, "Output": "fine"}]}}}"#;
        let seen: Inspect<'_> = serde_json::from_str(text).unwrap();
        let state = seen.state.unwrap();
        assert!(state.oom_killed);
        let printed = printed(&state.health.unwrap()).unwrap();
        assert_eq!(rendered(&printed), ["no", "route"]);
        for none in [r#"{"State": {"Health": null}}"#, r#"{"State": {"Health": {"Log": null}}}"#] {
            let seen: Inspect<'_> = serde_json::from_str(none).unwrap();
            let health = seen.state.unwrap().health;
            assert_eq!(health.and_then(|health| super::printed(&health)), None);
        }
    }

    #[test]
    fn a_line_without_its_end_is_left_out() {
        let health = |output: String| Health {
            log: Some(vec![Probe { exit_code: 1, output: Some(output.into()) }]),
        };
        assert_eq!(printed(&health("a\nhunter2".to_owned())).unwrap(), "a\nhunter2");
        let long = format!("{}\nhunt", "x".repeat(ENGINES - 5));
        for cut in [long.clone(), long.clone() + "...", long + "...\n"] {
            assert!(!printed(&health(cut)).unwrap().contains("hunt"));
        }
        assert_eq!(printed(&health("x".repeat(ENGINES))).unwrap(), "");
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
