//! XML: the tree of a telegram, as Gurux's translator prints it.
//!
//! ```text
//! <DataNotification>
//!   <LongInvokeIdAndPriority Value="8006870E" />
//!   <DateTime Value="07E5091B01092F0F00FF8880" />
//!   <NotificationBody>
//!     <DataValue>
//!       <Structure Qty="23" >
//!         <OctetString Value="0100010800FF" />
//! ```
//!
//! Same elements, digits, order and spacing, so that a script which reads the one reads the other.
//! The spacing is why this is written by hand. It differs where Gurux has no output that could be read:
//! signs that XML reserves are escaped, a string with any control character is printed as Gurux prints
//! one with most of them (`41 0A`), the contents of a compact array are its octets, and the types that
//! Gurux stops at (`Date`, the differences) are printed like the others.

use std::io::Write as _;

use quick_xml::escape::escape;

use crate::{
    cosem::{
        axdr::{Data, Type},
        clock::Clock,
        compact::CompactArray,
        obis::Obis,
    },
    error::Layer,
    format::{
        cell::bits,
        entry::{Entry, Format},
        shown::shown,
    },
    hex::canonical,
    reader::Reader,
};

/// The format.
#[derive(Clone, Debug)]
pub struct Xml {
    comments: bool,
    /// `<UInt32 Value="` and so on by tag, made once.
    openings: Vec<Vec<u8>>,
}

/// Blanks for the deepest element: two a level, 4 levels above the data, 17 of data, and as many types in
/// the description of a compact array.
const BLANKS: &[u8] = &[b' '; 2 * (4 + 17 + 3 + 17)];

const CLOSING: &[u8] = b"\" />\n";

impl Xml {
    /// With what codes, times and texts mean in comments, or without.
    #[must_use]
    pub fn new(comments: bool) -> Self {
        let opening = |tag| format!("<{} Value=\"", name(Type(tag))).into_bytes();
        Self { comments, openings: (0..=u8::MAX).map(opening).collect() }
    }

    fn element(&self, data: &Data<'_>, depth: usize, entry: &Entry<'_>, text: &mut Vec<u8>) {
        if self.comments {
            comment(data, depth, entry, text);
        }
        indent(depth, text);
        match data.kind {
            Type::ARRAY | Type::STRUCTURE => {
                open(data.kind, data.count, text);
                for element in data.elements() {
                    self.element(&element, depth + 1, entry, text);
                }
                close(name(data.kind), depth, text);
            }
            Type::NULL | Type::DONT_CARE => empty(data.kind, b" />\n", text),
            Type::COMPACT_ARRAY => compact(data.octets, depth, text),
            kind => {
                let opening = self.openings.get(usize::from(kind.0));
                text.extend_from_slice(opening.map_or(&[], Vec::as_slice));
                value(data, text);
                text.extend_from_slice(CLOSING);
            }
        }
    }
}

impl Format for Xml {
    fn entry(&mut self, entry: &Entry<'_>, text: &mut Vec<u8>) {
        let notification = entry.telegram.notification();
        text.extend_from_slice(b"<DataNotification>\n  <LongInvokeIdAndPriority Value=\"");
        canonical::encode_upper(&notification.invoke_id.to_be_bytes(), text);
        text.extend_from_slice(CLOSING);
        let clock = notification.clock;
        if let Some(clock) = clock.filter(|_| self.comments) {
            time(clock, 1, entry, text);
        }
        text.extend_from_slice(b"  <DateTime Value=\"");
        canonical::encode_upper(clock.as_ref().map_or(&[], |clock| clock.0.as_slice()), text);
        text.extend_from_slice(CLOSING);
        text.extend_from_slice(b"  <NotificationBody>\n    <DataValue>\n");
        self.element(&notification.body, 3, entry, text);
        text.extend_from_slice(b"    </DataValue>\n  </NotificationBody>\n</DataNotification>\n");
    }

    fn fork(&self) -> Box<dyn Format> {
        Box::new(self.clone())
    }
}

/// Appends what stands between the quotes.
fn value(data: &Data<'_>, text: &mut Vec<u8>) {
    match data.kind {
        Type::BOOLEAN => {
            text.extend_from_slice(if data.octets == [0] { b"False" } else { b"True" });
        }
        Type::BIT_STRING => bits(data.count, data.octets, text),
        Type::VISIBLE_STRING | Type::UTF8_STRING => match readable(data.octets) {
            Some(readable) => text.extend_from_slice(escape(readable).as_bytes()),
            None => {
                for (at, octet) in data.octets.iter().enumerate() {
                    if at > 0 {
                        text.push(b' ');
                    }
                    canonical::encode_upper(&[*octet], text);
                }
            }
        },
        _ => canonical::encode_upper(data.octets, text),
    }
}

