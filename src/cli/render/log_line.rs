//! A line of a container's log, as people and as programs read it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, UNIX_EPOCH};

use adapters::docker::{LogChannel, LogLine};
use clap::builder::styling::{AnsiColor, Style};
use model::id::{ContainerName, DeploymentId, EngineName, ServiceName, Slot};
use model::printable::one_line;
use model::selector::Named;
use model::time::Timestamp;
use serde::Serialize;

use super::super::console::{FAINT, paint};

/// The version of the objects.
const VERSION: u32 = 1;

/// One after the other for each service, as Compose does.
const COLORS: [AnsiColor; 10] = [
    AnsiColor::Cyan,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::BrightCyan,
    AnsiColor::BrightYellow,
    AnsiColor::BrightGreen,
    AnsiColor::BrightMagenta,
    AnsiColor::BrightBlue,
];

/// Whose a line is.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Speaker {
    /// The container.
    pub(in crate::cli) named: Named,
    /// Where it is.
    pub(in crate::cli) engine: EngineName,
}

/// How lines are printed for people.
#[derive(Debug)]
pub(in crate::cli) struct Layout {
    /// Whether each begins with whose it is.
    pub(in crate::cli) prefix: bool,
    /// Whether each has its time.
    pub(in crate::cli) times: bool,
    width: usize,
    styles: BTreeMap<(DeploymentId, ServiceName), Style>,
    /// The containers of each slot: beside a replica stands the copy that failed to replace it.
    slots: BTreeMap<(DeploymentId, ServiceName, Slot), BTreeSet<ContainerName>>,
}

impl Layout {
    /// For lines of these, and of others that come later, beside all containers that there are.
    pub(in crate::cli) fn new<'a>(
        (prefix, times): (bool, bool),
        known: impl Iterator<Item = &'a Named>,
        all: impl Iterator<Item = Named>,
    ) -> Self {
        let (styles, slots) = (BTreeMap::new(), BTreeMap::new());
        let mut layout = Self { prefix, times, width: 0, styles, slots };
        all.for_each(|named| layout.place(&named));
        let mut known: Vec<&Named> = known.collect();
        known.sort();
        for named in &known {
            layout.place(named);
        }
        for named in known {
            layout.know(named);
        }
        layout
    }

    fn place(&mut self, named: &Named) {
        let slot = (named.deployment.clone(), named.service.clone(), named.slot);
        self.slots.entry(slot).or_default().insert(named.container.clone());
    }

    fn know(&mut self, named: &Named) {
        self.place(named);
        self.width = self.width.max(one_line(&self.speaker(named)).chars().count());
        let next = COLORS[self.styles.len() % COLORS.len()].on_default();
        self.styles.entry((named.deployment.clone(), named.service.clone())).or_insert(next);
    }

    /// Whose a line is: the replica's, or, where its slot has several containers, the container's.
    fn speaker(&self, named: &Named) -> String {
        let Named { deployment, service, slot, container } = named;
        let of = (deployment.clone(), service.clone(), *slot);
        if self.slots.get(&of).is_some_and(|containers| containers.len() > 1) {
            return container.to_string();
        }
        format!("{deployment}-{service}-{slot}")
    }

    /// A line of this container.
    pub(in crate::cli) fn text(&mut self, named: &Named, line: &LogLine) -> String {
        let mut text = String::new();
        if self.prefix {
            self.know(named);
            let service = (named.deployment.clone(), named.service.clone());
            let style = self.styles.get(&service).copied().unwrap_or_default();
            let name = self.speaker(named);
            let begin = format!("{:<width$} | ", one_line(&name), width = self.width);
            text.push_str(&paint(style, &begin));
        }
        if let Some(at) = line.at.filter(|_| self.times) {
            text.push_str(&time(at));
            text.push(' ');
        }
        text.push_str(&one_line(&line.text));
        if let Some(length) = line.cut {
            text.push_str(&paint(FAINT, &format!(" … (cut: the line has {length} bytes)")));
        }
        text
    }
}

/// A time with all that engines say of it.
pub(in crate::cli) fn time(at: Timestamp) -> String {
    humantime::format_rfc3339_nanos(UNIX_EPOCH + Duration::from_nanos(at.0)).to_string()
}

/// A time to the second.
pub(in crate::cli) fn seconds(at: Timestamp) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_nanos(at.0)).to_string()
}

