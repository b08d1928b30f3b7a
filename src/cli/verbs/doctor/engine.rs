//! How an engine is: whether it answers, what its host lets it do, its clock and its disk.

use std::time::Duration;

use adapters::docker::EngineFacts;
use model::time::Timestamp;
use world::OutsideError;
use world::remedy::cause_and_remedy;

use super::finding::Finding;

/// So far clocks may be apart: times of logs and of deadlines are compared.
const SKEW: Duration = Duration::from_secs(5);
/// So far that certificates and tokens may not count yet, or any more.
const LARGE_SKEW: Duration = Duration::from_mins(5);
/// The oldest engine that works.
const OLDEST: &str = "Docker 20.10 (API 1.41)";

/// Whether it answers, and as what.
pub(super) fn access(name: &str, facts: &Result<EngineFacts, OutsideError>) -> Finding {
    let of = ("engine", name);
    match facts {
        Ok(facts) => {
            let EngineFacts { version, api, rootless, .. } = facts;
            let rootless = if *rootless { ", rootless" } else { "" };
            Finding::ok(of, format!("answers: version {version}, API {api}{rootless}"))
        }
        Err(error) => {
            let text = error.to_string();
            let (cause, remedy) = cause_and_remedy(&text);
            let cause = cause.strip_prefix(&format!("{name}: ")).unwrap_or(cause);
            match (error, remedy) {
                (_, Some(remedy)) => Finding::fail(of, cause, remedy),
                (OutsideError::Failed(why), None) if why.contains("is the oldest that works") => {
                    Finding::fail(of, cause, format!("install {OLDEST} or newer on its host"))
                }
                (OutsideError::Timeout(_), None) => {
                    Finding::fail(of, cause, "look at it with `journalctl -u docker`")
                }
                (_, None) => Finding::fail(of, cause, "look at it with `docker info`"),
            }
        }
    }
}

/// That it answers, and does not say what it holds: nothing can be done with it.
pub(super) fn unlisted(name: &str, error: &OutsideError) -> Finding {
    let text = error.to_string();
    let (cause, remedy) = cause_and_remedy(&text);
    let cause = cause.strip_prefix(&format!("{name}: ")).unwrap_or(cause);
    let remedy = remedy
        .unwrap_or("`docker ps -a` has to answer; else look at it with `journalctl -u docker`");
    Finding::fail(("engine", name), format!("its containers cannot be listed: {cause}"), remedy)
}

/// What its control groups mean for limits.
pub(super) fn cgroup(name: &str, facts: &EngineFacts) -> Finding {
    let of = ("cgroup", name);
    let missing = facts.missing.join(", ");
    let version = match facts.cgroup.as_str() {
        "" => {
            let why = "it does not say which version of cgroups it uses";
            return Finding::unknown(of, why, None);
        }
        version => version,
    };
    if !missing.is_empty() {
        let help = if facts.rootless {
            "give the user these controllers: `systemctl edit user@.service` with `Delegate=cpu \
             cpuset io memory pids`"
        } else {
            "see `docker info` for what its kernel lacks; memory and swap need `cgroup_enable=memory \
             swapaccount=1` at boot"
        };
        let text =
            format!("cgroup v{version}: a stack that sets {missing} waits for another engine");
        return Finding::warn(of, text, help);
    }
    let text = if version == "1" {
        "cgroup v1: `cgroup: private`, `memory.high` and the like of v2 are not there"
    } else {
        "cgroup v2: every limit of a stack can be set"
    };
    Finding::ok(of, text)
}

/// Whether its clock and ours agree; it was asked between these two times of ours.
pub(super) fn clock(
    check: &'static str,
    name: &str,
    (before, after): (Timestamp, Timestamp),
    theirs: Option<Timestamp>,
    precision: Duration,
) -> Finding {
    let of = (check, name);
    let Some(theirs) = theirs else {
        return Finding::unknown(of, "it does not tell its time", None);
    };
    // What passed on the way is no difference, nor what it rounds off.
    let behind = before.since(theirs.plus(precision));
    let ahead = theirs.since(after);
    let (skew, word) = if ahead > behind { (ahead, "ahead of") } else { (behind, "behind") };
    let seconds = skew.as_secs_f64();
    let help = "set both clocks by NTP: `timedatectl set-ntp true`";
    if skew > LARGE_SKEW {
        Finding::fail(of, format!("its clock is {seconds:.0} s {word} ours"), help)
    } else if skew > SKEW {
        Finding::warn(of, format!("its clock is {seconds:.0} s {word} ours"), help)
    } else {
        Finding::ok(of, format!("its clock and ours agree to {:.0} s", (seconds + 0.5).ceil()))
    }
}

/// How full a file system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Space {
    /// Bytes in all.
    pub(super) all: u64,
    /// Bytes that are free for us.
    pub(super) free: u64,
}

