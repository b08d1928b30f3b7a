//! Where a plan file is, or may be written to: what is there already stays, unless it is one.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::super::setup::Refusal;

/// How every plan file begins, but for blanks: no stack file does.
const FIRST: &str = "\"reconciler_plan\"";

/// The name that keeps a plan file out of the revision of the folder that it lies in.
const SUFFIX: &str = ".plan";

/// Where a plan file may be written to.
#[derive(Debug)]
pub(in crate::cli) struct PlanTarget(PathBuf);

impl PlanTarget {
    /// Refuses a place where there is something else.
    pub(in crate::cli) fn new(path: &Path) -> Result<Self, Refusal> {
        let name = path.display();
        let is_free = match fs::symlink_metadata(path) {
            Ok(found) => {
                found.is_file() && (found.len() == 0 || is_plan_file(&path.to_string_lossy()))
            }
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if path.file_name().is_none() || !is_free {
            return Err(Refusal::usage(
                format!("`--out {name}`: there is something that is no plan file"),
                "name a new file, or a plan file, which is replaced",
            ));
        }
        Ok(Self(path.to_owned()))
    }

    /// What it is called.
    pub(in crate::cli) fn name(&self) -> String {
        self.0.to_string_lossy().into_owned()
    }

    /// Refuses a file that would itself be a change of the folder that the plan was made for;
    /// `folder` is the source's, if it is one of this machine.
    pub(in crate::cli) fn outside_of(self, folder: Option<&str>) -> Result<Self, Refusal> {
        let parent = self.0.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = fs::canonicalize(parent.unwrap_or(Path::new(".")));
        let is_inside =
            folder.zip(parent.ok()).is_some_and(|(folder, parent)| parent.starts_with(folder));
        let name = self.name();
        if is_inside && !name.ends_with(SUFFIX) {
            return Err(Refusal::usage(
                format!(
                    "`--out {name}` is in the source: the file would make another revision of it"
                ),
                format!("files named `*{SUFFIX}` do not count; or write it outside of the source"),
            ));
        }
        Ok(self)
    }

    /// Writes this there, for its owner alone: a reader sees all of it or what was there before.
    pub(in crate::cli) fn put(&self, text: &[u8]) -> Result<(), Refusal> {
        let path = &self.0;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let beside = path.with_file_name(format!(".{name}.{}{SUFFIX}", std::process::id()));
        let written = create(&beside).and_then(|mut file| {
            let put = file.write_all(text).and_then(|()| file.sync_all());
            put.and_then(|()| fs::rename(&beside, path)).inspect_err(|_| {
                let _ = fs::remove_file(&beside);
            })
        });
        written.map_err(|error| {
            Refusal::invalid(format!("`{}` cannot be written: {error}", path.display()))
                .with_help("the plan was printed, but there is no file of it")
        })
    }
}

/// A new file that only its owner reads.
fn create(path: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

/// Whether a path is that of a plan file, whole or not. A folder, a stack file, a URL is none.
pub(in crate::cli) fn is_plan_file(path: &str) -> bool {
    let begins = || -> io::Result<bool> {
        if !fs::metadata(path)?.is_file() {
            return Ok(false);
        }
        let mut first = String::new();
        File::open(path)?.take(64).read_to_string(&mut first)?;
        let member = first.trim_start().strip_prefix('{').map(str::trim_start);
        Ok(member.is_some_and(|member| member.starts_with(FIRST)))
    };
    begins().unwrap_or(false)
}

/// Whether a path is meant to be that of a plan file, by its name.
pub(in crate::cli) fn is_named_so(path: &str) -> bool {
    path.len() > SUFFIX.len() && path.ends_with(SUFFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of one test.
    fn folder(name: &str) -> PathBuf {
        let folder =
            std::env::temp_dir().join(format!("plan-target-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    fn refusal(result: Result<PlanTarget, Refusal>) -> String {
        let refusal = result.expect_err("it is refused");
        let message = &refusal.messages[0];
        format!("{}: {}", message.message, message.help.as_deref().unwrap_or("no remedy"))
    }

    #[test]
    fn nothing_else_is_written_over() {
        let folder = folder("over");
        let stack = folder.join("compose.yaml");
        fs::write(&stack, "services: {}\n").expect("written");
        let link = folder.join("link.plan");
        std::os::unix::fs::symlink(&stack, &link).expect("a link");
        for path in [&stack, &link, &folder] {
            let why = refusal(PlanTarget::new(path));
            assert!(why.contains("no plan file"), "{why}");
        }
        let empty = folder.join("made-by-mktemp");
        fs::write(&empty, "").expect("written");
        assert!(PlanTarget::new(&empty).is_ok());
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn a_file_in_the_source_is_refused_unless_its_name_keeps_it_out_of_the_revision() {
        let folder = folder("inside");
        let root = fs::canonicalize(&folder).expect("a folder");
        let root = root.to_str();
        let target = |name: &str| PlanTarget::new(&folder.join(name)).expect("free");
        let why = refusal(target("plan.json").outside_of(root));
        assert!(why.contains("another revision") && why.contains("`*.plan`"), "{why}");
        assert!(target("shop.plan").outside_of(root).is_ok());
        assert!(target("plan.json").outside_of(None).is_ok());
        assert!(target("plan.json").outside_of(Some("/elsewhere")).is_ok());
        fs::remove_dir_all(folder).expect("removed");
    }
}
