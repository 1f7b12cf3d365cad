//! The layouts of telegrams, remembered.
//!
//! From one telegram of a meter to the next, types, lengths, codes, scalers, units and their order stay
//! the same octets at the same places. What the careful look found out about them holds again as long
//! as each of them is the same, and only values are left to be read:
//!
//! ```text
//! telegram  0F 8006870E 0C 07E5091B01092F0F00FF8880 … 09 06 0100010800FF 06 00003289 02 02 0F 00 16 1E
//! layout    0F ........ 0C ........................ … 09 06 0100010800FF 06 ........ 02 02 0F 00 16 1E
//! ```
//!
//! No check is left out. What the careful look checks in the fixed octets is settled by comparing them;
//! what depends on the others (a date-time is on the calendar, the flat list ends with a number) is
//! checked anew. Whatever does not pass takes the careful look, which says why.

use core::ops::Range;

use crate::{
    cosem::{
        axdr::{Data, DataType, Shape},
        notification::Notification,
    },
    error::Result,
    reading::{
        decimal::Decimal,
        fields,
        objects::Object,
        steps::{ObjectStep, Steps},
        telegram::Telegram,
    },
};

/// How many are remembered: one line has one meter, and few meters have two lists.
const MOST: usize = 8;

/// The layouts of the last telegrams.
///
/// ```
/// use meterpipe::reading::{template::Templates, telegram::Telegram};
///
/// # let hex = include_str!("../../tests/data/netznoe-doc-2021.plain.hex").replace('\n', "");
/// # let octets = hex::decode(hex).unwrap();
/// let mut layouts = Templates::default();
/// for _ in 0..2 {
///     let telegram = layouts.read(&octets).unwrap();
///     assert_eq!(telegram.meter(), Some(&b"181220000009"[..]));
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Templates {
    known: Vec<Template>,
    /// Where the next one goes.
    next: usize,
    /// Telegrams since the last that had a known layout.
    misses: u32,
}

impl Templates {
    /// Reads exactly one plain APDU, as [`Telegram::parse`] does and with the same outcome.
    ///
    /// # Errors
    /// The same.
    pub fn read<'a>(&mut self, octets: &'a [u8]) -> Result<Telegram<'a>> {
        for layout in &self.known {
            if let Some(telegram) = layout.read(octets) {
                self.misses = 0;
                return Ok(telegram);
            }
        }
        let telegram = Telegram::parse(octets)?;
        self.misses = self.misses.saturating_add(1);
        // Where no two telegrams are alike there is little use in learning each.
        if self.misses.is_power_of_two() {
            self.learn(octets, telegram.notification());
        }
        Ok(telegram)
    }

    fn learn(&mut self, octets: &[u8], notification: &Notification<'_>) {
        let layout = Template::of(octets, notification);
        match self.known.get_mut(self.next) {
            Some(known) => *known = layout,
            None => self.known.push(layout),
        }
        self.next = (self.next + 1) % MOST;
    }
}

/// What stays the same.
#[derive(Clone, Debug)]
struct Template {
    /// A telegram.
    sample: Vec<u8>,
    /// ff for each of its octets that is fixed, 00 for one that is free.
    fixed: Vec<u8>,
    /// The body, without its octets.
    body: Data<'static>,
    parts: Vec<TemplatePart>,
}

/// A step, but for the octets of its value.
#[derive(Clone, Debug)]
struct TemplatePart {
    /// Where these are.
    range: Range<usize>,
    /// The short way to a number.
    named: Option<NamedNumber>,
    object: Box<Object<'static>>,
    closing: bool,
}

/// A number that has a name, whatever its octets are.
#[derive(Clone, Copy, Debug)]
struct NamedNumber {
    place: usize,
    channel: u8,
    kind: DataType,
    scaler: i16,
}

