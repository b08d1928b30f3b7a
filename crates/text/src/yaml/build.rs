//! From saphyr's event stream to trees, with an explicit stack, so that no input can
//! exhaust ours.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span as RawSpan, Tag};

use super::flow::Adjusted;
use super::frame::{Clearing, Content, Frame, MERGE, Map, PendingKey};
use super::scalar;
use super::simple::{Simple, is_simple};
use super::tabs;
use super::weigh::{self, WEIGHT, measure};
use super::{Document, FileId, KeyPath, MAX_DEPTH, MAX_EXPANDED, Node, Span, Value};
use crate::codes;
use crate::report::Reporter;

/// What an anchor stands for.
struct Anchored {
    node: Node,
    weight: usize,
    depth: usize,
    /// Where it has tags that clear what is there, relative to it.
    cleared: Vec<KeyPath>,
    /// `!reset`: there is nothing where it stands.
    absent: bool,
}

struct Builder<'a> {
    file: FileId,
    report: &'a Reporter,
    frames: Vec<Frame>,
    anchors: BTreeMap<usize, Anchored>,
    expanded: usize,
    documents: Vec<Document>,
    /// By how many columns lines were moved to the right before they were read.
    shifts: BTreeMap<usize, usize>,
    /// The text's length in characters, if its last line is not ended.
    open_end: Option<usize>,
    simple: Simple,
}

/// The documents of a file. `None` after an error that hides the rest.
pub(crate) fn build(file: FileId, text: &str, report: &Reporter) -> Option<Vec<Document>> {
    let outcome = attempt(file, Adjusted::untouched(text), report)?;
    if let Ok(read) = &outcome
        && read.is_simple
        && is_simple(text)
    {
        return outcome.ok().map(|read| read.documents);
    }
    // libyaml says it as Compose does, and where what is wrong began.
    if let Some(objection) = super::objection(text)
        && (outcome.is_err() || !report.has_errors())
    {
        super::refuse(file, text, &objection, report);
        return None;
    }
    let (span, error) = match outcome {
        Ok(read) => return Some(read.documents),
        Err(error) => error,
    };
    // What was reported up to there is found a second time, and not repeated.
    if let Some(adjusted) = tabs::adjust(text, error.clone())
        && let Ok(read) = attempt(file, adjusted, report)?
    {
        return Some(read.documents);
    }
    let message = format!("this is not valid YAML: {}", error.info());
    report.refuse_as(codes::YAML, span, message, Some(super::LOOK.to_owned()));
    None
}

/// What saphyr made of a text.
struct Read {
    documents: Vec<Document>,
    /// Whether there is only what both parsers read alike: see [`simple`].
    is_simple: bool,
}

/// The documents of a text, or what saphyr has against it; `None` after another error that
/// hides the rest.
fn attempt(
    file: FileId,
    text: Adjusted<'_>,
    report: &Reporter,
) -> Option<Result<Read, (Span, ScanError)>> {
    let Adjusted { text, shifts } = text;
    let mut builder = Builder {
        file,
        report,
        frames: Vec::new(),
        anchors: BTreeMap::new(),
        expanded: 0,
        documents: Vec::new(),
        shifts,
        open_end: (!text.ends_with('\n')).then(|| text.chars().count()),
        simple: Simple::new(),
    };
    if let Some(alias) = weigh::bomb(&text) {
        builder.too_much(builder.span(alias));
        return None;
    }
    for event in Parser::new_from_str(&text) {
        match event {
            Ok((event, span)) => builder.on_event(event, span)?,
            Err(error) => {
                return Some(Err((builder.span(RawSpan::empty(*error.marker())), error)));
            }
        }
    }
    Some(Ok(Read { documents: builder.documents, is_simple: builder.simple.holds }))
}

