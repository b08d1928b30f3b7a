//! The order in which Go's yaml.v3 writes the keys of a map: numbers in them count as
//! numbers, so that `web2` comes before `web10`.

/// Puts pairs into that order. By insertion: no sorting of Rust's may be given an order
/// that is not known to be total.
pub(super) fn natural<K: AsRef<str>, V>(pairs: Vec<(K, V)>) -> Vec<(K, V)> {
    let mut sorted: Vec<(K, V)> = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let at = sorted.partition_point(|(key, _)| is_less(key.as_ref(), pair.0.as_ref()));
        sorted.insert(at, pair);
    }
    sorted
}

fn is_less(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = a.iter().zip(&b).position(|(a, b)| a != b) else { return a.len() < b.len() };
    let after_digits = at > 0 && a[at - 1].is_ascii_digit();
    match (a[at].is_alphabetic(), b[at].is_alphabetic()) {
        (true, true) => a[at] < b[at],
        (true, false) => after_digits,
        (false, true) => !after_digits,
        (false, false) => {
            // Zeros inside of a number count, those before it do not.
            let before = a[..at].iter().rev().take_while(|c| c.is_ascii_digit());
            let inside = (a[at] == '0' || b[at] == '0') && before.clone().any(|c| *c != '0');
            let start = i64::from(inside);
            let (a_number, a_end) = number(&a[at..], start);
            let (b_number, b_end) = number(&b[at..], start);
            (a_number, a_end, a[at]) < (b_number, b_end, b[at])
        }
    }
}

/// The number that begins here, and how long it is.
fn number(text: &[char], start: i64) -> (i64, usize) {
    let digits = text.iter().map_while(|c| c.to_digit(10));
    digits.fold((start, 0), |(number, length), digit| {
        (number.wrapping_mul(10).wrapping_add(i64::from(digit)), length + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_keys_count_as_numbers() {
        let keys =
            ["web10", "web2", "web", "a_b", "a-b", "ab", "a1b", "a1", "web02", "B", "x100", "x20"];
        let sorted = natural(keys.map(|key| (key, ())).to_vec());
        let sorted: Vec<&str> = sorted.into_iter().map(|(key, ())| key).collect();
        assert_eq!(
            sorted,
            ["B", "a-b", "a_b", "a1", "a1b", "ab", "web", "web2", "web02", "web10", "x20", "x100"]
        );
    }
}
