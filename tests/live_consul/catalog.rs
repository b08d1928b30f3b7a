//! Registering and deregistering, and what stays untouched.

use std::collections::BTreeSet;

use model::action::{Action, Endpoint, Registrant};
use model::catalog::{CheckStatus, owner_meta};
use model::id::CatalogId;
use serde_json::json;
use world::{CatalogScope, OutsideError};

use crate::support::{ENGINE, Server, both_forms, node, seen};

fn ids(of: &[&str]) -> BTreeSet<CatalogId> {
    of.iter().map(|id| (*id).into()).collect()
}

#[tokio::test]
async fn both_forms_are_found_and_gone_again() {
    let server = Server::of_the_lab();
    let consul = server.client("forms", None);
    assert_eq!(seen(&consul).await, None);
    for (slot, status) in
        [(1, CheckStatus::Passing), (2, CheckStatus::Passing), (3, CheckStatus::Critical)]
    {
        consul.act(&both_forms("forms", "abc", slot, status)).await.unwrap();
    }

    let found = server.resolve("pricing.abc.service.consul");
    assert_eq!(found, ["10.9.8.1".parse().unwrap(), "10.9.8.2".parse().unwrap()].into());
    let seed = server.get("/v1/health/service/pricing.abc?passing").await;
    assert_eq!(seed.as_array().unwrap().len(), 2);
    assert_eq!(seed[0]["Service"]["ID"], "1.pricing.abc");
    // consul-esm finds what it needs to run the checks where no controller keeps them current.
    let meta = &seed[0]["Node"]["Meta"];
    assert_eq!(
        (&meta["external-node"], &meta["external-probe"]),
        (&"true".into(), &"false".into())
    );
    let own = seed[0]["Checks"].as_array().unwrap().iter();
    let run: Vec<_> = own.map(|check| &check["Definition"]).filter(|d| d["TCP"] != "").collect();
    assert_eq!(
        (run.len(), &run[0]["TCP"], &run[0]["Interval"]),
        (1, &"10.9.8.1:80".into(), &"10s".into())
    );

    let view = seen(&consul).await.unwrap();
    assert!(view.ours);
    assert_eq!(view.entries.len(), 6);
    let Action::Register { entries, .. } = both_forms("forms", "abc", 3, CheckStatus::Critical)
    else {
        unreachable!()
    };
    for wanted in entries {
        assert_eq!(view.entries.get(&wanted.id), wanted.entry().as_ref());
    }

    let gone = ids(&["1.pricing.abc", "1.pricing.abc@dns", "9.never.there"]);
    let action = Action::Deregister { node: node("forms"), ids: gone };
    consul.act(&action).await.unwrap();
    consul.act(&action).await.unwrap();
    assert_eq!(seen(&consul).await.unwrap().entries.len(), 4);
    assert_eq!(server.resolve("pricing.abc.service.consul"), ["10.9.8.2".parse().unwrap()].into());
    // The checks went with their services.
    let checks = server.get(&format!("/v1/health/node/{}", node("forms"))).await;
    assert_eq!(checks.as_array().unwrap().len(), 4);

    let none = Action::Deregister { node: node("forms"), ids: BTreeSet::new() };
    consul.act(&none).await.unwrap();
    assert_eq!(seen(&consul).await.unwrap().entries.len(), 4);
}

#[tokio::test]
async fn writing_what_is_there_moves_no_index() {
    let server = Server::of_the_lab();
    let consul = server.client("quiet", None);
    let action = both_forms("quiet", "quiet", 1, CheckStatus::Passing);
    let indexes = async || {
        let services = server.get(&format!("/v1/catalog/node/{}", node("quiet"))).await;
        let checks = server.get(&format!("/v1/health/node/{}", node("quiet"))).await;
        let keys = server.get("/v1/kv/reconciler/quiet?recurse").await;
        assert_eq!(keys[0]["Key"], "reconciler/quiet/canary");
        (services, checks, keys)
    };
    consul.act(&action).await.unwrap();
    let before = indexes().await;
    consul.act(&action).await.unwrap();
    assert_eq!(indexes().await, before);
    // The test would notice: a change of status does move one.
    consul.act(&both_forms("quiet", "quiet", 1, CheckStatus::Critical)).await.unwrap();
    assert_ne!(indexes().await, before);
}

#[tokio::test]
async fn first_registrations_at_once_do_not_disturb_each_other() {
    let consul = Server::of_the_lab().client("crowd", None);
    let actions: Vec<Action> =
        (1..=8).map(|slot| both_forms("crowd", "crowd", slot, CheckStatus::Passing)).collect();
    let done = futures_util::future::join_all(actions.iter().map(|a| consul.act(a))).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    assert_eq!(seen(&consul).await.unwrap().entries.len(), 16);
}

#[tokio::test]
async fn a_check_that_somebody_removed_is_noticed_and_written_again() {
    let server = Server::of_the_lab();
    let consul = server.client("check", None);
    let action = both_forms("check", "check", 1, CheckStatus::Passing);
    consul.act(&action).await.unwrap();
    let remove = json!({ "Node": node("check"), "CheckID": "service:1.pricing.check" });
    server.raw("PUT", "/v1/catalog/deregister", &remove.to_string()).await;
    let status =
        async || seen(&consul).await.unwrap().entries[&CatalogId::new("1.pricing.check")].status;
    assert_eq!(status().await, CheckStatus::Warning);
    consul.act(&action).await.unwrap();
    assert_eq!(status().await, CheckStatus::Passing);
}

