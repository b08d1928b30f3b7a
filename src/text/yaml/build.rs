//! From saphyr's event stream to the tree, with an explicit stack, so that no input can
//! exhaust ours.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span as RawSpan, Tag};

use super::flow::{self, Adjusted};
use super::scalar;
use super::{Entry, FileId, Kind, MAX_ALIASED, MAX_DEPTH, Node, Span, Value, merge};
use crate::text::report::Reporter;

/// A list or map that is being read.
struct Frame {
    span: Span,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        merges: Vec<(Span, Node)>,
        key: Option<PendingKey>,
        /// Where each key was written first.
        seen: BTreeMap<String, Span>,
    },
}

/// A key whose value comes next.
enum PendingKey {
    Named(String, Span),
    Merge(Span),
    /// Reported already; its value is read and dropped.
    Broken,
}

struct Builder<'a> {
    file: FileId,
    report: &'a Reporter,
    frames: Vec<Frame>,
    anchors: BTreeMap<usize, (Node, usize)>,
    aliased: usize,
    root: Option<Node>,
    documents: usize,
    /// By how many columns lines were moved to the right before they were read.
    shifts: BTreeMap<usize, usize>,
    /// The text's length in characters, if its last line is not ended.
    open_end: Option<usize>,
}

/// The tree of the only document. `None` after an error that hides the rest.
pub(crate) fn build(file: FileId, text: &str, report: &Reporter) -> Option<Node> {
    let Adjusted { text: adjusted, shifts } = flow::adjust(text);
    let mut builder = Builder {
        file,
        report,
        frames: Vec::new(),
        anchors: BTreeMap::new(),
        aliased: 0,
        root: None,
        documents: 0,
        shifts,
        open_end: (!adjusted.ends_with('\n')).then(|| adjusted.chars().count()),
    };
    for event in Parser::new_from_str(&adjusted) {
        match event {
            Ok((event, span)) => builder.on_event(event, span)?,
            Err(error) => {
                if error.info().starts_with("invalid indentation")
                    && super::refused(file, text, report)
                {
                    return None;
                }
                let at = *error.marker();
                let span = builder.span(RawSpan::empty(at));
                report.error(span, format!("this is not valid YAML: {}", error.info()));
                return None;
            }
        }
    }
    Some(builder.root.unwrap_or(Node { span: Span::start_of(file), value: Value::Null }))
}

