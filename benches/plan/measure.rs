//! What a call costs in this process: CPU time, and memory at its peak.

use std::fs;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// What a call cost.
pub(crate) struct Cost {
    /// CPU time in milliseconds.
    pub(crate) cpu: f64,
    /// By how many MiB memory grew for it, at its peak.
    pub(crate) grown: f64,
    /// Memory at its peak in MiB, with everything that was there before.
    pub(crate) peak: f64,
}

/// Measures a call.
pub(crate) fn cost<T>(call: impl FnOnce() -> T) -> (Cost, T) {
    fs::write("/proc/self/clear_refs", "5").expect("Linux");
    let (memory, cpu) = (status("VmRSS:"), cpu());
    let answer = call();
    let cpu = self::cpu() - cpu;
    let peak = status("VmHWM:");
    (Cost { cpu, grown: peak - memory, peak }, answer)
}

fn cpu() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("Linux");
    let cpu = usage.user_time() + usage.system_time();
    f64::from(i32::try_from(cpu.num_microseconds()).expect("less than half an hour")) / 1000.0
}

/// A field of the process's status in MiB.
fn status(field: &str) -> f64 {
    let text = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = text.lines().find_map(|line| line.strip_prefix(field)).expect("a field");
    let kib: u32 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    f64::from(kib) / 1024.0
}
