//! A file name that may depend on the readings: `/data/{meter}-{date}.csv`.
//!
//! The meter number comes from the telegram, so anybody who can send telegrams chooses it. In a
//! name it becomes a [slug](crate::sink::slug), which can neither leave the folder nor hide the
//! file.

use std::path::{Path, PathBuf};

use jiff::{Timestamp, Zoned, tz::TimeZone};

use crate::{
    format::{key::Meta, latest, printable::printable, readings::Readings},
    sink::{
        settings::{SinkSettings, SinkTarget, error::SettingError},
        slug::slug,
    },
};

/// The file of a sink.
#[derive(Clone, Debug)]
pub struct PathTemplate {
    parts: Vec<PathPart>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum PathPart {
    Text(String),
    Meter,
    Date,
}

impl PathTemplate {
    /// The file of a sink.
    ///
    /// # Errors
    /// The target is no file, or has an unknown `{placeholder}`.
    pub fn of(settings: &SinkSettings) -> Result<Self, SettingError> {
        let scheme = &settings.scheme;
        match &settings.target {
            SinkTarget::File(path) if !path.as_os_str().is_empty() => {
                let text = path.to_str().unwrap_or_default();
                let parts =
                    parts(text).map_err(|why| SettingError::new(format!("{scheme}: {why}")))?;
                Ok(Self { parts })
            }
            _ => Err(SettingError::new(format!("{scheme}: a file expected, as in {scheme}:/PATH"))),
        }
    }

    /// True if the name is always the same.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        !self.parts.iter().any(|part| !matches!(part, PathPart::Text(_)))
    }

    /// True if each meter has its own file.
    #[must_use]
    pub fn is_by_meter(&self) -> bool {
        self.parts.contains(&PathPart::Meter)
    }

    /// The file for these readings.
    #[must_use]
    pub fn path(&self, readings: &Readings) -> PathBuf {
        let part = |part: &PathPart| match part {
            PathPart::Text(text) => text.clone(),
            PathPart::Meter => slug(latest::name(readings).unwrap_or_default()),
            PathPart::Date => date(readings),
        };
        self.parts.iter().map(part).collect::<String>().into()
    }

    /// The file if the name is always the same; otherwise the text of the template.
    #[must_use]
    pub fn fixed(&self) -> PathBuf {
        let part = |part: &PathPart| match part {
            PathPart::Text(text) => text.clone(),
            PathPart::Meter => "{meter}".to_owned(),
            PathPart::Date => "{date}".to_owned(),
        };
        self.parts.iter().map(part).collect::<String>().into()
    }

    /// True if the name has that extension.
    #[must_use]
    pub fn has_extension(&self, extension: &str) -> bool {
        let path = self.fixed();
        path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
    }
}

fn parts(text: &str) -> Result<Vec<PathPart>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, after) = behind.split_once('}').ok_or("a { that is not closed")?;
        parts.push(PathPart::Text(before.to_owned()));
        parts.push(match name {
            "meter" => PathPart::Meter,
            "date" => PathPart::Date,
            _ => {
                return Err(format!(
                    "{{{}}}: unknown; only {{meter}} and {{date}} exist",
                    printable(name)
                ));
            }
        });
        rest = after;
    }
    parts.push(PathPart::Text(rest.to_owned()));
    Ok(parts)
}

/// The date at the meter when the telegram was made, else the date of arrival, else today. A suspect
/// clock of the meter does not count.
fn date(readings: &Readings) -> String {
    let time = readings.meta(Meta::Time).filter(|_| !readings.time_is_suspect());
    let at_meter = time.and_then(|time| time.get(..10)).filter(is_date);
    let arrived = || {
        let received: Timestamp = readings.meta(Meta::Received)?.parse().ok()?;
        Some(received.to_zoned(TimeZone::system()))
    };
    match at_meter {
        Some(date) => date.to_owned(),
        None => arrived().unwrap_or_else(Zoned::now).date().to_string(),
    }
}

fn is_date(text: &&str) -> bool {
    let fits = |(at, sign): (usize, u8)| match at {
        4 | 7 => sign == b'-',
        _ => sign.is_ascii_digit(),
    };
    text.bytes().enumerate().all(fits)
}

/// The path in printable form.
#[must_use]
pub fn printable_path(path: &Path) -> String {
    printable(&path.to_string_lossy()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(uri: &str, line: &str) -> String {
        let path_template = PathTemplate::of(&uri.parse().unwrap()).unwrap();
        let readings = Readings::parse(line.as_bytes()).unwrap();
        path_template.path(&readings).to_str().unwrap().to_owned()
    }

    #[test]
    fn names_follow_the_readings() {
        let line = r#"{"time":"2021-09-27T23:47:15+02:00","meter":"181220000009","power_net_w":1}"#;
        assert_eq!(path("file:/a/b.csv", line), "/a/b.csv");
        assert_eq!(path("file:{meter}-{date}.csv", line), "181220000009-2021-09-27.csv");
        assert_eq!(path("file:{meter}", r#"{"power_net_w":1}"#), "unknown");
        let titled = r#"{"system_title":"4b464d","power_net_w":1}"#;
        assert_eq!(path("file:{meter}", titled), "4b464d");
        let lying = r#"{"time":"../../../etc/passwd","power_net_w":1}"#;
        assert_eq!(path("file:{date}", lying).len(), 10, "the date of today");
        assert!(is_date(&path("file:{date}", lying).as_str()));
    }

    #[test]
    fn a_hostile_meter_cannot_leave_its_place_or_take_that_of_another() {
        let hostile = r#"{"meter":"a/../+#{{x}}\"\n\u001b[2J","power_net_w":1}"#;
        let name = path("file:/data/{meter}.csv", hostile);
        assert_eq!(name, "/data/a________x______2J-1931134e.csv");
        let other = path("file:/data/{meter}.csv", r#"{"meter":"a_b","power_net_w":1}"#);
        assert_eq!(other, "/data/a_b.csv");
    }

    #[test]
    fn a_place_that_cannot_be_meant_is_refused() {
        let why = |uri: &str| PathTemplate::of(&uri.parse().unwrap()).unwrap_err().to_string();
        assert_eq!(why("file:"), "file: a file expected, as in file:/PATH");
        assert_eq!(why("solarview://host/x"), "solarview: a file expected, as in solarview:/PATH");
        assert_eq!(why("file:a{mater}"), "file: {mater}: unknown; only {meter} and {date} exist");
        assert_eq!(why("file:a{meter"), "file: a { that is not closed");
    }
}
