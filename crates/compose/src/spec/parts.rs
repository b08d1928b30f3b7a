//! The parts of a service that have a form of their own: ports, mounts, networks,
//! dependencies, health checks, hooks, file references.

use super::deploy::TMPFS;
use super::{
    Becomes, DURATION, ENVIRONMENT, FLAG, Keys, LABELS, OPTIONS, Object, Printed, Rest,
    STRICT_FLAG, Shape, TEXT, TEXT_OR_TEXTS, Types, UNIQUE_TEXTS, one, printed, set, there, word,
};

pub(super) const PORTS: Shape = Shape::List {
    item: &Shape::Forms(&[one(Types::NUMBER.or(Types::STRING), Becomes::Text)], &PORT_SHAPE),
    unique: true,
};
const PORT_SHAPE: Shape = Shape::Object(&PORT);

static PORT: Object = Object::new(
    "port",
    &[
        set("name", TEXT),
        set("mode", TEXT),
        set("host_ip", TEXT),
        set("target", one(Types::INTEGER.or(Types::STRING), Becomes::Unsigned)),
        set("published", one(Types::INTEGER.or(Types::STRING), Becomes::Text)),
        set("protocol", TEXT),
        set("app_protocol", TEXT),
    ],
);

pub(super) const MOUNTS: Shape =
    Shape::List { item: &Shape::Forms(&[TEXT], &Shape::Object(&MOUNT)), unique: true };

static MOUNT: Object = Object::new(
    "mount",
    &[
        set("type", word(&["bind", "volume", "tmpfs", "cluster", "npipe", "image"])),
        set("source", TEXT),
        set("target", TEXT),
        set("read_only", FLAG),
        set("consistency", TEXT),
        there("bind", Shape::Object(&BIND)),
        there("volume", Shape::Object(&NAMED)),
        there("tmpfs", Shape::Object(&TMPFS)),
        there("image", Shape::Object(&IMAGE)),
    ],
)
.needs(&["type"]);

static BIND: Object = Object::new(
    "mount_bind",
    &[
        set("selinux", word(&["z", "Z"])),
        set("propagation", TEXT),
        set("create_host_path", FLAG),
        set("recursive", word(&["enabled", "disabled", "writable", "readonly"])),
    ],
);

static NAMED: Object = Object::new(
    "mount_volume",
    &[set("labels", LABELS), set("nocopy", FLAG), set("subpath", TEXT)],
);

static IMAGE: Object = Object::new("mount_image", &[set("subpath", TEXT)]);

pub(super) const FILE_MOUNTS: Shape = super::list(&Shape::Forms(&[TEXT], &FILE_MOUNT_SHAPE));
const FILE_MOUNT_SHAPE: Shape = Shape::Object(&FILE_MOUNT);

static FILE_MOUNT: Object = Object::new(
    "file_mount",
    &[
        set("source", TEXT),
        set("target", TEXT),
        set("uid", TEXT),
        set("gid", TEXT),
        there("mode", one(Types::NUMBER.or(Types::STRING), Becomes::Mode)),
    ],
);

pub(super) const NETWORKS: Shape = Shape::Forms(
    &[UNIQUE_TEXTS],
    &Shape::Map {
        keys: Keys::Name,
        value: &Shape::OrNull(&Shape::Object(&ATTACHMENT)),
        closed: true,
    },
);

static ATTACHMENT: Object = Object::new(
    "service_network",
    &[
        set("aliases", UNIQUE_TEXTS),
        set("driver_opts", OPTIONS),
        set("gw_priority", one(Types::NUMBER, Becomes::Int)),
        set("interface_name", TEXT),
        set("ipv4_address", TEXT),
        set("ipv6_address", TEXT),
        set("link_local_ips", UNIQUE_TEXTS),
        set("mac_address", TEXT),
        set("priority", one(Types::NUMBER, Becomes::Int)),
    ],
);

pub(super) const MODELS: Shape = Shape::Forms(
    &[UNIQUE_TEXTS],
    &Shape::Map {
        keys: Keys::Name,
        value: &Shape::OrNull(&Shape::Object(&MODEL_USE)),
        closed: false,
    },
);

static MODEL_USE: Object =
    Object::new("service_model", &[set("endpoint_var", TEXT), set("model_var", TEXT)]);

pub(super) const DEPENDENCIES: Shape = Shape::Forms(
    &[UNIQUE_TEXTS],
    &Shape::Map { keys: Keys::Name, value: &Shape::Object(&DEPENDENCY), closed: true },
);

