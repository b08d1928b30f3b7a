//! The files that a deployment was read from, as one text that is kept: what it returns to does not
//! depend on whether git still has the commit.
//!
//! Files are kept as the source has them: a secret that is not in it (a variable of the operator)
//! is not kept, and read again where it is. Build contexts are neither read nor kept: the image is
//! there, or cannot be had.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::Options;
use super::discover::{Which, one};
use super::lower::Contexts;
use model::desired::{Deployment, Entry, Layout};
use model::id::DeploymentId;
use model::mark::Mark;
use model::secret::Content;
use model::tree::Commit;
use world::{Snapshot, Tree, TreeEntry, TreeError, TreeKind};

/// The form that is written.
const VERSION: u32 = 1;
/// The most that is kept of one deployment, in bytes.
const MOST: usize = 4 << 20;

/// What is kept.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    version: u32,
    start: String,
    layout: Option<Layout>,
    stack: String,
    #[serde(flatten)]
    files: Files,
}

/// Files as they were read, by path.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Files {
    #[serde(rename = "files")]
    regular: BTreeMap<String, Bytes>,
    folders: BTreeMap<String, Vec<(String, Kind)>>,
    links: BTreeMap<String, String>,
}

/// A file's bytes: most are text.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Bytes {
    Text(String),
    Base64(String),
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    File,
    Executable,
    Folder,
    Link,
    Other,
}

/// The files of a deployment that was loaded from a snapshot with these options, as bytes from
/// which [`restore`] makes it again.
///
/// # Errors
/// Why they cannot be kept.
pub fn keep(
    snapshot: &Snapshot,
    options: &Options,
    layout: Layout,
    deployment: &Deployment,
) -> Result<Content, String> {
    let recording = Arc::new(Recording::of(&snapshot.tree));
    let read = Snapshot { tree: recording.clone(), ..snapshot.clone() };
    let which = Which { layout, id: &deployment.id, stack: &deployment.stack_file };
    let contexts = Contexts::unread(snapshot.tree.as_ref());
    match one(&read, options, &which, &contexts) {
        Some(Entry::Valid(read, _)) if is_same(&read, deployment) => {}
        _ => return Err("its files have changed meanwhile".to_owned()),
    }
    let kept = Kept {
        version: VERSION,
        start: snapshot.start.clone(),
        layout: Some(layout),
        stack: deployment.stack_file.clone(),
        files: recording.files(),
    };
    let text = serde_json::to_vec(&kept).expect("BUG: files are plain data");
    if text.len() > MOST {
        return Err(format!("its files have more than {} MiB", MOST >> 20));
    }
    Ok(Content::new(text))
}

/// The deployment whose files were kept.
///
/// # Errors
/// Why it cannot be made of them.
pub fn restore(
    kept: &Content,
    snapshot: &Snapshot,
    options: &Options,
    id: &DeploymentId,
) -> Result<Deployment, String> {
    let kept: Kept =
        serde_json::from_slice(kept.expose()).map_err(|error| format!("it is none: {error}"))?;
    if kept.version != VERSION {
        return Err(format!("its form is {}", kept.version));
    }
    let Kept { start, layout, stack, files, .. } = kept;
    let layout = layout.ok_or("it names no layout")?;
    let which = Which { layout, id, stack: &stack };
    let host_path = snapshot.tree.host_path().map(str::to_owned);
    let tree = Arc::new(KeptTree { files, host_path });
    let snapshot = Snapshot { start, tree: tree.clone(), ..snapshot.clone() };
    let contexts = Contexts::unread(tree.as_ref());
    match one(&snapshot, options, &which, &contexts) {
        Some(Entry::Valid(deployment, _)) => Ok(Arc::unwrap_or_clone(deployment)),
        Some(Entry::Invalid(messages)) => {
            let error = messages.iter().find(|message| message.is_error());
            Err(error.map_or("it is not valid".to_owned(), |error| error.message.clone()))
        }
        None => Err("its stack file is not in it".to_owned()),
    }
}

