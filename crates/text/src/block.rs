//! The block layout of YAML, two blanks a level: the one writer of all that the program prints.
//! How a key and a scalar are written is its caller's.

/// How many blanks a level is.
const STEP: usize = 2;

/// How long a line of comment may be.
pub(crate) const WIDTH: usize = 100;

/// What a node is to the layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A map with something in it.
    Map,
    /// A list with something in it.
    List,
    /// All else: it stands behind its key.
    Scalar,
}

/// A key, and lines of comment above it.
#[derive(Clone, Copy, Debug)]
pub struct Key<'k> {
    /// The key.
    pub text: &'k str,
    /// The lines, without their signs.
    pub comments: &'k [String],
}

/// A value that can be written.
pub trait Node {
    /// What it is.
    fn part(&self) -> Part;

    /// Hands out the pairs of a map, in order.
    fn each_pair(&self, to: &mut dyn FnMut(Key<'_>, &Self));

    /// Hands out the items of a list, in order.
    fn each_item(&self, to: &mut dyn FnMut(&Self));

    /// Writes a key, on one line.
    fn write_key(key: &str, out: &mut String);

    /// Writes a scalar; further lines of it are indented by so many blanks.
    fn write_scalar(&self, indent: usize, out: &mut String);
}

/// A document.
#[must_use]
pub fn document(node: &impl Node) -> String {
    let mut out = String::new();
    if node.part() == Part::Map {
        pairs(node, 0, false, &mut out);
    } else {
        node.write_scalar(0, &mut out);
        out.push('\n');
    }
    out
}

fn pad(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// Lines of comment; a long one goes on in the next line, further in.
pub(crate) fn comment(lines: &[String], indent: usize, out: &mut String) {
    for line in lines {
        let line = model::printable::one_line(line);
        let words = line.trim_start();
        pad(indent, out);
        out.push('#');
        // Blanks at its beginning stay.
        pad(line.len() - words.len(), out);
        let mut width = indent + 1 + line.len() - words.len();
        for (index, word) in words.split(' ').enumerate() {
            let length = word.chars().count() + 1;
            if index > 0 && width + length > WIDTH {
                out.push('\n');
                pad(indent, out);
                out.push('#');
                pad(STEP, out);
                width = indent + 1 + STEP;
            }
            width += length;
            if !word.is_empty() {
                out.push(' ');
                out.push_str(word);
            }
        }
        out.push('\n');
    }
}

/// Pairs, each on lines of its own; the first where the writer is if it goes on there.
pub(crate) fn pairs<N: Node>(node: &N, indent: usize, mut goes_on: bool, out: &mut String) {
    node.each_pair(&mut |key, value| {
        if !std::mem::take(&mut goes_on) {
            comment(key.comments, indent, out);
            pad(indent, out);
        }
        N::write_key(key.text, out);
        out.push(':');
        below(value, indent, out);
    });
}

/// A value behind its key or its dash.
fn below<N: Node>(node: &N, indent: usize, out: &mut String) {
    match node.part() {
        Part::Map => {
            out.push('\n');
            pairs(node, indent + STEP, false, out);
        }
        Part::List => {
            out.push('\n');
            node.each_item(&mut |item| {
                pad(indent + STEP, out);
                out.push('-');
                if item.part() == Part::Map {
                    out.push(' ');
                    pairs(item, indent + 2 * STEP, true, out);
                } else {
                    below(item, indent + STEP, out);
                }
            });
        }
        Part::Scalar => {
            out.push(' ');
            node.write_scalar(indent + STEP, out);
            out.push('\n');
        }
    }
}
