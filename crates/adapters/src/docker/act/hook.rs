//! Commands in a container: made, started with their output attached, waited for.

use std::cell::Cell;
use std::time::Duration;

use bollard::errors::Error;
use bollard::models::{ExecConfig, ExecInspectResponse};
use bollard::query_parameters::InspectContainerOptions;
use bytes::Bytes;
use http::{Request, header};
use http_body_util::BodyExt as _;

use super::unprinted::UNKNOWN;
use crate::docker::Docker;
use crate::docker::wire::error;
use model::hook::{Hook, Moment};
use model::id::ContainerId;
use model::secret::is_sensitive_name;
use model::target::Target;
use world::OutsideError;

/// How often a command is looked at that has closed its output but not ended.
const PAUSE: Duration = Duration::from_millis(100);
/// How often an earlier run of a command is looked at.
const LONG_PAUSE: Duration = Duration::from_millis(500);
/// How much of a command's output is kept: the end.
const KEPT: usize = 4096;

impl Docker {
    /// Runs a command in a container to its end. An earlier run that was given up goes on
    /// there, and nothing but its own end ends it: it is waited for, so that no command ever
    /// runs beside itself.
    ///
    /// # Errors
    /// [`OutsideError::Failed`] with the end of its output if it ends with another code
    /// than 0, [`OutsideError::Timeout`] if it, or an earlier run, does not end in time; it
    /// goes on then.
    pub(in crate::docker) async fn run_hook(
        &self,
        container: &Target,
        (moment, number): (Moment, usize),
        hook: &Hook,
        deadline: Duration,
    ) -> Result<(), OutsideError> {
        let id = self.known(container)?;
        let waits = Cell::new(false);
        let run = Box::pin(async {
            waits.set(true);
            self.earlier_runs_end(id, hook).await?;
            waits.set(false);
            self.run(id, hook).await
        });
        let named = |why: &str| {
            let secrets = hook.env.iter().filter(|(name, _)| is_sensitive_name(name));
            let why = error::without(why, secrets.map(|(_, value)| value.as_str()));
            error::described(
                &self.name,
                &format!("{moment}[{number}] of {}: {why}", container.name),
            )
        };
        let span = humantime::format_duration(deadline);
        match tokio::time::timeout(deadline, run).await {
            Err(_) if waits.get() => {
                let why = format!("an earlier run of it did not end within {span}");
                Err(OutsideError::Timeout(named(&why)))
            }
            Err(_) => Err(OutsideError::Timeout(named(&format!("it did not end within {span}")))),
            Ok(Err(error)) => {
                let error = error::outside(&self.name, &error);
                if matches!(error, OutsideError::Unreachable(_) | OutsideError::Timeout(_)) {
                    return Err(error);
                }
                let hidden = self.hidden_in_errors(&ContainerId::new(id)).await;
                Err(error.map(|text| hidden.mask(text, usize::MAX).0))
            }
            Ok(Ok((0, _))) => Ok(()),
            Ok(Ok((code, output))) => {
                let output = match self.hidden_of_output(id).await {
                    _ if output.trim().is_empty() => String::new(),
                    Some(hidden) => hidden.mask(output.trim(), usize::MAX).0,
                    None => UNKNOWN.to_owned(),
                };
                let label = if output.is_empty() { "" } else { "; it said: " };
                Err(OutsideError::Failed(named(&format!(
                    "it ended with code {code}{label}{output}"
                ))))
            }
        }
    }

    /// Returns when nothing in a container runs that is this command. The engine is asked, since
    /// another process may have started it.
    async fn earlier_runs_end(&self, container: &str, hook: &Hook) -> Result<(), Error> {
        loop {
            let seen =
                self.api.inspect_container(container, None::<InspectContainerOptions>).await?;
            let mut runs = false;
            for id in seen.exec_ids.into_iter().flatten() {
                runs |= match self.api.inspect_exec(&id).await {
                    Ok(exec) => is_run_of(&exec, hook),
                    // It has ended meanwhile.
                    Err(Error::DockerResponseServerError { status_code: 404, .. }) => false,
                    Err(error) => return Err(error),
                };
            }
            if !runs {
                return Ok(());
            }
            tokio::time::sleep(LONG_PAUSE).await;
        }
    }

