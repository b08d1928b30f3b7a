//! Comparisons as unified diffs, for people and for programs.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use similar::TextDiff;

use model::comparison::{Compared, Comparison, LiveContainer};
use model::normal_form::NormalForm;
use model::plan::Plan;
use model::printable::one_line;
use model::render::machine::{self, SCHEMA_VERSION};
use reconcile::control::Report;

use super::super::console::{BAD, FAINT, GOOD, STRONG, paint};
use super::plan::{diagnostics_json, unseen};

/// How long the shortest diff of one object is looked for; after that a longer one has to do.
const LIMIT: Duration = Duration::from_secs(1);

/// So many containers are named in a heading.
const NAMED: usize = 3;

/// The diffs of several objects, coloured.
pub(in crate::cli) fn text(all: &[&Comparison], context: usize) -> String {
    let mut out = String::new();
    for line in all.iter().flat_map(|one| lines(one, context)) {
        let line = one_line(&line);
        let style = match line.as_bytes().first() {
            _ if line.starts_with("--- ") || line.starts_with("+++ ") => STRONG,
            Some(b'+') => GOOD,
            Some(b'-') => BAD,
            Some(b'@') => FAINT,
            _ => {
                let _ = writeln!(out, "{line}");
                continue;
            }
        };
        let _ = writeln!(out, "{}", paint(style, &line));
    }
    out
}

/// The diffs for programs, with what could not be read and what is wrong in files.
pub(in crate::cli) fn json(
    plan: &Plan,
    all: &[&Comparison],
    context: usize,
    report: &Report,
) -> Value {
    let objects = all.iter().map(|one| {
        let mut value = json!(one);
        value["change"] = match (&one.live, &one.desired) {
            (None, _) => "missing",
            (_, None) => "leaving",
            _ => "differs",
        }
        .into();
        value["fields"] = one.fields().into();
        value["diff"] = (lines(one, context).join("\n") + "\n").into();
        value
    });
    json!({
        "schema_version": SCHEMA_VERSION,
        "source": plan.source,
        "revision": plan.revision,
        "objects": objects.collect::<Vec<_>>(),
        "blocked": plan.blocked.iter().map(machine::blocked).collect::<Vec<_>>(),
        "unseen": unseen(report),
        "diagnostics": diagnostics_json(&report.diagnostics),
    })
}

/// The unified diff of one object.
fn lines(one: &Comparison, context: usize) -> Vec<String> {
    let yaml = |form: Option<&NormalForm>| form.map(NormalForm::to_yaml).unwrap_or_default();
    let live = yaml(one.live.as_ref().map(|live| &live.form));
    let desired = yaml(one.desired.as_ref().map(|wanted| &wanted.form));
    let diff = TextDiff::configure().timeout(LIMIT).diff_lines(&live, &desired);
    let hunks = diff.unified_diff().context_radius(context).to_string();
    [format!("--- live {}", live_heading(one)), format!("+++ desired {}", desired_heading(one))]
        .into_iter()
        .chain(hunks.lines().map(str::to_owned))
        .collect()
}

fn live_heading(one: &Comparison) -> String {
    let (name, engine) = (object(one), one_line(one.engine.as_str()));
    let Some(live) = &one.live else { return format!("{name} (engine {engine}, missing)") };
    let containers = match &live.containers[..] {
        [] => String::new(),
        [one] => format!(", container {}", short(one)),
        some => {
            let named: Vec<_> = some.iter().take(NAMED).map(short).collect();
            let more = some.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!(", containers {}{more}", named.join(", "))
        }
    };
    format!("{name} (engine {engine}{containers})")
}

fn desired_heading(one: &Comparison) -> String {
    let name = object(one);
    match one.desired.as_ref().map(|wanted| &wanted.at) {
        Some(Some(at)) => format!("{name} ({}:{})", one_line(&at.file), at.line),
        Some(None) => name,
        None => format!("{name} (not wanted)"),
    }
}

/// `abc/pricing/1`, `abc/pricing 1, 2, 3`, `network abc_default`.
fn object(one: &Comparison) -> String {
    let deployment = &one.deployment;
    let text = match &one.object {
        Compared::Network { name } => format!("{deployment} network {name}"),
        Compared::Volume { name } => format!("{deployment} volume {name}"),
        Compared::Service { service, slots } if slots.len() == 1 => {
            let slot = slots.first().map(ToString::to_string).unwrap_or_default();
            format!("{deployment}/{service}/{slot}")
        }
        Compared::Service { service, slots } => {
            let slots: Vec<_> = slots.iter().map(ToString::to_string).collect();
            format!("{deployment}/{service} {}", slots.join(", "))
        }
    };
    one_line(&text).into_owned()
}

