//! Messages about lists whose values nobody can scale, once a meter.

use std::collections::HashSet;

use crate::cli::run::{clock_messages, context::Context};
use meterpipe::{
    cosem::obis::Obis,
    format::{
        entry::OutputTelegram,
        key::FieldKey,
        latest::name,
        printable::printable,
        readings::{Member, ReadingValue, Readings},
    },
    reading::family::MeterFamilies,
};

/// The meters that are remembered. Further ones get no message.
const MOST: usize = 1000;

/// The telegrams after which a live run says that no table of the user's fits.
const ENOUGH: u64 = 10;

/// Looks for such lists, and reports them.
#[derive(Clone, Debug, Default)]
pub struct ListMessages {
    reported: HashSet<Vec<u8>>,
    /// True once the user knows that no table of theirs fits.
    is_vain_reported: bool,
}

impl ListMessages {
    /// True if the telegram is the first of its meter with values that no table knows.
    pub fn is_new(&mut self, entry: &OutputTelegram<'_>) -> bool {
        // Nearly all telegrams.
        if entry.telegram.unscaled() == 0 {
            return false;
        }
        let title = entry.attributes.title.as_ref().map(<[u8; 8]>::as_slice);
        let source = || entry.attributes.from.map(str::as_bytes);
        let meter = entry.telegram.meter().or(title).or_else(source);
        self.is_new_key(meter.unwrap_or_default())
    }

    /// Reports the first telegram of a meter with such values.
    pub fn report(&mut self, entry: &OutputTelegram<'_>, context: &Context) {
        if self.is_new(entry) {
            let meter = clock_messages::meter(entry);
            let text = text(&meter, entry.telegram.unscaled());
            context.messages.say(&format!("{text}, and a table for --layout names them"));
        }
    }

    /// The same for readings that another run has decoded.
    pub fn report_readings(&mut self, readings: &Readings, context: &Context) {
        let unscaled = readings.values().filter(|it| lacks_unit(it)).count();
        let is_named = |it: &Member| matches!(it.key, FieldKey::Field(..));
        let items = || readings.values().filter(|it| is_item(it)).count();
        let unscaled = match unscaled {
            0 if !readings.values().any(is_named) => items(),
            unscaled => unscaled,
        };
        let meter = name(readings).unwrap_or_default();
        if unscaled > 0 && self.is_new_key(meter.as_bytes()) {
            let meter = if meter.is_empty() {
                String::new()
            } else {
                format!("meter {}: ", printable(meter))
            };
            let text = text(&meter, unscaled);
            context.messages.say(&format!("{text}, and a table for decode --layout names them"));
        }
    }

    /// Says once that no table of the user's fits, after some telegrams, or at the end.
    pub fn report_vain(&mut self, families: MeterFamilies, is_end: bool, context: &Context) {
        let telegrams = context.tally.telegrams;
        let are_enough = telegrams >= if is_end { 1 } else { ENOUGH };
        if are_enough && !self.is_vain_reported && families.is_given_in_vain() {
            self.is_vain_reported = true;
            context.messages.warn(VAIN);
        }
    }

    fn is_new_key(&mut self, key: &[u8]) -> bool {
        self.reported.len() < MOST && !self.reported.contains(key) && {
            self.reported.insert(key.to_owned())
        }
    }
}

const VAIN: &str = "no table of --layout, or of layout in the configuration, fits a list that came: meterpipe explain \
                    --layout TABLE FILE shows the list";

fn text(meter: &str, values: usize) -> String {
    let (values, have) = match values {
        1 => ("one value".to_owned(), "has"),
        _ => (format!("{values} values"), "have"),
    };
    format!(
        "{meter}{values} {have} neither scaler nor unit, and no table gives them: they are passed on as \
         sent; meterpipe explain FILE shows them"
    )
}

/// True for an energy or a power without a unit.
fn lacks_unit(member: &Member) -> bool {
    let is_number = matches!(member.value, ReadingValue::Number(_));
    let is_quantity = matches!(member.key, FieldKey::Object(Obis([1, _, c, d, ..]), _)
        if (1..96).contains(&c) && (d == 8 || c <= 4));
    is_number && is_quantity && member.unit.is_empty()
}

const fn is_item(member: &Member) -> bool {
    matches!((member.key, &member.value), (FieldKey::Item(_), ReadingValue::Number(_)))
}