static DEPENDENCY: Object = Object::new(
    "dependency",
    &[
        set(
            "condition",
            word(&["service_started", "service_healthy", "service_completed_successfully"]),
        ),
        set("restart", FLAG),
        printed("required", STRICT_FLAG, Printed::Always),
    ],
)
.needs(&["condition"]);

pub(super) static HEALTH: Object = Object::new(
    "healthcheck",
    &[
        set("test", Shape::HealthTest),
        there("timeout", DURATION),
        there("interval", DURATION),
        there("retries", one(Types::NUMBER.or(Types::STRING), Becomes::Unsigned)),
        there("start_period", DURATION),
        there("start_interval", DURATION),
        set("disable", FLAG),
    ],
);

pub(super) const HOOKS: Shape = Shape::List { item: &Shape::Object(&HOOK), unique: false };

static HOOK: Object = Object::new(
    "service_hook",
    &[
        printed("command", Shape::Command, Printed::NullInJson),
        set("user", TEXT),
        set("privileged", FLAG),
        set("working_dir", TEXT),
        set("environment", ENVIRONMENT),
    ],
)
.needs(&["command"]);

/// Newer than Compose 2.40: containers that run before the service's own.
pub(super) const INITS: Shape = Shape::List { item: &Shape::Object(&INIT), unique: false };

static INIT: Object = Object::new(
    "pre_start_hook",
    &[
        printed("command", Shape::Command, Printed::NullInJson),
        set("image", TEXT),
        set("user", TEXT),
        set("privileged", FLAG),
        set("working_dir", TEXT),
        set("environment", ENVIRONMENT),
        set("per_replica", FLAG),
    ],
);

pub(super) static DEVELOP: Object =
    Object::new("development", &[set("watch", super::list(&Shape::Object(&TRIGGER)))]);

static TRIGGER: Object = Object::new(
    "watch",
    &[
        printed("path", TEXT, Printed::Always),
        printed(
            "action",
            word(&["rebuild", "sync", "restart", "sync+restart", "sync+exec"]),
            Printed::Always,
        ),
        set("target", TEXT),
        printed("exec", Shape::Object(&HOOK), Printed::ObjectInJson),
        set("include", TEXT_OR_TEXTS),
        set("ignore", TEXT_OR_TEXTS),
        set("initial_sync", STRICT_FLAG),
    ],
)
.needs(&["path", "action"]);

pub(super) const DEVICES: Shape = super::list(&Shape::Forms(&[TEXT], &DEVICE_SHAPE));
const DEVICE_SHAPE: Shape = Shape::Object(&DEVICE);

static DEVICE: Object =
    Object::new("device", &[set("source", TEXT), set("target", TEXT), set("permissions", TEXT)])
        .needs(&["source"]);

pub(super) const ENV_FILES: Shape = Shape::Forms(
    &[TEXT],
    &Shape::List { item: &Shape::Forms(&[TEXT], &Shape::Object(&ENV_FILE)), unique: false },
);

static ENV_FILE: Object = Object::new(
    "env_file",
    &[set("path", TEXT), printed("required", FLAG, Printed::Always), set("format", TEXT)],
)
.needs(&["path"])
.rest(Rest::Nothing);

pub(super) const EXTENDS: Shape = Shape::Forms(&[TEXT], &Shape::Object(&EXTENSION));

static EXTENSION: Object = Object::new("extends", &[set("file", TEXT), set("service", TEXT)])
    .needs(&["service"])
    .rest(Rest::Nothing);

pub(super) static LOGGING: Object = Object::new(
    "logging",
    &[
        set("driver", TEXT),
        set(
            "options",
            Shape::Map {
                keys: Keys::Some,
                value: &one(Types::STRING.or(Types::NUMBER).or(Types::NULL), Becomes::Text),
                closed: false,
            },
        ),
    ],
);

pub(super) static PROVIDER: Object = Object::new(
    "provider",
    &[
        set("type", TEXT),
        set("options", Shape::Map { keys: Keys::Some, value: &PROVIDER_OPTION, closed: false }),
    ],
)
.needs(&["type"]);

/// A value or several; becomes a list.
const PROVIDER_OPTION: Shape =
    Shape::Forms(&[PROVIDER_VALUE], &Shape::List { item: &PROVIDER_VALUE, unique: false });
const PROVIDER_VALUE: Shape =
    one(Types::STRING.or(Types::NUMBER).or(Types::BOOLEAN), Becomes::Text);

pub(super) static CREDENTIALS: Object = Object::new(
    "credential_spec",
    &[set("config", TEXT), set("file", TEXT), set("registry", TEXT)],
);