impl Builder<'_> {
    /// `None` stops reading; the reason has been reported.
    fn on_event(&mut self, event: Event<'_>, raw: RawSpan) -> Option<()> {
        let span = self.span(raw);
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.report.error_help(
                        span,
                        "a second document in one file is not carried yet",
                        "put each document into a file of its own",
                    );
                    return None;
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let text = self.without_added_newline(&text, style, raw);
                let value = self.scalar(text, style, tag.as_deref(), span);
                self.node(Node { span, value }, anchor, 1);
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(span, anchor, tag.as_deref(), Content::List(Vec::new()))?;
            }
            Event::MappingStart(anchor, tag) => {
                let content = Content::Map {
                    entries: Vec::new(),
                    merges: Vec::new(),
                    key: None,
                    seen: BTreeMap::new(),
                };
                self.open(span, anchor, tag.as_deref(), content)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(id) => self.alias(id, span)?,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Some(())
    }

    fn span(&self, raw: RawSpan) -> Span {
        let length = if raw.end.line() == raw.start.line() { raw.len() } else { usize::MAX };
        let shift = self.shifts.get(&raw.start.line()).copied().unwrap_or(0);
        self.report.clip(Span {
            file: self.file,
            line: number(raw.start.line()),
            column: number((raw.start.col() + 1).saturating_sub(shift)),
            length: number(length),
        })
    }

    fn open(
        &mut self,
        span: Span,
        anchor: usize,
        tag: Option<&Tag>,
        content: Content,
    ) -> Option<()> {
        if self.frames.len() >= MAX_DEPTH {
            self.report.error(span, format!("nested more than {MAX_DEPTH} levels deep"));
            return None;
        }
        self.check_tag(tag, span);
        let span = Span { length: 1, ..span };
        self.frames.push(Frame { span, anchor, content });
        Some(())
    }

    fn close(&mut self) {
        let frame = self.frames.pop().expect("BUG: an end event without its start");
        let value = match frame.content {
            Content::List(items) => Value::List(items),
            Content::Map { entries, merges, .. } => {
                Value::Map(merge::merge(entries, merges, self.report))
            }
        };
        let node = Node { span: frame.span, value };
        let size = if frame.anchor == 0 { 0 } else { count(&node) };
        self.node(node, frame.anchor, size);
    }

    /// Puts a finished node where it belongs.
    fn node(&mut self, node: Node, anchor: usize, size: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut frame.content {
            Content::List(items) => items.push(node),
            Content::Map { entries, merges, key, seen } => match key.take() {
                None => *key = Some(read_key(node, seen, self.report)),
                Some(PendingKey::Named(key, at)) => {
                    entries.push(Entry { key, at, value: node });
                }
                Some(PendingKey::Merge(at)) => merges.push((at, node)),
                Some(PendingKey::Broken) => {}
            },
        }
    }

    fn alias(&mut self, id: usize, span: Span) -> Option<()> {
        let Some((node, size)) = self.anchors.get(&id) else {
            self.report.error(span, "this alias refers to what it is a part of");
            return None;
        };
        self.aliased += size;
        if self.aliased > MAX_ALIASED {
            self.report.error(span, format!("aliases expand to more than {MAX_ALIASED} values"));
            return None;
        }
        let node = node.clone();
        if self.frames.len() + depth(&node) > MAX_DEPTH {
            self.report.error(span, format!("nested more than {MAX_DEPTH} levels deep"));
            return None;
        }
        let size = *size;
        self.node(node, 0, size);
        Some(())
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Value {
        let core = tag.filter(|tag| tag.is_yaml_core_schema());
        let forced = core.is_some_and(|tag| tag.suffix == "str");
        if core.is_none() {
            self.check_tag(tag, span);
        }
        if style != ScalarStyle::Plain || forced {
            return scalar::text(text.to_owned());
        }
        scalar::resolve(text).unwrap_or_else(|why| {
            self.report.error_help(span, why, "write it in quotes");
            Value::Null
        })
    }

    /// A block scalar that the file ends in without a newline gets one from saphyr;
    /// libyaml and Go add none.
    fn without_added_newline<'t>(&self, text: &'t str, style: ScalarStyle, at: RawSpan) -> &'t str {
        let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        let last = self.open_end.is_some_and(|end| at.end.index() >= end);
        if block && last { text.strip_suffix('\n').unwrap_or(text) } else { text }
    }

    fn check_tag(&self, tag: Option<&Tag>, span: Span) {
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema()) {
            let name = format!("{}{}", tag.handle, tag.suffix);
            let message = if matches!(name.as_str(), "!reset" | "!override") {
                format!("`{name}` is valid Compose, but not carried yet")
            } else {
                format!("the tag `{name}` has no meaning in a stack file")
            };
            self.report.error(span, message);
        }
    }
}

/// Reads a node as a key, reporting what cannot be one and what is there twice.
fn read_key(node: Node, seen: &mut BTreeMap<String, Span>, report: &Reporter) -> PendingKey {
    let at = node.span;
    let Value::Scalar(scalar) = node.value else {
        report.error(at, format!("a key must be a string, not {}", node.describe()));
        return PendingKey::Broken;
    };
    if scalar.kind != Kind::Text {
        report.error_help(
            at,
            format!("the key `{}` is not a string", scalar.text),
            "write it in quotes",
        );
        return PendingKey::Broken;
    }
    if let Some(first) = seen.get(&scalar.text) {
        report.error_help(
            at,
            format!("the key `{}` is here twice", scalar.text),
            format!("the first one is at {}", report.loc(*first)),
        );
        return PendingKey::Broken;
    }
    seen.insert(scalar.text.clone(), at);
    if scalar.text == "<<" { PendingKey::Merge(at) } else { PendingKey::Named(scalar.text, at) }
}

/// How many nodes a tree has.
fn count(node: &Node) -> usize {
    1 + match &node.value {
        Value::List(items) => items.iter().map(count).sum(),
        Value::Map(entries) => entries.iter().map(|entry| count(&entry.value)).sum(),
        Value::Null | Value::Scalar(_) => 0,
    }
}

/// How many levels a tree has below its root.
fn depth(node: &Node) -> usize {
    match &node.value {
        Value::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Map(entries) => {
            1 + entries.iter().map(|entry| depth(&entry.value)).max().unwrap_or(0)
        }
        Value::Null | Value::Scalar(_) => 0,
    }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
