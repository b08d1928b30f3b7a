//! A range of addresses, as `10.0.0.0/24` writes it.

use std::net::IpAddr;

/// The addresses from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subnet {
    /// Whether they are of IPv6.
    pub v6: bool,
    /// The first.
    pub first: u128,
    /// The last.
    pub last: u128,
}

impl Subnet {
    /// Reads `10.0.0.0/24`; `None` if it is no subnet.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let length: u32 = length.parse().ok()?;
        let (v6, bits, width) = match address.parse().ok()? {
            IpAddr::V4(address) => (false, u128::from(address.to_bits()), 32),
            IpAddr::V6(address) => (true, address.to_bits(), 128),
        };
        let free = u32::checked_sub(width, length)?;
        let hosts = if free == 128 { u128::MAX } else { (1 << free) - 1 };
        Some(Self { v6, first: bits & !hosts, last: bits | hosts })
    }

    /// Whether two have an address in common.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.v6 == other.v6 && self.first <= other.last && other.first <= self.last
    }
}

#[cfg(test)]
mod tests {
    use super::Subnet;

    #[test]
    fn a_subnet_is_all_of_its_addresses() {
        let subnet = |text| Subnet::parse(text).map(|s| (s.first, s.last));
        assert_eq!(subnet("10.0.0.9/24"), Some((0x0a00_0000, 0x0a00_00ff)));
        assert_eq!(subnet("::/0"), Some((0, u128::MAX)));
        assert_eq!(subnet("10.0.0.0/33"), None);
        assert_eq!(subnet("10.0.0.0"), None);
    }
}
