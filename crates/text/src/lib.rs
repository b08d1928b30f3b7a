//! Text with places: YAML as a tree that knows where everything was written, messages that
//! point there, and typed reading of its nodes. Knows nothing of Compose.

pub mod block;
pub mod codes;
pub mod emit;
pub mod encoding;
pub mod format;
mod hiding;
mod path_of;
pub mod paths;
pub mod read;
pub mod report;
pub mod stored;
pub mod suggest;
pub mod underline;
pub mod units;
pub mod yaml;
