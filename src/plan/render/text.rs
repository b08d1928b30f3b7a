//! The text form of a plan: deterministic, one line per step, each with its causes. It
//! is what `plan` prints, what `apply` does, and the language of the golden tests.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter, Write as _};
use std::time::Duration;

use crate::model::action::{
    Action, ContainerRef, Endpoint, Join, LedgerChange, StepId, Target, Until,
};
use crate::model::build::FOLDERS;
use crate::model::desired::SyncMode;
use crate::model::id::{DeploymentId, EngineName};
use crate::model::plan::{
    Blocked, Cause, Forgotten, LeftAlone, Plan, Reason, Step, Thing, WaitingOn, WhyLeft,
};
use crate::model::printable::{OneLine, one_line};
use crate::model::share::Peer;
use crate::plan::cause::count;

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut heading: Option<(&DeploymentId, &EngineName)> = None;
        for step in &self.steps {
            if heading != Some((&step.deployment, &step.engine)) {
                let engine = one_line(step.engine.as_str());
                writeln!(f, "deployment {} on engine {engine}", step.deployment)?;
                heading = Some((&step.deployment, &step.engine));
            }
            writeln!(f, "{step}")?;
        }
        for adopted in &self.adopted {
            writeln!(f, "adopt {} into {}", adopted.thing, adopted.deployment)?;
        }
        for left in &self.left_alone {
            writeln!(f, "{left}")?;
        }
        for forgotten in &self.forgotten {
            writeln!(f, "{forgotten}")?;
        }
        for blocked in &self.blocked {
            writeln!(f, "{blocked}")?;
        }
        writeln!(f, "{}", self.summary())
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "  {} {}", self.id, self.action)?;
        if !self.after.is_empty() {
            write!(f, " after {}", ids(&self.after))?;
        }
        // A step that merely continues a change says so on its own line.
        if let [Cause { reason: Reason::Follows { step }, .. }] = self.causes.as_slice() {
            return write!(f, " (for {step})");
        }
        for cause in &self.causes {
            write!(f, "\n       {cause}")?;
        }
        Ok(())
    }
}

impl Display for Thing {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let f = &mut OneLine(f);
        match self {
            Self::Container { name, .. } => write!(f, "container {name}"),
            Self::Network { name, .. } => write!(f, "network {name}"),
            Self::Volume { name } => write!(f, "volume {name}"),
        }
    }
}

impl Display for Forgotten {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { deployment, engine } = self;
        write!(
            f,
            "forgot: no record of {deployment} on engine {engine}; its labels tell what it is"
        )
    }
}

impl Display for LeftAlone {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let f = &mut OneLine(f);
        write!(f, "left alone in {}: container {}, ", self.deployment, self.name)?;
        match &self.why {
            WhyLeft::OneOff => f.write_str("which `docker compose run` made"),
            WhyLeft::Orphan { service } => {
                write!(f, "whose service {service} is not in the stack")
            }
        }
    }
}

impl Display for Action {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let f = &mut OneLine(f);
        match self {
            Self::PullImage { image, .. } => write!(f, "pull image {image}"),
            Self::BuildImage { tag, build, .. } if tag.as_str().starts_with(FOLDERS) => {
                write!(f, "build an image of folder {:?}", build.context)
            }
            Self::BuildImage { tag, .. } => write!(f, "build image {tag}"),
            Self::CreateNetwork { network, .. } => write!(f, "create network {}", network.name),
            Self::RemoveNetwork { name, .. } => write!(f, "remove network {name}"),
            Self::CreateVolume { volume, .. } => write!(f, "create volume {}", volume.name),
            Self::CreateContainer(create) => {
                write!(f, "create container {}", create.name)?;
                create.joins.iter().try_for_each(|join| joined(f, join))
            }
            Self::UploadFiles { container, files } => {
                write!(f, "upload {} to {}", count(files.len(), "file"), container.name)
            }
            Self::ConnectNetwork { container, network, .. } => {
                write!(f, "connect {} to network {network}", container.name)
            }
            Self::DisconnectNetwork { container, network } => {
                write!(f, "disconnect {} from network {network}", container.name)
            }
            Self::StartContainer { container } => write!(f, "start {}", container.name),
            Self::UpdateContainer { container, .. } => write!(f, "update {}", container.name),
            Self::RunHook { container, moment, number, deadline, .. } => {
                let within = span(*deadline);
                write!(f, "run {moment}[{number}] in {} within {within}", container.name)
            }
            Self::UnpauseContainer { container } => write!(f, "unpause {}", container.name),
            Self::RestartContainer { container, grace } => {
                write!(f, "restart {} within {}", container.name, span(*grace))
            }
            Self::StopContainer { container, grace } => {
                write!(f, "stop {} within {}", container.name, span(*grace))
            }
            Self::RenameContainer { container, to } => {
                write!(f, "rename {} to {to}", container.name)
            }
            Self::RemoveContainer { container } => write!(f, "remove {}", container.name),
            Self::Await { container, until, deadline } => wait(f, container, *until, *deadline),
            Self::Register { entries, .. } => {
                f.write_str("register")?;
                for entry in entries {
                    write!(f, " {} as {}", entry.id, entry.status.as_str())?;
                }
                entries.first().map_or(Ok(()), |entry| write!(f, " at {}", entry.endpoint))
            }
            Self::Deregister { ids, .. } => {
                f.write_str("deregister")?;
                ids.iter().try_for_each(|id| write!(f, " {id}"))
            }
            Self::WriteLedger { change } => noted(f, change),
        }
    }
}

