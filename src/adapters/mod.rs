//! The real world, one file per outside thing.
