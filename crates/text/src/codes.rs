//! The kinds of messages about files, their YAML and the types of values, as `reconciler explain` names them.

use model::diagnostic::Code;

/// A file cannot be read, or lies outside the tree.
pub const FILE: Code = Code("E0101");
/// The text is not YAML.
pub const YAML: Code = Code("E0102");
/// A key is in a map twice.
pub(crate) const DUPLICATE_KEY: Code = Code("E0103");
/// A key is not text.
pub(crate) const KEY: Code = Code("E0104");
/// An alias refers to what it is a part of.
pub(crate) const ALIAS: Code = Code("E0105");
/// `<<` has something else than maps.
pub(crate) const MERGE_KEY: Code = Code("E0106");
/// A tag has no meaning.
pub(crate) const TAG: Code = Code("E0107");
/// A limit that protects against hostile files.
pub const LIMIT: Code = Code("E0108");
/// A file whose content is kept elsewhere: by git-lfs, or in a submodule.
pub const KEPT_ELSEWHERE: Code = Code("E0109");

/// A list where a map has to be, a number where a string has to be.
pub const TYPE: Code = Code("E0202");
/// A duration, size, number or truth value that cannot be read.
pub const VALUE: Code = Code("E0211");
/// An item that should be `name=value`.
pub const PAIR: Code = Code("E0212");
