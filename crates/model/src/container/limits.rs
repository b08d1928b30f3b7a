//! How much of the host a container may use. 0 is the engine's default, which for most is
//! no limit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ContainerSpec;
use crate::field::{Chosen, Form, Kernel, Row, Value, fields};
use crate::reach;
use crate::serde_default::is_default;

const BYTES: Form = Form::Bytes { unlimited: false };
const NUMBER: Form = Form::Number(|number| number);
/// -1 is Compose's way to write "unlimited", and an engine's.
const POSITIVE: Form = Form::Number(|number| if number < 0 { 0 } else { number });
const CPUS: Form = Form::Decimal { digits: 9, of: "a number of CPUs" };
const PERCENT: Form = Form::Decimal { digits: 2, of: "a number" };
const RATES: Form = Form::Rates { member: "Rate" };
const WEIGHTS: Form = Form::Rates { member: "Weight" };

/// A limit.
const fn limit(key: &'static str, member: &'static str, form: Form) -> Row {
    Row::host(key, member, form).inside("limits")
}

fields! {
    /// How much of the host a container may use.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default)]
    pub struct Limits, at |spec: ContainerSpec| spec.limits, rows LIMITS;
    own {}
    plain {
        /// Bytes.
        memory: i64 = limit("mem_limit", "Memory", BYTES).in_place().needs(Kernel::Memory);
        /// What it is held to when the host runs short, bytes.
        memory_reservation: i64 = limit("mem_reservation", "MemoryReservation", BYTES).in_place();
        /// Memory and swap together, bytes; 0 is twice `memory`, -1 any swap.
        memory_swap: i64 = limit("memswap_limit", "MemorySwap", Form::Bytes { unlimited: true })
            .lifted_in_place()
            .needs(Kernel::Swap)
            .about("`HostConfig.MemorySwap`; twice the memory if the stack sets none; recreated for -1"),
            compared |spec: &ContainerSpec| Value::Number(spec.limits.unusual_swap());
        /// 0 to 100; `None` is the host's.
        swappiness: Option<i64> = limit("mem_swappiness", "MemorySwappiness", Form::Optional)
            .needs(Kernel::FirstCgroups);
        /// Nothing is killed when it needs more.
        oom_kill_disable: bool = limit("oom_kill_disable", "OomKillDisable", Form::Flag)
            .needs(Kernel::OomKiller)
            .demands("oom", |value| reach::set(value, "OomKillDisable"));
        /// -1000 to 1000: the higher, the sooner the host kills it.
        oom_score_adj: i64 =
            limit("oom_score_adj", "OomScoreAdj", NUMBER).demands("oom", reach::oom_score);
        /// Billionths of a CPU.
        nano_cpus: i64 =
            limit("cpus", "NanoCpus", CPUS).in_place().needs(Kernel::PeriodAndQuota);
        /// A relative weight.
        cpu_shares: i64 =
            limit("cpu_shares", "CpuShares", POSITIVE).in_place().needs(Kernel::Shares);
        /// Of the scheduler, microseconds.
        cpu_period: i64 =
            limit("cpu_period", "CpuPeriod", NUMBER).in_place().needs(Kernel::Period);
        /// CPU time in each period, microseconds.
        cpu_quota: i64 = limit("cpu_quota", "CpuQuota", NUMBER).in_place().needs(Kernel::Quota);
        /// Microseconds.
        cpu_rt_period: i64 = limit("cpu_rt_period", "CpuRealtimePeriod", NUMBER)
            .demands("oom", |value| reach::set(value, "CpuRealtimePeriod"));
        /// In each period, microseconds.
        cpu_rt_runtime: i64 = limit("cpu_rt_runtime", "CpuRealtimeRuntime", NUMBER)
            .demands("oom", |value| reach::set(value, "CpuRealtimeRuntime"));
        /// Which CPUs, `0-2,7`; `None` is all.
        cpuset: Option<String> =
            limit("cpuset", "CpusetCpus", Form::Text).in_place().needs(Kernel::Cpuset);
        /// Only Windows heeds it.
        cpu_count: i64 = limit("cpu_count", "CpuCount", NUMBER);
        /// Hundredths of a percent, which only Windows heeds.
        cpu_percent: i64 = limit("cpu_percent", "CpuPercent", PERCENT).needs(Kernel::Windows);
        /// Processes.
        pids: i64 =
            limit("pids_limit", "PidsLimit", POSITIVE).lifted_in_place().needs(Kernel::Pids);
        /// Of `/dev/shm`, bytes.
        shm_size: i64 = limit("shm_size", "ShmSize", BYTES).chosen(Chosen::ByEngine);
        /// Below which control group; `None` is the engine's.
        cgroup_parent: Option<String> = limit("cgroup_parent", "CgroupParent", Form::Text)
            .demands("cgroup_parent", reach::cgroup_parent);
    }
    own {
        /// `Ulimits` by name, `nofile`.
        #[serde(skip_serializing_if = "is_default")]
        ulimits: BTreeMap<String, Ulimit>,
        /// `Blkio…`.
        #[serde(skip_serializing_if = "is_default")]
        blkio: Blkio,
    }
    plain {}
}

fields! {
    /// How much of the host's disks a container may use.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default)]
    pub struct Blkio, at |spec: ContainerSpec| spec.limits.blkio, rows BLKIO;
    own {}
    plain {
        /// 10 to 1000.
        weight: i64 =
            limit("blkio_config.weight", "BlkioWeight", NUMBER).needs(Kernel::Untold);
        /// By device.
        weight_device: BTreeMap<String, i64> =
            limit("blkio_config.weight_device", "BlkioWeightDevice", WEIGHTS)
                .needs(Kernel::Untold);
        /// Bytes per second by device.
        read_bps: BTreeMap<String, i64> =
            limit("blkio_config.device_read_bps", "BlkioDeviceReadBps", RATES)
                .needs(Kernel::Untold);
        /// Reads per second by device.
        read_iops: BTreeMap<String, i64> =
            limit("blkio_config.device_read_iops", "BlkioDeviceReadIOps", RATES)
                .needs(Kernel::Untold);
        /// Bytes per second by device.
        write_bps: BTreeMap<String, i64> =
            limit("blkio_config.device_write_bps", "BlkioDeviceWriteBps", RATES)
                .needs(Kernel::Untold);
        /// Writes per second by device.
        write_iops: BTreeMap<String, i64> =
            limit("blkio_config.device_write_iops", "BlkioDeviceWriteIOps", RATES)
                .needs(Kernel::Untold);
    }
}

impl Limits {
    /// Memory and swap together as the engine sets it when nothing is said.
    #[must_use]
    pub fn memory_and_swap(&self) -> i64 {
        if self.memory_swap == 0 { self.memory.saturating_mul(2) } else { self.memory_swap }
    }

    /// Memory and swap together, or 0 if it is what the engine sets anyway.
    fn unusual_swap(&self) -> i64 {
        if self.memory_swap == self.memory.saturating_mul(2) { 0 } else { self.memory_swap }
    }
}

/// A limit of a process; -1 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ulimit {
    /// What is in force.
    pub soft: i64,
    /// How far the process may raise it.
    pub hard: i64,
}
