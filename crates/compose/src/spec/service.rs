//! A service, with all its keys.

use super::build::{BUILDS, ULIMITS};
use super::deploy::{BLKIO, DEPLOY, GPU};
use super::parts::{
    CREDENTIALS, DEPENDENCIES, DEVELOP, DEVICES, ENV_FILES, EXTENDS, FILE_MOUNTS, HEALTH, HOOKS,
    INITS, LOGGING, MODELS, MOUNTS, NETWORKS, PORTS, PROVIDER,
};
use super::{
    BYTES, Becomes, DURATION, ENVIRONMENT, FLAG, FLOAT, INT, Keys, LABELS, NUMBER, Object, Pattern,
    Printed, SCALAR, STRICT_FLAG, Shape, TEXT, TEXT_OR_NUMBER, TEXT_OR_TEXTS, Types, UNIQUE_TEXTS,
    WHOLE_BYTES, one, pattern, printed, set, there, within, word,
};

/// A service.
pub static SERVICE: Object = Object::new(
    "service",
    &[
        set("profiles", UNIQUE_TEXTS),
        set("annotations", LABELS),
        there("attach", FLAG),
        there("build", BUILDS),
        there("develop", Shape::OrNull(&Shape::Object(&DEVELOP))),
        there("blkio_config", Shape::Object(&BLKIO)),
        set("cap_add", UNIQUE_TEXTS),
        set("cap_drop", UNIQUE_TEXTS),
        set("cgroup_parent", TEXT),
        set("cgroup", word(&["host", "private"])),
        set("cpu_count", within(Becomes::Int, 0, i64::MAX)),
        set("cpu_percent", within(Becomes::Float, 0, 100)),
        set("cpu_period", NUMBER),
        set("cpu_quota", NUMBER),
        set("cpu_rt_period", NUMBER),
        set("cpu_rt_runtime", NUMBER),
        set("cpus", FLOAT),
        set("cpuset", TEXT),
        set("cpu_shares", NUMBER),
        printed("command", Shape::Command, Printed::NullInJson),
        set("configs", FILE_MOUNTS),
        set("container_name", pattern(&CONTAINER_NAME)),
        there("credential_spec", Shape::Object(&CREDENTIALS)),
        set("depends_on", DEPENDENCIES),
        there("deploy", Shape::OrNull(&Shape::Object(&DEPLOY))),
        set("device_cgroup_rules", UNIQUE_TEXTS),
        set("devices", DEVICES),
        set("dns", TEXT_OR_TEXTS),
        set("dns_opt", UNIQUE_TEXTS),
        set("dns_search", TEXT_OR_TEXTS),
        set("domainname", TEXT),
        printed("entrypoint", Shape::Command, Printed::NullInJson),
        there("provider", Shape::Object(&PROVIDER)),
        set("environment", ENVIRONMENT),
        set("env_file", ENV_FILES),
        set("expose", Shape::List { item: &TEXT_OR_NUMBER, unique: true }),
        there("extends", EXTENDS),
        set("external_links", UNIQUE_TEXTS),
        set("extra_hosts", Shape::Hosts),
        set("group_add", Shape::List { item: &TEXT_OR_NUMBER, unique: true }),
        set("gpus", GPUS),
        set("hostname", TEXT),
        there("healthcheck", Shape::Object(&HEALTH)),
        set("image", TEXT),
        there("init", FLAG),
        set("ipc", TEXT),
        set("isolation", TEXT),
        set("labels", LABELS),
        set("label_file", Shape::TextOrList { unique: false }),
        set("links", UNIQUE_TEXTS),
        there("logging", Shape::Object(&LOGGING)),
        set("mem_limit", BYTES),
        set("mem_reservation", WHOLE_BYTES),
        set("memswap_limit", BYTES),
        set("mem_swappiness", WHOLE_BYTES),
        set("mac_address", TEXT),
        set("models", MODELS),
        set("network_mode", TEXT),
        set("networks", NETWORKS),
        set("oom_kill_disable", FLAG),
        set("oom_score_adj", within(Becomes::Int, -1000, 1000)),
        set("pid", one(Types::STRING.or(Types::NULL), Becomes::Text)),
        set("pids_limit", NUMBER),
        set("platform", TEXT),
        set("ports", PORTS),
        set("privileged", FLAG),
        set("pull_policy", pattern(&PULL_POLICY)),
        printed("pull_refresh_after", TEXT, Printed::Never),
        set("read_only", FLAG),
        set("restart", TEXT),
        set("runtime", TEXT),
        there("scale", INT),
        set("secrets", FILE_MOUNTS),
        set("security_opt", UNIQUE_TEXTS),
        set("shm_size", BYTES),
        set("stdin_open", FLAG),
        there("stop_grace_period", DURATION),
        set("stop_signal", TEXT),
        set("storage_opt", STORAGE),
        set("sysctls", LABELS),
        set("tmpfs", TEXT_OR_TEXTS),
        set("tty", FLAG),
        set("ulimits", ULIMITS),
        set("use_api_socket", STRICT_FLAG),
        set("user", TEXT),
        set("userns_mode", TEXT),
        set("uts", TEXT),
        set("volumes", MOUNTS),
        set("volumes_from", UNIQUE_TEXTS),
        set("working_dir", TEXT),
        set("pre_start", INITS),
        set("post_start", HOOKS),
        set("pre_stop", HOOKS),
    ],
);

/// `gpus`: `all`, or a list of requests.
const GPUS: Shape =
    Shape::Forms(&[ALL], &Shape::List { item: &Shape::Object(&GPU), unique: false });
const ALL: Shape = word(&["all"]);

/// Options of the storage driver: Compose checks nothing here.
const STORAGE: Shape = Shape::Map { keys: Keys::Some, value: &SCALAR, closed: false };

static CONTAINER_NAME: Pattern = Pattern {
    regex: "[a-zA-Z0-9][a-zA-Z0-9_.-]+",
    found_in: |text| {
        text.as_bytes().windows(2).any(|pair| {
            let first = pair[0].is_ascii_alphanumeric();
            first && (pair[1].is_ascii_alphanumeric() || b"_.-".contains(&pair[1]))
        })
    },
    meaning: "letters, digits, `_`, `.` and `-`, at least two, the first a letter or digit",
};

static PULL_POLICY: Pattern = Pattern {
    regex: "always|never|build|if_not_present|missing|refresh|daily|weekly|every_([0-9]+[wdhms])+",
    found_in: |text| {
        let words =
            ["always", "never", "build", "if_not_present", "missing", "refresh", "daily", "weekly"];
        words.iter().any(|word| text.contains(word))
            || text.match_indices("every_").any(|(at, word)| {
                let rest = text[at + word.len()..].trim_start_matches(|c: char| c.is_ascii_digit());
                let digits = text.len() - at - word.len() - rest.len();
                digits > 0 && rest.starts_with(['w', 'd', 'h', 'm', 's'])
            })
    },
    meaning: "`always`, `never`, `missing`, `build`, `daily`, `weekly` or `every_` and a duration",
};
