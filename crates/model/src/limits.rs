//! How much of the host a container may use. 0 is the engine's default, which for most is
//! no limit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::serde_default::is_default;

/// How much of the host a container may use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// `Memory`, bytes.
    #[serde(skip_serializing_if = "is_default")]
    pub memory: i64,
    /// `MemoryReservation`: what it is held to when the host runs short, bytes.
    #[serde(skip_serializing_if = "is_default")]
    pub memory_reservation: i64,
    /// `MemorySwap`: memory and swap together, bytes; 0 is twice `memory`, -1 any swap.
    #[serde(skip_serializing_if = "is_default")]
    pub memory_swap: i64,
    /// `MemorySwappiness`, 0 to 100; `None` is the host's.
    #[serde(skip_serializing_if = "is_default")]
    pub swappiness: Option<i64>,
    /// `OomKillDisable`: nothing is killed when it needs more.
    #[serde(skip_serializing_if = "is_default")]
    pub oom_kill_disable: bool,
    /// `OomScoreAdj`, -1000 to 1000: the higher, the sooner the host kills it.
    #[serde(skip_serializing_if = "is_default")]
    pub oom_score_adj: i64,
    /// `NanoCpus`, billionths of a CPU.
    #[serde(skip_serializing_if = "is_default")]
    pub nano_cpus: i64,
    /// `CpuShares`, a relative weight.
    #[serde(skip_serializing_if = "is_default")]
    pub cpu_shares: i64,
    /// `CpuPeriod` of the scheduler, microseconds.
    #[serde(skip_serializing_if = "is_default")]
    pub cpu_period: i64,
    /// `CpuQuota`: CPU time in each period, microseconds.
    #[serde(skip_serializing_if = "is_default")]
    pub cpu_quota: i64,
    /// `CpuRealtimePeriod`, microseconds.
    #[serde(skip_serializing_if = "is_default")]
    pub cpu_rt_period: i64,
    /// `CpuRealtimeRuntime` in each period, microseconds.
    #[serde(skip_serializing_if = "is_default")]
    pub cpu_rt_runtime: i64,
    /// `CpusetCpus`: which CPUs, `0-2,7`; empty is all.
    #[serde(skip_serializing_if = "is_default")]
    pub cpuset: String,
    /// `CpuCount`, which only Windows heeds.
    #[serde(skip_serializing_if = "is_default")]
    pub cpu_count: i64,
    /// `CpuPercent`, hundredths of a percent, which only Windows heeds.
    #[serde(skip_serializing_if = "is_default")]
    pub cpu_percent: i64,
    /// `PidsLimit`, processes.
    #[serde(skip_serializing_if = "is_default")]
    pub pids: i64,
    /// `ShmSize` of `/dev/shm`, bytes.
    #[serde(skip_serializing_if = "is_default")]
    pub shm_size: i64,
    /// `CgroupParent`: below which control group; empty is the engine's.
    #[serde(skip_serializing_if = "is_default")]
    pub cgroup_parent: String,
    /// `Ulimits` by name, `nofile`.
    #[serde(skip_serializing_if = "is_default")]
    pub ulimits: BTreeMap<String, Ulimit>,
    /// `Blkio…`.
    #[serde(skip_serializing_if = "is_default")]
    pub blkio: Blkio,
}

impl Limits {
    /// Memory and swap together as the engine sets it when nothing is said.
    #[must_use]
    pub fn memory_and_swap(&self) -> i64 {
        if self.memory_swap == 0 { self.memory.saturating_mul(2) } else { self.memory_swap }
    }

    /// Whether that is what is asked for, in words or by silence.
    #[must_use]
    pub fn has_usual_swap(&self) -> bool {
        self.memory_swap == 0 || self.memory_swap == self.memory.saturating_mul(2)
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

/// How much of the host's disks a container may use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Blkio {
    /// `BlkioWeight`, 10 to 1000.
    #[serde(skip_serializing_if = "is_default")]
    pub weight: u16,
    /// `BlkioWeightDevice`, by device.
    #[serde(skip_serializing_if = "is_default")]
    pub weight_device: BTreeMap<String, u16>,
    /// `BlkioDeviceReadBps`, bytes per second by device.
    #[serde(skip_serializing_if = "is_default")]
    pub read_bps: BTreeMap<String, i64>,
    /// `BlkioDeviceReadIOps`, reads per second by device.
    #[serde(skip_serializing_if = "is_default")]
    pub read_iops: BTreeMap<String, i64>,
    /// `BlkioDeviceWriteBps`, bytes per second by device.
    #[serde(skip_serializing_if = "is_default")]
    pub write_bps: BTreeMap<String, i64>,
    /// `BlkioDeviceWriteIOps`, writes per second by device.
    #[serde(skip_serializing_if = "is_default")]
    pub write_iops: BTreeMap<String, i64>,
}
