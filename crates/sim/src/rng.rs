//! Randomness that a seed decides. Every subject draws from a stream of its own, so
//! that one more call somewhere does not reshuffle everything else.

use std::time::Duration;

/// A stream of numbers (splitmix64).
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The stream of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// An independent stream for a subject; the same label gives the same stream, however
    /// much was drawn from others.
    #[must_use]
    pub fn child(&self, label: &str) -> Self {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ self.0;
        for byte in label.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        let mut child = Self(hash);
        child.draw();
        child
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 if the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.draw() % bound }
    }

    /// An index into something of this length; 0 if it is empty.
    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }

    /// True in so many of a thousand cases.
    pub fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < u64::from(per_mille)
    }

    /// One of these; `None` if there is none.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.index(from.len()))
    }

    /// A span between two, the second excluded.
    pub fn span(&mut self, from: Duration, to: Duration) -> Duration {
        let width = u64::try_from(to.saturating_sub(from).as_nanos()).unwrap_or(u64::MAX);
        from + Duration::from_nanos(self.below(width))
    }

    /// 64 hexadecimal characters, as an engine names what it makes.
    pub fn hex64(&mut self) -> String {
        let mut part = || self.draw();
        format!("{:016x}{:016x}{:016x}{:016x}", part(), part(), part(), part())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_does_not_depend_on_what_was_drawn_for_others() {
        let root = Rng::new(7);
        let first = root.child("a").draw();
        root.child("b").draw();
        assert_eq!(root.child("a").draw(), first);
        assert_ne!(root.child("b").draw(), first);
    }
}