/// A line for programs.
#[derive(Serialize)]
struct Object<'a> {
    schema_version: u32,
    time: Option<String>,
    engine: &'a EngineName,
    deployment: &'a DeploymentId,
    service: &'a ServiceName,
    slot: u32,
    container: &'a str,
    stream: &'static str,
    line: &'a str,
    /// How many bytes the line has, if not all of it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    cut: Option<u64>,
}

/// A line as one JSON object.
pub(in crate::cli) fn json(speaker: &Speaker, line: &LogLine) -> String {
    let Named { deployment, service, slot, container } = &speaker.named;
    let stream = match line.channel {
        LogChannel::Stdout => "stdout",
        LogChannel::Stderr => "stderr",
    };
    let object = Object {
        schema_version: VERSION,
        time: line.at.map(time),
        engine: &speaker.engine,
        deployment,
        service,
        slot: slot.0,
        container: container.as_str(),
        stream,
        line: &line.text,
        cut: line.cut,
    };
    serde_json::to_string(&object).expect("BUG: a line is plain data")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(service: &str, slot: u32) -> Named {
        let container = format!("abc-{service}-{slot}").as_str().into();
        Named { deployment: "abc".into(), service: service.into(), slot: Slot(slot), container }
    }

    fn line(text: &str) -> LogLine {
        let at = Some(Timestamp::from_secs(784_111_777));
        LogLine { channel: LogChannel::Stderr, at, text: text.to_owned(), cut: None }
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn lines_stand_below_each_other_in_the_colour_of_their_service() {
        let known = [named("web", 1), named("pricing", 12)];
        let mut layout = Layout::new((true, false), known.iter(), known.iter().cloned());
        let web = layout.text(&known[0], &line("one"));
        let pricing = layout.text(&known[1], &line("two"));
        assert_eq!(plain(&web), "abc-web-1      | one");
        assert_eq!(plain(&pricing), "abc-pricing-12 | two");
        let begin = |text: &str| text[..5].to_owned();
        assert_ne!(begin(&web), begin(&pricing));
        assert_eq!(begin(&web), begin(&layout.text(&named("web", 2), &line("three"))));
    }

    #[test]
    fn a_failed_copy_is_told_from_the_replica_that_it_stands_beside() {
        let copy = Named { container: "abc-web-1-1a2b3c4".into(), ..named("web", 1) };
        let there = [named("web", 1), copy.clone(), named("web", 2)];
        let mut layout = Layout::new((true, false), there.iter(), there.iter().cloned());
        let lines = there.each_ref().map(|named| plain(&layout.text(named, &line("x"))));
        assert_eq!(
            lines,
            ["abc-web-1         | x", "abc-web-1-1a2b3c4 | x", "abc-web-2         | x"]
        );
        // Also where only one of them is wanted, and where it comes later.
        let mut layout = Layout::new((true, false), there[1..2].iter(), there.iter().cloned());
        assert_eq!(plain(&layout.text(&copy, &line("x"))), "abc-web-1-1a2b3c4 | x");
        let mut layout = Layout::new((true, false), there[..1].iter(), [].into_iter());
        assert_eq!(plain(&layout.text(&there[0], &line("x"))), "abc-web-1 | x");
        assert_eq!(plain(&layout.text(&copy, &line("x"))), "abc-web-1-1a2b3c4 | x");
    }

    #[test]
    fn what_a_program_prints_moves_no_cursor() {
        let mut layout = Layout::new((false, true), [].into_iter(), [].into_iter());
        let text = layout.text(&named("web", 1), &line("a\u{1b}[2Jb\rc"));
        assert_eq!(plain(&text), "1994-11-06T08:49:37.000000000Z a\\u{1b}[2Jb\\rc");
        let cut = LogLine { cut: Some(70_000), ..line("a") };
        assert!(
            plain(&layout.text(&named("web", 1), &cut))
                .ends_with("a … (cut: the line has 70000 bytes)")
        );
    }

    #[test]
    fn a_program_gets_one_object_in_each_line() {
        let speaker = Speaker { named: named("web", 2), engine: "local".into() };
        assert_eq!(
            json(&speaker, &line("a\n\u{1b}b")),
            "{\"schema_version\":1,\"time\":\"1994-11-06T08:49:37.000000000Z\",\"engine\":\"local\",\
             \"deployment\":\"abc\",\"service\":\"web\",\"slot\":2,\"container\":\"abc-web-2\",\
             \"stream\":\"stderr\",\"line\":\"a\\n\\u001bb\"}"
        );
    }
}
