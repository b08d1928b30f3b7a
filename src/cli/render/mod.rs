//! How results look: text for people, JSON for programs.

pub(super) mod diagnostics;
pub(super) mod plan;

use clap::builder::styling::Style;

use super::console::paint;

/// Rows with their cells below each other, two spaces apart.
pub(super) fn columns<const N: usize>(rows: &[[(Style, String); N]]) -> String {
    let width = |column: usize| {
        rows.iter().map(|row| row[column].1.chars().count()).max().unwrap_or_default()
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let mut out = String::new();
    for row in rows {
        for (index, (style, cell)) in row.iter().enumerate() {
            out += &paint(*style, cell);
            if index + 1 < N {
                out += &" ".repeat(widths[index] + 2 - cell.chars().count());
            }
        }
        out.push('\n');
    }
    out
}
