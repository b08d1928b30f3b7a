//! Limits that contradict each other, or that are outside of what the kernel has: an engine
//! refuses the container when its networks are there already.

use super::nodes::{deployed, map, refuse, text};
use compose::codes::EXCLUSIVE;
use text::read::quote;
use text::report::Reporter;
use text::units;
use text::yaml::{Entry, Node};

/// The least memory that an engine gives a container, in bytes.
const MEMORY: i64 = 6 << 20;
/// The least of a CPU that the kernel can share out, in billionths of one.
const CPU: i64 = 10_000_000;
/// The shortest time of a CPU that the kernel counts, in microseconds.
const MILLISECOND: i64 = 1_000;
/// The longest period in which the kernel counts it, in microseconds.
const SECOND: i64 = 1_000_000;

/// A number other than 0, and where it is.
type Declared<'n> = Option<(i64, &'n Node)>;

/// Checks the limits of a service in normal form.
pub(super) fn check(service: &Node, report: &Reporter) {
    memory(service, report);
    cpu(service, report);
    ulimits(service, report);
    if let Some((percent, at)) = number(service, "mem_swappiness")
        && !(-1..=100).contains(&percent)
    {
        let what = format!("{} is not a percentage", quote(at));
        refuse(at.span, what, "write 0 to 100", report);
    }
}

fn declared<'n>(
    found: Option<(&str, &'n Node)>,
    read: impl Fn(&str) -> Option<i64>,
) -> Declared<'n> {
    found.and_then(|(text, at)| Some((read(text)?, at))).filter(|(number, _)| *number != 0)
}

fn number<'n>(node: &'n Node, key: &str) -> Declared<'n> {
    declared(text(node, key), |text| text.parse().ok())
}

/// Of the service itself, or of its `deploy.resources`.
fn size<'n>(service: &'n Node, key: &str, part: &str) -> Declared<'n> {
    let own = declared(text(service, key), units::bytes);
    own.or_else(|| declared(deployed(service, part, "memory"), units::bytes))
}

fn memory(service: &Node, report: &Reporter) {
    let limit = size(service, "mem_limit", "limits");
    let reserved = size(service, "mem_reservation", "reservations");
    for (bytes, at) in [limit, reserved].into_iter().flatten() {
        if bytes > 0 && bytes < MEMORY {
            let what = format!("{} is too little memory for a container", quote(at));
            refuse(at.span, what, "write at least `6m`", report);
        }
    }
    if let (Some((limit, _)), Some((reserved, at))) = (limit, reserved)
        && reserved > limit
    {
        let what = "no container can have more memory reserved than its limit";
        refuse(at.span, what, "write at most what `mem_limit` says", report);
    }
    let Some((swap, at)) = declared(text(service, "memswap_limit"), units::bytes) else { return };
    match limit {
        _ if swap < 0 => {}
        None => {
            let what = "a limit of memory and swap together needs one of memory";
            refuse(at.span, what, "write `mem_limit` as well", report);
        }
        Some((limit, _)) if swap < limit => {
            let what = "memory and swap together are less than the limit of memory alone";
            refuse(at.span, what, "write at least what `mem_limit` says", report);
        }
        Some(_) => {}
    }
}

fn cpu(service: &Node, report: &Reporter) {
    let own = declared(text(service, "cpus"), units::nano_cpus);
    let cpus = own.or_else(|| declared(deployed(service, "limits", "cpus"), units::nano_cpus));
    if let Some((share, at)) = cpus
        && share < CPU
    {
        let what = format!("{} is too little of a CPU for a container", quote(at));
        refuse(at.span, what, "write at least `0.01`", report);
    }
    for key in ["cpu_period", "cpu_quota"] {
        if let (Some((time, _)), Some(_), Some(field)) =
            (number(service, key), cpus, service.get(key))
            && time > 0
        {
            let help = "keep `cpus`, or both `cpu_period` and `cpu_quota`";
            let message = format!("`cpus` and `{key}` exclude each other");
            report.error_help(EXCLUSIVE, field.at, message, help);
        }
    }
    if let Some((period, at)) = number(service, "cpu_period")
        && !(MILLISECOND..=SECOND).contains(&period)
    {
        let what = format!("{} is not a period in which the kernel counts", quote(at));
        refuse(at.span, what, "write 1000 to 1000000, in microseconds", report);
    }
    if let Some((quota, at)) = number(service, "cpu_quota")
        && quota > 0
        && quota < MILLISECOND
    {
        let what = format!("{} is too short a time for a container", quote(at));
        refuse(at.span, what, "write at least 1000, in microseconds", report);
    }
    if let (Some((period, _)), Some((runtime, at))) =
        (number(service, "cpu_rt_period"), number(service, "cpu_rt_runtime"))
        && runtime > period
    {
        let what = "no container can run for longer than the period";
        refuse(at.span, what, "write at most what `cpu_rt_period` says", report);
    }
    if let Some((list, at)) = text(service, "cpuset")
        && !list.is_empty()
        && !list.split(',').all(is_range)
    {
        let what = format!("{} names no CPUs", quote(at));
        refuse(at.span, what, "write numbers and ranges, for example `0-2,7`", report);
    }
}

fn is_range(text: &str) -> bool {
    let number = |text: &str| text.trim().parse::<u32>().ok();
    match text.split_once('-') {
        Some((first, last)) => {
            number(first).zip(number(last)).is_some_and(|(first, last)| first <= last)
        }
        None => number(text).is_some(),
    }
}

/// Names of `ulimits`.
const ULIMITS: [&str; 15] = [
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

fn ulimits(service: &Node, report: &Reporter) {
    for Entry { key, at, value } in map(service, "ulimits") {
        let number = |key| text(value, key).and_then(|(n, _)| n.parse::<i64>().ok());
        if !ULIMITS.contains(&key.to_ascii_lowercase().as_str()) {
            let what = format!("`{key}` is not a limit that Linux has");
            refuse(*at, what, &format!("there are {}", ULIMITS.join(", ")), report);
        } else if let (Some(soft), Some(hard)) = (number("soft"), number("hard"))
            && hard >= 0
            && (soft > hard || soft < 0)
        {
            let what = format!("the soft limit of `{key}` is above the hard one");
            refuse(*at, what, "no process may have more than its hard limit", report);
        }
    }
}