/// Below so many bytes nothing works any more, and below so many it soon will not.
const LEAST: u64 = 500 << 20;
const LITTLE: u64 = 2 << 30;

/// Whether there is room below a folder.
pub(super) fn disk(subject: &str, folder: &str, space: Result<Space, String>) -> Finding {
    let of = ("disk", subject);
    let Space { all, free } = match space {
        Ok(space) => space,
        Err(why) => {
            return Finding::unknown(of, format!("`{folder}` cannot be looked at: {why}"), None);
        }
    };
    let gib = |bytes: u64| f64::from(u32::try_from(bytes >> 20).unwrap_or(u32::MAX)) / 1024.0;
    let share = free.saturating_mul(100) / all.max(1);
    let text =
        format!("{:.1} GiB of {:.0} GiB are free ({share} %) at `{folder}`", gib(free), gib(all));
    let help = "`docker system df` shows what takes the room, `docker image prune` frees images";
    if free < LEAST {
        Finding::fail(of, text, help)
    } else if free < LITTLE || share < 5 {
        Finding::warn(of, text, help)
    } else {
        Finding::ok(of, text)
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;
    use world::remedy::with_remedy;

    fn facts() -> EngineFacts {
        EngineFacts {
            version: "27.1".to_owned(),
            api: "1.46".to_owned(),
            cgroup: "2".to_owned(),
            ..EngineFacts::default()
        }
    }

    #[test]
    fn an_engine_that_does_not_answer_fails_with_what_helps() {
        assert_eq!(access("engine local", &Ok(facts())).verdict, Verdict::Ok);
        let refused = with_remedy("engine local: no permission", "`usermod -aG docker ann`");
        for (error, help) in [
            (OutsideError::Forbidden(refused), "`usermod -aG docker ann`"),
            (OutsideError::Timeout("engine local: late".to_owned()), "journalctl"),
            (
                OutsideError::Failed(
                    "it speaks API 1.40; 1.41 is the oldest that works".to_owned(),
                ),
                "20.10",
            ),
            (OutsideError::Failed("odd".to_owned()), "docker info"),
        ] {
            let found = access("engine local", &Err(error));
            assert_eq!(found.verdict, Verdict::Fail);
            assert!(!found.text.contains("engine local"), "{found:?}");
            assert!(found.help.is_some_and(|it| it.contains(help)), "{help}");
        }
    }

    #[test]
    fn cgroups_say_what_follows() {
        let of = |cgroup: &str, missing: &[&'static str], rootless| {
            let (cgroup, missing) = (cgroup.to_owned(), missing.to_vec());
            cgroup_of(&EngineFacts { cgroup, missing, rootless, ..facts() })
        };
        assert_eq!(of("2", &[], false), (Verdict::Ok, false));
        assert_eq!(of("1", &[], false), (Verdict::Ok, false));
        assert_eq!(of("1", &["memswap_limit"], false), (Verdict::Warn, false));
        assert_eq!(of("2", &["cpus"], true), (Verdict::Warn, true));
        assert_eq!(of("", &[], false), (Verdict::Unknown, false));
    }

    /// The verdict, and whether its remedy is that of a rootless engine.
    fn cgroup_of(facts: &EngineFacts) -> (Verdict, bool) {
        let found = cgroup("engine local", facts);
        (found.verdict, found.help.is_some_and(|help| help.contains("Delegate")))
    }

    #[test]
    fn clocks_that_are_apart_are_told() {
        let at = Timestamp::from_secs;
        let of = |theirs: u64| {
            clock("clock", "x", (at(1000), at(1002)), Some(at(theirs)), Duration::from_secs(1))
                .verdict
        };
        // It answered at some time between the two, and may have rounded.
        assert_eq!((of(999), of(1001), of(1007)), (Verdict::Ok, Verdict::Ok, Verdict::Ok));
        assert_eq!((of(1008), of(990)), (Verdict::Warn, Verdict::Warn));
        assert_eq!((of(1400), of(600)), (Verdict::Fail, Verdict::Fail));
        let none = clock("clock", "x", (at(1), at(1)), None, Duration::ZERO);
        assert_eq!(none.verdict, Verdict::Unknown);
    }

    #[test]
    fn a_full_disk_is_told() {
        let of = |all: u64, free: u64| {
            disk("engine local", "/var/lib/docker", Ok(Space { all: all << 20, free: free << 20 }))
                .verdict
        };
        assert_eq!(of(100 << 10, 50 << 10), Verdict::Ok);
        assert_eq!(of(100 << 10, 1 << 10), Verdict::Warn);
        assert_eq!(of(1000 << 10, 40 << 10), Verdict::Warn);
        assert_eq!(of(100 << 10, 100), Verdict::Fail);
        assert_eq!(of(0, 0), Verdict::Fail);
        assert_eq!(disk("x", "/", Err("no".to_owned())).verdict, Verdict::Unknown);
    }
}
