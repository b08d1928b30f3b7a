//! One pass and the controller's loop against a small hand-written world with a virtual
//! clock: order, limits, drops, stops, deadlines, exit codes, backoff.

mod back;
mod drive;
mod execute;
mod folder;
mod git;
mod history;
mod images;
mod inside;
mod make;
mod pass;
mod revisions;
mod run;
mod stage;
mod views;
mod world;
