//! `healthcheck`.

use super::keys;
use crate::stack::codes::NO_EFFECT;
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
    if check.start_interval.is_some()
        && check.start_period.is_none_or(|period| period.is_zero())
        && let Some(field) = node.get("start_interval")
    {
        let message = "`start_interval` has no effect without a `start_period`: `docker compose up` \
                       refuses it";
        let help = "write a `start_period`, unless the image has one".to_owned();
        report.warn_as(NO_EFFECT, field.at, message, Some(help));
    }
    if disabled {
        check = Healthcheck { test: vec!["NONE".to_owned()], ..Healthcheck::default() };
    }
    check
}
