//! The kinds of messages about stacks, as `reconciler explain` names them. Those of files
//! and their YAML are with the reader: E0101 to E0109.

use crate::model::diagnostic::Code;

pub(crate) use crate::text::codes::{FILE, LIMIT};

/// A stack file is not a map, or there is nothing in it.
pub(crate) const NOT_A_STACK: Code = Code("E0110");
/// The project has no usable name.
pub(crate) const NAME: Code = Code("E0111");
/// A `$` that begins no reference.
pub(crate) const REFERENCE: Code = Code("E0112");
/// A variable that has to be set is not, or is not passed.
pub(crate) const REQUIRED: Code = Code("E0113");
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
pub(crate) const ENV_FILE: Code = Code("E0150");
/// A key of a legacy file that has no meaning any more.
pub(crate) const LEGACY: Code = Code("E0160");
/// `version` is ignored.
pub(crate) const VERSION: Code = Code("E0161");
