//! Fixed addresses in one network, and subnets of one engine.

use std::collections::BTreeMap;

use super::{Faults, HIDDEN, Reservation, Who, replicas_at};
use crate::stack::codes::SHARED_ADDRESS;
use model::desired::Deployment;
use model::subnet::Subnet;

/// Tells everyone whose address or subnet another one wants as well.
pub(super) fn check(deployments: &[&Deployment], faults: &mut Faults) {
    let mut wanted: BTreeMap<_, Vec<(Reservation<'_>, &str)>> = BTreeMap::new();
    let mut subnets: BTreeMap<_, Vec<(Subnet, Reservation<'_>)>> = BTreeMap::new();
    for deployment in deployments {
        let engine = deployment.engine.as_str();
        for service in deployment.services.values().filter(|service| service.replicas > 0) {
            for (network, attachment) in &service.spec.networks {
                for address in [&attachment.ipv4, &attachment.ipv6].into_iter().flatten() {
                    let hidden = service.sensitive.contains("networks");
                    let rendered = if hidden { HIDDEN } else { address.as_str() };
                    let at = service.origins.find(&format!("networks.{network}"));
                    let reservation =
                        Reservation::of(deployment, Who::Service(service.name.as_str()), at);
                    if service.replicas > 1 {
                        let replicas = service.replicas;
                        let message = format!(
                            "{replicas} replicas cannot all have the address `{rendered}` in the \
                             network `{network}`"
                        );
                        let at = replicas_at(service, deployment);
                        let help = format!("the number is from {at}");
                        faults.add(&reservation, SHARED_ADDRESS, message, help);
                    } else if !service.job {
                        wanted
                            .entry((engine, network, address))
                            .or_default()
                            .push((reservation, rendered));
                    }
                }
            }
        }
        for (key, network) in deployment.networks.iter().filter(|(_, network)| !network.external) {
            if network.spec.ipam_driver.is_some() {
                continue;
            }
            let reservation = Reservation::of(deployment, Who::Network(key), Some(&network.origin));
            let pools = network.spec.pools.iter().filter_map(|pool| pool.subnet.as_deref());
            let pools = pools.filter_map(|text| Some((Subnet::parse(text)?, reservation)));
            subnets.entry(engine).or_default().extend(pools);
        }
    }
    for ((engine, network, address), reservations) in wanted {
        let mut others = reservations.iter();
        let Some((first, _)) = others.next() else { continue };
        let hidden = reservations.iter().any(|(_, rendered)| *rendered != address.as_str());
        let rendered = if hidden { HIDDEN } else { address.as_str() };
        let message = format!(
            "the address `{rendered}` in the network `{network}` is wanted twice on the engine \
             `{engine}`"
        );
        others.for_each(|(other, _)| faults.both(first, other, SHARED_ADDRESS, &message));
    }
    for (engine, mut subnets) in subnets {
        subnets.sort_by_key(|(subnet, _)| *subnet);
        overlaps(&subnets, engine, faults);
    }
}

/// Tells of subnets, in their order, that begin before an earlier one ends.
fn overlaps(subnets: &[(Subnet, Reservation<'_>)], engine: &str, faults: &mut Faults) {
    let mut widest: Option<&(Subnet, Reservation<'_>)> = None;
    for next in subnets {
        if let Some((subnet, reservation)) = widest
            && subnet.v6 == next.0.v6
            && next.0.first <= subnet.last
        {
            let message = format!("subnets of the engine `{engine}` overlap");
            faults.both(reservation, &next.1, SHARED_ADDRESS, &message);
            continue;
        }
        widest = Some(next);
    }
}
