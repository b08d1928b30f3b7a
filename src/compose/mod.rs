//! The Compose Specification: the files of one stack to their normal form, as Docker
//! Compose itself gives it. Pure; files come through [`crate::world::Tree`].

pub(crate) mod dotenv;
pub(crate) mod interpolate;
pub(crate) mod template;
pub(crate) mod variables;
