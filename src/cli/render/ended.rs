//! How a container ended, in words.

/// `ended with 137 (killed)`.
pub(in crate::cli) fn ended(code: i64) -> String {
    let meaning = match code {
        125 => "it could not be started",
        126 => "the command cannot be executed",
        127 => "there is no such command",
        129 => "hung up",
        130 => "interrupted",
        131 => "quit",
        132 => "illegal instruction",
        134 => "aborted",
        135 => "bus error",
        136 => "arithmetic error",
        137 => "killed",
        139 => "segmentation fault",
        141 => "broken pipe",
        143 => "terminated",
        _ => return format!("ended with {code}"),
    };
    format!("ended with {code} ({meaning})")
}

#[cfg(test)]
mod tests {
    use super::ended;

    #[test]
    fn a_code_of_a_signal_is_told_in_words() {
        assert_eq!(ended(0), "ended with 0");
        assert_eq!(ended(137), "ended with 137 (killed)");
        assert_eq!(ended(143), "ended with 143 (terminated)");
    }
}
