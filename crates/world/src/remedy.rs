//! An error of the outside world that says what to do about it is one text, since that is what
//! reports, logs and JSON carry: the cause, then the remedy. Here they are joined and parted.

/// What stands between the two.
const BETWEEN: &str = "; help: ";

/// A cause with its remedy.
#[must_use]
pub fn with_remedy(cause: &str, remedy: &str) -> String {
    format!("{cause}{BETWEEN}{remedy}")
}

/// The cause, and the remedy if there is one.
#[must_use]
pub fn cause_and_remedy(text: &str) -> (&str, Option<&str>) {
    text.split_once(BETWEEN).map_or((text, None), |(cause, remedy)| (cause, Some(remedy)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_comes_apart() {
        let text = with_remedy("it is away", "start it");
        assert_eq!(cause_and_remedy(&text), ("it is away", Some("start it")));
        assert_eq!(cause_and_remedy("it is away"), ("it is away", None));
    }
}
