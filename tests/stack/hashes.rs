//! What the hashes are over: each edit below changes exactly what is said beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::desired::{Deployment, Entry, ImageSource, Service};
use reconcile::stack::{Options, load};
use world::Snapshot;

use crate::tree::MemoryTree;

const STACK: &str = "services:
  web:
    build: app
    environment: { A: one }
    configs: [app]
    depends_on: [db]
    deploy: { replicas: 1 }
  db: { image: db }
configs:
  app: { file: app.conf }
";

/// The stack with one edit of its text, its Dockerfile's and its config's text.
fn deployment(
    edit: (&str, &str),
    docker: &str,
    config: &str,
    root: Option<&str>,
) -> Arc<Deployment> {
    assert!(edit.0.is_empty() || STACK.contains(edit.0), "the edit hits nothing");
    let mut tree = MemoryTree::default();
    tree.file("shop/compose.yaml", &STACK.replace(edit.0, edit.1), false);
    tree.file("shop/app/Dockerfile", docker, false);
    tree.file("shop/app.conf", config, false);
    let snapshot = Snapshot {
        source: "test".into(),
        revision: "r1".into(),
        start: String::new(),
        tree: Arc::new(tree),
    };
    let options = Options {
        passed: BTreeMap::new(),
        withheld: BTreeSet::new(),
        default_engine: "local".into(),
        bounds: model::bounds::Bounds::default(),
        masker: model::secret::Masker::new("test"),
        project_root: root.map(str::to_owned),
        same_files: false,
    };
    match load(&snapshot, &options).deployments.remove(&"shop".into()) {
        Some(Entry::Valid(deployment, _)) => deployment,
        other => panic!("not valid: {other:?}"),
    }
}

fn web(deployment: &Deployment) -> &Service {
    &deployment.services[&"web".into()]
}

fn build_hash(deployment: &Deployment) -> String {
    match &web(deployment).image {
        ImageSource::Build(build) => build.hash.to_string(),
        ImageSource::Pull(_) | ImageSource::BuiltBy { .. } => panic!("it is built"),
    }
}

#[test]
fn each_edit_changes_what_it_means_and_nothing_else() {
    let base = deployment(("", ""), "FROM scratch", "x", None);
    // (edit, Dockerfile, config) to (service, files, build, deployment) that change.
    let cases = [
        (("", ""), "FROM scratch", "x", [false, false, false, false]),
        (("A: one", "A: two"), "FROM scratch", "x", [true, false, false, true]),
        (("replicas: 1", "replicas: 2"), "FROM scratch", "x", [false, false, false, true]),
        (("depends_on: [db]", "depends_on: []"), "FROM scratch", "x", [false, false, false, true]),
        (("image: db", "image: db:2"), "FROM scratch", "x", [false, false, false, true]),
        (("app.conf }", "app.conf } # why"), "FROM scratch", "x", [false, false, false, false]),
        (("", ""), "FROM other", "x", [true, false, true, true]),
        (("", ""), "FROM scratch", "y", [true, true, false, true]),
        (
            ("configs: [app]", "configs: [{ source: app, mode: 0400 }]"),
            "FROM scratch",
            "x",
            [true, true, false, true],
        ),
    ];
    for (edit, docker, config, want) in cases {
        let edited = deployment(edit, docker, config, None);
        let got = [
            web(&edited).hash != web(&base).hash,
            web(&edited).files_hash != web(&base).files_hash,
            build_hash(&edited) != build_hash(&base),
            edited.hash != base.hash,
        ];
        assert_eq!(got, want, "{edit:?} {docker} {config}");
    }
}

#[test]
fn a_file_is_the_same_bound_or_uploaded() {
    let uploaded = deployment(("", ""), "FROM scratch", "x", None);
    let bound = deployment(("", ""), "FROM scratch", "x", Some("/srv/site"));
    assert_eq!(web(&uploaded).files.len(), 1);
    assert_eq!(web(&bound).files.len(), 0);
    assert!(web(&bound).files_hash.is_some());
    assert_eq!(web(&uploaded).files_hash, web(&bound).files_hash);
}
