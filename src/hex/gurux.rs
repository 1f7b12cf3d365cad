//! The XML that Gurux's translator makes of an APDU, back to its octets.
//!
//! ```text
//! <DataNotification>                                       0f
//!   <LongInvokeIdAndPriority Value="8006870E" />           80 06 87 0e
//!   <DateTime Value="07E5091B01092F0F00FF8880" />          0c 07 e5 09 …
//!   <NotificationBody><DataValue><Structure Qty="23" >     02 23
//!     <OctetString Value="0100010800FF" />                 09 06 01 00 01 08 00 ff
//!     <UInt32 Value="00003289" />                          06 00 00 32 89
//! ```
//!
//! Ciphered APDUs (`GeneralGloCiphering`) are read as well. An element without octets of its own is
//! left out.

/// The state between two elements.
#[derive(Clone, Debug, Default)]
pub(super) struct Gurux {
    /// The octets of an APDU that is not closed.
    apdu: Option<Vec<u8>>,
    /// Its header is over.
    body: bool,
    /// Something in it cannot be read.
    refused: Option<&'static str>,
}

/// The meaning of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RebuiltApdus {
    /// The octets of the APDUs that end here.
    Octets(Vec<u8>),
    /// An APDU that cannot be rebuilt, and why.
    Refused(&'static str),
}

impl Gurux {
    /// True amid an APDU.
    pub(super) const fn is_within(&self) -> bool {
        self.apdu.is_some()
    }

    /// Reads a line; nothing if no element of an APDU is in it.
    pub(super) fn line(&mut self, line: &[u8]) -> Option<RebuiltApdus> {
        let within = self.is_within();
        let mut octets = Vec::new();
        let (mut rest, mut found) = (line, within);
        while let Some(at) = memchr::memchr(b'<', rest) {
            let element = rest.get(at + 1..)?;
            let Some(end) = memchr::memchr(b'>', element) else {
                break;
            };
            found |= self.element(element.get(..end)?, &mut octets);
            rest = element.get(end + 1..)?;
        }
        match self.refused.take_if(|_| self.apdu.is_none()) {
            Some(what) => Some(RebuiltApdus::Refused(what)),
            None => found.then_some(RebuiltApdus::Octets(octets)),
        }
    }

    /// Takes an element; true if it begins, fills or ends an APDU.
    fn element(&mut self, element: &[u8], octets: &mut Vec<u8>) -> bool {
        let length = element.iter().skip(1).take_while(|c| c.is_ascii_alphanumeric()).count() + 1;
        let Some((name, attributes)) = element.split_at_checked(length) else {
            return false;
        };
        match name {
            b"DataNotification" => (self.apdu, self.body) = (Some(vec![0x0f]), false),
            b"NotificationBody" => self.body = true,
            b"GeneralGloCiphering" => self.apdu = Some(vec![0xdb]),
            b"GeneralDedCiphering" => self.apdu = Some(vec![0xdc]),
            b"/DataNotification" | b"/GeneralGloCiphering" | b"/GeneralDedCiphering" => {
                let apdu = self.apdu.take();
                octets.extend(apdu.filter(|_| self.refused.is_none()).unwrap_or_default());
            }
            _ => {
                let Some(apdu) = self.apdu.as_mut().filter(|apdu| apdu.len() < LONGEST) else {
                    return false;
                };
                if self.body && name == b"DateTime" {
                    apdu.push(25);
                    let octets = attribute(attributes, b"Value").map(hex::decode);
                    apdu.extend(octets.and_then(Result::ok).unwrap_or_default());
                } else if !name.starts_with(b"/") && !name.starts_with(b"!") {
                    self.refused = self.refused.or(fill(name, attributes, apdu).err());
                }
            }
        }
        true
    }
}