/// A string that is printed as it is: ASCII, with padding at its end.
fn readable(octets: &[u8]) -> Option<&str> {
    let text = core::str::from_utf8(octets).ok()?.trim_end_matches('\0');
    text.bytes().all(|octet| matches!(octet, b' '..=b'~')).then_some(text)
}

fn compact(octets: &[u8], depth: usize, text: &mut Vec<u8>) {
    // It was checked when it was read.
    let Some(CompactArray { description, values }) = CompactArray::of(octets) else {
        return;
    };
    text.extend_from_slice(b"<CompactArray>\n");
    indent(depth + 1, text);
    text.extend_from_slice(b"<ContentsDescription>\n");
    types(&mut Reader::new(Layer::Axdr, description), depth + 2, text);
    close("ContentsDescription", depth + 1, text);
    indent(depth + 1, text);
    text.extend_from_slice(b"<ArrayContents>");
    canonical::encode_upper(values, text);
    text.extend_from_slice(b"</ArrayContents>\n");
    close("CompactArray", depth, text);
}

/// Appends one type of a description. The reader of A-XDR limits how deep they stand in each other.
fn types(description: &mut Reader<'_>, depth: usize, text: &mut Vec<u8>) {
    let Ok(kind) = description.u8("type").map(Type) else {
        return;
    };
    indent(depth, text);
    let (count, inner) = match kind {
        Type::ARRAY => match description.array::<2>("number of elements") {
            Ok(count) => (usize::from(u16::from_be_bytes(*count)), 1),
            Err(_) => (0, 0),
        },
        Type::STRUCTURE => {
            let count = usize::from(description.u8("number of elements").unwrap_or_default());
            (count, count)
        }
        _ => return empty(kind, b"/>\n", text),
    };
    open(kind, count, text);
    for _ in 0..inner {
        types(description, depth + 1, text);
    }
    close(name(kind), depth, text);
}

/// Appends what an octet-string or a date-time means, on a line of its own.
fn comment(data: &Data<'_>, depth: usize, entry: &Entry<'_>, text: &mut Vec<u8>) {
    let code = data.octet_string().and_then(Obis::of);
    let clock = match data.kind {
        Type::OCTET_STRING | Type::DATE_TIME => Clock::of(data.octets),
        _ => None,
    };
    // A visible-string is readable where it stands.
    let words = data.text().filter(|_| data.kind != Type::VISIBLE_STRING);
    match (code, clock, words) {
        // Spelt as Gurux spells it in its comments.
        (Some(Obis([a, b, c, d, e, f])), ..) => {
            remark(&format!("{a}.{b}.{c}.{d}.{e}.{f}"), depth, text);
        }
        (None, Some(clock), _) => time(clock, depth, entry, text),
        (None, None, Some(words)) => remark(words, depth, text),
        (None, None, None) => {}
    }
}

fn time(clock: Clock, depth: usize, entry: &Entry<'_>, text: &mut Vec<u8>) {
    if let Some(stamp) = clock.stamp(entry.zone) {
        remark(&stamp.to_string(), depth, text);
    }
}

/// Appends a comment. No two hyphens may stand in it, and none at its end.
fn remark(words: &str, depth: usize, text: &mut Vec<u8>) {
    indent(depth, text);
    text.extend_from_slice(b"<!--");
    for octet in shown(words).bytes() {
        if octet == b'-' && text.ends_with(b"-") {
            text.push(b' ');
        }
        text.push(octet);
    }
    text.extend_from_slice(if words.ends_with('-') { b" -->\n" } else { b"-->\n" });
}

fn open(kind: Type, count: usize, text: &mut Vec<u8>) {
    // Writing to a Vec cannot fail.
    let _ = writeln!(text, "<{} Qty=\"{count:02X}\" >", name(kind));
}

fn close(name: &str, depth: usize, text: &mut Vec<u8>) {
    indent(depth, text);
    text.extend_from_slice(b"</");
    text.extend_from_slice(name.as_bytes());
    text.extend_from_slice(b">\n");
}

fn empty(kind: Type, closing: &[u8], text: &mut Vec<u8>) {
    text.push(b'<');
    text.extend_from_slice(name(kind).as_bytes());
    text.extend_from_slice(closing);
}

fn indent(depth: usize, text: &mut Vec<u8>) {
    text.extend_from_slice(BLANKS.get(..2 * depth).unwrap_or(BLANKS));
}

/// The name of an element. Types without one do not get past the reader of A-XDR.
fn name(kind: Type) -> &'static str {
    kind.xml_name().unwrap_or("Unknown")
}
