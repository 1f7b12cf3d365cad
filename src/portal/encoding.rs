//! The encoding of an export: UTF-8 or UTF-16 with a byte order mark or without, or Latin-1.

/// A text, whatever its encoding. No export has to be told apart by more than its first octets: UTF-16 has a zero in
/// every other octet, and what is no UTF-8 is Latin-1.
#[must_use]
pub fn text(octets: &[u8]) -> String {
    match octets {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes),
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => {
            utf_16(octets, u16::from_le_bytes)
        }
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => {
            utf_16(octets, u16::from_be_bytes)
        }
        _ => match str::from_utf8(octets) {
            Ok(text) => text.to_owned(),
            Err(_) => octets.iter().copied().map(char::from).collect(),
        },
    }
}

fn utf_16(octets: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, _) = octets.as_chunks();
    let units = pairs.iter().map(|pair| unit(*pair));
    char::decode_utf16(units).map(|sign| sign.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_in_every_encoding() {
        let sample = "Zählpunkt;kWh\n";
        let units =
            |order: fn(u16) -> [u8; 2]| sample.encode_utf16().flat_map(order).collect::<Vec<_>>();
        let (little, big) = (units(u16::to_le_bytes), units(u16::to_be_bytes));
        let latin: Vec<u8> =
            sample.chars().map(|sign| u8::try_from(u32::from(sign)).unwrap()).collect();
        for octets in [
            sample.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", sample.as_bytes()].concat(),
            latin,
            [&b"\xff\xfe"[..], &little].concat(),
            [&b"\xfe\xff"[..], &big].concat(),
            little,
            big,
        ] {
            assert_eq!(text(&octets), sample);
        }
        assert_eq!(text(b""), "");
    }
}
