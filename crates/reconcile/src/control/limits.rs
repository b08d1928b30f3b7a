//! How much at once, and how often: the numbers of the loop, so that operators and tests
//! can set them.

use std::time::Duration;

/// How much is done at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Changing calls to one engine at once, stops and images not counted. An engine is
    /// saturated by a few times its cores; more only makes every container late.
    pub per_engine: usize,
    /// Pulls and builds on one engine at once. They take long: counted with the rest,
    /// eight slow pulls would keep every container from starting.
    pub images: usize,
    /// Stops and restarts on one engine at once. They mostly wait for a grace period.
    pub stops: usize,
    /// Waits that ask the same engine at once how their container is doing.
    pub polls: usize,
    /// Writes to the catalog at once.
    pub catalog: usize,
    /// How long one outside system may take to be read before it counts as unseen.
    pub look: Duration,
    /// For how long a wait bears an engine that does not answer; `None` up to the deadline of the
    /// wait: a controller has time.
    pub silence: Option<Duration>,
    /// How many lines of a failed container's log are shown.
    pub log_lines: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_engine: 8,
            images: 4,
            stops: 32,
            polls: 2,
            catalog: 8,
            look: Duration::from_secs(30),
            silence: None,
            log_lines: 10,
        }
    }
}

/// How often the controller looks and tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long after a look the next one follows although nothing was reported.
    pub resync: Duration,
    /// How long after an engine's event a look begins: events come in bursts.
    pub debounce: Duration,
    /// The least time between the beginnings of two looks.
    pub gap: Duration,
    /// How long what a source lacks has to be absent before it is removed, and two looks at the
    /// source have to agree; zero for one that changes as a whole, as git does.
    pub absence: Duration,
    /// The first delay after too many attempts; it doubles from there.
    pub retry_first: Duration,
    /// The longest delay.
    pub retry_max: Duration,
    /// How often in a row the same container is repaired at once; after that with
    /// delays.
    pub free: u32,
    /// One repair is forgiven for each such span in which none was needed.
    pub forgive: Duration,
    /// Everything is forgiven after such a span.
    pub forget: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            resync: Duration::from_mins(1),
            debounce: Duration::from_millis(20),
            gap: Duration::from_millis(200),
            absence: Duration::ZERO,
            retry_first: Duration::from_secs(1),
            retry_max: Duration::from_mins(5),
            free: 5,
            forgive: Duration::from_secs(30),
            forget: Duration::from_mins(10),
        }
    }
}