impl Builder<'_> {
    /// `None` stops reading; the reason has been reported.
    fn on_event(&mut self, event: Event<'_>, raw: RawSpan) -> Option<()> {
        let span = self.span(raw);
        self.simple.see(&event, raw);
        match event {
            Event::DocumentStart(_) => {
                self.anchors.clear();
                let root = Node { span: Span::start_of(self.file), value: Value::Null };
                self.documents.push(Document { root, cleared: Vec::new() });
            }
            Event::Scalar(text, style, anchor, tag) => {
                let core = |tag: &Tag| tag.is_yaml_core_schema() && tag.suffix == "merge";
                let plain = style == ScalarStyle::Plain && tag.as_deref().is_none_or(core);
                if plain && text == MERGE && self.expects_key() {
                    let report = self.report;
                    self.map()?.merge_key(span, report);
                    return Some(());
                }
                let clearing = self.clearing(tag.as_deref(), span);
                let text = self.without_added_newline(&text, style, raw);
                let value = match clearing {
                    Clearing::None => self.scalar(text, style, tag.as_deref(), span),
                    _ => self.scalar(text, style, None, span),
                };
                let weight = WEIGHT + text.len();
                self.finished(Node { span, value }, anchor, weight, 0, clearing, None);
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(span, anchor, tag.as_deref(), Content::List(Vec::new()))?;
            }
            Event::MappingStart(anchor, tag) => {
                self.open(span, anchor, tag.as_deref(), Content::Map(Map::default()))?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(id) => self.alias(id, span)?,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Some(())
    }

    fn expects_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { content: Content::Map(map), .. }) if map.key.is_none())
    }

    fn map(&mut self) -> Option<&mut Map> {
        match &mut self.frames.last_mut()?.content {
            Content::Map(map) => Some(map),
            Content::List(_) => None,
        }
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
            return self.too_deep(span);
        }
        let clearing = self.clearing(tag, span);
        let from = self.cleared().len();
        let span = Span { length: 1, ..span };
        self.frames.push(Frame { span, anchor, content, clearing, cleared_from: from });
        Some(())
    }

    fn close(&mut self) {
        let frame = self.frames.pop().expect("BUG: an end event without its start");
        let Frame { span, anchor, content, clearing, cleared_from } = frame;
        let value = match content {
            Content::List(items) => Value::List(items),
            Content::Map(map) => {
                let path = if map.has_merges() { self.path() } else { KeyPath::new() };
                Value::Map(map.finish(&path, self.report))
            }
        };
        let node = Node { span, value };
        let (weight, depth) = if anchor == 0 { (0, 0) } else { measure(&node) };
        self.finished(node, anchor, weight, depth, clearing, Some(cleared_from));
    }

    /// Puts a finished node where it belongs.
    fn finished(
        &mut self,
        node: Node,
        anchor: usize,
        weight: usize,
        depth: usize,
        clearing: Clearing,
        cleared_from: Option<usize>,
    ) {
        // Keys have no tags, and below `!override` nothing is left to clear.
        let clears = clearing != Clearing::None && !self.expects_key();
        let absent = clears && clearing == Clearing::Reset;
        if clears {
            if let Some(from) = cleared_from {
                self.cleared_mut().truncate(from);
            }
            let path = self.path();
            self.cleared_mut().push(path);
        }
        if anchor != 0 {
            let prefix = self.path().len();
            let own = usize::from(clears);
            let from = cleared_from.unwrap_or_else(|| self.cleared().len() - own);
            let cleared = self.cleared()[from..].iter().map(|p| p[prefix..].to_vec()).collect();
            let node = node.clone();
            self.anchors.insert(anchor, Anchored { node, weight, depth, cleared, absent });
        }
        self.put(node, absent);
    }

    fn put(&mut self, node: Node, absent: bool) {
        let path = match self.frames.last() {
            Some(Frame { content: Content::Map(map), .. }) if map.is_broken_by(&node) => {
                self.path()
            }
            _ => KeyPath::new(),
        };
        let report = self.report;
        match self.frames.last_mut().map(|frame| &mut frame.content) {
            None => {
                if let Some(document) = self.documents.last_mut() {
                    document.root = node;
                }
            }
            Some(Content::List(items)) if !absent => items.push(node),
            Some(Content::List(_)) => {}
            Some(Content::Map(map)) => map.put(node, absent, &path, report),
        }
    }

    fn alias(&mut self, id: usize, span: Span) -> Option<()> {
        let Some(anchored) = self.anchors.get(&id) else {
            let whole = self.frames.iter().position(|frame| frame.anchor == id);
            let here = self.path();
            let (at, what, help) = if let Some(depth) = whole {
                // Named as Compose does: where it would be found again.
                let whole = self.path_of(depth);
                let again = [here.as_slice(), &here[whole.len()..]].concat();
                (again, format!("refers to `{}`, which it is a part of", whole.join(".")), None)
            } else {
                let help = "anchors of another document of the file are not known here";
                (here, "has no anchor".to_owned(), Some(help.to_owned()))
            };
            let message = format!("`{}`: this alias {what}", at.join("."));
            self.report.refuse_as(codes::ALIAS, span, message, help);
            return None;
        };
        if self.frames.len() + anchored.depth > MAX_DEPTH {
            return self.too_deep(span);
        }
        self.expanded += anchored.weight;
        if self.expanded > MAX_EXPANDED {
            self.too_much(span);
            return None;
        }
        let (node, absent) = (anchored.node.clone(), anchored.absent);
        let cleared = anchored.cleared.clone();
        let here = if cleared.is_empty() { Vec::new() } else { self.path() };
        self.cleared_mut()
            .extend(cleared.into_iter().map(|rest| [here.as_slice(), &rest].concat()));
        self.put(node, absent);
        Some(())
    }

    fn too_much(&self, span: Span) {
        let message = format!("aliases expand to more than {} MiB", MAX_EXPANDED >> 20);
        self.report.refuse_as(codes::LIMIT, span, message, None);
    }

    fn too_deep(&self, span: Span) -> Option<()> {
        let message = format!("nested more than {MAX_DEPTH} levels deep");
        self.report.refuse_as(codes::LIMIT, span, message, None);
        None
    }

    /// The keys that lead to the node that is read now. A merge key does not count:
    /// what it brings is as if written in its map.
    fn path(&self) -> KeyPath {
        self.path_of(self.frames.len())
    }

    /// The same for the node of an open frame.
    fn path_of(&self, depth: usize) -> KeyPath {
        let mut path = KeyPath::new();
        for frame in &self.frames[..depth] {
            match &frame.content {
                Content::List(items) => path.push(items.len().to_string()),
                Content::Map(map) => match &map.key {
                    Some(PendingKey::Named(key, _)) => path.push(key.to_string()),
                    Some(PendingKey::Merge(_)) if path.is_empty() => path.push(MERGE.to_owned()),
                    Some(PendingKey::Merge(_) | PendingKey::Broken) | None => {}
                },
            }
        }
        path
    }

    fn cleared(&self) -> &[KeyPath] {
        self.documents.last().map_or(&[], |document| &document.cleared)
    }

    fn cleared_mut(&mut self) -> &mut Vec<KeyPath> {
        &mut self.documents.last_mut().expect("BUG: a node outside a document").cleared
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Value {
        match tag {
            None if style == ScalarStyle::Plain => scalar::resolve(text),
            Some(tag) if tag.is_yaml_core_schema() => scalar::tagged(text, &tag.suffix)
                .unwrap_or_else(|why| {
                    let message = format!("`{}`: {why}", self.path().join("."));
                    self.report.refuse_as(codes::TAG, span, message, None);
                    Value::Null
                }),
            _ => scalar::text(text),
        }
    }

    /// A block scalar that the file ends in without a newline gets one from saphyr;
    /// libyaml and Go add none.
    fn without_added_newline<'t>(&self, text: &'t str, style: ScalarStyle, at: RawSpan) -> &'t str {
        let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        let last = self.open_end.is_some_and(|end| at.end.index() >= end);
        if block && last { text.strip_suffix('\n').unwrap_or(text) } else { text }
    }

    /// What a tag clears. Below `!override` everything was cleared already; Compose
    /// refuses further tags there.
    fn clearing(&self, tag: Option<&Tag>, span: Span) -> Clearing {
        let inside = self.frames.iter().any(|frame| frame.clearing == Clearing::Override);
        match tag.map(rendered).as_deref() {
            Some("!reset") if !inside => Clearing::Reset,
            Some("!override") if !inside => Clearing::Override,
            Some(other) if other.starts_with('!') && other != "!" => {
                let message = format!("`{}`: the tag `{other}` is ignored", self.path().join("."));
                self.report.warn_as(codes::TAG, span, message, Some("remove it".to_owned()));
                Clearing::None
            }
            _ => Clearing::None,
        }
    }
}

fn rendered(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
