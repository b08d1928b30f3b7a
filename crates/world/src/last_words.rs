//! What is known of a container that failed.

/// What a container leaves that failed. Sensitive values are masked; the rest is text of others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastWords {
    /// The last lines of its log, oldest first.
    pub log: Vec<String>,
    /// What its health check printed last, line by line; empty if it has none or printed nothing.
    pub probe: Vec<String>,
    /// Whether the kernel killed it because its memory was used up.
    pub out_of_memory: bool,
}
