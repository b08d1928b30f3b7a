//! Text for people, which is at most 100 columns wide, on a terminal that is narrower.

use console::{measure_text_width, strip_ansi_codes};

/// The fewest columns that lines are continued for; less is no use to anyone.
const LEAST: usize = 40;

/// The text with no line wider than the terminal, as far as its words allow: a longer one goes on
/// below, indented a little more. Commands stay whole, so that they can be copied.
pub(super) fn narrowed(text: &str, columns: usize) -> String {
    let columns = columns.max(LEAST);
    let mut out = String::new();
    for line in text.lines() {
        let plain = strip_ansi_codes(line);
        let is_command = plain.trim_start().starts_with("reconciler ");
        if is_command || measure_text_width(line) <= columns {
            out.push_str(line);
        } else {
            let indent = plain.chars().take_while(|c| *c == ' ').count();
            broken(&mut out, line, columns, indent + 4);
        }
        out.push('\n');
    }
    out
}

fn broken(out: &mut String, line: &str, columns: usize, indent: usize) {
    let mut written = 0;
    for (place, word) in line.split(' ').enumerate() {
        let width = measure_text_width(word);
        if written > indent && written + 1 + width > columns {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            written = indent;
        } else if place > 0 {
            out.push(' ');
            written += 1;
        }
        out.push_str(word);
        written += width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_goes_on_below() {
        let text = "deployment shop, revision 3f2a9c1, engine local\n      \
                    environment.TAG: \"1.7\" -> \"1.8\", changed in the source (shop/compose.yaml:8:12)\n";
        assert_eq!(
            narrowed(text, 60),
            "deployment shop, revision 3f2a9c1, engine local\n      \
             environment.TAG: \"1.7\" -> \"1.8\", changed in the source\n          \
             (shop/compose.yaml:8:12)\n"
        );
        assert_eq!(narrowed(text, 100), text);
    }

    #[test]
    fn colours_take_no_room_and_commands_stay_whole() {
        let painted = format!("\u{1b}[33m{}\u{1b}[0m", "word ".repeat(8).trim_end());
        assert_eq!(narrowed(&painted, 40), format!("{painted}\n"));
        let command = format!("      reconciler --once --allow {}", "x".repeat(60));
        assert_eq!(narrowed(&command, 40), format!("{command}\n"));
    }
}