#[tokio::test]
async fn what_is_not_ours_is_not_touched() {
    let server = Server::of_the_lab();
    let consul = server.client("alien", None);
    // A foreign node of our name, with a service of the id that we want.
    let theirs = json!({
        "Node": node("alien"), "Address": "10.1.1.1",
        "Service": { "ID": "1.pricing.alien", "Service": "pricing.alien", "Port": 1 },
    });
    server.raw("PUT", "/v1/catalog/register", &theirs.to_string()).await;
    let before = server.get(&format!("/v1/catalog/node/{}", node("alien"))).await;
    let view = seen(&consul).await.unwrap();
    assert!(!view.ours);
    assert!(view.entries.is_empty());
    let action = both_forms("alien", "alien", 1, CheckStatus::Passing);
    assert!(matches!(consul.act(&action).await, Err(OutsideError::Forbidden(_))));
    let remove = Action::Deregister { node: node("alien"), ids: ids(&["1.pricing.alien"]) };
    assert!(matches!(consul.act(&remove).await, Err(OutsideError::Forbidden(_))));
    assert_eq!(server.get(&format!("/v1/catalog/node/{}", node("alien"))).await, before);

    // A foreign service on our own node.
    let consul = server.client("guest", None);
    consul.act(&both_forms("guest", "guest", 1, CheckStatus::Passing)).await.unwrap();
    let service = json!([{ "Service": { "Verb": "set", "Node": node("guest"),
        "Service": { "ID": "2.pricing.guest", "Service": "theirs", "Port": 1 } } }]);
    server.raw("PUT", "/v1/txn", &service.to_string()).await;
    assert_eq!(seen(&consul).await.unwrap().entries.len(), 2);
    let action = both_forms("guest", "guest", 2, CheckStatus::Passing);
    assert!(matches!(consul.act(&action).await, Err(OutsideError::Forbidden(_))));
    let remove = Action::Deregister { node: node("guest"), ids: ids(&["2.pricing.guest"]) };
    assert!(matches!(consul.act(&remove).await, Err(OutsideError::Forbidden(_))));
    let found = server.get(&format!("/v1/catalog/node/{}", node("guest"))).await;
    assert_eq!(found["Services"]["2.pricing.guest"]["Service"], "theirs");
}

#[tokio::test]
async fn names_that_others_use_are_foreign() {
    let server = Server::of_the_lab();
    let consul = server.client("names", None);
    consul.act(&both_forms("names", "ours-only", 1, CheckStatus::Passing)).await.unwrap();
    let theirs = json!({
        "Node": "somewhere", "Address": "10.1.1.1",
        "Service": { "ID": "x", "Service": "their name/with ü", "Port": 1 },
    });
    server.raw("PUT", "/v1/catalog/register", &theirs.to_string()).await;
    let wanted = ["ours-only", "their name/with ü", "free"].map(str::to_owned).into();
    let contents =
        consul.catalog(&CatalogScope::new([ENGINE.into()].into(), wanted)).await.unwrap();
    assert_eq!(contents.foreign, ["their name/with ü".to_owned()].into());
}

#[tokio::test]
async fn a_look_at_a_part_reads_the_entries_of_that_alone() {
    let server = Server::of_the_lab();
    let consul = server.client("part", None);
    for deployment in ["abc", "xyz"] {
        let Action::Register { node, mut entries } =
            both_forms("part", deployment, 1, CheckStatus::Critical)
        else {
            panic!("it registers")
        };
        for entry in &mut entries {
            entry.meta.insert("deployment".to_owned(), deployment.to_owned());
        }
        consul.act(&Action::Register { node, entries }).await.unwrap();
    }
    // Without any word of a deployment.
    consul.act(&both_forms("part", "old", 1, CheckStatus::Passing)).await.unwrap();
    let scope = CatalogScope::new([ENGINE.into()].into(), BTreeSet::new());
    let read = async |only: Option<&str>| {
        let only = only.map(|id| [id.into()].into());
        let contents = consul.catalog(&CatalogScope { only, ..scope.clone() }).await.unwrap();
        contents.nodes[&ENGINE.into()].entries.clone()
    };
    let (all, part) = (read(None).await, read(Some("abc")).await);
    assert_eq!((all.len(), part.len()), (6, 2));
    assert!(part.iter().all(|(id, entry)| all.get(id) == Some(entry)), "{part:?} {all:?}");
    assert_eq!(read(Some("nobody")).await.len(), 0);
}

#[tokio::test]
async fn nodes_without_the_canary_are_not_believed() {
    let server = Server::of_the_lab();
    let consul = server.client("canary", None);
    consul.act(&both_forms("canary", "canary", 1, CheckStatus::Passing)).await.unwrap();
    server.raw("DELETE", "/v1/kv/reconciler/canary?recurse", "").await;
    let error = consul
        .catalog(&CatalogScope::new([ENGINE.into()].into(), BTreeSet::new()))
        .await
        .unwrap_err();
    assert!(matches!(&error, OutsideError::Failed(text) if text.contains("canary")), "{error}");
}

#[tokio::test]
async fn a_transaction_beyond_consuls_limit_is_refused_whole() {
    let consul = Server::of_the_lab().client("large", None);
    let entries = (0..32).map(|number| Registrant {
        id: CatalogId::new(format!("{number}.x.large")),
        service: "x.large".to_owned(),
        tags: BTreeSet::new(),
        meta: owner_meta(&"large".into()),
        status: CheckStatus::Passing,
        endpoint: Endpoint::Known { address: "10.0.0.1".to_owned(), port: 1 },
    });
    let action = Action::Register { node: node("large"), entries: entries.collect() };
    assert!(matches!(consul.act(&action).await, Err(OutsideError::Failed(_))));
    assert_eq!(seen(&consul).await, None);
}
