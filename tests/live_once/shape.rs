//! Deployments beside each other, more and fewer replicas, and what leaves the source.

use std::collections::BTreeMap;

use super::support::*;

/// A service that answers with who it is, and one to ask from.
const PAIR: &str = "
services:
  pricing:
    image: reconciler.demo/base
    command: sh -c 'mkdir /www; hostname -i > /www/index.html; exec httpd -f -p 80 -h /www'
    stop_signal: SIGKILL
    expose: [80]
    deploy: { replicas: 2 }
  catalogue:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    volumes: [data:/data]
volumes:
  data:
";

fn scaled(replicas: u32) -> String {
    PAIR.replace("replicas: 2", &format!("replicas: {replicas}"))
}

/// The addresses of some containers.
fn addresses(names: &[String]) -> Vec<String> {
    let address = |name: &String| {
        let networks = inspect(name)["NetworkSettings"]["Networks"].clone();
        let network = networks.as_object().unwrap().values().next().unwrap().clone();
        network["IPAddress"].as_str().unwrap().to_owned()
    };
    let mut all: Vec<_> = names.iter().map(address).collect();
    all.sort();
    all
}

/// What a name means inside of a container.
fn resolved(container: &str, name: &str) -> Vec<String> {
    let text = docker(&["exec", container, "nslookup", name]);
    let answers = text.split("Name:").skip(1);
    let mut all: Vec<_> = answers
        .flat_map(str::lines)
        .filter_map(|line| line.strip_prefix("Address"))
        .filter_map(|rest| rest.split_whitespace().next_back())
        .map(str::to_owned)
        .collect();
    all.sort();
    all
}

fn kept(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    before
        .iter()
        .filter(|(name, id)| after.get(*name) == Some(id))
        .map(|(n, _)| n.clone())
        .collect()
}

#[test]
fn two_deployments_of_one_stack_are_isolated() {
    let lab = Lab::new("isolated");
    for deployment in ["abc", "xyz"] {
        lab.stack(deployment, PAIR);
    }
    lab.once().exits(0);
    for deployment in ["abc", "xyz"] {
        let replicas = [1, 2].map(|slot| lab.of(&format!("{deployment}-pricing-{slot}")));
        let from = lab.of(&format!("{deployment}-catalogue-1"));
        assert_eq!(resolved(&from, "pricing"), addresses(&replicas));
        let answer = docker(&["exec", &from, "wget", "-qO-", "http://pricing/"]);
        assert!(addresses(&replicas).contains(&answer), "{answer}");
    }
    assert_eq!(lab.networks(), ["abc_default", "xyz_default"].map(|name| lab.of(name)));

    let before = lab.containers();
    let victim = lab.of("abc-pricing-1");
    docker(&["rm", "-f", &victim]);
    lab.once().exits(0).prints("+ create pricing: replica 1 (1 of 2)");
    let after = lab.containers();
    assert_eq!(after.len(), 6);
    let survivors: Vec<_> = before.keys().filter(|name| **name != victim).cloned().collect();
    assert_eq!(kept(&before, &after), survivors);
}

#[test]
fn scales_up_and_down_highest_first() {
    let lab = Lab::new("scale");
    let names = |replicas: u32| {
        let mut names: Vec<_> =
            (1..=replicas).map(|slot| lab.of(&format!("abc-pricing-{slot}"))).collect();
        names.insert(0, lab.of("abc-catalogue-1"));
        names
    };
    lab.stack("abc", &scaled(3));
    lab.once().exits(0);
    let three = lab.containers();
    assert_eq!(lab.names(), names(3));

    lab.stack("abc", &scaled(5));
    lab.once().exits(0).prints("scaled up from 3 to 5");
    let five = lab.containers();
    assert_eq!(lab.names(), names(5));
    assert_eq!(kept(&three, &five), names(3));

    lab.stack("abc", &scaled(2));
    lab.once().exits(0).prints("scaled down from 5 to 2");
    let two = lab.containers();
    assert_eq!(lab.names(), names(2));
    assert_eq!(kept(&five, &two), names(2));
    lab.once().is_quiet();
}

#[test]
fn scale_and_variables_come_from_the_list_of_deployments() {
    let lab = Lab::new("listed");
    let folder = lab.folder().join("stacks");
    let text = PAIR.replace("sleep 1000", "sleep ${SECONDS}");
    std::fs::write(folder.join("shop.yaml"), text).unwrap();
    let list = format!(
        "deployments:\n  {}: {{ stack: shop.yaml, variables: {{ SECONDS: '777' }}, scale: {{ pricing: 3 }} }}\n  {}: {{ stack: shop.yaml, variables: {{ SECONDS: '888' }} }}\n",
        lab.id("abc"),
        lab.id("xyz")
    );
    std::fs::write(folder.join("deployments.yaml"), list).unwrap();
    lab.once().exits(0);
    assert_eq!(lab.names().len(), 4 + 3);
    assert_eq!(inspect(&lab.of("abc-catalogue-1"))["Config"]["Cmd"][1], "777");
    assert_eq!(inspect(&lab.of("xyz-catalogue-1"))["Config"]["Cmd"][1], "888");
    lab.once().is_quiet();
}

#[test]
fn a_service_and_a_stack_that_leave_the_source_are_removed() {
    let lab = Lab::new("removal");
    lab.stack("abc", PAIR);
    lab.stack("xyz", PAIR);
    lab.once().exits(0);
    let before = lab.containers();

    let (alone, _) = PAIR.split_once("  catalogue:").unwrap();
    lab.stack("abc", alone);
    lab.once().exits(0).prints("no longer in the stack");
    let after = lab.containers();
    assert!(!after.contains_key(&lab.of("abc-catalogue-1")));
    assert_eq!(kept(&before, &after).len(), 5, "nothing else moves");

    lab.drop_stack("xyz");
    lab.once().exits(0).prints("the deployment is no longer in the source");
    assert_eq!(lab.names(), ["abc-pricing-1", "abc-pricing-2"].map(|name| lab.of(name)));
    assert_eq!(lab.networks(), [lab.of("abc_default")]);
    let volumes: Vec<_> = lab.volumes().into_iter().collect();
    assert_eq!(volumes, ["abc_data", "xyz_data"].map(|name| lab.of(name)), "volumes stay");
    lab.once().is_quiet();
}

#[test]
fn everything_gone_needs_approval() {
    let lab = Lab::new("approval");
    lab.stack("abc", PAIR);
    lab.once().exits(0);
    let before = lab.containers();
    lab.drop_stack("abc");
    // A folder of stacks in which nothing is left, but which is not empty.
    std::fs::write(lab.folder().join("stacks/README"), "none").unwrap();

    let asked = lab.once().exits(3);
    assert_eq!(lab.containers(), before);
    let digest = asked.word_after("--approve ");
    lab.run(&["--once", "--approve", &"0".repeat(digest.len()), &lab.source()]).exits(3);
    assert_eq!(lab.containers(), before, "another digest approves nothing");
    lab.stack("xyz", PAIR);
    lab.once().exits(3);
    assert_eq!(lab.containers(), before, "nor do others that come instead");
    lab.drop_stack("xyz");
    lab.stack("abc", "services: {}\n");
    lab.once().exits(3);
    assert_eq!(lab.containers(), before, "nor does a stack that was emptied");
    lab.drop_stack("abc");
    lab.run(&["--once", "--approve", &digest, &lab.source()]).exits(0);
    assert_eq!(lab.names(), Vec::<String>::new());
    assert!(lab.networks().is_empty());
    assert_eq!(lab.volumes().len(), 1, "volumes stay");
    lab.once().exits(65).says("there is no stack");
}