/// Appends the octets of an element.
fn fill(name: &[u8], attributes: &[u8], apdu: &mut Vec<u8>) -> Result<(), &'static str> {
    let hex = |what: &[u8]| attribute(attributes, what).and_then(|text| hex::decode(text).ok());
    let value = || hex(b"Value").ok_or(NO_HEX);
    match name {
        b"LongInvokeIdAndPriority" => apdu.extend(value()?),
        // The date-time of the header, and fields of a ciphering header.
        b"DateTime" | b"SystemTitle" | b"CipheredService" => string(&value()?, apdu),
        b"Structure" | b"Array" => {
            apdu.push(if name == b"Array" { 1 } else { 2 });
            let count = attribute(attributes, b"Qty")
                .and_then(|text| usize::from_str_radix(core::str::from_utf8(text).ok()?, 16).ok());
            size(count.ok_or(NO_HEX)?, apdu);
        }
        b"OctetString" | b"StringUTF8" => {
            apdu.push(if name == b"OctetString" { 9 } else { 12 });
            string(&value()?, apdu);
        }
        b"String" => {
            apdu.push(10);
            string(attribute(attributes, b"Value").ok_or(NO_HEX)?, apdu);
        }
        b"None" => apdu.push(0),
        b"BitString" | b"CompactArray" => {
            return Err("Gurux XML with bit strings or compact arrays");
        }
        b"GeneralBlockTransfer" => return Err("Gurux XML of block transfer"),
        _ => {
            let Some((tag, octets)) = NUMBERS.iter().find_map(|(tag, known, octets)| {
                (known.as_bytes() == name).then_some((*tag, *octets))
            }) else {
                return Ok(());
            };
            let value = value()?;
            if value.len() != octets {
                return Err(NO_HEX);
            }
            apdu.push(tag);
            apdu.extend(value);
        }
    }
    Ok(())
}

fn attribute<'a>(attributes: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let start = [b" ", name, b"=\""].concat();
    let at = memchr::memmem::find(attributes, &start)? + start.len();
    let value = attributes.get(at..)?;
    value.get(..memchr::memchr(b'"', value)?)
}

fn string(octets: &[u8], apdu: &mut Vec<u8>) {
    size(octets.len(), apdu);
    apdu.extend_from_slice(octets);
}

/// A length as A-XDR has it.
fn size(size: usize, apdu: &mut Vec<u8>) {
    match u8::try_from(size) {
        Ok(short @ ..0x80) => apdu.push(short),
        Ok(long) => apdu.extend([0x81, long]),
        Err(_) => {
            let [.., high, low] = size.to_be_bytes();
            apdu.extend([0x82, high, low]);
        }
    }
}

/// Tag, name and octets of the types with a fixed length.
const NUMBERS: [(u8, &str, usize); 15] = [
    (3, "Boolean", 1),
    (5, "Int32", 4),
    (6, "UInt32", 4),
    (13, "BCD", 1),
    (15, "Int8", 1),
    (16, "Int16", 2),
    (17, "UInt8", 1),
    (18, "UInt16", 2),
    (20, "Int64", 8),
    (21, "UInt64", 8),
    (22, "Enum", 1),
    (23, "Float32", 4),
    (24, "Float64", 8),
    (26, "Date", 5),
    (27, "Time", 4),
];

const NO_HEX: &str = "Gurux XML whose values are not in hex";

/// No APDU is longer.
const LONGEST: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<RebuiltApdus> {
        let mut gurux = Gurux::default();
        text.lines().filter_map(|line| gurux.line(line.as_bytes())).collect()
    }

    #[test]
    fn an_apdu_is_rebuilt() {
        let text = "<!-- comment -->\n<DataNotification>\n<LongInvokeIdAndPriority Value=\"8006870E\" />\n\
            <DateTime Value=\"07E5\" />\n<NotificationBody>\n<DataValue>\n<Structure Qty=\"02\" >\n\
            <!--1.8.0-->\n<UInt32 Value=\"00003289\" />\n<String Value=\"AB\" />\n</Structure>\n\
            </DataValue>\n</NotificationBody>\n</DataNotification>\n";
        let octets: Vec<u8> = read(text)
            .into_iter()
            .flat_map(|elements| match elements {
                RebuiltApdus::Octets(octets) => octets,
                RebuiltApdus::Refused(what) => panic!("{what}"),
            })
            .collect();
        assert_eq!(hex::encode(octets), "0f8006870e0207e50202060000328 90a024142".replace(' ', ""));
        assert_eq!(read(&text.replace('\n', "")).len(), 1);
    }

    #[test]
    fn what_cannot_be_rebuilt_is_named() {
        let text = "<DataNotification><UInt32 Value=\"12937\" /></DataNotification>";
        assert_eq!(read(text), [RebuiltApdus::Refused(NO_HEX)]);
        assert_eq!(read("<p>68 FA</p>"), []);
    }
}
