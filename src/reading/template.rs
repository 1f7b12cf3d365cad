//! Templates: the layouts of earlier telegrams.
//!
//! From one telegram of a meter to the next, types, lengths, codes, scalers, units and their order
//! stay the same octets at the same places. The findings of the careful look hold again as long as
//! each of these octets is the same, and only values are left to be read:
//!
//! ```text
//! telegram  0F 8006870E 0C 07E5091B01092F0F00FF8880 … 09 06 0100010800FF 06 00003289 02 02 0F 00 16 1E
//! layout    0F ........ 0C ........................ … 09 06 0100010800FF 06 ........ 02 02 0F 00 16 1E
//! ```
//!
//! No check is left out. A comparison settles all that the careful look checks in the fixed octets;
//! all that depends on the others (a date-time is on the calendar, the flat list ends with a
//! number) is checked anew. A telegram that does not pass takes the careful look, which says why.

use core::ops::Range;

use crate::{
    cosem::{axdr::Data, data_type::Shape, notification::Notification},
    error::Result,
    reading::{
        decimal::Decimal,
        dsmr::DsmrTelegram,
        family::{MeterFamilies, MeterFamily},
        fields,
        objects::Object,
        steps::{ObjectStep, Steps},
        telegram::{KnownList, Telegram},
    },
};

/// How many are remembered. One line has one meter, and few meters have two lists, but a file may
/// have been merged from many lines. A template takes about 7 KiB.
const MOST: usize = 32;

/// The templates of the telegrams so far.
///
/// ```
/// use meterpipe::reading::{template::Templates, telegram::Telegram};
///
/// # let hex = include_str!("../../tests/data/netznoe-doc-2021.plain.hex").replace('\n', "");
/// # let octets = hex::decode(hex).unwrap();
/// let mut templates = Templates::default();
/// for _ in 0..2 {
///     let telegram = templates.read(&octets).unwrap();
///     assert_eq!(telegram.meter(), Some(&b"181220000009"[..]));
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Templates {
    /// The tables of meters that send no codes.
    families: MeterFamilies,
    known: Vec<Template>,
    /// The one that fitted last.
    last: usize,
    /// The one that was looked at last to make room for another.
    hand: usize,
    /// Telegrams since the last that had a known layout.
    misses: u32,
    /// Room for the texts of a DSMR telegram.
    texts: Vec<u8>,
}

impl Templates {
    /// With the tables of meter families that send no codes.
    #[must_use]
    pub fn with(families: MeterFamilies) -> Self {
        Self { families, ..Self::default() }
    }

    /// Reads exactly one plain APDU, as [`Telegram::parse_with`] does and with the same outcome; or
    /// one DSMR telegram, as [`Telegram::parse_dsmr`] does.
    ///
    /// # Errors
    /// The same.
    pub fn read<'a>(&'a mut self, octets: &'a [u8]) -> Result<Telegram<'a>> {
        if DsmrTelegram::is_one(octets) {
            return Telegram::parse_dsmr(octets, &mut self.texts);
        }
        // Meters of one stream mostly take turns: the template behind the last one comes next.
        let mut turns = (self.last..self.known.len()).chain(0..self.last);
        let fits = |at: &usize| self.known.get(*at).is_some_and(|known| known.fits(octets));
        if let Some(at) = turns.find(fits)
            && let Some(known) = self.known.get_mut(at)
            && let telegram @ Ok(_) = known.read(octets)
        {
            known.hits = known.hits.saturating_add(1);
            self.last = at;
            self.misses = 0;
            // Handed on whole: to put it together again costs a copy.
            return telegram;
        }
        let telegram = Telegram::parse_with(octets, self.families)?;
        self.misses = self.misses.saturating_add(1);
        // Where no two telegrams are alike there is little use in learning each.
        let learn = self.misses.is_power_of_two();
        if learn && self.known.len() < MOST {
            self.known.extend(Template::of(octets, &telegram));
        } else if let Some(known) = self.next_in_turn() {
            // In a stream with more layouts than there is room for, those of use stay, and only the
            // others take the careful look.
            match known.hits {
                0 if learn => {
                    Template::of(octets, &telegram).into_iter().for_each(|new| *known = new);
                }
                hits => known.hits = hits / 2,
            }
        }
        Ok(telegram)
    }

    /// The template that has to show that it is of use, if there is no more room.
    fn next_in_turn(&mut self) -> Option<&mut Template> {
        self.hand = (self.hand + 1) % MOST;
        if self.known.len() < MOST { None } else { self.known.get_mut(self.hand) }
    }
}

/// A layout, as one telegram shows it.
#[derive(Clone, Debug)]
struct Template {
    /// Telegrams that had it, halved from time to time.
    hits: u8,
    /// A telegram.
    sample: Vec<u8>,
    /// ff for each of its octets that is fixed, 00 for one that is free.
    fixed: Vec<u8>,
    /// The body, without its octets.
    body: Data<'static>,
    known: KnownList,
    /// The numbers that have a name, whatever their octets are.
    named: Vec<NamedNumber>,
    /// All other steps.
    parts: Vec<TemplatePart>,
}

