//! The days of a picture: `--from`, `--to` and `--last`.

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};

use crate::cli::{run::status::Stop, setup::plot_args::PlotArgs};
use meterpipe::{format::printable::printable, local_time::date};

/// The days that the user wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PlotRange {
    /// The first second.
    pub(super) from: Option<i64>,
    /// The second behind the last one.
    pub(super) to: Option<i64>,
    pub(super) last: Option<LastPart>,
}

/// The last part of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LastPart {
    Days(u16),
    Months(u16),
}
impl PlotRange {
    pub(super) fn new(args: &PlotArgs, zone: &TimeZone) -> Result<Self, Stop> {
        let day = |option: &str, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => days(text, zone).map(Some).ok_or_else(|| {
                let text = printable(text);
                let forms = "2026-06-21, 2026-06, today, yesterday, this-month or last-month";
                Stop::usage(format!("{option}: '{text}' is no day; write {forms}"))
            }),
        };
        let start = |date: Date| Some(date.to_zoned(zone.clone()).ok()?.timestamp().as_second());
        let from = day("--from", &args.from)?.and_then(|(first, _)| start(first));
        let to = day("--to", &args.to)?.and_then(|(_, last)| start(last.tomorrow().ok()?));
        if from.zip(to).is_some_and(|(from, to)| from >= to) {
            return Err(Stop::usage("--from is later than --to"));
        }
        let last = match &args.last {
            None => None,
            Some(text) => Some(LastPart::parse(text).ok_or_else(|| {
                let text = printable(text);
                Stop::usage(format!("--last: '{text}' is no length; write 7d or 12mo"))
            })?),
        };
        Ok(Self { from, to, last })
    }
}

/// The first and the last day of a text.
fn days(text: &str, zone: &TimeZone) -> Option<(Date, Date)> {
    let today = || Timestamp::now().to_zoned(zone.clone()).date();
    let month = |day: Date| (day.first_of_month(), day.last_of_month());
    match text {
        "today" => Some((today(), today())),
        "yesterday" => today().yesterday().ok().map(|day| (day, day)),
        "this-month" => Some(month(today())),
        "last-month" => today().first_of_month().yesterday().ok().map(month),
        _ => {
            let mut parts = text.split('-');
            let (year, of_year) = (parts.next()?, parts.next()?);
            let is_number = |text: &str, digits: usize| {
                text.len() == digits && text.bytes().all(|it| it.is_ascii_digit())
            };
            if !is_number(year, 4) || !is_number(of_year, 2) {
                return None;
            }
            let date = |day: &str| text_date(year, of_year, day);
            match (parts.next(), parts.next()) {
                (None, None) => date("01").map(month),
                (Some(day), None) if is_number(day, 2) => date(day).map(|day| (day, day)),
                _ => None,
            }
        }
    }
}

fn text_date(year: &str, month: &str, day: &str) -> Option<Date> {
    // `civil::date` panics where `new` does not.
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

impl LastPart {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let count = digits.parse().ok().filter(|count| *count > 0)?;
        match text.strip_prefix(digits)? {
            "d" => Some(Self::Days(count)),
            "w" => Some(Self::Days(count.checked_mul(7)?)),
            "mo" => Some(Self::Months(count)),
            _ => None,
        }
    }

    /// The first second of the part that ends with the day of the second before `end`.
    pub(super) fn start(self, end: i64, zone: &TimeZone) -> i64 {
        let start = || {
            let day = date(end - 1, zone)?;
            let first = match self {
                Self::Days(days) => day.checked_sub(Span::new().days(days - 1)).ok()?,
                Self::Months(months) => {
                    day.first_of_month().checked_sub(Span::new().months(months - 1)).ok()?
                }
            };
            Some(first.to_zoned(zone.clone()).ok()?.timestamp().as_second())
        };
        start().unwrap_or(i64::MIN)
    }
}
