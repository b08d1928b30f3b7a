//! Ports of the host that containers publish. One without an address is on all of them. Of
//! a range the engine takes any port that is free, one for each replica.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{Faults, HIDDEN, Reservation, Who, replicas_at};
use crate::stack::codes::SHARED_PORT;
use model::desired::{Deployment, Service};
use model::id::NetworkName;
use model::share::Namespace;
use model::spec::{NetworkSpec, PublishedPort};

/// The addresses of the host on which a port is published.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum On {
    /// All of both families.
    All,
    /// All of a family if it is that family's unspecified one, else just this.
    One(IpAddr),
}

impl On {
    fn of(port: &PublishedPort) -> Option<Self> {
        let Some(text) = &port.host_ip else { return Some(Self::All) };
        text.parse().ok().map(Self::One)
    }

    fn overlaps(self, other: Self) -> bool {
        let (Self::One(a), Self::One(b)) = (self, other) else { return true };
        a == b || (a.is_ipv4() == b.is_ipv4() && (a.is_unspecified() || b.is_unspecified()))
    }
}

/// Replicas of which each wants one port of a range.
struct RequestedPorts<'a> {
    reservation: Reservation<'a>,
    port: &'a PublishedPort,
    on: On,
    first: u16,
    last: u16,
    replicas: u32,
    /// Whether it comes from a value that never prints.
    hidden: bool,
}

impl RequestedPorts<'_> {
    fn ports(&self) -> u32 {
        u32::from(self.last - self.first) + 1
    }

    /// As it is written, for messages.
    fn text(&self) -> String {
        if self.hidden {
            return HIDDEN.to_owned();
        }
        let range = self.port.host_port.as_deref().unwrap_or_default();
        let protocol = self.port.container.protocol.as_str();
        match &self.port.host_ip {
            Some(ip) if ip.contains(':') => format!("[{ip}]:{range}/{protocol}"),
            Some(ip) => format!("{ip}:{range}/{protocol}"),
            None => format!("{range}/{protocol}"),
        }
    }
}

/// Tells everyone whose ports cannot all be published at once.
pub(super) fn check(deployments: &[&Deployment], faults: &mut Faults) {
    let made = Networks::of(deployments);
    let mut wanted: BTreeMap<_, Vec<RequestedPorts<'_>>> = BTreeMap::new();
    for deployment in deployments {
        for service in deployment.services.values().filter(|service| service.replicas > 0) {
            if !made.publish(deployment, service) {
                continue;
            }
            for requested in
                service.spec.published.iter().filter_map(|p| requested(deployment, service, p))
            {
                if requested.ports() < requested.replicas {
                    too_few(&requested, service, faults);
                } else if !service.job {
                    // A job that has ended makes room for another.
                    let key = (deployment.engine.as_str(), requested.port.container.protocol);
                    wanted.entry(key).or_default().push(requested);
                }
            }
        }
    }
    for ((engine, _), mut requests) in wanted {
        requests.sort_by_key(|requested| (requested.first, requested.last));
        let mut rest = requests.as_slice();
        while let Some(first) = rest.first() {
            let mut last = first.last;
            let end = rest.iter().position(|requested| {
                let apart = requested.first > last;
                last = last.max(requested.last);
                apart
            });
            let (together, after) = rest.split_at(end.unwrap_or(rest.len()));
            allocate(together, engine, faults);
            rest = after;
        }
    }
}

/// The networks that deployments make, by engine and name.
struct Networks<'a>(BTreeMap<(&'a str, &'a NetworkName), &'a NetworkSpec>);