    /// Its exit code and the end of its output.
    async fn run(&self, container: &str, hook: &Hook) -> Result<(i64, String), Error> {
        let exec = self.api.create_exec(container, exec(hook)).await?;
        let request = Request::post(format!("http://engine/exec/{}/start", exec.id))
            .header(header::CONTENT_TYPE, "application/json")
            .body(bollard::body_full(Bytes::from_static(br#"{"Detach":false,"Tty":false}"#)))?;
        let response = self.transport.send(request).await?;
        let status_code = response.status().as_u16();
        let mut body = response.into_body();
        if status_code != 200 {
            let message = String::from_utf8_lossy(&body.collect().await?.to_bytes()).into_owned();
            return Err(Error::DockerResponseServerError { status_code, message });
        }
        let mut output = Output::default();
        while let Some(Ok(frame)) = body.frame().await {
            if let Ok(bytes) = frame.into_data() {
                output.take(&bytes);
            }
        }
        // The end of its output is not yet its end.
        loop {
            let seen = self.api.inspect_exec(&exec.id).await?;
            if seen.running != Some(true) {
                return Ok((seen.exit_code.unwrap_or(-1), output.text()));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Whether this is a run of the command that has not ended.
fn is_run_of(exec: &ExecInspectResponse, hook: &Hook) -> bool {
    let Some(process) = &exec.process_config else { return false };
    let program = process.entrypoint.iter();
    let command = program.chain(process.arguments.iter().flatten());
    exec.running == Some(true) && command.eq(&hook.command)
}

fn exec(hook: &Hook) -> ExecConfig {
    let set = hook.env.iter().map(|(name, value)| format!("{name}={value}"));
    let env: Vec<String> = set.chain(hook.unset_env.iter().cloned()).collect();
    ExecConfig {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(hook.command.clone()),
        env: (!env.is_empty()).then_some(env),
        user: hook.user.clone(),
        privileged: hook.privileged.then_some(true),
        working_dir: hook.working_dir.clone(),
        ..ExecConfig::default()
    }
}

/// The end of a command's output, out of the engine's frames: a head of eight bytes, of
/// which the last four say how long the piece is that follows.
#[derive(Debug, Default)]
struct Output {
    head: Vec<u8>,
    left: usize,
    kept: Vec<u8>,
}

impl Output {
    fn take(&mut self, mut bytes: &[u8]) {
        while let [first, rest @ ..] = bytes {
            if self.left > 0 {
                let piece = &bytes[..self.left.min(bytes.len())];
                self.kept.extend_from_slice(piece);
                self.left -= piece.len();
                bytes = &bytes[piece.len()..];
                let over = self.kept.len().saturating_sub(KEPT);
                self.kept.drain(..over);
                continue;
            }
            self.head.push(*first);
            bytes = rest;
            if let [_, _, _, _, length @ ..] = self.head.as_slice()
                && let Ok(length) = <[u8; 4]>::try_from(length)
            {
                self.left = u32::from_be_bytes(length) as usize;
                self.head.clear();
            }
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.kept).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use bollard::models::ProcessConfig;

    use super::*;

    #[test]
    fn output_is_taken_out_of_frames_however_they_are_cut() {
        let stream = b"\x01\0\0\0\0\0\0\x03one\x02\0\0\0\0\0\0\x04 two";
        for cut in 0..stream.len() {
            let mut output = Output::default();
            output.take(&stream[..cut]);
            output.take(&stream[cut..]);
            assert_eq!(output.text(), "one two", "cut at {cut}");
        }
    }

    #[test]
    fn a_run_is_known_by_its_command_while_it_runs() {
        let hook = Hook { command: vec!["sh".into(), "-c".into(), "x".into()], ..Hook::default() };
        let exec = |running: bool, arguments: &[&str]| ExecInspectResponse {
            running: Some(running),
            process_config: Some(ProcessConfig {
                entrypoint: Some("sh".to_owned()),
                arguments: Some(arguments.iter().map(|word| (*word).to_owned()).collect()),
                ..ProcessConfig::default()
            }),
            ..ExecInspectResponse::default()
        };
        assert!(is_run_of(&exec(true, &["-c", "x"]), &hook));
        assert!(!is_run_of(&exec(false, &["-c", "x"]), &hook));
        assert!(!is_run_of(&exec(true, &["-c", "y"]), &hook));
        assert!(!is_run_of(&exec(true, &["-c"]), &hook));
    }

    #[test]
    fn only_the_end_of_much_output_is_kept() {
        let mut output = Output::default();
        output.take(&[1, 0, 0, 0, 0, 0, 0x20, 0]);
        output.take(&[b'a'; 0x1fff]);
        output.take(b"z");
        assert_eq!(output.kept.len(), KEPT);
        assert!(output.text().ends_with("az"));
    }
}
