//! The top level: the file itself, networks, volumes, secrets, configs, models, include.

use super::service::SERVICE;
use super::{
    Becomes, FLAG, Field, Keys, LABELS, OPTIONS, Object, Printed, Rest, Shape, TEXT, TEXT_OR_TEXTS,
    TEXTS, Types, list, one, printed, set, there,
};

/// A stack file.
pub static FILE: Object = Object::new(
    "compose",
    &[
        printed("version", TEXT, Printed::Never),
        set("name", TEXT),
        printed("include", list(&INCLUDES), Printed::Never),
        printed("services", named(&Shape::Object(&SERVICE), true), Printed::Always),
        set("networks", named(&Shape::OrNull(&Shape::Object(&NETWORK)), false)),
        set("volumes", named(&Shape::OrNull(&Shape::Object(&VOLUME)), true)),
        set("secrets", named(&Shape::Object(&SECRET), true)),
        set("configs", named(&Shape::Object(&CONFIG), true)),
        printed("models", named(&Shape::Object(&MODEL), false), Printed::YamlOnly),
    ],
);

const fn named(value: &'static Shape, closed: bool) -> Shape {
    Shape::Map { keys: Keys::Name, value, closed }
}

const INCLUDES: Shape = Shape::Forms(&[TEXT], &Shape::Object(&INCLUDE));

static INCLUDE: Object = Object::new(
    "include",
    &[set("path", TEXT_OR_TEXTS), set("project_directory", TEXT), set("env_file", TEXT_OR_TEXTS)],
)
.rest(Rest::Nothing);

const EXTERNAL: Shape = Shape::Forms(&[Shape::Object(&EXTERNAL_NAME)], &FLAG);

static EXTERNAL_NAME: Object = Object::new("external", &[set("name", TEXT)]);

/// The same where Compose forgot to refuse other keys.
const LOOSE_EXTERNAL: Shape = Shape::Forms(&[Shape::Object(&LOOSE_EXTERNAL_NAME)], &FLAG);

static LOOSE_EXTERNAL_NAME: Object =
    Object::new("loose_external", &[set("name", TEXT)]).rest(Rest::Anything);

/// A network.
pub static NETWORK: Object = Object::new(
    "network",
    &[
        set("name", TEXT),
        set("driver", TEXT),
        set("driver_opts", OPTIONS),
        printed("ipam", Shape::Object(&IPAM), Printed::ObjectInJson),
        set("external", EXTERNAL),
        set("internal", FLAG),
        set("attachable", FLAG),
        set("labels", LABELS),
        there("enable_ipv4", FLAG),
        there("enable_ipv6", FLAG),
    ],
);

static IPAM: Object = Object::new(
    "ipam",
    &[
        set("driver", TEXT),
        set("config", list(&Shape::Object(&POOL))),
        printed("options", texts_by_name(), Printed::Never),
    ],
);

static POOL: Object = Object::new(
    "ipam_config",
    &[
        set("subnet", TEXT),
        set("gateway", TEXT),
        set("ip_range", TEXT),
        set("aux_addresses", texts_by_name()),
    ],
);

const fn texts_by_name() -> Shape {
    Shape::Map { keys: Keys::Some, value: &TEXT, closed: true }
}

/// A volume.
pub static VOLUME: Object = Object::new(
    "volume",
    &[
        set("name", TEXT),
        set("driver", TEXT),
        set("driver_opts", OPTIONS),
        set("external", EXTERNAL),
        set("labels", LABELS),
    ],
);

const NAME: Field = set("name", TEXT);
const FILE_PATH: Field = set("file", TEXT);
const VARIABLE: Field = set("environment", TEXT);

static SECRET: Object = Object::new(
    "secret",
    &[
        NAME,
        FILE_PATH,
        VARIABLE,
        set("external", LOOSE_EXTERNAL),
        set("labels", LABELS),
        set("driver", TEXT),
        set("driver_opts", OPTIONS),
        set("template_driver", TEXT),
    ],
);

static CONFIG: Object = Object::new(
    "config",
    &[
        NAME,
        FILE_PATH,
        VARIABLE,
        set("content", TEXT),
        set("external", LOOSE_EXTERNAL),
        set("labels", LABELS),
        set("template_driver", TEXT),
    ],
);

static MODEL: Object = Object::new(
    "model",
    &[
        set("name", TEXT),
        set("model", TEXT),
        set("context_size", one(Types::INTEGER, Becomes::Int)),
        set("runtime_flags", TEXTS),
    ],
)
.needs(&["model"]);
