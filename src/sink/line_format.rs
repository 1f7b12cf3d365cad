//! The form of a line that a sink writes.

use crate::{
    format::{
        csv::Csv,
        entry::Format,
        key::{FieldKey, Meta},
        latest::{name, name_key},
        locale::Locale,
        printable::printable,
        readings::{ReadingValue, Readings},
    },
    reading::fields::FIELDS,
    sink::projection::{ProjectedReading, Projection},
};

/// The form of a line.
pub enum LineFormat {
    /// A telegram as an object.
    Json(Projection),
    /// A telegram as a row.
    Csv(Box<Csv>, Projection),
    /// A reading a line, as [`Lines`](crate::format::lines::Lines) writes it.
    Lines(Projection),
}

impl LineFormat {
    /// Rows of CSV.
    pub fn csv(projection: Projection, locale: Locale) -> Self {
        let csv = Csv::new(projection.keys.clone(), projection.units, locale, true);
        Self::Csv(Box::new(csv.with_numbers(projection.numbers)), projection)
    }

    /// The line before all others.
    pub fn header(&self) -> Vec<u8> {
        let mut text = Vec::new();
        if let Self::Csv(csv, projection) = self {
            csv.names(|key| projection.name(key), &mut text);
        }
        text
    }

    /// Appends the line, or the lines, of some readings.
    pub fn write(&mut self, readings: &Readings, text: &mut Vec<u8>) {
        match self {
            Self::Json(projection) => {
                projection.write_json(readings, &[], text);
                text.push(b'\n');
            }
            Self::Csv(csv, _) => csv.row(readings, text),
            Self::Lines(projection) => {
                // The time of an interval is its start, and more is to be told of it than numbers.
                let time = readings.meta(Meta::Time).or_else(|| readings.meta(Meta::Start));
                let metas = [time, name(readings)];
                let (is_interval, column) = (readings.is_interval(), name_key(readings));
                let is_value = |it: &ProjectedReading<'_>| match it.key {
                    FieldKey::Meta(Meta::Schema | Meta::Time | Meta::Meter) => false,
                    FieldKey::Meta(_) => is_interval && Some(it.key) != column,
                    _ => true,
                };
                for reading in projection.of(readings).filter(is_value) {
                    write_line(metas, is_interval, &reading, text);
                }
            }
        }
    }

    /// New notes for the user.
    pub fn notes(&mut self) -> Vec<String> {
        match self {
            Self::Json(_) | Self::Lines(_) => Vec::new(),
            Self::Csv(csv, _) => csv.notes(),
        }
    }
}

/// `TIME METER OBIS NAME VALUE UNIT` with a TAB between, `-` for an absent cell. The code is that of a register, which
/// the energy of an interval is not.
fn write_line(
    metas: [Option<&str>; 2],
    is_interval: bool,
    reading: &ProjectedReading<'_>,
    text: &mut Vec<u8>,
) {
    let cell = |cell: &str, text: &mut Vec<u8>| {
        let cell = if cell.is_empty() { "-".into() } else { printable(cell) };
        text.extend_from_slice(cell.as_bytes());
    };
    for meta in metas {
        cell(meta.unwrap_or_default(), text);
        text.push(b'\t');
    }
    let code = match reading.key {
        FieldKey::Object(obis, _) => obis.to_string(),
        FieldKey::Field(place, _) if !is_interval => {
            let code = FIELDS.get(place).and_then(|field| field.code);
            code.map(|[c, d, e]| format!("1-0:{c}.{d}.{e}")).unwrap_or_default()
        }
        FieldKey::Field(..) | FieldKey::Meta(_) | FieldKey::Item(_) => String::new(),
    };
    cell(&code, text);
    text.push(b'\t');
    // A code stands in its own column alone, unless the user calls it something else.
    let is_code = matches!(reading.key, FieldKey::Object(..)) && reading.name.starts_with(&code);
    cell(if is_code { "" } else { &reading.name }, text);
    text.push(b'\t');
    match reading.value.as_ref() {
        ReadingValue::Number(number) => number.write(text),
        value => cell(&value.to_string(), text),
    }
    text.push(b'\t');
    cell(&reading.unit, text);
    text.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::settings::SinkSettings;

    #[test]
    fn lines_have_the_columns_that_awk_knows() {
        let line = concat!(
            "{\"time\":\"2021-09-27T09:47:15+02:00\",\"meter\":\"18\",\"energy_import_wh\":12937,",
            "\"power_net_w\":-5,\"1-0:99.1.0\":12,\"1-0:99.1.0_unit\":\"Wh\",\"item_7\":\"a\\tb\"}"
        );
        let readings = Readings::parse(line.as_bytes()).unwrap();
        let lines = |query: &str| {
            let mut settings: SinkSettings = format!("file:x?{query}").parse().unwrap();
            let mut text = Vec::new();
            let projection = settings.take_projection().unwrap();
            LineFormat::Lines(projection).write(&readings, &mut text);
            String::from_utf8(text).unwrap().replace("2021-09-27T09:47:15+02:00\t18\t", "")
        };
        let expected = concat!(
            "1-0:1.8.0\tenergy_import_wh\t12937\tWh\n-\tpower_net_w\t-5\tW\n",
            "1-0:99.1.0\t-\t12\tWh\n-\titem_7\ta\\u{9}b\t-\n"
        );
        assert_eq!(lines(""), expected);
        let other = "fields=energy_import_kwh&units.energy=kWh&names.energy_import_kwh=bezug";
        assert_eq!(lines(other), "1-0:1.8.0\tbezug\t12.937\tkWh\n");
    }
}
