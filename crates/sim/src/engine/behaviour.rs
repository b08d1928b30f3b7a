//! How the process in a container behaves: the image's name says it, so that a stack
//! file alone can describe a crash.

use std::time::Duration;

use model::id::ImageRef;

/// What a main process does by itself and when it is asked to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// It ends after so long with this code; `None` runs until it is stopped.
    pub ends: Option<(Duration, i64)>,
    /// Its health check passes; `false` never does.
    pub healthy: bool,
    /// How long it takes to end after the stop signal.
    pub stops_in: Duration,
    /// The commands that are run in it fail.
    pub hooks_fail: bool,
}

impl Behaviour {
    /// A server: it runs, passes its health check, and stops when asked.
    #[must_use]
    pub fn server() -> Self {
        Self { ends: None, healthy: true, stops_in: Duration::from_millis(40), hooks_fail: false }
    }

    /// A job: it ends after a second with this code.
    #[must_use]
    pub fn job(code: i64) -> Self {
        Self { ends: Some((Duration::from_secs(1), code)), ..Self::server() }
    }

    /// What an image's name promises. The last part of its path counts: `crash` ends with
    /// 1 after 100 ms, `job` with 0 after 1 s, `badjob` with 3; `sick` never becomes
    /// healthy; `stubborn` ignores the stop signal; commands in a `hookless` one fail. Every other one is a server.
    #[must_use]
    pub fn of_image(image: &ImageRef) -> Self {
        match short_name(image) {
            "crash" => Self { ends: Some((Duration::from_millis(100), 1)), ..Self::server() },
            "job" => Self::job(0),
            "badjob" => Self::job(3),
            "sick" => Self { healthy: false, ..Self::server() },
            "hookless" => Self { hooks_fail: true, ..Self::server() },
            "stubborn" => Self { stops_in: Duration::MAX, ..Self::server() },
            _ => Self::server(),
        }
    }
}

/// The last part of an image's path, without tag and digest.
pub(super) fn short_name(image: &ImageRef) -> &str {
    let path = image.as_str().split('@').next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or(path);
    last.split(':').next().unwrap_or(last)
}