/// A step, but for the octets of its value.
#[derive(Clone, Debug)]
struct TemplatePart {
    /// Where these are.
    range: Range<usize>,
    object: Object<'static>,
    closing: bool,
}

/// The short way to a number with a name.
#[derive(Clone, Copy, Debug)]
struct NamedNumber {
    place: usize,
    channel: u8,
    /// Where its octets begin, and how many they are.
    start: usize,
    size: usize,
    signed: bool,
    scaler: i16,
}

impl Template {
    /// Of a push list that passed all checks.
    fn of(octets: &[u8], telegram: &Telegram<'_>) -> Option<Self> {
        let notification = telegram.notification()?;
        let family = telegram.family();
        let steps = Steps::of(notification.body, family);
        let parts: Vec<TemplatePart> = steps.map(TemplatePart::of).collect();
        let mut fixed = vec![0xff; octets.len()];
        let is_fixed = |part: &TemplatePart| match family.map(MeterFamily::elements) {
            Some(Some(elements)) => {
                let element = part.object.index.checked_sub(1).and_then(|at| elements.get(at));
                element.is_some_and(|element| element.fixed.is_some())
            }
            // A text may tell whose table holds; only a clock never does.
            scaled => {
                (scaled.is_some() || telegram.unscaled() > 0)
                    && part.object.value.kind.number_size().is_none()
                    && part.range.len() != 12
            }
        };
        let free = parts.iter().filter(|part| part.is_free() && !is_fixed(part));
        let free = free.map(|part| part.range.clone());
        for range in free.chain(Notification::free_octets(octets)) {
            fixed.get_mut(range).unwrap_or_default().fill(0);
        }
        let body = Data { octets: &[], ..notification.body };
        let (sample, known) = (octets.to_vec(), telegram.list());
        // Of two numbers with the same name the first one has it: there the order matters.
        let short = |part: &TemplatePart| NamedNumber::of(part).filter(|_| known.is_distinct());
        let named = parts.iter().filter_map(short).collect();
        let parts = parts.into_iter().filter(|part| short(part).is_none()).collect();
        Some(Self { hits: 0, sample, fixed, body, known, named, parts })
    }

    /// True if a telegram has this layout.
    fn fits(&self, octets: &[u8]) -> bool {
        let pairs = octets.iter().zip(&self.sample).zip(&self.fixed);
        octets.len() == self.sample.len()
            && pairs.fold(0, |sum, ((a, b), fixed)| sum | (a ^ b) & fixed) == 0
    }

    /// Reads a telegram that fits. The careful look explains an error better.
    fn read<'a>(&self, octets: &'a [u8]) -> Result<Telegram<'a>> {
        let notification = Notification::with_body(octets, self.body)?;
        let named = self.named.iter().filter_map(|named| named.read(octets));
        let steps = self.parts.iter().map(|part| part.fill(octets));
        Telegram::of(notification, self.known, named, steps)
    }
}

impl TemplatePart {
    fn of(step: ObjectStep<'_>) -> Self {
        let (object, closing) = match step {
            ObjectStep::Any(object) => (object, false),
            ObjectStep::Closing(object) => (object, true),
        };
        let Data { octets, offset, .. } = object.value;
        let range = offset..offset + octets.len();
        let value = Data { octets: &[], ..object.value };
        Self { range, object: Object { value, ..object }, closing }
    }

    /// True if the octets of its value bear on nothing else.
    fn is_free(&self) -> bool {
        match self.object.value.kind.shape() {
            Some(Shape::Fixed(_)) => true,
            // Six octets may be a code.
            Some(Shape::String) => self.range.len() != 6,
            _ => false,
        }
    }

    fn fill<'a>(&self, octets: &'a [u8]) -> ObjectStep<'a> {
        let octets = octets.get(self.range.clone()).unwrap_or_default();
        let value = Data { octets, ..self.object.value };
        let object = Object { value, ..self.object };
        if self.closing { ObjectStep::Closing(object) } else { ObjectStep::Any(object) }
    }
}

impl NamedNumber {
    fn of(part: &TemplatePart) -> Option<Self> {
        let TemplatePart { range, object, closing: false } = part else {
            return None;
        };
        let size = object.value.kind.number_size().filter(|size| *size == range.len())?;
        let signed = object.value.kind.is_signed();
        let (_, unit) = object.scale?;
        let obis = object.obis?;
        let place = fields::of_object(obis, unit)?;
        let (start, channel, scaler) = (range.start, obis.channel(), object.scaler());
        Some(Self { place, channel, start, size, signed, scaler })
    }