impl Template {
    /// Of a telegram that passed all checks.
    fn of(octets: &[u8], notification: &Notification<'_>) -> Self {
        let parts: Vec<TemplatePart> =
            Steps::of(notification.body).filter_map(TemplatePart::of).collect();
        let mut fixed = vec![0xff; octets.len()];
        let free = parts.iter().filter(|part| part.is_free()).map(|part| part.range.clone());
        for range in free.chain(Notification::free_octets(octets)) {
            fixed.get_mut(range).unwrap_or_default().fill(0);
        }
        let body = Data { octets: &[], ..notification.body };
        Self { sample: octets.to_vec(), fixed, body, parts }
    }

    /// Reads a telegram; nothing if its layout is another one, or if it does not pass.
    fn read<'a>(&self, octets: &'a [u8]) -> Option<Telegram<'a>> {
        if octets.len() != self.sample.len() {
            return None;
        }
        let pairs = octets.iter().zip(&self.sample).zip(&self.fixed);
        if pairs.fold(0, |sum, ((a, b), fixed)| sum | (a ^ b) & fixed) != 0 {
            return None;
        }
        let notification = Notification::with_body(octets, self.body)?;
        Telegram::of(notification, self.parts.iter().map(|part| part.fill(octets))).ok()
    }
}

impl TemplatePart {
    fn of(step: ObjectStep<'_>) -> Option<Self> {
        let (object, closing) = match step {
            ObjectStep::Named(..) => return None,
            ObjectStep::Any(object) => (object, false),
            ObjectStep::Closing(object) => (object, true),
        };
        let Data { octets, offset, .. } = object.value;
        let range = offset..offset + octets.len();
        let named = if closing { None } else { NamedNumber::of(&object) };
        let value = Data { octets: &[], ..object.value };
        Some(Self { range, named, object: Box::new(Object { value, ..object }), closing })
    }

    /// Whether the octets of its value bear on nothing else.
    fn is_free(&self) -> bool {
        match self.object.value.kind.shape() {
            Some(Shape::Fixed(_)) => true,
            // Six octets may be a code.
            Some(Shape::String) => self.range.len() != 6,
            _ => false,
        }
    }

    #[inline]
    fn fill<'a>(&self, octets: &'a [u8]) -> ObjectStep<'a> {
        let octets = octets.get(self.range.clone()).unwrap_or_default();
        if let Some(named) = self.named
            && let Some(number) = named.number(octets)
        {
            return ObjectStep::Named(named.place, named.channel, number);
        }
        let value = Data { octets, ..self.object.value };
        let object = Object { value, ..*self.object };
        if self.closing { ObjectStep::Closing(object) } else { ObjectStep::Any(object) }
    }
}

impl NamedNumber {
    fn of(object: &Object<'_>) -> Option<Self> {
        let kind = object.value.kind;
        kind.number_size()?;
        let (_, unit) = object.scale?;
        let obis = object.obis?;
        let place = fields::of_object(obis, unit)?;
        Some(Self { place, channel: obis.channel(), kind, scaler: object.scaler() })
    }

