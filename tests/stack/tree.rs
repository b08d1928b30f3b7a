//! A tree in memory.

use std::collections::BTreeMap;

use world::{Tree, TreeEntry, TreeError, TreeKind};

#[derive(Default)]
pub(crate) struct MemoryTree {
    nodes: BTreeMap<String, (TreeKind, Vec<u8>)>,
}

#[allow(dead_code, reason = "several test programs share it, and each uses a part")]
impl MemoryTree {
    pub(crate) fn file(&mut self, path: &str, text: &str, executable: bool) {
        // `\r` and `\u{feff}` cannot be seen in a table; they are spelled out there.
        let text = text.replace("<CR>\n", "\r\n").replace("<BOM>", "\u{feff}");
        self.put(path, TreeKind::File { executable }, with_bytes(&text));
    }

    pub(crate) fn bytes(&mut self, path: &str, bytes: &[u8]) {
        self.put(path, TreeKind::File { executable: false }, bytes.to_vec());
    }

    pub(crate) fn link(&mut self, path: &str, target: &str) {
        self.put(path, TreeKind::Link, target.as_bytes().to_vec());
    }

    pub(crate) fn special(&mut self, path: &str) {
        self.put(path, TreeKind::Other, Vec::new());
    }

    fn put(&mut self, path: &str, kind: TreeKind, bytes: Vec<u8>) {
        for (at, _) in path.match_indices('/') {
            self.nodes.insert(path[..at].to_owned(), (TreeKind::Folder, Vec::new()));
        }
        self.nodes.insert(path.to_owned(), (kind, bytes));
    }
}

impl Tree for MemoryTree {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, TreeError> {
        match self.nodes.get(path) {
            None => Err(TreeError::Missing(path.to_owned())),
            Some((TreeKind::File { .. }, bytes)) if bytes.len() as u64 > limit => {
                Err(TreeError::TooLarge { path: path.to_owned(), limit })
            }
            Some((TreeKind::File { .. }, bytes)) => Ok(bytes.clone()),
            Some(_) => Err(TreeError::NotAFile(path.to_owned())),
        }
    }

    fn list(&self, path: &str) -> Result<Vec<TreeEntry>, TreeError> {
        match self.nodes.get(path) {
            Some((TreeKind::Folder, _)) => {}
            None if path.is_empty() => {}
            None => return Err(TreeError::Missing(path.to_owned())),
            Some(_) => return Err(TreeError::NotAFile(path.to_owned())),
        }
        let inside = |full: &String| {
            let rest =
                if path.is_empty() { full } else { full.strip_prefix(path)?.strip_prefix('/')? };
            (!rest.is_empty() && !rest.contains('/')).then(|| rest.to_owned())
        };
        let entries = self
            .nodes
            .iter()
            .filter_map(|(full, (kind, _))| Some(TreeEntry { name: inside(full)?, kind: *kind }));
        Ok(entries.collect())
    }

    fn link(&self, path: &str) -> Result<String, TreeError> {
        match self.nodes.get(path) {
            Some((TreeKind::Link, target)) => Ok(String::from_utf8_lossy(target).into_owned()),
            _ => Err(TreeError::Missing(path.to_owned())),
        }
    }

    fn host_path(&self) -> Option<&str> {
        None
    }
}

/// The text with `<0xE4>` for the byte that it names.
fn with_bytes(text: &str) -> Vec<u8> {
    let mut parts = text.split("<0x");
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (byte, rest) = part.split_once('>').expect("`<0xE4>`");
        bytes.push(u8::from_str_radix(byte, 16).expect("two hexadecimal digits"));
        bytes.extend_from_slice(rest.as_bytes());
    }
    bytes
}
