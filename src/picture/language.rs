//! The words of pictures, and the spelling of dates and numbers, in German and English.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use crate::{local_time::offset, reading::decimal::Decimal};

/// The language of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PictureLanguage {
    /// English.
    #[default]
    English,
    /// German.
    German,
}

/// The words in one language.
#[derive(Clone, Copy, Debug)]
pub struct PictureWords {
    pub(super) code: &'static str,
    pub(super) load: &'static str,
    pub(super) days: &'static str,
    pub(super) months: &'static str,
    pub(super) heat_map: &'static str,
    pub(super) peaks: &'static str,
    pub(super) import: &'static str,
    pub(super) export: &'static str,
    pub(super) gap: &'static str,
    pub(super) part: &'static str,
    pub(super) estimated: &'static str,
    pub(super) highest: &'static str,
    pub(super) meter: &'static str,
    pub(super) page: &'static str,
    pub(super) peak: &'static str,
    pub(super) table: &'static str,
    pub(super) day: &'static str,
    pub(super) month: &'static str,
    pub(super) begins: &'static str,
    pub(super) remark: &'static str,
    pub(super) highest_of_column: &'static str,
    pub(super) range: &'static str,
    pub(super) hours: &'static str,
    pub(super) mean: &'static str,
    pub(super) no_peak: &'static str,
}

const ENGLISH: PictureWords = PictureWords {
    code: "en",
    load: "Load curve: mean power of quarter hours",
    days: "Energy by day",
    months: "Energy by month",
    heat_map: "Mean power by day and time of day",
    peaks: "Highest quarter hour of each month",
    import: "Import",
    export: "Export",
    gap: "no readings",
    part: "incomplete",
    estimated: "estimated",
    highest: "highest quarter hours of a column",
    meter: "meter",
    page: "Electricity",
    peak: "Highest quarter hour",
    table: "Numbers",
    day: "Day",
    month: "Month",
    begins: "Begins",
    remark: "Remark",
    highest_of_column: "A column shows the highest of its quarter hours.",
    range: "lowest and highest quarter hour",
    hours: "kWh by hour of the day",
    mean: "mean power",
    no_peak: "no whole quarter hour of import",
};

const GERMAN: PictureWords = PictureWords {
    code: "de",
    load: "Lastgang: mittlere Leistung der Viertelstunden",
    days: "Energie je Tag",
    months: "Energie je Monat",
    heat_map: "Mittlere Leistung nach Tag und Uhrzeit",
    peaks: "Höchste Viertelstunde jedes Monats",
    import: "Bezug",
    export: "Einspeisung",
    gap: "keine Werte",
    part: "unvollständig",
    estimated: "geschätzt",
    highest: "höchste Viertelstunden einer Spalte",
    meter: "Zähler",
    page: "Strom",
    peak: "Höchste Viertelstunde",
    table: "Zahlen",
    day: "Tag",
    month: "Monat",
    begins: "Beginn",
    remark: "Anmerkung",
    highest_of_column: "Jede Spalte zeigt die höchste ihrer Viertelstunden.",
    range: "niedrigste und höchste Viertelstunde",
    hours: "kWh nach Stunde des Tages",
    mean: "mittlere Leistung",
    no_peak: "keine ganze Viertelstunde mit Bezug",
};

const MONTHS: [[&str; 12]; 2] = [
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    ["Jän", "Feb", "März", "Apr", "Mai", "Juni", "Juli", "Aug", "Sep", "Okt", "Nov", "Dez"],
];

const WEEKDAYS: [[&str; 7]; 2] =
    [["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"]];

/// A local time.
#[must_use]
pub fn local(second: i64, zone: &TimeZone) -> DateTime {
    let at = Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
    zone.to_offset(at).to_datetime(at)
}

