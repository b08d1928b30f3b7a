//! The files of a deployment are kept and read again: whatever they are, the same comes of them,
//! without the tree and for each deployment alone.

use model::desired::{DesiredState, Entry, ImageSource};
use model::secret::Content;
use reconcile::stack::kept::{keep, restore};
use reconcile::stack::load;
use world::{NoTree, Snapshot};

use super::{Case, cases, parse};

fn valid(desired: &DesiredState) -> impl Iterator<Item = &model::desired::Deployment> {
    desired.deployments.values().filter_map(|entry| match entry {
        Entry::Valid(deployment, _) => Some(deployment.as_ref()),
        Entry::Invalid(_) => None,
    })
}

#[test]
fn a_deployment_is_made_again_of_what_was_kept_of_it() {
    let mut count = 0;
    for path in cases() {
        let Case { snapshot, options, .. } = parse(&std::fs::read_to_string(&path).unwrap());
        let desired = load(&snapshot, &options);
        let elsewhere = Snapshot { tree: std::sync::Arc::new(NoTree), ..snapshot.clone() };
        for deployment in valid(&desired) {
            let place = format!("{} in {}", deployment.id, path.display());
            let kept = keep(&snapshot, &options, desired.layout, deployment);
            let kept = kept.unwrap_or_else(|error| panic!("{place}: {error}"));
            let again = restore(&kept, &elsewhere, &options, &deployment.id);
            let again = again.unwrap_or_else(|error| panic!("{place}: {error}"));
            for (service, was) in again.services.values().zip(deployment.services.values()) {
                if matches!(was.image, ImageSource::Pull(_)) {
                    assert_eq!(format!("{service:?}"), format!("{was:?}"), "{place}");
                } else {
                    // No build context is read for it.
                    assert_eq!(service.spec, was.spec, "{place}");
                }
            }
            assert_eq!(again.services.len(), deployment.services.len(), "{place}");
            count += 1;
        }
    }
    assert!(count > 40, "{count}");
}

#[test]
fn what_is_no_kept_state_is_refused() {
    let text = std::fs::read_to_string(&cases()[0]).unwrap();
    let Case { snapshot, options, .. } = parse(&text);
    for (bytes, why) in [
        (&b""[..], "it is none"),
        (b"{}", "it is none"),
        (br#"{"version":2,"start":"","stack":"","files":{},"folders":{},"links":{}}"#, "form"),
    ] {
        let error = restore(&Content::new(bytes), &snapshot, &options, &"abc".into()).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}
