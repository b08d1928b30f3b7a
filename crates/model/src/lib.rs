//! The nouns: plain data that every other module speaks, and nothing that acts.
//!
//! - [`id`]: names and ids, each its own type, so that two of them cannot be swapped.
//! - [`spec`]: what a container, a network or a volume *is*, in the engine's units;
//!   the same type describes what git wants and what the engine reports; its parts are in
//!   [`limits`], [`privilege`], [`mount`], [`network`], [`platform`], and in [`share`] what containers
//!   share with the host or with each other.
//! - [`image_source`], [`build`]: where an image comes from, how it is built. [`mark`]: which file it is that is bound.
//! - [`hook`]: what runs in or before a container when it starts or stops.
//! - [`policy`], [`demands`]: what a stack may demand of the host, and what it does.
//! - [`desired`]: deployments as one revision of a source asks for them; [`settling`]: of which
//!   of them a watched folder may lack something for a moment only.
//! - [`observed`]: what engines and the catalog answered; what was not seen is *unseen*.
//!   [`ability`]: what an engine can do.
//! - [`ledger`]: what must be remembered and labels cannot say.
//! - [`labels`]: how identity is written on a container, and read back.
//! - [`action`]: one call to one outside system each; [`registrant`]: one of its payloads.
//! - [`tree`]: what is there, for answers to people; [`selector`]: the words by which they ask.
//! - [`plan`]: steps with causes, what is blocked, and what each deployment's state is;
//!   [`only_if`]: which images decide that a step is needed; [`image_content`]: what tells them apart.
//! - [`diagnostic`]: a message about the user's text, with its position.
//! - [`digest`], [`secret`], [`time`]: content hashes, bytes that do not print, instants.
//!
//! Nothing here does I/O, reads a clock or draws a random number.

pub mod ability;
pub mod action;
pub mod adoption;
pub mod bounds;
pub mod build;
pub mod catalog;
pub mod comparison;
pub mod compose_labels;
pub mod contained;
mod container;
pub mod create;
pub mod demand;
pub mod demands;
pub mod desired;
pub mod diagnostic;
pub mod difference;
pub mod digest;
pub mod engine_defaults;
pub mod field;
pub mod fields;
mod follows;
pub mod grants;
pub mod guessable;
pub mod hook;
pub mod host_path;
pub mod id;
pub mod image;
pub mod image_content;
pub mod image_source;
pub mod labels;
pub mod ledger;
mod ledger_places;
pub mod mark;
pub mod mount;
mod narrowed;
pub mod network;
pub mod normal_form;
pub mod observed;
pub mod only_if;
mod origins;
pub mod overview;
pub mod own_tree;
mod parts;
pub mod plan;
pub mod platform;
pub mod policy;
pub mod printable;
mod reach;
pub mod registrant;
pub mod remedy;
pub mod render;
mod restored;
pub mod rollback;
pub mod row;
pub mod secret;
pub mod selector;
mod serde_default;
pub mod settling;
pub mod share;
pub mod spec;
pub mod subnet;
pub mod sync_mode;
pub mod target;
pub mod time;
pub mod tree;
pub mod value;
mod waiting;

pub use self::container::{limits, privilege};
