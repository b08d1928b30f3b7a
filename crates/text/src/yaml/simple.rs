//! Which texts saphyr alone may read.
//!
//! libyaml, the grammar that Compose reads, must accept what saphyr accepts, and reading a text
//! twice costs a tenth of a run with nothing to do. Where the two are known to differ is in what
//! stretches over lines, in characters that end lines for one of them only, in tabs, and in what
//! stands between documents. A text without these has one meaning, and libyaml is not asked.

use saphyr_parser::{Event, ScalarStyle, Span as RawSpan};

/// How long a key may be for libyaml, nearly.
const LONGEST_KEY: usize = 1000;

/// Whether a text is a single document, of characters that are the same to both parsers.
pub(super) fn is_simple(text: &str) -> bool {
    let is_simple = |c: char| match c {
        '\n' | ' '..='~' => true,
        '\u{a0}'.. => !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'),
        _ => false,
    };
    let is_marker = |line: &str| ["---", "...", "%"].iter().any(|mark| line.starts_with(mark));
    text.chars().all(is_simple) && !text.lines().any(is_marker)
}

/// What saphyr's events say of it.
pub(super) struct Simple {
    /// Whether nothing was otherwise so far.
    pub(super) holds: bool,
    depth: usize,
    /// How many `[` and `{` are open.
    flow: usize,
}

impl Simple {
    pub(super) const fn new() -> Self {
        Self { holds: true, depth: 0, flow: 0 }
    }

    /// Takes in the next event. Scalars are on a single line or in a block below a key, words
    /// between brackets are quoted or plain ones and never missing (`{a:, b}`), and there are no
    /// anchors and no tags.
    pub(super) fn see(&mut self, event: &Event<'_>, at: RawSpan) {
        let is_flow = !at.is_empty();
        self.holds &= match event {
            Event::Scalar(_, _, anchor, tag)
            | Event::SequenceStart(anchor, tag)
            | Event::MappingStart(anchor, tag)
                if *anchor != 0 || tag.is_some() =>
            {
                false
            }
            Event::Alias(_) => false,
            Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, ..) => self.depth > 0,
            Event::Scalar(text, style, ..) => {
                let is_word = |c: char| c.is_ascii_alphanumeric() || "_-./$".contains(c);
                let is_plain = *style == ScalarStyle::Plain && self.flow > 0;
                at.start.line() == at.end.line()
                    && at.len() < LONGEST_KEY
                    && (!is_plain || !text.is_empty() && text.chars().all(is_word))
            }
            _ => true,
        };
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                self.depth += 1;
                self.flow += usize::from(is_flow);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.depth = self.depth.saturating_sub(1);
                self.flow = self.flow.saturating_sub(usize::from(is_flow));
            }
            _ => {}
        }
    }
}
