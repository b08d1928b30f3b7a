//! Subnets and fixed addresses that no engine can make: an engine makes the networks first, and
//! refuses an address when the container is to start.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use super::nodes::{items, map, refuse, says_true, text};
use crate::stack::codes::HOLDS;
use model::subnet::Subnet;
use text::read::quote;
use text::report::Reporter;
use text::yaml::{Entry, Node};

/// Checks the networks of a stack in normal form, and the addresses that services want there.
pub(super) fn check(root: &Node, report: &Reporter) {
    let networks = map(root, "networks");
    for Entry { value, .. } in networks.iter().filter(|entry| is_ours(&entry.value)) {
        items_of(value).for_each(|pool| self::pool(pool, report));
    }
    for Entry { value: service, .. } in map(root, "services") {
        for Entry { key, value, .. } in map(service, "networks") {
            let network = networks.iter().find(|network| network.key == *key);
            for family in ["ipv4_address", "ipv6_address"] {
                let Some((address, at)) = text(value, family) else { continue };
                let Ok(address) = address.parse::<IpAddr>() else { continue };
                if let Some(network) = network.filter(|network| is_ours(&network.value)) {
                    self::address(address, at, network, report);
                }
            }
            for item in items(value, "link_local_ips") {
                let address = item.scalar().and_then(|s| s.text.parse().ok());
                let local = address.is_some_and(|address| match address {
                    IpAddr::V4(address) => address.is_link_local(),
                    IpAddr::V6(address) => address.is_unicast_link_local(),
                });
                if !local {
                    let what = format!("{} is not a link-local address", quote(item));
                    refuse(item.span, what, "write one as `169.254.8.1`", report);
                }
            }
        }
    }
}

/// Whether we make it, and its addresses are the engine's own business.
fn is_ours(network: &Node) -> bool {
    let driver = network.get("ipam").and_then(|ipam| text(&ipam.value, "driver"));
    let own = driver.is_none_or(|(driver, _)| matches!(driver, "" | "default"));
    own && !says_true(network, "external")
}

fn items_of(network: &Node) -> impl Iterator<Item = &Node> {
    network.get("ipam").map(|ipam| items(&ipam.value, "config")).unwrap_or_default().iter()
}

fn number(address: IpAddr) -> (bool, u128) {
    match address {
        IpAddr::V4(address) => (false, u128::from(Ipv4Addr::to_bits(address))),
        IpAddr::V6(address) => (true, address.to_bits()),
    }
}

fn has(subnet: Subnet, address: IpAddr) -> bool {
    let (v6, number) = number(address);
    subnet.v6 == v6 && (subnet.first..=subnet.last).contains(&number)
}

fn pool(pool: &Node, report: &Reporter) {
    let Some((written, at)) = text(pool, "subnet") else {
        return refuse(pool.span, "a pool needs a `subnet`", "write `subnet: 10.8.0.0/24`", report);
    };
    let subnet = Subnet::parse(written);
    let Some(subnet) = subnet else {
        let what = format!("{} is not a subnet", quote(at));
        return refuse(at.span, what, "write one as `10.8.0.0/24`", report);
    };
    newer(pool, subnet, at, report);
    let reserved = map(pool, "aux_addresses").iter().map(|entry| &entry.value);
    let gateway = pool.get("gateway").map(|field| &field.value);
    let mut taken = BTreeSet::new();
    for node in gateway.into_iter().chain(reserved) {
        let Some(written) = node.scalar() else { continue };
        let address = written.text.parse().ok().filter(|address| has(subnet, *address));
        if address.is_none() {
            let what = format!("{} is not an address of the subnet", quote(node));
            refuse(node.span, what, "write one that is, or none", report);
        } else if !taken.insert(address) {
            let what = format!("{} is taken already", quote(node));
            refuse(node.span, what, "write another address of the subnet", report);
        }
    }
}

/// What engines before 28 take in another way than it reads, and later ones refuse.
fn newer(pool: &Node, subnet: Subnet, at: &Node, report: &Reporter) {
    let warn = |at: &Node, what: &str, help: &str| {
        let message = format!("{} {what}, which newer engines refuse", quote(at));
        report.warn_as(HOLDS, at.span, message, Some(help.to_owned()));
    };
    let written = text(pool, "subnet").and_then(|(text, _)| text.split_once('/'));
    let address = written.and_then(|(address, _)| address.parse().ok());
    if address.is_some_and(|address| number(address).1 != subnet.first) {
        warn(at, "does not begin with its first address", "write the first one");
    }
    let Some((range, at)) = text(pool, "ip_range") else { return };
    match Subnet::parse(range) {
        None => {
            let what = format!("{} is not a subnet", quote(at));
            refuse(at.span, what, "write one as `10.8.0.128/25`", report);
        }
        Some(range)
            if range.v6 != subnet.v6 || range.first < subnet.first || range.last > subnet.last =>
        {
            warn(at, "is not a part of the subnet", "write a smaller subnet of it, or none");
        }
        Some(_) => {}
    }
}

fn address(address: IpAddr, at: &Node, network: &Entry, report: &Reporter) {
    let Entry { key, value: network, .. } = network;
    let pools: Vec<_> = items_of(network)
        .filter_map(|pool| Some((Subnet::parse(text(pool, "subnet")?.0)?, pool)))
        .collect();
    // What was no subnet has been reported.
    if items_of(network).count() > pools.len() {
        return;
    }
    let Some((subnet, pool)) = pools.iter().find(|(subnet, _)| has(*subnet, address)) else {
        let what = format!("{} is in no subnet of the network `{key}`", quote(at));
        let help = format!("write its subnet under `networks.{key}.ipam.config`, or no address");
        return refuse(at.span, what, &help, report);
    };
    let is = |text: &str| text.parse().is_ok_and(|other: IpAddr| other == address);
    let (v6, number) = number(address);
    let gateway = match text(pool, "gateway") {
        Some((gateway, _)) => is(gateway),
        // Where nothing says another one, the engine's own driver takes the first.
        None => number == subnet.first + 1 && pool.get("ip_range").is_none() && is_bridge(network),
    };
    let edge =
        !v6 && subnet.last - subnet.first > 1 && [subnet.first, subnet.last].contains(&number);
    let mut reserved = map(pool, "aux_addresses").iter().filter_map(|entry| entry.value.scalar());
    let by = match () {
        () if gateway => "the gateway of",
        () if edge => "no address of a container in",
        () if reserved.any(|scalar| is(&scalar.text)) => "among the `aux_addresses` of",
        () => return,
    };
    let what = format!("{} is {by} the network `{key}`", quote(at));
    refuse(at.span, what, "write another address", report);
}

fn is_bridge(network: &Node) -> bool {
    text(network, "driver").is_none_or(|(driver, _)| matches!(driver, "" | "bridge"))
}