fn noted(f: &mut OneLine<'_, '_>, change: &LedgerChange) -> fmt::Result {
    match change {
        LedgerChange::Record { deployment, record } => {
            write!(f, "record {deployment} at revision {}", record.revision.short())
        }
        LedgerChange::Forget { deployment } => write!(f, "forget {deployment}"),
        LedgerChange::Adopt { deployment, .. } => {
            write!(f, "adopt what Compose made of {deployment}")
        }
    }
}

fn joined(f: &mut OneLine<'_, '_>, join: &Join) -> fmt::Result {
    write!(f, ", joined to {}", join.container.name)?;
    match join.container.container {
        ContainerRef::Known(_) => Ok(()),
        ContainerRef::Made(step) => write!(f, " (known after {step})"),
    }
}

fn wait(f: &mut OneLine<'_, '_>, target: &Target, until: Until, deadline: Duration) -> fmt::Result {
    write!(f, "await {} ", target.name)?;
    match until {
        Until::Running => f.write_str("running")?,
        Until::Good(min) => write!(f, "good for {}", span(min))?,
        Until::GoodOrEnded(min) => write!(f, "good for {} or ended with 0", span(min))?,
        Until::Completed => f.write_str("completed")?,
    }
    write!(f, " within {}", span(deadline))
}

impl Display for Endpoint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let f = &mut OneLine(f);
        match self {
            Self::Known { address, port } => write!(f, "{address}:{port}"),
            Self::OnNetwork { after, network, port } => {
                write!(f, "its address on {network} (known after {after})")?;
                match port {
                    Some(port) => write!(f, ", port {port}"),
                    None => f.write_str(", its first port"),
                }
            }
            Self::Published { after, address, port } => {
                write!(f, "{address}, the host's port for {port} (known after {after})")
            }
        }
    }
}

impl Display for Blocked {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("blocked")?;
        if let Some(deployment) = &self.deployment {
            write!(f, " in {deployment}")?;
        }
        write!(f, ": {}", one_line(&self.subject))?;
        if let Some(at) = &self.at {
            write!(f, " ({at})")?;
        }
        f.write_str("\n       waits: ")?;
        let f = &mut OneLine(f);
        match (&self.waiting_on, &self.deployment) {
            (WaitingOn::SameStack { folder, files }, Some(id)) => write!(
                f,
                "until the operator says that it is the same stack: \
                 --allow {id}:project={folder}; containers of that name were started from there \
                 with {}; the other way is to remove them: docker compose -p {id} down",
                if files.is_empty() { "no file".to_owned() } else { files.join(", ") }
            ),
            (WaitingOn::Grant { demand, code }, Some(id)) => {
                write!(f, "until the operator grants it [{code}]: --allow {id}:{demand}")
            }
            (waiting_on, _) => write!(f, "{waiting_on}"),
        }
    }
}

/// As `deployments.yaml` has it.
fn word(mode: SyncMode) -> &'static str {
    match mode {
        SyncMode::Auto => "auto",
        SyncMode::Heal => "heal",
        SyncMode::Notify => "notify",
        SyncMode::Paused => "paused",
    }
}

