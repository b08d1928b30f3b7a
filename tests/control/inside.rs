//! How much is under way at once, for worlds that count it.

use std::cell::Cell;

/// Counts what is under way, until it ends or is given up.
pub(crate) struct Inside<'a>(&'a Cell<usize>);

impl<'a> Inside<'a> {
    pub(crate) fn new(count: &'a Cell<usize>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
