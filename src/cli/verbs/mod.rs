//! One file per verb.

pub(super) mod adopt;
pub(super) mod answers;
pub(super) mod apply;
mod chosen;
pub(super) mod completion;
pub(super) mod config;
pub(super) mod consent;
pub(super) mod diff;
pub(super) mod doctor;
pub(super) mod events;
pub(super) mod explain;
pub(super) mod fmt;
pub(super) mod grants;
pub(super) mod healthcheck;
pub(super) mod import;
pub(super) mod init;
pub(super) mod logs;
pub(super) mod man;
pub(super) mod needed;
mod no_stack;
mod pass;
pub(super) mod real;
pub(super) mod run;
pub(super) mod schema;
pub(super) mod show;
pub(super) mod sim;
pub(super) mod validate;
