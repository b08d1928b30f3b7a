//! What messages show and hide.

use super::*;
use crate::codes::FILE;

fn rendered(text: &str, line: u32, column: u32) -> (u32, String) {
    let report = Reporter::new("compose.yaml", text);
    report.error(FILE, Span { line, column, length: 40, ..Span::START }, "wrong");
    let found = report.finish().remove(0);
    (found.at.unwrap().column, found.excerpt.unwrap())
}

#[test]
fn values_are_hidden_in_messages_and_key_paths_are_not() {
    let report = Reporter::new("compose.yaml", "");
    report.conceal(vec!["mysql".to_owned(), "hunter2".to_owned()]);
    report.error(FILE, Span::START, "`services.mysql.image`: not `mysql:8`");
    report.error(FILE, Span::START, "`mysql` is no name");
    report.error(FILE, Span::START, "`x:hunter2` is no image");
    let found: Vec<_> = report.finish().into_iter().map(|d| d.message).collect();
    let wanted = ["`services.mysql.image`: not `mysql:8`", "`***` is no name", "`***` is no image"];
    assert_eq!(found, wanted);
}

#[test]
fn values_of_secret_names_are_never_in_an_excerpt() {
    assert_eq!(rendered("  DB_PASSWORD: hunter2", 1, 3), (3, "  DB_PASSWORD: ***".to_owned()));
    assert_eq!(rendered("  - API_TOKEN=hunter2", 1, 15), (15, "  - API_TOKEN=***".to_owned()));
    assert_eq!(rendered("{A: 1, \"key\": hunter2}", 1, 17).1, "{A: 1, \"key\": ***");
    assert_eq!(rendered("url: https://ann:pw@host/", 1, 1).1, "url: https://***");
    assert_eq!(rendered("PASSWORD: |\n  hunter2\n", 2, 3), (3, "  ***".to_owned()));
    assert_eq!(rendered("PASSWORD:\n  hunter2\n", 2, 3).1, "  ***");
    assert_eq!(rendered("PASSWORD: # why\n  hunter2\n", 2, 3).1, "  ***");
    assert_eq!(rendered("PASSWORD:\n# why\n  hunter2\n", 3, 3).1, "  ***");
    assert_eq!(rendered("{A: \"x #y\", DB_PASSWORD:\n  hunter2}\n", 2, 3).1, "  ***");
}

#[test]
fn everything_else_is_shown() {
    assert_eq!(rendered("image: web:1.8", 1, 8), (8, "image: web:1.8".to_owned()));
    assert_eq!(rendered("secrets:\n  db:\n    fil: x\n", 3, 5).1, "    fil: x");
    assert_eq!(rendered("secrets: [db]", 1, 11).1, "secrets: [db]");
    assert_eq!(
        rendered("web:\n  # the password: see below\n    image: x\n", 3, 5).1,
        "    image: x"
    );
    assert_eq!(rendered("web: # token: none\n  image: x\n", 2, 3).1, "  image: x");
}

#[test]
fn a_span_stays_inside_its_line() {
    let report = Reporter::new("f", "abc\r\nd\r\n");
    let clip = |line, column, length| report.clip(Span { line, column, length, ..Span::START });
    assert_eq!(clip(1, 2, 99), Span { line: 1, column: 2, length: 2, ..Span::START });
    assert_eq!(clip(9, 1, 1), Span { line: 2, column: 2, length: 1, ..Span::START });
}
