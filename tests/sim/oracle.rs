//! Whether a world is what a stacks says: written without the planner's code, so that
//! both would have to be wrong in the same way.

use std::collections::{BTreeMap, BTreeSet};

use model::hook::Moment;
use model::id::{EngineName, ImageId, NetworkName, VolumeName};
use model::labels::{Identity, OwnerLabels};
use model::observed::{ContainerView, Health, NetworkView, Status};
use sim::Sim;

use super::meet::{SHARED, shared_address};
use super::scenario::Scenario;
use super::stacks::{Part, Stacks, volume_name};

/// No service of a scenario ever has more.
const MOST_REPLICAS: u32 = 9;

/// Which volumes exist; none may ever vanish or be born again.
#[derive(Debug, Default)]
pub(crate) struct Births(BTreeMap<(EngineName, VolumeName), u64>);

impl Births {
    /// Looks at all volumes; what is wrong with them.
    pub(crate) fn check(&mut self, sim: &Sim, engines: &[EngineName]) -> Vec<String> {
        let mut now = BTreeMap::new();
        for engine in engines {
            let volumes = sim.volumes(engine).into_iter();
            now.extend(volumes.map(|(name, birth)| ((engine.clone(), name), birth)));
        }
        let pruned = |engine: &EngineName, birth: &u64| sim.pruned(engine).contains(birth);
        let lost = self.0.iter().filter(|(volume, birth)| {
            now.get(*volume) != Some(*birth) && !pruned(&volume.0, birth)
        });
        let lost = lost.map(|(volume, _)| format!("NoDataLoss: volume {volume:?} is lost"));
        let lost = lost.collect();
        self.0 = now;
        lost
    }
}

/// Everything in which the world is not what the stacks says.
pub(crate) fn mismatches(sim: &Sim, scenario: &Scenario, stacks: &Stacks) -> Vec<String> {
    let mut wrong = Vec::new();
    for engine in &scenario.engines {
        wrong.extend(containers(sim, engine, stacks));
        wrong.extend(networks(sim, engine, stacks));
    }
    if scenario.catalog {
        wrong.extend(catalog(sim, scenario, stacks));
    }
    let ledger = sim.stored_ledger();
    let recorded: BTreeSet<_> = ledger.iter().map(|(engine, id, _)| (engine, id)).collect();
    let desired: BTreeSet<_> = stacks.iter().map(|(id, stack)| (&stack.engine, id)).collect();
    if recorded != desired {
        wrong.push(format!("the ledger remembers {recorded:?}"));
    }
    if sim.has_leftovers() {
        wrong.push("records of the ledger are left over".to_owned());
    }
    wrong
}

/// The slots that the replicas of a service fill. Compose never fills a gap in its numbers:
/// what was adopted beyond their count stands for one that is missing below.
fn slots(views: &BTreeMap<String, ContainerView>, service: &str, part: &Part) -> Vec<u32> {
    if part.meets.name.is_some() {
        return (1..=part.replicas).collect();
    }
    let holder = |slot: &u32| views.get(&format!("{service}-{slot}"));
    let adopted = |view: &ContainerView| Identity::decode(&view.spec.labels).is_none();
    let beyond = part.replicas + 1..=MOST_REPLICAS;
    let mut beyond = beyond.filter(|slot| holder(slot).is_some_and(adopted));
    let missing = |slot: &u32| holder(slot).is_none();
    let mut fill = |slot| if missing(&slot) { beyond.next().unwrap_or(slot) } else { slot };
    (1..=part.replicas).map(&mut fill).collect()
}

fn containers(sim: &Sim, engine: &EngineName, stacks: &Stacks) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut left: BTreeMap<String, ContainerView> =
        sim.ours(engine).into_iter().map(|view| (view.name.to_string(), view)).collect();
    for (id, stack) in stacks.iter().filter(|(_, stack)| stack.engine == *engine) {
        for (name, part) in &stack.services {
            for slot in slots(&left, &format!("{id}-{name}"), part) {
                let container = part.container(id, name, slot);
                match left.remove(&container) {
                    None => wrong.push(format!("{container} is missing on {engine}")),
                    Some(view) => {
                        let image = part.reference(id, name);
                        let image_id = sim.image_id(engine, &image.as_str().into());
                        let mut faults = replica(&view, part, (&image, &image_id));
                        let limits = !sim.contents(engine).abilities.drops("mem_limit");
                        if limits && view.spec.limits.memory != part.memory {
                            faults.push("it has another memory limit".to_owned());
                        }
                        let ran = sim.hooks(engine, &view.id, Moment::PostStart);
                        if part.hooks && ran == 0 && !part.is_job() {
                            faults.push("its post_start never ran".to_owned());
                        }
                        wrong.extend(faults.into_iter().map(|text| format!("{container}: {text}")));
                    }
                }
                let volume = volume_name(id, name);
                if part.volume && !sim.volumes(engine).contains_key(&volume) {
                    wrong.push(format!("volume {volume} is missing"));
                }
            }
        }
    }
    wrong.extend(sim.cut_off(engine).iter().map(|name| format!("{name} lives in what is gone")));
    wrong.extend(left.keys().map(|name| format!("{name} is left over on {engine}")));
    wrong
}

