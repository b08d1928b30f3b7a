//! `build`, and what it shares with the service.

use super::parts::FILE_MOUNTS;
use super::{
    ENVIRONMENT, FLAG, INT, Keys, LABELS, Object, Printed, Shape, TEXT, TEXTS, Types, WHOLE_BYTES,
    one, printed, set,
};

/// `build`: a context, or all of it.
pub(super) const BUILDS: Shape = Shape::Forms(&[TEXT], &Shape::Object(&BUILD));

static BUILD: Object = Object::new(
    "build",
    &[
        set("context", TEXT),
        set("dockerfile", TEXT),
        set("dockerfile_inline", TEXT),
        set("entitlements", TEXTS),
        set("args", ENVIRONMENT),
        set("provenance", ATTESTATION),
        set("sbom", ATTESTATION),
        set("ssh", Shape::Ssh),
        set("labels", LABELS),
        set("cache_from", TEXTS),
        set("cache_to", TEXTS),
        set("no_cache", FLAG),
        set("additional_contexts", LABELS),
        set("pull", FLAG),
        set("extra_hosts", Shape::Hosts),
        set("isolation", TEXT),
        set("network", TEXT),
        set("target", TEXT),
        set("secrets", FILE_MOUNTS),
        set("shm_size", WHOLE_BYTES),
        set("tags", TEXTS),
        set("ulimits", ULIMITS),
        set("platforms", TEXTS),
        set("privileged", FLAG),
    ],
);

const ATTESTATION: Shape = one(Types::STRING.or(Types::BOOLEAN), super::Becomes::Text);

/// `ulimits`: one number, or a soft and a hard one; printed as written.
pub(super) const ULIMITS: Shape = Shape::Map {
    keys: Keys::Lower,
    value: &Shape::Either(&[INT, Shape::Object(&ULIMIT)]),
    closed: false,
};

static ULIMIT: Object = Object::new(
    "ulimit",
    &[printed("soft", INT, Printed::InYaml), printed("hard", INT, Printed::InYaml)],
)
.needs(&["soft", "hard"]);