impl<'a> Networks<'a> {
    fn of(deployments: &[&'a Deployment]) -> Self {
        let mut all = BTreeMap::new();
        for deployment in deployments {
            let own = deployment.networks.values().filter(|network| !network.external);
            let engine = deployment.engine.as_str();
            all.extend(own.map(|network| ((engine, &network.spec.name), &network.spec)));
        }
        Self(all)
    }

    /// Whether the engine publishes the ports of a service: of those that reach the outside
    /// through it. What others make may be a network that leads there directly.
    fn publish(&self, deployment: &'a Deployment, service: &Service) -> bool {
        let spec = &service.spec;
        spec.network_mode == Namespace::Default
            && spec.networks.keys().any(|name| {
                let made = self.0.get(&(deployment.engine.as_str(), name));
                let through = |network: &&NetworkSpec| {
                    !network.internal && matches!(network.driver.as_str(), "bridge" | "overlay")
                };
                name.as_str() == "bridge" || made.is_some_and(through)
            })
    }
}

fn requested<'a>(
    deployment: &'a Deployment,
    service: &'a Service,
    port: &'a PublishedPort,
) -> Option<RequestedPorts<'a>> {
    let text = port.host_port.as_deref()?;
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    let at = service.origins.find(&port.path());
    let reservation = Reservation::of(deployment, Who::Service(service.name.as_str()), at);
    // 0 leaves the choice to the engine.
    (first > 0 && first <= last).then_some(RequestedPorts {
        reservation,
        port,
        on: On::of(port)?,
        first,
        last,
        replicas: service.replicas,
        hidden: service.sensitive.contains("ports"),
    })
}

/// A service whose replicas take each other's ports.
fn too_few(requested: &RequestedPorts<'_>, service: &Service, faults: &mut Faults) {
    let (text, replicas) = (requested.text(), requested.replicas);
    let message = match requested.ports() {
        1 => format!("{replicas} replicas cannot all publish the host's port `{text}`"),
        ports => {
            format!("{replicas} replicas cannot share the {ports} ports `{text}` of the host")
        }
    };
    let at = replicas_at(service, requested.reservation.deployment);
    let help = format!(
        "the number is from {at}; publish a range of as many ports, or let the engine choose one"
    );
    faults.add(&requested.reservation, SHARED_PORT, message, help);
}

/// Finds out whether each of these can have a port, on each address of the host.
fn allocate(requests: &[RequestedPorts<'_>], engine: &str, faults: &mut Faults) {
    if requests.len() < 2 {
        return;
    }
    let addresses: BTreeSet<On> = requests.iter().map(|requested| requested.on).collect();
    let mut reported = BTreeSet::new();
    for address in addresses {
        let mut here: Vec<usize> =
            (0..requests.len()).filter(|index| requests[*index].on.overlaps(address)).collect();
        // The request with the least choice is first; each takes the lowest that is free.
        here.sort_by_key(|index| (requests[*index].last, requests[*index].first));
        let mut taken: BTreeMap<u16, usize> = BTreeMap::new();
        for index in here {
            let requested = &requests[index];
            for _ in 0..requested.replicas {
                let free =
                    (requested.first..=requested.last).find(|port| !taken.contains_key(port));
                if let Some(port) = free {
                    taken.insert(port, index);
                    continue;
                }
                let others =
                    taken.range(requested.first..=requested.last).map(|(_, holder)| *holder);
                let other = others.into_iter().find(|holder| *holder != index);
                if let Some(other) = other
                    && reported.insert((other.min(index), other.max(index)))
                {
                    collide(&requests[other], requested, engine, faults);
                }
                break;
            }
        }
    }
}

fn collide(
    one: &RequestedPorts<'_>,
    other: &RequestedPorts<'_>,
    engine: &str,
    faults: &mut Faults,
) {
    for (requested, other) in [(one, other), (other, one)] {
        let text = requested.text();
        let message = if requested.ports() == 1 {
            format!("the host's port `{text}` is published twice on the engine `{engine}`")
        } else {
            format!("too few ports of the host are in `{text}` on the engine `{engine}`")
        };
        faults.add(
            &requested.reservation,
            SHARED_PORT,
            message,
            other.reservation.help_for(&requested.reservation),
        );
    }
}
