//! Conformance with Docker Compose: our own cases in `tests/conformance`, and the corpus of
//! other people's files where it is. Each case has files, and what Compose 2.40.3 made of
//! them: the normal form as JSON, or its refusal.
//!
//! `make conformance` prints the table.

#[path = "conformance/case.rs"]
mod case;
#[path = "stack/config.rs"]
mod config;
#[path = "conformance/place.rs"]
mod place;
#[path = "stack/tree.rs"]
mod tree;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use self::case::{Case, Kind};
use self::config::config;

/// Where other people's files are, beside the repository or a work tree of it; they stay
/// there.
const CORPUS: [&str; 2] = ["../shared/corpus", "../../shared/corpus"];
/// Cases of the corpus in which Compose has a defect that is not copied, with the defect.
const EXCEPTIONS: [(&str, &str); 1] = [(
    "cg-full-example: the hash of foo",
    "`up` keeps `label_file` in the hash, `config --hash` does not",
)];

/// What came of the cases of one kind.
#[derive(Default)]
struct Row {
    cases: usize,
    equal: usize,
    hashes: usize,
    equal_hashes: usize,
}

/// Runs every case of a folder; the table, and what is wrong.
fn run(folder: &Path) -> (BTreeMap<Kind, Row>, String) {
    let mut rows: BTreeMap<Kind, Row> = BTreeMap::new();
    let mut wrong = String::new();
    for path in folders(folder) {
        let case = Case::read(&path);
        let row = rows.entry(case.kind).or_default();
        row.cases += 1;
        let result = config(&case.tree, &case.request);
        let verdict = match (&case.expected, &result) {
            (Ok(expected), Ok(config)) => {
                let json = serde_json::from_str(&config.json()).expect("JSON");
                case::difference(expected, &json)
            }
            (Ok(_), Err(found)) => Some(format!("refused: {}", case::rendered(found))),
            (Err(_), Ok(_)) => Some("not refused".to_owned()),
            (Err(place), Err(found)) => place.misses(found),
        };
        match verdict {
            None => row.equal += 1,
            Some(why) => writeln!(wrong, "{}: {why}", case.name).expect("memory"),
        }
        let Ok(config) = &result else { continue };
        let hashes = config.service_hashes();
        for (service, hash) in &case.hashes {
            row.hashes += 1;
            if hashes.get(service) == Some(hash) {
                row.equal_hashes += 1;
            } else {
                writeln!(wrong, "{}: the hash of {service} differs", case.name).expect("memory");
            }
        }
    }
    (rows, wrong)
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder of cases");
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.join("case.json").exists())
        .collect();
    folders.sort();
    folders
}

/// The table, for people.
fn table(name: &str, rows: &BTreeMap<Kind, Row>) -> String {
    let mut table = String::new();
    for (kind, row) in rows {
        let Row { cases, equal, hashes, equal_hashes } = row;
        let (kind, what) = match kind {
            Kind::Valid => ("valid", "equal"),
            Kind::Legacy => ("legacy", "equal"),
            Kind::Invalid => ("invalid", "refused at the same place"),
        };
        writeln!(
            table,
            "{name:8} {kind:8} {cases:4} cases {equal:4} {what}, config hashes {equal_hashes} of {hashes}"
        )
        .expect("memory");
    }
    table
}

#[test]
#[expect(clippy::print_stderr, reason = "`make conformance` shows it")]
fn our_own_cases_are_as_compose_has_them() {
    let (rows, wrong) = run(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance"));
    eprint!("{}", table("own", &rows));
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
#[expect(clippy::print_stderr, reason = "`make conformance` shows it")]
fn the_corpus_is_as_compose_has_it() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(corpus) = CORPUS.iter().map(|path| here.join(path)).find(|path| path.is_dir()) else {
        eprintln!("corpus   ABSENT: {} is not there, only our own cases were run", CORPUS[0]);
        return;
    };
    let (rows, wrong) = run(&corpus);
    eprint!("{}", table("corpus", &rows));
    let excused = |line: &&str| !EXCEPTIONS.iter().any(|(name, _)| line.starts_with(*name));
    let wrong: Vec<&str> = wrong.lines().filter(excused).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
