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
//! Elements, digits, order and spacing are those of Gurux, so a script that reads one also reads
//! the other. No XML writer has this spacing, so the text is written by hand. It differs where the
//! output of Gurux could not be read: characters that XML reserves are escaped, a string with any
//! control character is printed as Gurux prints one with most of them (`41 0A`), the contents of a
//! compact array are its octets, and the types that Gurux stops at (`Date`, the differences) are
//! printed like the others.

use std::io::Write as _;

use jiff::tz::TimeZone;
use quick_xml::escape::escape;

use crate::{
    cosem::{axdr::Data, clock::Clock, compact::CompactArray, data_type::DataType, obis::Obis},
    error::Layer,
    format::{
        entry::{Format, OutputTelegram},
        options::{CommentStyle, FormatEntry, OwnOption},
        printable::printable,
        usage::Usage,
    },
    hex::canonical,
    reader::Reader,
    reading::{objects, value::bits},
};

/// A list of one element.
const ONE: Data<'_> = Data { kind: DataType::ARRAY, count: 1, octets: &[], offset: 0 };

/// The description of the format.
pub static FORMAT: FormatEntry = FormatEntry {
    name: "xml",
    help: "The tree of the telegram, as Gurux prints it",
    own: &[OwnOption {
        flag: "--comments",
        is_chosen: |options| options.comments.is_some(),
        optional: false,
    }],
    build: |options| {
        options.names.refuse("xml")?;
        match options.selection {
            None => Ok(Box::new(Xml::new(options.comments))),
            Some(_) => {
                Err(Usage("xml is the whole tree: --fields cannot select from it".to_owned()))
            }
        }
    },
};

/// The format.
#[derive(Clone, Debug)]
pub struct Xml {
    comments: Option<CommentStyle>,
    /// By tag.
    elements: Vec<Element>,
    /// By level.
    scales: Vec<ScalerUnitText>,
    /// A telegram that is no tree was left out.
    left_out: bool,
    /// That was said.
    told: bool,
}

/// The text of a structure of scaler and unit: before, between and behind their digits. A telegram
/// has a dozen of them, half of its elements.
type ScalerUnitText = [Vec<u8>; 3];

/// The texts of an element, made once. Each begins with the blanks of the [`DEEPEST`].
#[derive(Clone, Debug, Default)]
struct Element {
    /// `<UInt32 Value="`, `<Structure Qty="`, or the whole element: `<None />` and its line end.
    opening: Vec<u8>,
    /// `</Structure>` and its line end.
    closing: Vec<u8>,
}

/// Levels down to the deepest data: 4 above, 17 of data.
const DATA: usize = 4 + 17;

/// Levels down to the deepest element: as many types in the description of a compact array.
const DEEPEST: usize = DATA + 3 + 17;

/// Its blanks: two a level.
const BLANKS: &[u8] = &[b' '; 2 * DEEPEST];

/// The text behind a value.
const CLOSING: &[u8] = b"\" />\n";

impl Xml {
    /// With or without comments that explain codes, times and texts.
    #[must_use]
    pub fn new(comments: Option<CommentStyle>) -> Self {
        let elements = (0..=u8::MAX).map(|tag| Element::of(DataType(tag))).collect();
        let plain = Self { comments, elements, scales: Vec::new(), left_out: false, told: false };
        let scales = (0..DATA).filter_map(|depth| plain.scale(depth)).collect();
        Self { scales, ..plain }
    }

    /// The parts of a structure of scaler and unit, taken from one that is written with zeros.
    fn scale(&self, depth: usize) -> Option<ScalerUnitText> {
        let mut text = Vec::new();
        let mut octets = Reader::new(Layer::Axdr, &[2, 2, 15, 0, 22, 0]);
        self.elements(&ONE, &mut octets, depth, &TimeZone::UTC, &mut text);
        let text = String::from_utf8(text).ok()?;
        let parts: Vec<_> = text.split("00").map(|part| part.as_bytes().to_vec()).collect();
        parts.try_into().ok()
    }

    /// Appends an element; if it is an array or a structure, `rest` begins with its elements.
    #[inline]
    fn element(
        &self,
        data: &Data<'_>,
        rest: &mut Reader<'_>,
        depth: usize,
        zone: &TimeZone,
        text: &mut Vec<u8>,
    ) {
        if let Some(style) = self.comments {
            comment(data, depth, (style, zone), text);
        }
        let Some(Element { opening, closing }) = self.elements.get(usize::from(data.kind.0)) else {
            return;
        };
        text.extend_from_slice(indented(opening, depth));
        match data.kind {
            DataType::ARRAY | DataType::STRUCTURE => {
                quantity(data.count, text);
                self.elements(data, rest, depth + 1, zone, text);
                text.extend_from_slice(indented(closing, depth));
            }
            DataType::NULL | DataType::DONT_CARE => {}
            DataType::COMPACT_ARRAY => compact(data.octets, depth, text),
            _ => {
                value(data, text);
                text.extend_from_slice(CLOSING);
            }
        }
    }