    fn number(self, octets: &[u8]) -> Option<Decimal> {
        let value = Data { kind: self.kind, count: octets.len(), octets, offset: 0 };
        Decimal::of(value.integer()?, self.scaler)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    /// The published telegram of Netz NÖ, a list as KSM-West nests it cut down to few objects, lists
    /// with definitions, with a list inside, with floats and texts, and a value alone.
    fn telegrams() -> Vec<Vec<u8>> {
        let flat = include_str!("../../tests/data/netznoe-doc-2021.plain.hex");
        let header = "0f00001c4e0c07e708150117170000ff8880";
        let nested = concat!(
            "0206 0906 0000010000ff 090c 07e708150117170000ff8880",
            "0202 0906 0000600100ff 090e 314b464d30323030303134313936",
            "0202 0906 0000602a00ff 0906 010203040506",
            "0203 0906 0100200700ff 120919 0202 0fff 1623",
            "0203 0906 0100200700ff 120919 0202 0fff 1623",
        );
        let defined = concat!(
            "0203 0103",
            "0204 120028 0906 0008190900ff 0f02 120000",
            "0204 120003 0906 0100010800ff 0f02 120000",
            "0204 120003 0906 0100200700ff 0f02 120000",
            "0600000005 120921",
        );
        let mixed = concat!(
            "0205 0906 0100200700ff 17436a0000",
            "0202 0203 1101 1102 1103 1104 0a03 61622d 0c03 c3a42d",
        );
        let alone = "0600000007";
        let bodies = [nested, defined, mixed, alone].map(|body| format!("{header}{body}"));
        let without_clock = "0f00000001 00 0202 1101 120001".to_owned();
        [flat.to_owned(), without_clock]
            .into_iter()
            .chain(bodies)
            .map(|digits| hex::decode(digits.replace(['\n', ' '], "")).unwrap())
            .collect()
    }

    fn shown(telegram: Result<Telegram<'_>>) -> std::result::Result<String, Error> {
        telegram.map(|telegram| format!("{telegram:?}"))
    }

    /// With everything about it that a layout might get wrong, and the values alone.
    #[test]
    fn what_is_read_by_a_layout_is_what_the_careful_look_sees() {
        for telegram in telegrams() {
            let mut layouts = Templates::default();
            let first = shown(layouts.read(&telegram));
            assert!(first.is_ok(), "{first:?} {}", hex::encode(&telegram));
            assert_eq!(layouts.known.len(), 1);
            let layout = layouts.known[0].clone();
            assert_eq!(layout.read(&telegram).map(|it| format!("{it:?}")), first.ok());
            let mut hits = 0;
            for bit in 0..8 * telegram.len() {
                let mut flipped = telegram.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                if let Some(read) = layout.read(&flipped) {
                    hits += 1;
                    assert_eq!(Ok(format!("{read:?}")), shown(Telegram::parse(&flipped)), "{bit}");
                }
                assert_eq!(shown(layouts.read(&flipped)), shown(Telegram::parse(&flipped)));
            }
            assert!(hits >= 8 * 4, "the values are free: {hits} of {}", 8 * telegram.len());
            for size in 0..telegram.len() {
                assert!(layout.read(&telegram[..size]).is_none(), "cut to {size}");
            }
        }
    }

    /// One mistake in what is held for free, and another telegram is told: octets at random.
    #[test]
    fn values_may_change_all_at_once() {
        let mut random = 1u32;
        for telegram in telegrams() {
            let mut layouts = Templates::default();
            layouts.read(&telegram).unwrap();
            let layout = layouts.known[0].clone();
            let mut hits = 0;
            for _ in 0..2000 {
                let mut other = telegram.clone();
                for (octet, fixed) in other.iter_mut().zip(&layout.fixed) {
                    random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    if *fixed == 0 && random >> 30 == 0 {
                        *octet = (random >> 16) as u8;
                    }
                }
                hits += usize::from(layout.read(&other).is_some());
                assert_eq!(shown(layouts.read(&other)), shown(Telegram::parse(&other)));
            }
            assert!(hits > 0, "{hits}");
        }
    }

    #[test]
    fn several_layouts_take_turns_and_few_are_kept() {
        let mut layouts = Templates::default();
        for _ in 0..3 {
            for telegram in telegrams() {
                assert_eq!(shown(layouts.read(&telegram)), shown(Telegram::parse(&telegram)));
            }
        }
        let known = layouts.known.len();
        assert!((2..=MOST).contains(&known), "{known}");
        // A new one each time: learnt now and then, and never more than there is room for.
        for count in 0..128u8 {
            let mut list = hex::decode("0f00000001000201").unwrap();
            list.extend([9, count]);
            list.resize(list.len() + usize::from(count), b'x');
            assert!(layouts.read(&list).is_ok());
        }
        assert_eq!(layouts.known.len(), MOST);
    }
}