/// Whether what is read now is what was rolled out, as far as no build context has to be read.
fn is_same(read: &Deployment, known: &Deployment) -> bool {
    let form = |deployment: &Deployment| {
        let services = deployment.services.values();
        let services = services.map(|it| (it.spec.clone(), it.replicas, it.files_hash.clone()));
        let networks = deployment.networks.values().map(|it| it.spec.clone());
        let volumes = deployment.volumes.values().map(|it| it.spec.clone());
        (services.collect::<Vec<_>>(), networks.collect::<Vec<_>>(), volumes.collect::<Vec<_>>())
    };
    form(read) == form(known)
}

/// A tree that remembers what was read of it.
struct Recording {
    tree: Arc<dyn Tree>,
    read: Mutex<Files>,
}

impl Recording {
    fn of(tree: &Arc<dyn Tree>) -> Self {
        Self { tree: Arc::clone(tree), read: Mutex::default() }
    }

    fn note(&self, note: impl FnOnce(&mut Files)) {
        note(&mut self.read.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn files(&self) -> Files {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Tree for Recording {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, TreeError> {
        let bytes = self.tree.read(path, limit)?;
        let kept = match std::str::from_utf8(&bytes) {
            Ok(text) => Bytes::Text(text.to_owned()),
            Err(_) => Bytes::Base64(STANDARD.encode(&bytes)),
        };
        self.note(|files| drop(files.regular.insert(path.to_owned(), kept)));
        Ok(bytes)
    }

    fn list(&self, path: &str) -> Result<Vec<TreeEntry>, TreeError> {
        let entries = self.tree.list(path)?;
        let kept = entries.iter().map(|entry| (entry.name.clone(), Kind::of(entry.kind))).collect();
        self.note(|files| drop(files.folders.insert(path.to_owned(), kept)));
        Ok(entries)
    }

    fn link(&self, path: &str) -> Result<String, TreeError> {
        let target = self.tree.link(path)?;
        self.note(|files| drop(files.links.insert(path.to_owned(), target.clone())));
        Ok(target)
    }

    fn host_path(&self) -> Option<&str> {
        self.tree.host_path()
    }

    fn commit(&self) -> Option<Commit> {
        self.tree.commit()
    }

    fn mark(&self, path: &str) -> Option<Mark> {
        self.tree.mark(path)
    }
}

/// The tree that kept files make.
struct KeptTree {
    files: Files,
    host_path: Option<String>,
}

impl Tree for KeptTree {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, TreeError> {
        let unreadable = |why: String| TreeError::Unreadable { path: path.to_owned(), why };
        let bytes = match self.files.regular.get(path) {
            Some(Bytes::Text(text)) => text.clone().into_bytes(),
            Some(Bytes::Base64(text)) => {
                STANDARD.decode(text).map_err(|error| unreadable(error.to_string()))?
            }
            None => return Err(TreeError::Missing(path.to_owned())),
        };
        if bytes.len() as u64 > limit {
            return Err(TreeError::TooLarge { path: path.to_owned(), limit });
        }
        Ok(bytes)
    }

    fn list(&self, path: &str) -> Result<Vec<TreeEntry>, TreeError> {
        let entries = self.files.folders.get(path);
        let entries = entries.ok_or_else(|| TreeError::Missing(path.to_owned()))?;
        let entry =
            |(name, kind): &(String, Kind)| TreeEntry { name: name.clone(), kind: kind.kind() };
        Ok(entries.iter().map(entry).collect())
    }

    fn link(&self, path: &str) -> Result<String, TreeError> {
        let target = self.files.links.get(path).cloned();
        target.ok_or_else(|| TreeError::Missing(path.to_owned()))
    }

    fn host_path(&self) -> Option<&str> {
        self.host_path.as_deref()
    }
}

impl Kind {
    fn of(kind: TreeKind) -> Self {
        match kind {
            TreeKind::File { executable: false } => Self::File,
            TreeKind::File { executable: true } => Self::Executable,
            TreeKind::Folder => Self::Folder,
            TreeKind::Link => Self::Link,
            TreeKind::Other => Self::Other,
        }
    }

    fn kind(self) -> TreeKind {
        match self {
            Self::File => TreeKind::File { executable: false },
            Self::Executable => TreeKind::File { executable: true },
            Self::Folder => TreeKind::Folder,
            Self::Link => TreeKind::Link,
            Self::Other => TreeKind::Other,
        }
    }
}
