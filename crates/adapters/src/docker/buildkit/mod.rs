//! Builds of images.
//!
//! - `build`: the request, the context, and what the engine says meanwhile. `session`: what
//!   BuildKit may ask for. `protobuf`: the form of the messages of both.

mod build;
mod protobuf;
mod session;