    /// Its place among the names, its channel, and its value.
    #[inline]
    fn read(&self, octets: &[u8]) -> Option<(usize, u8, Decimal)> {
        let octets = octets.get(self.start..)?;
        let bits: u64 = match self.size {
            1 => u8::from_be_bytes(*octets.first_chunk()?).into(),
            2 => u16::from_be_bytes(*octets.first_chunk()?).into(),
            4 => u32::from_be_bytes(*octets.first_chunk()?).into(),
            _ => u64::from_be_bytes(*octets.first_chunk()?),
        };
        let above = 64 - 8 * self.size;
        let number = match self.signed {
            true => Decimal::new((bits << above).cast_signed() >> above, self.scaler),
            false => Decimal::of(bits.into(), self.scaler)?,
        };
        Some((self.place, self.channel, number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    /// The published telegram of Netz NÖ, a list as KSM-West nests it cut down to few objects,
    /// lists with definitions, with a list inside, with floats and texts, and a value alone.
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

    fn debug(telegram: Result<Telegram<'_>>) -> std::result::Result<String, Error> {
        telegram.map(|telegram| format!("{telegram:?}"))
    }

    fn read<'a>(template: &Template, octets: &'a [u8]) -> Option<Telegram<'a>> {
        template.fits(octets).then(|| template.read(octets)).and_then(Result::ok)
    }

    /// With everything about it that a template might get wrong, and the values alone.
    #[test]
    fn what_is_read_by_a_template_is_what_the_careful_look_sees() {
        for telegram in telegrams() {
            let mut templates = Templates::default();
            let first = debug(templates.read(&telegram));
            assert!(first.is_ok(), "{first:?} {}", hex::encode(&telegram));
            assert_eq!(templates.known.len(), 1);
            let template = templates.known[0].clone();
            assert_eq!(read(&template, &telegram).map(|it| format!("{it:?}")), first.ok());
            let mut hits = 0;
            for bit in 0..8 * telegram.len() {
                let mut flipped = telegram.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                if let Some(read) = read(&template, &flipped) {
                    hits += 1;
                    assert_eq!(Ok(format!("{read:?}")), debug(Telegram::parse(&flipped)), "{bit}");
                }
                assert_eq!(debug(templates.read(&flipped)), debug(Telegram::parse(&flipped)));
            }
            assert!(hits >= 8 * 4, "the values are free: {hits} of {}", 8 * telegram.len());
            for size in 0..telegram.len() {
                assert!(read(&template, &telegram[..size]).is_none(), "cut to {size}");
            }
        }
    }

    /// One mistake in what is held for free, and another telegram is told: octets at random.
    #[test]
    fn values_may_change_all_at_once() {
        let mut random = 1u32;
        for telegram in telegrams() {
            let mut templates = Templates::default();
            templates.read(&telegram).unwrap();
            let template = templates.known[0].clone();
            let mut hits = 0;
            for _ in 0..2000 {
                let mut other = telegram.clone();
                for (octet, fixed) in other.iter_mut().zip(&template.fixed) {
                    random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    if *fixed == 0 && random >> 30 == 0 {
                        *octet = (random >> 16) as u8;
                    }
                }
                hits += usize::from(read(&template, &other).is_some());
                assert_eq!(debug(templates.read(&other)), debug(Telegram::parse(&other)));
            }
            assert!(hits > 0, "{hits}");
        }
    }

    #[test]
    fn several_templates_take_turns_and_few_are_kept() {
        let mut templates = Templates::default();
        for _ in 0..3 {
            for telegram in telegrams() {
                assert_eq!(debug(templates.read(&telegram)), debug(Telegram::parse(&telegram)));
            }
        }
        let known = templates.known.len();
        assert!((2..=MOST).contains(&known), "{known}");
        // A new one each time: learnt now and then.
        for telegram in texts() {
            assert!(templates.read(&telegram).is_ok());
        }
        assert!((known..known + 9).contains(&templates.known.len()), "{}", templates.known.len());
        // A new one now and then: never more than there is room for, and one in use stays.
        let regular = &telegrams()[0];
        for telegram in texts() {
            assert!(templates.read(regular).is_ok());
            assert!(templates.read(&telegram).is_ok());
            assert!(templates.known.iter().any(|template| template.fits(regular)));
        }
        assert_eq!(templates.known.len(), MOST);
    }

    /// Lists of one text, each of another length.
    fn texts() -> impl Iterator<Item = Vec<u8>> {
        (0..128u8).map(|count| {
            let mut list = hex::decode("0f00000001000201").unwrap();
            list.extend([9, count]);
            list.resize(list.len() + usize::from(count), b'x');
            list
        })
    }

    #[test]
    fn more_templates_than_there_is_room_for_cost_no_more_than_themselves() {
        let mut templates = Templates::default();
        let mut round = |skip| {
            let telegrams = texts().skip(skip).take(MOST + 8);
            let mut hits = 0;
            for telegram in telegrams {
                hits += usize::from(templates.known.iter().any(|it| it.fits(&telegram)));
                assert_eq!(debug(templates.read(&telegram)), debug(Telegram::parse(&telegram)));
            }
            hits
        };
        (0..20).for_each(|_| assert!(round(0) <= MOST));
        assert!((0..20).all(|_| round(0) >= MOST - 2), "{}", round(0));
        // Others come, and take their place in time.
        (0..200).for_each(|_| assert!(round(64) <= MOST));
        assert!(round(64) >= MOST - 2, "{}", round(64));
    }
}
