//! Binds whose source goes through a symbolic link of the deployment's own tree, on the
//! final request: the engine follows it, so that its end is what is judged.

use super::*;
use crate::model::policy::OwnTree;

fn warden(grants: &[&str]) -> std::sync::Arc<Warden> {
    let mut policy = HostPolicy::default();
    let grants = grants.iter().map(|grant| (*grant).to_owned()).collect();
    policy.grants.insert(DEPLOYMENT.to_owned(), grants);
    let warden = Warden::of(policy);
    let links = [
        ("/srv/site/shop/link", "/etc"),
        ("/srv/site/shop/socket", "/var/run/docker.sock"),
        ("/srv/site/shop/near", "/srv/site/shop/real"),
        ("/srv/site/shop/unseen/x", "/srv/site/shop/unseen/x"),
    ];
    let links = links.map(|(from, to)| (from.to_owned(), to.to_owned())).into();
    let tree = OwnTree { folder: "/srv/site/shop".to_owned(), links };
    warden.renew([(DEPLOYMENT.into(), tree)].into());
    warden
}

fn judged(path: &str, body: Value, warden: &Warden) -> Result<(), String> {
    post(path, &owned(body)).unwrap().judge(warden).map_err(|refusal| refusal.to_string())
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
            let refusal = judged("/containers/create", body.clone(), &warden(&[])).unwrap_err();
            assert!(refusal.contains(&format!("--allow 'abc:{demand}'")), "{refusal}");
            // A grant of the link's own name says nothing about its end.
            let named = format!("bind={}", crate::model::policy::normalise(source));
            let by_name = judged("/containers/create", body.clone(), &warden(&[&named]));
            assert_eq!(by_name.is_ok(), named == demand, "{named}");
            assert_eq!(judged("/containers/create", body, &warden(&[demand])), Ok(()));
        }
    }
    for source in ["/srv/site/shop/near", "/srv/site/shop/plain"] {
        let body = json!({"HostConfig": {"Binds": [format!("{source}:/x")]}});
        assert_eq!(judged("/containers/create", body, &warden(&[])), Ok(()), "{source}");
    }
}

#[test]
fn the_device_of_a_volume_is_judged_by_where_its_links_lead() {
    let options = json!({"type": "none", "o": "bind", "device": "/srv/site/shop/link"});
    let body = json!({"Name": "abc_v", "Driver": "local", "DriverOpts": options});
    let others = ["driver-option=type=none", "driver-option=o=bind"];
    let with = |device| [others.as_slice(), &[device]].concat();
    let by_name = warden(&with("driver-option=device=/srv/site/shop/link"));
    let refusal = judged("/volumes/create", body.clone(), &by_name).unwrap_err();
    assert!(refusal.contains("denies abc driver-option=device=/etc [E0604];"), "{refusal}");
    let granted = warden(&with("driver-option=device=/etc"));
    assert_eq!(judged("/volumes/create", body, &granted), Ok(()));
}