    /// Appends the elements of a list from the start of `rest`. They were checked when the telegram was
    /// read, to the last octet and for how deep they stand within each other.
    fn elements(
        &self,
        list: &Data<'_>,
        rest: &mut Reader<'_>,
        depth: usize,
        zone: &TimeZone,
        text: &mut Vec<u8>,
    ) {
        for place in 0..list.count {
            // There is nothing to comment on in it.
            if let [2, 2, 15, scaler, 22, unit, ..] = *rest.rest()
                && let Some([before, between, behind]) = self.scales.get(depth)
            {
                text.extend_from_slice(before);
                canonical::encode_upper(&[scaler], text);
                text.extend_from_slice(between);
                canonical::encode_upper(&[unit], text);
                text.extend_from_slice(behind);
                let _ = rest.take(6, "scaler and unit");
                continue;
            }
            let Ok(data) = Data::head_in(list, place, rest) else {
                return;
            };
            self.element(&data, rest, depth, zone, text);
        }
    }
}

impl Format for Xml {
    fn entry(&mut self, entry: &OutputTelegram<'_>, text: &mut Vec<u8>) {
        let Some(notification) = entry.telegram.notification() else {
            self.left_out = true;
            return;
        };
        text.extend_from_slice(b"<DataNotification>\n  <LongInvokeIdAndPriority Value=\"");
        canonical::encode_upper(&notification.invoke_id.to_be_bytes(), text);
        text.extend_from_slice(CLOSING);
        let clock = notification.clock;
        if let (Some(clock), Some(style)) = (clock, self.comments) {
            time(clock, 1, (style, entry.zone), text);
        }
        text.extend_from_slice(b"  <DateTime Value=\"");
        canonical::encode_upper(clock.as_ref().map_or(&[], |clock| clock.0.as_slice()), text);
        text.extend_from_slice(CLOSING);
        text.extend_from_slice(b"  <NotificationBody>\n    <DataValue>\n");
        let body = notification.body;
        let mut elements = Reader::at(Layer::Axdr, body.octets, body.offset);
        self.element(&body, &mut elements, 3, entry.zone, text);
        text.extend_from_slice(b"    </DataValue>\n  </NotificationBody>\n</DataNotification>\n");
    }

    fn notes(&mut self) -> Vec<String> {
        if !self.left_out || core::mem::replace(&mut self.told, true) {
            return Vec::new();
        }
        vec!["xml: DSMR telegrams are no trees and are left out; use another --format".to_owned()]
    }

    fn is_complete(&self) -> bool {
        !self.left_out
    }
}

impl Element {
    /// Of a type; without text for a type without a name, which the reader of A-XDR refuses.
    fn of(kind: DataType) -> Self {
        let Some(name) = kind.xml_name() else {
            return Self::default();
        };
        let opening = match kind {
            DataType::ARRAY | DataType::STRUCTURE => format!("<{name} Qty=\""),
            DataType::NULL | DataType::DONT_CARE => format!("<{name} />\n"),
            DataType::COMPACT_ARRAY => format!("<{name}>\n"),
            _ => format!("<{name} Value=\""),
        };
        let closing = format!("</{name}>\n");
        let [opening, closing] = [opening, closing].map(|text| [BLANKS, text.as_bytes()].concat());
        Self { opening, closing }
    }
}

/// A text behind the blanks of the deepest element, with as many of them as it has at `depth`.
fn indented(text: &[u8], depth: usize) -> &[u8] {
    text.get(2 * DEEPEST.saturating_sub(depth)..).unwrap_or_default()
}

