//! The text of a saved mail in quoted-printable (RFC 2045, 6.7): `=3D` for `=`, and a line that
//! ends with `=` goes on in the next one. An address has the same escapes with another sign (RFC 3986, 2.1): `%3D`.

use zeroize::Zeroizing;

/// The signs in front of escapes: of an address, and of a mail. An address has equals signs, too.
pub(super) const SIGNS: [u8; 2] = [b'%', b'='];

/// The text without the escapes that begin with a sign; nothing if it has none.
pub(super) fn decoded(text: &str, sign: u8) -> Option<Zeroizing<String>> {
    // A string that grows would leave copies of the key behind.
    let mut octets = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    let mut escapes = 0;
    while let Some((first, behind)) = rest.split_first() {
        let escape = match behind {
            _ if *first != sign => None,
            [b'\n', rest @ ..] => Some((None, rest)),
            [high, low, rest @ ..] => octet(*high, *low)
                // A mail has other characters as they are: `GUEK=5C1E…` has no escape.
                .filter(|it| sign != b'=' || b"=\t\r\n ".contains(it) || !it.is_ascii())
                .map(|octet| (Some(octet), rest)),
            _ => None,
        };
        escapes += usize::from(escape.is_some());
        let (octet, behind) = escape.unwrap_or((Some(*first), behind));
        octets.extend(octet);
        rest = behind;
    }
    let text = match core::str::from_utf8(&octets) {
        Ok(text) => Zeroizing::new(text.to_owned()),
        Err(_) => Zeroizing::new(octets.iter().copied().map(char::from).collect()),
    };
    (escapes > 0).then_some(text)
}

/// The octet of two digits in upper case, as the standard wants them.
fn octet(high: u8, low: u8) -> Option<u8> {
    let digit = |c: u8| match c {
        b'a'..=b'f' => None,
        c => char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok()),
    };
    Some(digit(high)? << 4 | digit(low)?)
}