fn short(container: &LiveContainer) -> String {
    let id: String = container.id.as_str().chars().take(12).collect();
    one_line(&id).into_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use model::comparison::{Live, Wanted};
    use model::diagnostic::Loc;
    use model::id::Slot;

    use super::*;

    fn form(fields: &[(&str, &str)]) -> NormalForm {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        NormalForm::new(fields.iter().map(owned).collect::<BTreeMap<_, _>>())
    }

    fn pricing(slot: u32, tag: &str) -> Comparison {
        let slot = Slot(slot);
        let (id, name) = (format!("3f2a{slot}c0ffee00dead"), format!("abc-pricing-{slot}"));
        let container = LiveContainer { slot, id: id.as_str().into(), name: name.as_str().into() };
        let fields = |tag| form(&[("environment.TAG", tag), ("image", "web:1"), ("user", "web")]);
        Comparison {
            deployment: "abc".into(),
            engine: "local".into(),
            object: Compared::Service { service: "pricing".into(), slots: [slot].into() },
            live: Some(Live { containers: vec![container], form: fields(tag) }),
            desired: Some(Wanted {
                at: Some(Loc::new("shop/compose.yaml", 8, 3)),
                names: vec![(slot, name.as_str().into())],
                form: fields("1.8"),
            }),
        }
    }

    fn printed(all: &[Comparison], context: usize) -> String {
        let all: Vec<&Comparison> = all.iter().collect();
        anstream::adapter::strip_str(&text(&all, context)).to_string()
    }

    #[test]
    fn a_replica_that_differs_is_a_unified_diff() {
        let expected = "\
--- live abc/pricing/1 (engine local, container 3f2a1c0ffee0)
+++ desired abc/pricing/1 (shop/compose.yaml:8)
@@ -1,3 +1,3 @@
 environment:
-  TAG: 1.7
+  TAG: 1.8
 image: web:1
";
        assert_eq!(printed(&[pricing(1, "1.7")], 1), expected);
    }

    #[test]
    fn equal_replicas_are_one_diff() {
        let all = (1..=5).map(|slot| pricing(slot, if slot == 4 { "1.6" } else { "1.7" }));
        let text = printed(&Comparison::joined(all.collect()), 0);
        let headings: Vec<&str> = text.lines().filter(|line| line.starts_with("--- ")).collect();
        assert_eq!(
            headings,
            [
                "--- live abc/pricing 1, 2, 3, 5 (engine local, containers 3f2a1c0ffee0, \
                 3f2a2c0ffee0, 3f2a3c0ffee0 and 1 more)",
                "--- live abc/pricing/4 (engine local, container 3f2a4c0ffee0)",
            ]
        );
    }

    #[test]
    fn what_is_missing_or_leaves_is_added_or_removed_as_a_whole() {
        let missing = Comparison { live: None, ..pricing(1, "1.7") };
        let leaving = Comparison { desired: None, ..pricing(2, "1.7") };
        let network = Comparison {
            object: Compared::Network { name: "abc_default".into() },
            live: None,
            ..pricing(1, "")
        };
        let text = printed(&[missing, leaving, network], 3);
        for line in [
            "--- live abc/pricing/1 (engine local, missing)",
            "+image: web:1",
            "+++ desired abc/pricing/2 (not wanted)",
            "-  TAG: 1.7",
            "--- live abc network abc_default (engine local, missing)",
        ] {
            assert!(text.lines().any(|it| it == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn no_value_forges_a_line_or_a_colour() {
        let mut one = pricing(1, "a\n+++ desired x\u{1b}[2K");
        one.deployment = "abc\n+++ desired".into();
        one.object = Compared::Service { service: "web".into(), slots: BTreeSet::new() };
        let text = printed(&[one], 3);
        let headings = text.lines().filter(|line| line.starts_with("+++")).count();
        assert_eq!(headings, 1, "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn programs_get_fields_and_forms() {
        let one = pricing(1, "1.7");
        let plan = Plan::empty("git:shop".into(), "3f2a9c1".into());
        let value = json(&plan, &[&one], 3, &Report::default());
        let object = &value["objects"][0];
        assert_eq!(object["change"], "differs");
        assert_eq!(object["fields"], json!(["environment.TAG"]));
        assert_eq!(object["object"]["kind"], "service");
        assert_eq!(object["desired"]["at"]["line"], 8);
        assert_eq!(object["live"]["form"], "environment:\n  TAG: 1.7\nimage: web:1\nuser: web\n");
        assert_eq!(object["diff"].as_str().map(|diff| diff.lines().count()), Some(8));
    }
}
