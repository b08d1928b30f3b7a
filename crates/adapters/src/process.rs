//! Which process this is, so that another one of the same machine can tell whether it still runs: a
//! number alone says nothing once it was given away again, or in another container.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// A process, distinguished from all that ever were or will be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// The start of the machine that it ran on.
    boot: String,
    /// Among which processes its number counts.
    namespace: String,
    number: u32,
    /// When it began, in ticks since the boot.
    began: String,
}

impl Process {
    /// This one.
    #[must_use]
    pub fn own() -> Self {
        Self::in_proc(Path::new("/proc"), std::process::id())
    }

    /// Whether it is known that it runs no more. One of another machine or container may run.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.has_ended_in(Path::new("/proc"), &Self::own())
    }

    fn in_proc(proc: &Path, number: u32) -> Self {
        let boot = fs::read_to_string(proc.join("sys/kernel/random/boot_id"));
        let namespace = fs::read_link(proc.join("self/ns/pid"));
        Self {
            boot: boot.unwrap_or_default(),
            namespace: namespace.map(|to| to.to_string_lossy().into_owned()).unwrap_or_default(),
            number,
            began: began(proc, number).ok().flatten().unwrap_or_default(),
        }
    }

    fn has_ended_in(&self, proc: &Path, own: &Self) -> bool {
        let comparable = [&self.boot, &self.namespace, &self.began].iter().all(|t| !t.is_empty());
        if !comparable || (&self.boot, &self.namespace) != (&own.boot, &own.namespace) {
            return false;
        }
        match began(proc, self.number) {
            Ok(Some(began)) => began != self.began,
            // `hidepid` hides processes of other users: then it hides the first one, too.
            Ok(None) => own.number != 1 && proc.join("1/stat").exists(),
            Err(_) => false,
        }
    }
}

/// When a process began; `None` if there is none.
fn began(proc: &Path, number: u32) -> io::Result<Option<String>> {
    let stat = match fs::read_to_string(proc.join(format!("{number}/stat"))) {
        Ok(stat) => stat,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // Its name is in brackets and may hold anything.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    Ok(fields.split_whitespace().nth(19).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(number: u32, began: &str) -> Process {
        let (boot, namespace) = ("b".to_owned(), "pid:[1]".to_owned());
        Process { boot, namespace, number, began: began.to_owned() }
    }

    #[test]
    fn it_knows_itself_and_that_it_runs() {
        let own = Process::own();
        assert_eq!(own.number, std::process::id());
        assert!(!own.has_ended());
        let other = || Process { began: "1".to_owned(), ..own.clone() };
        assert!(other().has_ended(), "its number was given away again");
        assert!(!Process { boot: "other".to_owned(), ..other() }.has_ended());
        assert!(!Process { namespace: "pid:[0]".to_owned(), ..other() }.has_ended());
        assert!(!Process::default().has_ended());
    }

    #[test]
    fn only_what_is_certain_counts() {
        let proc = std::env::temp_dir().join(format!("reconciler-proc-{}", std::process::id()));
        let put = |number: u32, began: &str| {
            let stat = format!("{number} (a) b) S {}{began} 0", "0 ".repeat(18));
            fs::create_dir_all(proc.join(number.to_string())).expect("a folder");
            fs::write(proc.join(format!("{number}/stat")), stat).expect("written");
        };
        put(7, "42");
        let own = process(9, "1");
        assert!(!process(7, "42").has_ended_in(&proc, &own));
        assert!(process(7, "41").has_ended_in(&proc, &own));
        assert!(!process(8, "1").has_ended_in(&proc, &own), "others are hidden");
        put(1, "1");
        assert!(process(8, "1").has_ended_in(&proc, &own));
        assert!(!process(8, "1").has_ended_in(&proc, &process(1, "1")));
        fs::remove_dir_all(proc).expect("removed");
    }
}