impl Display for WaitingOn {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let f = &mut OneLine(f);
        match self {
            Self::ValidStack => f.write_str("until its stack is valid; what runs is left alone"),
            Self::CompleteSource => {
                f.write_str("until the list of deployments can be read fully; nothing is pruned")
            }
            Self::Absence { lasts } => absence(f, *lasts),
            Self::Engine { error } => write!(f, "until the engine answers: {error}"),
            Self::ConfiguredEngine => {
                f.write_str("until the operator configures the engine it names")
            }
            Self::OneName { engines } => one_name(f, engines),
            Self::Catalog { error } => write!(f, "until Consul answers: {error}"),
            Self::Ledger { error } => write!(f, "until the ledger can be read: {error}"),
            Self::FreeName { container } => write!(
                f,
                "until the name is free: container {} bears it and is not ours",
                container.short()
            ),
            Self::OtherSource { source } => {
                write!(f, "until {source} lets go of the deployment's id")
            }
            Self::SameStack { folder, .. } => {
                write!(f, "until the operator says that the project in {folder} is the same stack")
            }
            Self::ReplicaName { name } => write!(
                f,
                "until it is removed, or renamed to {name}: its labels say that it is that replica"
            ),
            Self::ForeignResource => {
                f.write_str("until it is declared `external`: it exists and is not ours")
            }
            Self::Peer { peer } => match peer {
                Peer::Service(name) => write!(f, "until service {name} has a replica"),
                Peer::Container(name) => write!(f, "until container {name} exists"),
            },
            Self::Dependency { service } => {
                write!(f, "until service {service}, on which it depends, is no longer withheld")
            }
            Self::Fault { fault } => write!(
                f,
                "because of a fault of reconciler, which leaves this deployment as it is; please \
                 report it: {fault}"
            ),
            Self::External => f.write_str("until somebody makes it: the stack calls it external"),
            Self::Grant { demand, code } => {
                write!(f, "until the operator grants `{demand}` [{code}]")
            }
            Self::Approval { digest } => {
                write!(f, "until a person approves it: --approve {digest}")
            }
            Self::SyncMode { mode } => write!(f, "because of `sync: {}`", word(*mode)),
            Self::OwnContainer { command } => write!(f, "until it is done by hand: {command}"),
            Self::Consent { command } => write!(
                f,
                "until it is done by hand, because data or connections are lost: {command}"
            ),
            Self::Address => f.write_str(
                "until it has an address that others reach: a routable network, or a published \
                 port and `advertise` for the engine",
            ),
            Self::Ability { needs } => write!(f, "because it needs {needs}"),
            Self::Image => f.write_str("until the image is there: `pull_policy: never`"),
            Self::CatalogName { name } => {
                write!(f, "until `{name}` in the catalog is free: others use it")
            }
            Self::DnsName { name, other } => dns_name(f, name, other),
        }
    }
}

fn absence(f: &mut OneLine<'_, '_>, lasts: Duration) -> fmt::Result {
    write!(f, "until what the folder lacks has been absent for {}", span(lasts))
}

fn one_name(f: &mut OneLine<'_, '_>, engines: &BTreeSet<EngineName>) -> fmt::Result {
    let names: Vec<_> = engines.iter().map(|name| format!("`{name}`")).collect();
    let names = names.join(" and ");
    write!(
        f,
        "until only one of the engines {names} is configured: they say that they are one and the \
         same"
    )
}

fn dns_name(f: &mut OneLine<'_, '_>, name: &str, other: &str) -> fmt::Result {
    write!(
        f,
        "until one of them has another name, or `x-reconciler: {{ register: false }}`: {other} is \
         `{name}` in DNS, too"
    )
}

impl Plan {
    /// One line that counts what would happen.
    #[must_use]
    pub fn summary(&self) -> String {
        // What runs before a replica is none.
        let passes = |cause: &Cause| matches!(cause.reason, Reason::Prepares | Reason::LeftOver);
        let replicas = || self.steps.iter().filter(|step| !step.causes.iter().any(passes));
        let counted =
            |test: fn(&Action) -> bool| replicas().filter(|step| test(&step.action)).count();
        let created = counted(|action| matches!(action, Action::CreateContainer(_)));
        let removed = counted(|action| matches!(action, Action::RemoveContainer { .. }));
        let replaced = self.steps.iter().filter(|step| is_replacement(step)).count();
        let restarted = counted(|action| {
            matches!(action, Action::RestartContainer { .. } | Action::UnpauseContainer { .. })
        });
        let started = self.steps.iter().filter(|step| is_revival(step)).count();
        let in_place = self.steps.iter().filter(|step| is_in_place(step)).count();
        let withheld = self.blocked.iter().filter(|b| !b.waiting_on.is_notice()).count();
        let mut parts = vec![
            format!("{} to create", created.saturating_sub(replaced)),
            format!("{replaced} to replace"),
            format!("{} to remove", removed.saturating_sub(replaced)),
        ];
        for (number, what) in [
            (in_place, "to change in place"),
            (started, "to start again"),
            (restarted, "to restart"),
            (withheld, "blocked"),
        ] {
            if number > 0 {
                parts.push(format!("{number} {what}"));
            }
        }
        if self.steps.is_empty() && withheld == 0 {
            return "Nothing to do: the world is as git says.".to_owned();
        }
        format!("Plan: {} in {}.", parts.join(", "), count(self.steps.len(), "step"))
    }
}

/// A container that takes the place of one that is removed.
fn is_replacement(step: &Step) -> bool {
    matches!(step.action, Action::RemoveContainer { .. })
        && step.causes.iter().any(|cause| matches!(cause.reason, Reason::Replaced { .. }))
}

/// A start of a container that existed before.
fn is_revival(step: &Step) -> bool {
    use crate::model::action::ContainerRef;
    matches!(&step.action, Action::StartContainer { container }
        if matches!(container.container, ContainerRef::Known(_)))
}

/// A change of a container that stays.
fn is_in_place(step: &Step) -> bool {
    let changes = matches!(
        step.action,
        Action::UpdateContainer { .. }
            | Action::ConnectNetwork { .. }
            | Action::DisconnectNetwork { .. }
    );
    changes && step.causes.iter().any(|cause| matches!(cause.reason, Reason::Changed(_)))
}

fn ids(ids: &BTreeSet<StepId>) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn span(span: Duration) -> String {
    humantime::format_duration(span).to_string()
}
