//! Where desired state comes from: a folder, a stack file or a git repository.

use std::path::{Path, PathBuf};

use crate::adapters::dir::DirSource;
use crate::model::id::SourceId;
use crate::world::{Snapshot, Source, SourceError};

use super::super::environment::Environment;
use super::super::options::SourceOptions;
use super::Refusal;
