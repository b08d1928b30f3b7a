//! Protocol Buffers, as far as BuildKit's few messages need them: reading the fields of a
//! message in order, and writing them.

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::docker) enum Field<'a> {
    /// A number of any width.
    Number(u64),
    /// Text, bytes or a message.
    Bytes(&'a [u8]),
}

/// The fields of a message, up to its end or to what cannot be read.
pub(in crate::docker) fn fields(message: &[u8]) -> impl Iterator<Item = (u64, Field<'_>)> {
    let mut rest = message;
    std::iter::from_fn(move || {
        let key = varint(&mut rest)?;
        let value = match key & 7 {
            0 => Field::Number(varint(&mut rest)?),
            1 => Field::Number(fixed(&mut rest, 8)?),
            2 => {
                let length = usize::try_from(varint(&mut rest)?).ok()?;
                let (bytes, after) = rest.split_at_checked(length)?;
                rest = after;
                Field::Bytes(bytes)
            }
            5 => Field::Number(fixed(&mut rest, 4)?),
            _ => return None,
        };
        Some((key >> 3, value))
    })
}

/// The first text of this number in a message.
pub(in crate::docker) fn text(message: &[u8], number: u64) -> Option<String> {
    fields(message).find_map(|(found, value)| match value {
        Field::Bytes(bytes) if found == number => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    })
}

/// Writes a number, unless it is the default.
pub(in crate::docker) fn put_number(out: &mut Vec<u8>, number: u64, value: u64) {
    if value != 0 {
        put_varint(out, number << 3);
        put_varint(out, value);
    }
}

/// Writes text, bytes or a message.
pub(in crate::docker) fn put_bytes(out: &mut Vec<u8>, number: u64, value: &[u8]) {
    put_varint(out, number << 3 | 2);
    put_varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn fixed(rest: &mut &[u8], width: usize) -> Option<u64> {
    let (bytes, after) = rest.split_at_checked(width)?;
    *rest = after;
    Some(bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let mut message = Vec::new();
        put_number(&mut message, 1, 300);
        put_number(&mut message, 2, 0);
        put_number(&mut message, 2, u64::MAX);
        put_bytes(&mut message, 16, b"text");
        let found: Vec<_> = fields(&message).collect();
        let want = [
            (1, Field::Number(300)),
            (2, Field::Number(u64::MAX)),
            (16, Field::Bytes(b"text".as_slice())),
        ];
        assert_eq!(found, want);
        assert_eq!(text(&message, 16).as_deref(), Some("text"));
    }

    #[test]
    fn a_message_that_is_cut_ends_early() {
        let mut message = Vec::new();
        put_number(&mut message, 1, 7);
        put_bytes(&mut message, 2, b"text");
        for length in 0..message.len() {
            let read = fields(&message[..length]).count();
            assert!(read <= 1, "{length}: {read}");
        }
        assert_eq!(fields(&[0xff; 20]).count(), 0);
    }
}
