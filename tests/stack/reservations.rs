//! What two would want of one engine, where a table cannot say it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::desired::Entry;
use model::labels::surge_name;
use reconcile::stack::{Options, load};
use world::Snapshot;

use crate::tree::MemoryTree;

fn loaded(stack: &str) -> Entry {
    let mut tree = MemoryTree::default();
    tree.file("shop/compose.yaml", stack, false);
    let options = Options {
        passed: BTreeMap::new(),
        withheld: BTreeSet::new(),
        default_engine: "local".into(),
        bounds: model::bounds::Bounds::default(),
        masker: model::secret::Masker::new("test"),
        project_root: None,
        same_files: false,
    };
    let snapshot = Snapshot {
        source: "test".into(),
        revision: "r1".into(),
        start: String::new(),
        tree: Arc::new(tree),
    };
    load(&snapshot, &options).deployments.remove(&"shop".into()).expect("the deployment")
}

#[test]
fn a_name_that_an_update_would_need_is_taken() {
    let stack = "services:\n  web: { image: web }\n";
    let Entry::Valid(deployment, _) = loaded(stack) else { panic!("it is valid") };
    let second = surge_name(&"shop-web-1".into(), &deployment.services[&"web".into()].hash);
    let stack = format!("{stack}  other: {{ image: other, container_name: {second} }}\n");
    let Entry::Invalid(found) = loaded(&stack) else { panic!("it is invalid") };
    let rendered = |at: &model::diagnostic::Diagnostic| {
        (at.at.as_ref().map(|at| at.line), at.help.clone().unwrap_or_default())
    };
    let want = |line, help: &str| (Some(line), help.to_owned());
    assert_eq!(
        found.iter().map(rendered).collect::<Vec<_>>(),
        [
            want(2, "the service `other` wants it too, at shop/compose.yaml:3:26"),
            want(3, "an update of the service `web` wants it too, at shop/compose.yaml:2:3"),
        ]
    );
}
