//! `healthcheck`.

use super::keys;
use model::spec::Healthcheck;
use text::report::Reporter;
use text::yaml::Node;

/// Reads a health check; `disable: true` is the test `NONE`.
pub(super) fn read(node: &Node, report: &Reporter) -> Healthcheck {
    let mut check = Healthcheck::default();
    let mut disabled = false;
    for field in keys::HEALTHCHECK.admitted(node, report) {
        let (key, value) = (field.key.as_str(), &field.value);
        match key {
            "test" => check.test = report.string_list("test", value),
            "disable" => disabled = report.boolean(key, value).unwrap_or(false),
            "interval" => check.interval = report.duration(key, value),
            "timeout" => check.timeout = report.duration(key, value),
            "start_period" => check.start_period = report.duration(key, value),
            "start_interval" => check.start_interval = report.duration(key, value),
            _ => check.retries = report.number(key, value),
        }
    }
    if disabled {
        check = Healthcheck { test: vec!["NONE".to_owned()], ..Healthcheck::default() };
    }
    check
}