/// Appends the text between the quotes.
fn value(data: &Data<'_>, text: &mut Vec<u8>) {
    match data.kind {
        DataType::BOOLEAN => {
            text.extend_from_slice(if data.octets == [0] { b"False" } else { b"True" });
        }
        DataType::BIT_STRING => bits(data.count, data.octets, text),
        DataType::VISIBLE_STRING | DataType::UTF8_STRING => match readable(data.octets) {
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
    // The telegram was checked when it was read.
    let Some(CompactArray { description, values }) = CompactArray::of(octets) else {
        return;
    };
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

/// Appends one type of a description. The reader of A-XDR limits their depth.
fn types(description: &mut Reader<'_>, depth: usize, text: &mut Vec<u8>) {
    let Ok(kind) = description.u8("type").map(DataType) else {
        return;
    };
    indent(depth, text);
    let (count, inner) = match kind {
        DataType::ARRAY => match description.array::<2>("number of elements") {
            Ok(count) => (usize::from(u16::from_be_bytes(*count)), 1),
            Err(_) => (0, 0),
        },
        DataType::STRUCTURE => {
            let count = usize::from(description.u8("number of elements").unwrap_or_default());
            (count, count)
        }
        _ => {
            // Writing to a Vec cannot fail.
            let _ = writeln!(text, "<{}/>", name(kind));
            return;
        }
    };
    let _ = write!(text, "<{} Qty=\"", name(kind));
    quantity(count, text);
    for _ in 0..inner {
        types(description, depth + 1, text);
    }
    close(name(kind), depth, text);
}

/// Appends the meaning of an octet-string or a date-time, on a line of its own.
fn comment(data: &Data<'_>, depth: usize, style: (CommentStyle, &TimeZone), text: &mut Vec<u8>) {
    let code = objects::code(data);
    let clock = match data.kind {
        DataType::OCTET_STRING | DataType::DATE_TIME => Clock::of(data.octets),
        _ => None,
    };
    // A visible-string is readable where it stands.
    let words = data.text().filter(|_| data.kind != DataType::VISIBLE_STRING);
    match (code, clock, words) {
        // Spelt as Gurux spells it in its comments.
        (Some(Obis([a, b, c, d, e, f])), ..) => {
            remark(&format!("{a}.{b}.{c}.{d}.{e}.{f}"), depth, text);
        }
        (None, Some(clock), _) => time(clock, depth, style, text),
        (None, None, Some(words)) => match style.0 {
            CommentStyle::Plain => remark(words, depth, text),
            CommentStyle::Gurux => remark(&bytearray(words), depth, text),
        },
        (None, None, None) => {}
    }
}

fn time(clock: Clock, depth: usize, (style, zone): (CommentStyle, &TimeZone), text: &mut Vec<u8>) {
    let Some(stamp) = clock.stamp(zone) else {
        return;
    };
    match style {
        CommentStyle::Plain => remark(&stamp.to_string(), depth, text),
        CommentStyle::Gurux => {
            let local = stamp.timestamp().map_or(stamp.local, |time| zone.to_datetime(time));
            let (date, year) = ((local.month(), local.day()), local.year().rem_euclid(100));
            let (hour, minute, second) = (local.hour(), local.minute(), local.second());
            let date = format!("{:02}/{:02}/{year:02}", date.0, date.1);
            remark(&format!("{date} {hour:02}:{minute:02}:{second:02}"), depth, text);
        }
    }
}

/// Octets as Python prints them, since Gurux's translator for Python leaves that to it.
fn bytearray(words: &str) -> String {
    let words = words.replace('\\', "\\\\");
    match words.contains('\'') && !words.contains('"') {
        true => format!("bytearray(b\"{words}\")"),
        false => format!("bytearray(b'{}')", words.replace('\'', "\\'")),
    }
}

/// Appends a comment. No two hyphens may stand in it, and none at its end.
fn remark(words: &str, depth: usize, text: &mut Vec<u8>) {
    indent(depth, text);
    text.extend_from_slice(b"<!--");
    for octet in printable(words).bytes() {
        if octet == b'-' && text.ends_with(b"-") {
            text.push(b' ');
        }
        text.push(octet);
    }
    text.extend_from_slice(if words.ends_with('-') { b" -->\n" } else { b"-->\n" });
}

/// Appends a number of elements, and the end of the tag.
fn quantity(count: usize, text: &mut Vec<u8>) {
    match u8::try_from(count) {
        Ok(count) => canonical::encode_upper(&[count], text),
        Err(_) => {
            let _ = write!(text, "{count:X}");
        }
    }
    text.extend_from_slice(b"\" >\n");
}

fn close(name: &str, depth: usize, text: &mut Vec<u8>) {
    indent(depth, text);
    text.extend_from_slice(b"</");
    text.extend_from_slice(name.as_bytes());
    text.extend_from_slice(b">\n");
}

fn indent(depth: usize, text: &mut Vec<u8>) {
    text.extend_from_slice(BLANKS.get(..2 * depth).unwrap_or(BLANKS));
}

/// The name of an element. The reader of A-XDR refuses types without one.
fn name(kind: DataType) -> &'static str {
    kind.xml_name().unwrap_or("Unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(xml: &Xml, octets: &[u8]) -> String {
        let mut text = vec![];
        xml.elements(&ONE, &mut Reader::new(Layer::Axdr, octets), 3, &TimeZone::UTC, &mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn scaler_and_unit_are_written_like_any_structure_at_every_level() {
        for comments in [None, Some(CommentStyle::Plain), Some(CommentStyle::Gurux)] {
            let quick = Xml::new(comments);
            let slow = Xml { scales: vec![], ..quick.clone() };
            for level in 0..=16 {
                let octets = [&[2, 1].repeat(level)[..], &[2, 2, 15, 0xfd, 22, 0x1e]].concat();
                let written = text(&quick, &octets);
                assert!(written.contains("<Int8 Value=\"FD\" />\n"), "{written}");
                assert_eq!(written, text(&slow, &octets));
            }
        }
    }
}