fn replica(view: &ContainerView, part: &Part, (image, id): (&str, &ImageId)) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut expect = |holds: bool, text: &str| {
        if !holds {
            wrong.push(format!("{text}: {:?}", view.state));
        }
    };
    let done = view.state.status == Status::Exited && view.state.exit_code == 0;
    if part.is_job() {
        expect(done, "the job is not done");
    } else {
        expect(view.state.status == Status::Running, "it does not run");
    }
    if part.checked {
        expect(view.state.health == Some(Health::Healthy), "it is not healthy");
    }
    let spec = &view.spec;
    // What was returned to is named by its digest.
    expect(spec.image.as_str() == image || view.image_id == *id, "it has another image");
    expect(spec.env.get("VERSION") == Some(&part.env.to_string()), "it has another environment");
    expect(spec.restart == part.restart, "it has another restart policy");
    let own = 1 + usize::from(part.back_network) + usize::from(part.meets.shared);
    let networks = if part.joins_another_deployment() { 0 } else { own };
    expect(spec.networks.len() == networks, "it has other networks");
    expect(
        spec.network_mode.peer().is_some() == part.joins_another_deployment(),
        "it has another network",
    );
    expect(spec.volumes_from.is_empty() == part.volumes_from.is_none(), "it shares other volumes");
    expect(part.is_job() || spec.networks.len() == view.addresses.len(), "it has no address");
    let published = part.host_ports.is_some() || part.meets.port.is_some();
    let hosts = usize::from(published && !part.is_job());
    expect(view.host_ports.len() == hosts, "it has no host port");
    let is_its = |port: &u16| part.meets.port.is_none_or(|own| own == *port);
    expect(view.host_ports.values().all(is_its), "it has another host port");
    let address = view.addresses.get(&NetworkName::new(SHARED)).map(ToString::to_string);
    let fixed = part.meets.address.map(shared_address);
    expect(fixed.is_none() || fixed == address, "it has another address");
    expect(spec.mounts.contains_key("/srv") == part.volume, "it has other volumes");
    // What was adopted bears no labels that tell; the simulation shows its files instead.
    let files = match Identity::decode(&spec.labels) {
        Some(identity) => identity.files_hash.is_some(),
        None => !view.files.is_empty(),
    };
    expect(files == part.file.is_some(), "it has other files");
    wrong
}

fn networks(sim: &Sim, engine: &EngineName, stacks: &Stacks) -> Vec<String> {
    let ledger = sim.stored_ledger();
    let adopted = ledger.on(engine).filter_map(|(_, record)| record.adopted.as_ref());
    let adopted: BTreeSet<_> = adopted.flat_map(|all| all.networks.iter().cloned()).collect();
    let ours = |view: &NetworkView| {
        OwnerLabels::decode(&view.spec.labels).is_some() || adopted.contains(&view.id)
    };
    let have: BTreeSet<String> = sim
        .contents(engine)
        .networks
        .iter()
        .filter(|view| ours(view))
        .map(|view| view.spec.name.to_string())
        .collect();
    let (mut want, mut wrong) = (BTreeSet::new(), Vec::new());
    for (id, stack) in stacks.iter().filter(|(_, stack)| stack.engine == *engine) {
        want.insert(format!("{id}_default"));
        if stack.services.values().any(|part| part.back_network) {
            want.insert(format!("{id}_back"));
        }
        if let Some(shared) = stack.shared.filter(|shared| shared.makes) {
            want.insert(SHARED.to_owned());
            let all = sim.contents(engine).networks;
            if all
                .iter()
                .any(|n| n.spec.name.as_str() == SHARED && n.spec.internal != shared.internal)
            {
                wrong.push(format!("the shared network on {engine} is another"));
            }
        }
    }
    if have != want {
        wrong.push(format!("networks on {engine}: {have:?}"));
    }
    wrong
}

/// Two entries for each registered replica, each at the address that it has now.
fn catalog(sim: &Sim, scenario: &Scenario, stacks: &Stacks) -> Vec<String> {
    let registered: BTreeMap<String, String> =
        sim.registered().into_iter().map(|entry| (entry.id.to_string(), entry.address)).collect();
    let mut want: Vec<(String, String, String)> = Vec::new();
    for engine in &scenario.engines {
        let running: BTreeMap<String, ContainerView> =
            sim.ours(engine).into_iter().map(|view| (view.name.to_string(), view)).collect();
        for (id, stack) in stacks.iter().filter(|(_, stack)| stack.engine == *engine) {
            let parts = stack.services.iter();
            for (name, part) in parts.filter(|(_, part)| part.registered && !part.is_job()) {
                for slot in slots(&running, &format!("{id}-{name}"), part) {
                    let view = running.get(&part.container(id, name, slot));
                    let base = format!("{slot}.{name}.{id}");
                    // Any of its addresses leads to it; the one it has been known by stays.
                    let registered = registered.get(&base);
                    let addresses = || view.into_iter().flat_map(|view| view.addresses.values());
                    let known = addresses().find(|ip| Some(&ip.to_string()) == registered);
                    let Some(address) = known.or_else(|| addresses().next()) else { continue };
                    let address = format!("{address}:80");
                    want.push((base.clone(), format!("{name}.{id}"), address.clone()));
                    want.push((format!("{base}@dns"), id.to_string(), address));
                }
            }
        }
    }
    want.sort();
    let mut have: Vec<(String, String, String)> = sim
        .registered()
        .iter()
        .map(|entry| {
            let address = format!("{}:{}", entry.address, entry.port);
            (entry.id.to_string(), entry.service.clone(), address)
        })
        .collect();
    have.sort();
    let critical = sim.registered().iter().any(|entry| entry.status.as_str() != "passing");
    let mut wrong = Vec::new();
    if have != want {
        wrong.push(format!("the catalog holds {have:?}, not {want:?}"));
    }
    if critical {
        wrong.push("the catalog calls healthy replicas critical".to_owned());
    }
    wrong
}
