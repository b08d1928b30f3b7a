//! The table of the Compose Specification: every object, its keys in the order of
//! Compose's own types, what each holds and when it is printed. Plain data.
