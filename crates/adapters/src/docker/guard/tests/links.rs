//! Binds whose source goes through a symbolic link of the deployment's own tree, on the
//! final request: the engine follows it, so that its end is what is evaluated.

use super::*;
use crate::docker::guard::evaluator::{Place, Sight};
use model::policy::OwnTree;

fn evaluator(grants: &[&str]) -> std::sync::Arc<PolicyEvaluator> {
    let mut policy = HostPolicy::default();
    let grants = grants.iter().map(|grant| (*grant).to_owned()).collect();
    policy.grants.insert(DEPLOYMENT.to_owned(), grants);
    let evaluator = PolicyEvaluator::of(policy);
    let links = [
        ("/srv/site/shop/link", "/etc"),
        ("/srv/site/shop/socket", "/var/run/docker.sock"),
        ("/srv/site/shop/near", "/srv/site/shop/real"),
        ("/srv/site/shop/unseen/x", "/srv/site/shop/unseen/x"),
    ];
    let links = links.map(|(from, to)| (from.to_owned(), to.to_owned())).into();
    let folder = Some("/srv/site/shop".to_owned());
    renewed(&evaluator, OwnTree { folder, links, ..OwnTree::default() }, Sight::default());
    evaluator
}

fn renewed(evaluator: &PolicyEvaluator, tree: OwnTree, sight: Sight) {
    evaluator.renew([(DEPLOYMENT.into(), Place { tree, sight, ..Place::default() })].into());
}

fn evaluated(path: &str, body: Value, evaluator: &PolicyEvaluator) -> Result<(), String> {
    post(path, &owned(body)).unwrap().evaluate(evaluator).map_err(|refusal| refusal.to_string())
}

#[test]
fn a_bind_is_judged_by_where_its_links_lead() {
    let denied = [
        ("/srv/site/shop/link", "bind=/etc"),
        ("/srv/site/shop/x/../link/", "bind=/etc"),
        ("//srv/site/shop/./link", "bind=/etc"),
        ("/srv/site/shop/socket", "bind=/var/run/docker.sock"),
        ("/srv/site/shop/unseen/x", "bind=/srv/site/shop/unseen/x"),
    ];
    for (source, demand) in denied {
        for host_config in [
            json!({"Binds": [format!("{source}:/x:ro")]}),
            json!({"Mounts": [{"Type": "bind", "Source": source, "Target": "/x"}]}),
        ] {
            let body = json!({ "HostConfig": host_config });
            let refusal =
                evaluated("/containers/create", body.clone(), &evaluator(&[])).unwrap_err();
            assert!(refusal.contains(&format!("--allow 'abc:{demand}'")), "{refusal}");
            // A grant of the link's own name says nothing about its end.
            let named = format!("bind={}", model::host_path::normalise(source));
            let by_name = evaluated("/containers/create", body.clone(), &evaluator(&[&named]));
            assert_eq!(by_name.is_ok(), named == demand, "{named}");
            assert_eq!(evaluated("/containers/create", body, &evaluator(&[demand])), Ok(()));
        }
    }
    for source in ["/srv/site/shop/near", "/srv/site/shop/plain"] {
        let body = json!({"HostConfig": {"Binds": [format!("{source}:/x")]}});
        assert_eq!(evaluated("/containers/create", body, &evaluator(&[])), Ok(()), "{source}");
    }
}

#[test]
fn the_device_of_a_volume_is_judged_by_where_its_links_lead() {
    let options = json!({"type": "none", "o": "bind", "device": "/srv/site/shop/link"});
    let body = json!({"Name": "abc_v", "Driver": "local", "DriverOpts": options});
    let others = ["driver-option=type=none", "driver-option=o=bind"];
    let with = |device| [others.as_slice(), &[device]].concat();
    let by_name = evaluator(&with("driver-option=device=/srv/site/shop/link"));
    let refusal = evaluated("/volumes/create", body.clone(), &by_name).unwrap_err();
    assert!(refusal.contains("denies abc driver-option=device=/etc [E0604];"), "{refusal}");
    let granted = evaluator(&with("driver-option=device=/etc"));
    assert_eq!(evaluated("/volumes/create", body, &granted), Ok(()));
}

#[test]
fn a_link_that_a_container_put_there_is_seen_right_before_the_call() {
    let root = std::env::temp_dir().join(format!("reconciler-guard-{}", std::process::id()));
    std::fs::create_dir_all(&root).unwrap();
    let root = std::fs::canonicalize(root).unwrap();
    let at = |path: &str| root.join(path).display().to_string();
    std::fs::create_dir_all(root.join("shop/data")).unwrap();
    std::fs::create_dir_all(root.join("granted")).unwrap();
    let evaluator = evaluator(&[&format!("bind={}", at("granted"))]);
    let link = (at("shop/way"), at("shop/data"));
    std::os::unix::fs::symlink("data", root.join("shop/way")).unwrap();
    let tree = OwnTree { folder: Some(at("shop")), links: [link].into(), ..OwnTree::default() };
    renewed(&evaluator, tree, Sight::same());
    let bind = |path: &str| {
        let body = json!({"HostConfig": {"Binds": [format!("{}:/x", at(path))]}});
        evaluated("/containers/create", body, &evaluator)
    };
    for path in ["shop/data/x", "shop/data", "shop/way", "granted/x", "granted"] {
        assert_eq!(bind(path), Ok(()), "{path}");
    }
    for path in ["shop/data/x", "granted/x"] {
        std::os::unix::fs::symlink("/etc", root.join(path)).unwrap();
        let refusal = bind(path).unwrap_err();
        assert!(refusal.contains("symbolic link that was put on its way"), "{refusal}");
        assert!(refusal.contains(&format!("bind={}", at(path))), "{refusal}");
    }
    std::fs::remove_file(root.join("shop/way")).unwrap();
    std::os::unix::fs::symlink("/etc", root.join("shop/way")).unwrap();
    assert!(bind("shop/way").is_err());
    assert_eq!(bind("shop/data"), Ok(()));
    std::fs::remove_dir_all(root).unwrap();
}

#[test]
fn what_a_container_binds_is_looked_at_when_it_is_started() {
    let requested = post("/containers/c1/start", &json!({})).unwrap();
    assert_eq!(requested.starts.as_deref(), Some("c1"));
    let view = json!({"HostConfig": {"Binds": ["/etc:/a", "abc_v:/b"], "Privileged": true,
        "Mounts": [{"Type": "bind", "Source": "/srv/x", "Target": "/c"}]}});
    let binds = binds(&DEPLOYMENT.into(), &view).into_iter().map(|demand| demand.to_string());
    assert_eq!(binds.collect::<Vec<_>>(), ["bind=/etc", "bind=/srv/x"]);
}
