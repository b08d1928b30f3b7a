//! Messages about the user's text in rustc's form: what, where with the text underlined,
//! and what to do.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use model::diagnostic::{Diagnostic, Severity};
use model::printable::one_line;

/// Renders one message, without a final line break.
pub(in crate::cli) fn render(diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let message = one_line(&diagnostic.message);
    let mut title = level.primary_title(&*message);
    if let Some(code) = diagnostic.code {
        title = title.id(code.0);
    }
    let mut group = Group::with_title(title);
    let path = diagnostic.at.as_ref().map_or_else(Default::default, |at| one_line(&at.file));
    let help = diagnostic.help.as_deref().map(one_line);
    if let Some(at) = &diagnostic.at {
        let (line, column) = (at.line as usize, at.column as usize);
        group = match &diagnostic.excerpt {
            Some(excerpt) => group.element(
                Snippet::source(excerpt.as_str()).line_start(line).path(&*path).annotation(
                    AnnotationKind::Primary.span(span(excerpt, column, diagnostic.length as usize)),
                ),
            ),
            None => group.element(Origin::path(&*path).line(line).char_column(column)),
        };
    }
    if let Some(help) = &help {
        group = group.element(Level::HELP.message(&**help));
    }
    Renderer::styled().render(&[group])
}

/// Renders several, each followed by an empty line.
pub(in crate::cli) fn render_all<'a>(
    diagnostics: impl IntoIterator<Item = &'a Diagnostic>,
) -> String {
    diagnostics.into_iter().map(|one| render(one) + "\n\n").collect()
}

/// The bytes of `length` characters from a column (from 1). What lies behind the end of
/// the line is the empty place after it.
fn span(line: &str, column: usize, length: usize) -> Range<usize> {
    let byte = |index: usize| line.char_indices().nth(index).map_or(line.len(), |(at, _)| at);
    let from = column.saturating_sub(1);
    byte(from)..byte(from + length.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::diagnostic::{Code, Loc};

    fn plain(diagnostic: &Diagnostic) -> String {
        anstream::adapter::strip_str(&render(diagnostic)).to_string()
    }

    #[test]
    fn a_message_with_a_place_underlines_the_text() {
        let diagnostic = Diagnostic {
            at: Some(Loc::new("compose.yaml", 6, 9)),
            length: 7,
            excerpt: Some("      - catalog".to_owned()),
            ..Diagnostic::error("service `web` depends on `catalog`, which does not exist")
                .with_help("there is a service named `catalogue`")
        };
        assert_eq!(
            plain(&diagnostic),
            "\
error: service `web` depends on `catalog`, which does not exist
 --> compose.yaml:6:9
  |
6 |       - catalog
  |         ^^^^^^^
  |
  = help: there is a service named `catalogue`"
        );
    }

    #[test]
    fn a_kind_of_message_has_its_code() {
        let diagnostic = Diagnostic::error("it is wrong").with_code(Code("E0207"));
        assert_eq!(plain(&diagnostic), "error[E0207]: it is wrong");
    }

    #[test]
    fn columns_count_characters() {
        let line = "  näme: ü: x";
        assert_eq!(&line[span(line, 9, 1)], "ü");
        assert_eq!(span("ab", 9, 3), 2..2);
    }

    #[test]
    fn a_place_without_text_is_named() {
        let diagnostic = Diagnostic {
            at: Some(Loc::new("deployments.yaml", 3, 1)),
            ..Diagnostic::error("it cannot be read").as_warning()
        };
        assert_eq!(plain(&diagnostic), "warning: it cannot be read\n--> deployments.yaml:3:1");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let diagnostic = Diagnostic {
            at: Some(Loc::new("a\u{1b}[31m.yaml", 1, 1)),
            excerpt: Some("x\u{1b}]0;title\u{7}".to_owned()),
            ..Diagnostic::error("no \u{1b}[2J such key")
        };
        let text = plain(&diagnostic);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{7}'), "{text:?}");
        let forged = Diagnostic {
            at: Some(Loc::new("a\n | b.yaml", 1, 1)),
            excerpt: Some("x\u{202e}y".to_owned()),
            ..Diagnostic::error("no\nerror: such key").with_help("this\nerror: that")
        };
        let text = plain(&forged);
        assert!(!text.contains('\u{202e}'), "{text:?}");
        assert_eq!(text.lines().count(), plain(&diagnostic).lines().count() + 2, "{text}");
    }
}
