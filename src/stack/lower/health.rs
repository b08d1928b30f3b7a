//! `healthcheck`.

use super::keys;
use crate::model::spec::Healthcheck;
use crate::text::report::Reporter;
use crate::text::yaml::{Node, Value};

/// Reads a health check; `disable: true` is the test `NONE`.
pub(super) fn read(node: &Node, report: &Reporter) -> Healthcheck {
    let mut check = Healthcheck::default();
    let mut disabled = false;
    for field in report.map("healthcheck", node) {
        if !keys::HEALTHCHECK.admits(field, report) || field.value.is_null() {
            continue;
        }
        let (key, value) = (field.key.as_str(), &field.value);
        match key {
            "test" => check.test = test(value, report),
            "disable" => disabled = report.boolean(key, value).unwrap_or(false),
            "interval" => check.interval = report.duration(key, value),
            "timeout" => check.timeout = report.duration(key, value),
            "start_period" => check.start_period = report.duration(key, value),
            _ => check.retries = report.number(key, value),
        }
    }
    if disabled {
        if !check.test.is_empty() && !check.is_disabled() {
            report.error(node.span, "a health check with a `test` cannot be disabled");
        }
        check = Healthcheck { test: vec!["NONE".to_owned()], ..Healthcheck::default() };
    }
    check
}

fn test(node: &Node, report: &Reporter) -> Vec<String> {
    if matches!(node.value, Value::Scalar(_)) {
        return report
            .string("test", node)
            .map_or_else(Vec::new, |line| vec!["CMD-SHELL".to_owned(), line]);
    }
    let words = report.string_list("test", node);
    if let Some(first) = words.first()
        && !matches!(first.as_str(), "NONE" | "CMD" | "CMD-SHELL")
    {
        report.error_help(
            node.span,
            "a `test` that is a list begins with `NONE`, `CMD` or `CMD-SHELL`",
            "write the command as a string to have a shell run it",
        );
    }
    words
}
