//! `deploy`: replicas, resources, updates, placement.

use super::{
    Becomes, DURATION, FLOAT, INT, LABELS, NUMBER, Object, Printed, Rest, Shape, TEXT, TEXTS,
    Types, UNIQUE_TEXTS, UNSIGNED, list, one, printed, set, there, word,
};

pub(super) static DEPLOY: Object = Object::new(
    "deployment",
    &[
        set("mode", TEXT),
        there("replicas", INT),
        set("labels", LABELS),
        there("update_config", Shape::Object(&UPDATE)),
        there("rollback_config", Shape::Object(&UPDATE)),
        printed("resources", Shape::Object(&RESOURCES), Printed::ObjectInJson),
        there("restart_policy", Shape::Object(&RESTART)),
        printed("placement", Shape::Object(&PLACEMENT), Printed::ObjectInJson),
        set("endpoint_mode", TEXT),
    ],
);

static UPDATE: Object = Object::new(
    "update_config",
    &[
        there("parallelism", UNSIGNED),
        set("delay", DURATION),
        set("failure_action", TEXT),
        set("monitor", DURATION),
        set("max_failure_ratio", FLOAT),
        set("order", word(&["start-first", "stop-first"])),
    ],
);

static RESOURCES: Object = Object::new(
    "resources",
    &[there("limits", Shape::Object(&LIMITS)), there("reservations", Shape::Object(&RESERVATIONS))],
);

const MEMORY: Shape = one(Types::STRING, Becomes::Bytes);

static LIMITS: Object =
    Object::new("limits", &[set("cpus", FLOAT), set("memory", MEMORY), set("pids", INT)]);

static RESERVATIONS: Object = Object::new(
    "reservations",
    &[
        set("cpus", FLOAT),
        set("memory", MEMORY),
        set("devices", list(&Shape::Object(&DEVICE))),
        set("generic_resources", list(&Shape::Object(&GENERIC))),
    ],
);

static DEVICE: Object = Object::new(
    "device_request",
    &[
        set("capabilities", UNIQUE_TEXTS),
        set("driver", TEXT),
        set("count", one(Types::INTEGER.or(Types::STRING), Becomes::Count)),
        set("device_ids", UNIQUE_TEXTS),
        set("options", LABELS),
    ],
)
.needs(&["capabilities"]);

/// An item of `gpus`, where Compose lets any key pass.
pub(super) static GPU: Object = Object {
    name: "gpu",
    fields: DEVICE.fields,
    required: &[],
    rest: Rest::Anything,
    capital: false,
};

static GENERIC: Object =
    Object::new("generic_resource", &[there("discrete_resource_spec", Shape::Object(&DISCRETE))]);

static DISCRETE: Object = Object::new(
    "discrete_resource_spec",
    &[printed("kind", TEXT, Printed::Always), printed("value", NUMBER, Printed::Always)],
);

static RESTART: Object = Object::new(
    "restart_policy",
    &[
        set("condition", TEXT),
        there("delay", DURATION),
        there("max_attempts", UNSIGNED),
        there("window", DURATION),
    ],
);

static PLACEMENT: Object = Object::new(
    "placement",
    &[
        set("constraints", TEXTS),
        set("preferences", list(&Shape::Object(&PREFERENCE))),
        set("max_replicas_per_node", UNSIGNED),
    ],
);

static PREFERENCE: Object = Object::new("placement_preference", &[set("spread", TEXT)]);

/// One device and how fast it may be used.
pub(super) static RATE: Object = Object::new(
    "blkio_limit",
    &[
        printed("path", TEXT, Printed::Always),
        printed("rate", one(Types::INTEGER.or(Types::STRING), Becomes::Bytes), Printed::Always),
    ],
)
.rest(Rest::Nothing)
.capital();

/// One device and its weight.
pub(super) static WEIGHT: Object = Object::new(
    "blkio_weight",
    &[printed("path", TEXT, Printed::Always), printed("weight", UNSIGNED, Printed::Always)],
)
.rest(Rest::Nothing)
.capital();

pub(super) static BLKIO: Object = Object::new(
    "blkio_config",
    &[
        set("weight", UNSIGNED),
        set("weight_device", list(&Shape::Object(&WEIGHT))),
        set("device_read_bps", list(&Shape::Object(&RATE))),
        set("device_read_iops", list(&Shape::Object(&RATE))),
        set("device_write_bps", list(&Shape::Object(&RATE))),
        set("device_write_iops", list(&Shape::Object(&RATE))),
    ],
)
.rest(Rest::Nothing);

/// `tmpfs` of a mount.
pub(super) static TMPFS: Object = Object::new(
    "mount_tmpfs",
    &[
        set("size", super::within(Becomes::Bytes, 0, i64::MAX)),
        set("mode", one(Types::NUMBER.or(Types::STRING), Becomes::Unsigned)),
    ],
);
