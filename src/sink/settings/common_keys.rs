//! The keys of every sink.

use crate::sink::settings::key::{SettingKey, SettingType};

/// The keys of every sink, in the order of the manual.
pub const COMMON: &[SettingKey] = &[
    SettingKey::new(
        "fields",
        SettingType::List("FIELD"),
        "Only these readings, in this order. `meterpipe decode --list-fields` prints all names.",
    ),
    SettingKey::new(
        "units",
        SettingType::Table("QUANTITY", "UNIT"),
        "Another unit for `energy`, `reactive-energy`, `power` or `reactive-power`, as in \
         `units.energy=kWh`.",
    ),
    SettingKey::new(
        "names",
        SettingType::Table("FIELD", "NAME"),
        "Other names than the published ones. Two readings cannot have the same name.",
    ),
    SettingKey::new(
        "numbers",
        SettingType::Choice(&["exact", "float", "short"]),
        "`exact` writes the digits that the meter sends, as in `12937` and `1.000`. For consumers that \
         expect this, `float` writes as programs print a float, `12937.0` and `1.0`, and `short` does so \
         where the meter sends decimals, `12937` and `1.0`. In InfluxDB `float` makes every number a float.",
    )
    .or("exact"),
    SettingKey::new(
        "meter",
        SettingType::Text("NUMBER"),
        "Only the readings of the meter with this number. Without this key, a topic, a page of \
         Solarview, or a file whose `fields` name no meter takes the readings of the first meter only, \
         unless its name has `{meter}`: the registers of two meters would jump up and down in one \
         history. Those of other meters are counted as not stored. The place goes to another meter \
         once the first has been silent for an hour.",
    ),
    SettingKey::new(
        "every",
        SettingType::Duration,
        "At most one telegram in this time, as in `30s`: the first one in each interval of the local clock, and \
         the first one after a start. `15m` begins at the quarter hour.",
    ),
    SettingKey::new(
        "on_change",
        SettingType::List("FIELD"),
        "Only when a number has changed: `true` for any number that the sink stores, or the \
         names of the numbers that count.",
    ),
    SettingKey::new(
        "bands",
        SettingType::Table("FIELD", "NUMBER"),
        "A number that moves by no more than its band has not changed. Implies `on_change`.",
    ),
    SettingKey::new(
        "at_least_every",
        SettingType::Duration,
        "After this time a telegram is stored although nothing has changed. Implies `on_change`.",
    ),
    SettingKey::new(
        "guard",
        SettingType::Switch,
        "The guard compares each telegram with earlier ones that have its system title, or its meter \
         number if it has no title. It holds a telegram back until two more agree with it if the \
         objects, types, scalers, units or texts differ, if the meter number differs, if the two clocks \
         of the telegram disagree, if its clock jumps, runs backwards or is a minute off the time of \
         arrival, if a register rises faster than any house can use, or if a value is impossible in a \
         house: 300 V, import and export at once, or more power than the currents carry. One more \
         telegram is enough where a register rises by more than the power explains, as after a gap. A \
         register that falls, or that is 0 from the start, is believed after ten minutes. Older and \
         repeated telegrams are dropped. The first telegram of a meter waits for another that agrees, \
         for at most 15 seconds. `false` passes everything, for example old readings in any order.",
    )
    .or("true"),
];
