//! Files whose content is not in the repository, in real ones: what is delivered of them.

use std::collections::BTreeMap;

use adapters::dir::DirSource;
use model::bounds::Bounds;
use model::desired::Entry;
use model::secret::Masker;
use reconcile::stack::{Options, load};
use world::{Snapshot, Source as _};

use crate::common::{open, settings};
use crate::repository::{Repository, git};
use crate::temp::Temp;

const POINTER: &str = "version https://git-lfs.github.com/spec/v1\n\
    oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n\
    size 12345678\n";

/// One stack that is whole, one with a pointer, one with a file of a submodule, and one with the
/// submodule as its build context.
fn repository() -> Repository {
    let repository = Repository::new();
    repository.push("Dockerfile", "FROM scratch\n");
    repository.git(&["submodule", "--quiet", "add", "../repo.git", "module"]);
    let config = |file: &str| {
        format!(
            "services: {{ web: {{ image: web, configs: [a] }} }}\nconfigs: {{ a: {{ file: {file} }} }}\n"
        )
    };
    repository.commit("pointer/large.bin", POINTER);
    repository.commit("pointer/compose.yaml", config("large.bin"));
    repository.commit("inside/compose.yaml", config("../module/shop/compose.yaml"));
    repository.commit("whole/compose.yaml", config("compose.yaml"));
    repository.push("build/compose.yaml", "services: { web: { build: ../module } }\n");
    repository
}

/// What is wrong with each deployment; nothing with those that are carried out.
fn wrong(snapshot: &Snapshot) -> BTreeMap<String, Vec<String>> {
    let options = Options {
        passed: BTreeMap::new(),
        withheld: std::collections::BTreeSet::new(),
        default_engine: "local".into(),
        bounds: Bounds::default(),
        masker: Masker::new("test"),
        project_root: None,
        same_files: false,
    };
    let desired = load(snapshot, &options);
    assert_eq!(desired.incomplete, []);
    let each = desired.deployments.into_iter().map(|(id, entry)| {
        let found = match entry {
            Entry::Valid(..) => Vec::new(),
            Entry::Invalid(found) => found,
        };
        let text = |d: model::diagnostic::Diagnostic| {
            let code = d.code.map_or("none", |code| code.0);
            format!("{code}: {}; {}", d.message, d.help.unwrap_or_default())
        };
        (id.as_str().to_owned(), found.into_iter().map(text).collect())
    });
    each.collect()
}

/// Of these deployments only these are not carried out, each with one such message.
fn expect(found: &BTreeMap<String, Vec<String>>, invalid: &[(&str, [&str; 2])]) {
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(names, ["build", "inside", "pointer", "shop", "whole"]);
    for (name, messages) in found {
        let Some((_, parts)) = invalid.iter().find(|(id, _)| id == name) else {
            assert!(messages.is_empty() || name == "shop", "{name}: {messages:?}");
            continue;
        };
        let [message] = messages.as_slice() else { panic!("{name}: {messages:?}") };
        assert!(message.starts_with("E0109: "), "{message}");
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
}

#[tokio::test]
async fn a_commit_delivers_no_pointer_and_nothing_of_a_submodule() {
    let repository = repository();
    let cache = Temp::new();
    let source = open(settings(repository.bare().to_str().unwrap(), &cache));
    let found = wrong(&source.fetch().await.unwrap());
    let help = "give a folder in which `git submodule update --init` was run";
    let invalid = [
        ("build", ["`module` is a submodule of `../repo.git`, which is not fetched", help]),
        (
            "inside",
            ["`module/shop/compose.yaml` lies in the submodule `module` of `../repo.git`", help],
        ),
        (
            "pointer",
            [
                "`pointer/large.bin` is a git-lfs pointer to 12 MB, not the content",
                "give a folder in which `git lfs pull` was run",
            ],
        ),
    ];
    expect(&found, &invalid);
    // A commit that says nothing of where its submodule is from.
    repository.git(&["rm", "-q", "--cached", ".gitmodules"]);
    std::fs::remove_file(repository.work().join(".gitmodules")).unwrap();
    repository.push("more", "");
    let found = wrong(&source.fetch().await.unwrap());
    let invalid = [
        ("build", ["`module` is a submodule, which is not fetched", help]),
        ("inside", ["lies in the submodule `module`, which is not fetched", help]),
        invalid[2],
    ];
    expect(&found, &invalid);
}

#[tokio::test]
async fn a_folder_delivers_a_submodule_that_is_checked_out() {
    let repository = repository();
    let temp = Temp::new();
    git(temp.path(), &["clone", "-q", repository.bare().to_str().unwrap(), "clone"]);
    let clone = temp.path().join("clone");
    let pointer = ["is a git-lfs pointer to 12 MB, not the content", "run `git lfs pull`"];
    let help = "run `git submodule update --init`";
    let invalid = [
        ("build", ["`module` is a submodule of `../repo.git`, which is not fetched", help]),
        ("inside", ["lies in the submodule `module` of `../repo.git`", help]),
        ("pointer", pointer),
    ];
    let fetch = async || DirSource::new(&clone, None).unwrap().fetch().await.unwrap();
    expect(&wrong(&fetch().await), &invalid);
    git(&clone, &["submodule", "--quiet", "update", "--init"]);
    expect(&wrong(&fetch().await), &[("pointer", pointer)]);
}
