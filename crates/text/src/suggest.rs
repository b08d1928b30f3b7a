//! "Did you mean": the nearest of several words.

/// The candidate that a typist most likely meant, if any is near enough: at most a
/// third of the word wrong.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The help line for an unknown word.
pub fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(word, candidates).map(|near| format!("did you mean `{near}`?"))
}

/// The help line for a word that is none of a few.
#[must_use]
pub fn one_of(word: &str, known: &[&str]) -> String {
    let all = || match known {
        [only] => format!("there is only `{only}`"),
        _ => format!("it is one of `{}`", known.join("`, `")),
    };
    did_you_mean(word, known.iter().copied()).unwrap_or_else(all)
}

/// How many letters are inserted, dropped, replaced, or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.to_lowercase().chars().collect();
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_word_and_nonsense_finds_none() {
        let keys = ["environment", "env_file", "image", "ports"];
        assert_eq!(nearest("enviroment", keys), Some("environment"));
        assert_eq!(nearest("imgae", keys), Some("image"));
        assert_eq!(nearest("Ports", keys), Some("ports"));
        assert_eq!(nearest("volumes", keys), None);
    }
}
