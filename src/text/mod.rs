//! Text with places: YAML as a tree that knows where everything was written, messages that
//! point there, and typed reading of its nodes. Knows nothing of Compose.

pub(crate) mod codes;
pub(crate) mod format;
mod hiding;
mod path_of;
pub(crate) mod paths;
pub(crate) mod read;
pub(crate) mod report;
pub(crate) mod stored;
pub(crate) mod suggest;
pub(crate) mod underline;
pub(crate) mod units;
pub(crate) mod yaml;
