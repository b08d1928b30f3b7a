//! The kinds of messages about stacks, as `reconciler explain` names them. Those of files
//! and their YAML are with the reader: E0101 to E0109.

use model::diagnostic::Code;

pub use text::codes::{FILE, LIMIT, PAIR, TYPE, VALUE};

/// A stack file is not a map, or there is nothing in it.
pub(crate) const NOT_A_STACK: Code = Code("E0110");
/// The project has no usable name.
pub(crate) const NAME: Code = Code("E0111");
/// A `$` that begins no reference.
pub const REFERENCE: Code = Code("E0112");
/// A variable that has to be set is not, or is not passed.
pub const REQUIRED: Code = Code("E0113");
/// A variable that is not set became nothing.
pub(crate) const UNSET: Code = Code("E0114");
/// A text that has to be a number or a truth value is none.
pub(crate) const CAST: Code = Code("E0115");
/// A truth value in the words of YAML 1.1.
pub(crate) const BOOLEAN_WORD: Code = Code("E0116");
/// A file cannot be merged onto the one before.
pub(crate) const MERGE: Code = Code("E0120");
/// An item of a list that is unique by key has none.
pub(crate) const ITEM: Code = Code("E0121");
/// `extends` cannot be read or names nothing.
pub(crate) const EXTENDS: Code = Code("E0130");
/// A service extends itself.
pub(crate) const EXTENDS_CYCLE: Code = Code("E0131");
/// `include` cannot be read.
pub(crate) const INCLUDE: Code = Code("E0140");
/// A file includes itself.
pub(crate) const INCLUDE_CYCLE: Code = Code("E0141");
/// An included resource differs from one of the same name.
pub(crate) const INCLUDE_CONFLICT: Code = Code("E0142");
/// A file elsewhere.
pub(crate) const REMOTE: Code = Code("E0143");
/// An env file cannot be used.
pub const ENV_FILE: Code = Code("E0150");
/// A key of a legacy file that has no meaning any more.
pub(crate) const LEGACY: Code = Code("E0160");
/// `version` is ignored.
pub(crate) const VERSION: Code = Code("E0161");

/// A key that nothing knows.
pub const UNKNOWN_KEY: Code = Code("E0201");
/// A key that has to be there is not.
pub const MISSING: Code = Code("E0203");
/// Another word than the allowed ones.
pub const WORD: Code = Code("E0204");
/// A number that is too small or too large.
pub(crate) const RANGE: Code = Code("E0205");
/// The same item twice.
pub(crate) const TWICE: Code = Code("E0206");
/// A port that cannot be read.
pub const PORT: Code = Code("E0207");
/// A mount that cannot be read.
pub const MOUNT: Code = Code("E0208");
/// A command line that cannot be split into words.
pub(crate) const COMMAND: Code = Code("E0209");
/// The part of a command line that Compose drops.
pub(crate) const COMMAND_CUT: Code = Code("E0210");
/// A host entry without a name or an address.
pub(crate) const HOST: Code = Code("E0213");
/// `external.name` beside `name`, or instead of it.
pub(crate) const EXTERNAL: Code = Code("E0214");
/// An env file or label file that is not there or cannot be read.
pub const LIST_FILE: Code = Code("E0215");
/// `~` without a home.
pub const HOME: Code = Code("E0216");
/// A variable that is set where this runs, but not passed.
pub const WITHHELD: Code = Code("E0217");

/// A service with nothing to run.
pub(crate) const NOTHING_TO_RUN: Code = Code("E0301");
/// Two keys that exclude each other.
pub const EXCLUSIVE: Code = Code("E0302");
/// A service that does not exist.
pub(crate) const NO_SERVICE: Code = Code("E0303");
/// A service that no active profile enables.
pub const DISABLED: Code = Code("E0304");
/// A network that does not exist.
pub(crate) const NO_NETWORK: Code = Code("E0305");
/// A volume that does not exist.
pub(crate) const NO_VOLUME: Code = Code("E0306");
/// A secret that does not exist.
pub(crate) const NO_SECRET: Code = Code("E0307");
/// A config that does not exist.
pub(crate) const NO_CONFIG: Code = Code("E0308");
/// A model that does not exist.
pub(crate) const NO_MODEL: Code = Code("E0309");
/// Services that depend on each other in a circle.
pub const CYCLE: Code = Code("E0310");
/// Two keys that say different numbers for one thing.
pub const CONFLICT: Code = Code("E0311");
/// A fixed container name for several containers.
pub const CONTAINER_NAME: Code = Code("E0312");
/// Two mounts on one target.
pub const MOUNTED_TWICE: Code = Code("E0313");
/// A platform that the image is not built for.
pub(crate) const PLATFORM: Code = Code("E0314");
/// A health check that begins with no known word.
pub(crate) const HEALTH_TEST: Code = Code("E0315");
/// A watch without a target.
pub(crate) const WATCH: Code = Code("E0316");
/// A secret or config without content.
pub(crate) const NO_CONTENT: Code = Code("E0317");
/// An external resource that is described as well.
pub(crate) const EXTERNAL_AND_MORE: Code = Code("E0318");
/// Another service's image as a build context, which is not built.
pub(crate) const NOT_BUILT: Code = Code("E0319");