impl PictureLanguage {
    /// The words.
    #[must_use]
    pub const fn words(self) -> &'static PictureWords {
        match self {
            Self::English => &ENGLISH,
            Self::German => &GERMAN,
        }
    }

    fn name<const COUNT: usize>(
        self,
        names: [[&'static str; COUNT]; 2],
        place: i8,
    ) -> &'static str {
        let [english, german] = names;
        let names = if self == Self::German { german } else { english };
        let name = usize::try_from(place).ok().and_then(|place| names.get(place).copied());
        name.unwrap_or_default()
    }

    /// The name of a month, short.
    #[must_use]
    pub fn month(self, at: DateTime) -> &'static str {
        self.name(MONTHS, at.month() - 1)
    }

    /// Month and year.
    #[must_use]
    pub fn month_of_year(self, at: DateTime) -> String {
        format!("{} {}", self.month(at), at.year())
    }

    /// The name of a day of the week, short.
    #[must_use]
    pub fn weekday(self, at: DateTime) -> &'static str {
        self.name(WEEKDAYS, at.weekday().to_monday_zero_offset())
    }

    /// A date without its year.
    #[must_use]
    pub fn short_date(self, at: DateTime) -> String {
        match self {
            Self::English => format!("{} {}", at.day(), self.month(at)),
            Self::German => format!("{}.{}.", at.day(), at.month()),
        }
    }

    /// A date with its year.
    #[must_use]
    pub fn date(self, at: DateTime) -> String {
        match self {
            Self::English => format!("{} {} {}", at.day(), self.month(at), at.year()),
            Self::German => format!("{}.{}.{}", at.day(), at.month(), at.year()),
        }
    }

    /// A date with the day of the week.
    #[must_use]
    pub fn full_date(self, at: DateTime) -> String {
        format!("{} {}", self.weekday(at), self.date(at))
    }

    /// A time of day.
    #[must_use]
    pub fn clock(self, at: DateTime) -> String {
        format!("{:02}:{:02}", at.hour(), at.minute())
    }

    /// The time of day at an instant, with its offset where the clock shows that time twice.
    #[must_use]
    pub fn time(self, second: i64, zone: &TimeZone) -> String {
        let at = local(second, zone);
        let clock = self.clock(at);
        match zone.to_ambiguous_timestamp(at).is_ambiguous() {
            true => {
                let hours = offset(second, zone) / 3600;
                format!("{clock} {}{:02}:00", if hours < 0 { "−" } else { "+" }, hours.abs())
            }
            false => clock,
        }
    }

    /// The first and the last day of a period.
    #[must_use]
    pub fn period(self, from: i64, to: i64, zone: &TimeZone) -> String {
        let (from, to) = (local(from, zone), local(to - 1, zone));
        match from.date() == to.date() {
            true => self.full_date(from),
            false => format!("{} – {}", self.full_date(from), self.full_date(to)),
        }
    }

    /// A number in units that are a thousand times as large, with all its digits.
    #[must_use]
    pub fn exact(self, number: Decimal) -> String {
        self.number(&number.in_larger_unit(3).to_string())
    }

    /// The same with so many digits behind the point.
    #[must_use]
    pub fn rounded(self, number: Decimal, decimals: i16) -> String {
        let thousands = number.in_larger_unit(3);
        self.number(&thousands.with_decimals(decimals).unwrap_or(thousands).to_string())
    }

    /// A number of millionths, such as milliwatts as kilowatts, without zeros at the end.
    #[must_use]
    pub fn millionths(self, number: i64) -> String {
        let text = Decimal::new(number, -6).to_string();
        self.number(text.trim_end_matches('0').trim_end_matches('.'))
    }

    fn number(self, text: &str) -> String {
        let text = text.replace('-', "−");
        if self == Self::German { text.replace('.', ",") } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        let german = PictureLanguage::German;
        assert_eq!(german.exact(Decimal::new(12_937, 0)), "12,937");
        assert_eq!(PictureLanguage::English.exact(Decimal::new(50, -1)), "0.0050");
        assert_eq!(german.rounded(Decimal::new(12_950, 0), 1), "13,0");
        let ticks = [0, 500_000, -2_000_000, 10_000_000].map(|it| german.millionths(it));
        assert_eq!(ticks, ["0", "0,5", "−2", "10"]);
    }

    #[test]
    fn a_time_that_comes_twice_has_its_offset() {
        let vienna = jiff::tz::get!("Europe/Vienna");
        let time = |at: &str| {
            let second = at.parse::<Timestamp>().unwrap().as_second();
            PictureLanguage::English.time(second, &vienna)
        };
        let autumn = ["2026-10-25T00:45Z", "2026-10-25T01:30Z", "2026-10-25T02:00Z"].map(time);
        assert_eq!(autumn, ["02:45 +02:00", "02:30 +01:00", "03:00"]);
        assert_eq!(time("2026-10-24T23:59Z"), "01:59");
        assert_eq!(time("2026-03-29T01:00Z"), "03:00");
    }

    #[test]
    fn dates_are_written_as_people_do() {
        let at = jiff::civil::date(2026, 1, 5).at(6, 5, 0, 0);
        let (german, english) = (PictureLanguage::German, PictureLanguage::English);
        assert_eq!(german.full_date(at), "Mo 5.1.2026");
        assert_eq!(english.full_date(at), "Mon 5 Jan 2026");
        assert_eq!(
            (german.month_of_year(at), english.clock(at)),
            ("Jän 2026".into(), "06:05".into())
        );
    }
}
