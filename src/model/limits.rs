//! How much of the host a container may use. 0 is the engine's default, which for most is
//! no limit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How much of the host a container may use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// `Memory`, bytes.
    pub memory: i64,
    /// `MemoryReservation`: what it is held to when the host runs short, bytes.
    pub memory_reservation: i64,
    /// `MemorySwap`: memory and swap together, bytes; 0 is twice `memory`, -1 any swap.
    pub memory_swap: i64,
    /// `MemorySwappiness`, 0 to 100; `None` is the host's.
    pub swappiness: Option<i64>,
    /// `OomKillDisable`: nothing is killed when it needs more.
    pub oom_kill_disable: bool,
    /// `OomScoreAdj`, -1000 to 1000: the higher, the sooner the host kills it.
    pub oom_score_adj: i64,
    /// `NanoCpus`, billionths of a CPU.
    pub nano_cpus: i64,
    /// `CpuShares`, a relative weight.
    pub cpu_shares: i64,
    /// `CpuPeriod` of the scheduler, microseconds.
    pub cpu_period: i64,
    /// `CpuQuota`: CPU time in each period, microseconds.
    pub cpu_quota: i64,
    /// `CpuRealtimePeriod`, microseconds.
    pub cpu_rt_period: i64,
    /// `CpuRealtimeRuntime` in each period, microseconds.
    pub cpu_rt_runtime: i64,
    /// `CpusetCpus`: which CPUs, `0-2,7`; empty is all.
    pub cpuset: String,
    /// `CpuCount`, which only Windows heeds.
    pub cpu_count: i64,
    /// `CpuPercent`, hundredths of a percent, which only Windows heeds.
    pub cpu_percent: i64,
    /// `PidsLimit`, processes.
    pub pids: i64,
    /// `ShmSize` of `/dev/shm`, bytes.
    pub shm_size: i64,
    /// `CgroupParent`: below which control group; empty is the engine's.
    pub cgroup_parent: String,
    /// `Ulimits` by name, `nofile`.
    pub ulimits: BTreeMap<String, Ulimit>,
    /// `Blkio…`.
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
pub struct Blkio {
    /// `BlkioWeight`, 10 to 1000.
    pub weight: u16,
    /// `BlkioWeightDevice`, by device.
    pub weight_device: BTreeMap<String, u16>,
    /// `BlkioDeviceReadBps`, bytes per second by device.
    pub read_bps: BTreeMap<String, i64>,
    /// `BlkioDeviceReadIOps`, reads per second by device.
    pub read_iops: BTreeMap<String, i64>,
    /// `BlkioDeviceWriteBps`, bytes per second by device.
    pub write_bps: BTreeMap<String, i64>,
    /// `BlkioDeviceWriteIOps`, writes per second by device.
    pub write_iops: BTreeMap<String, i64>,
}
