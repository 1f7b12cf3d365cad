//! A file name that may depend on the readings: `/data/{meter}-{date}.csv`.
//!
//! The meter number comes from the telegram, so anybody who can send telegrams chooses it. In a
//! name it becomes a [slug](crate::sink::slug), which can neither leave the folder nor hide the
//! file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use jiff::{Timestamp, Zoned};

use crate::{
    cosem::clock::VIENNA,
    file_error,
    format::{key::Meta, latest, printable::printable, readings::Readings},
    local_time,
    sink::{
        settings::{SinkSettings, SinkTarget, error::SettingError},
        slug::slug,
    },
};

/// The folder that systemd makes for the service.
const MADE_BY_UNITS: &str = "/var/lib/meterpipe";

/// The file of a sink: a path that may contain `{meter}` and `{date}`.
#[derive(Clone, Debug)]
pub struct PathTemplate(String);

impl PathTemplate {
    /// The file of a sink.
    ///
    /// # Errors
    /// The target is no file, or has an unknown `{placeholder}`.
    pub fn of(settings: &SinkSettings) -> Result<Self, SettingError> {
        let scheme = &settings.scheme;
        let wrong = |why: &str| SettingError::new(format!("{scheme}: {why}"));
        let text = match &settings.target {
            SinkTarget::File(path) => path.to_str().unwrap_or_default(),
            SinkTarget::Server { .. } => "",
        };
        if text.is_empty() {
            return Err(wrong(&format!("a file expected, as in {scheme}:/PATH")));
        }
        for part in text.split('{').skip(1) {
            match part.split_once('}') {
                None => return Err(wrong("a { that is not closed")),
                Some(("meter" | "date", _)) => {}
                Some((name, _)) => {
                    let name = printable(name);
                    let why = format!("{{{name}}}: unknown; only {{meter}} and {{date}} exist");
                    return Err(wrong(&why));
                }
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The reason why the files cannot be there, as far as their names are always the same: their
    /// folder is missing, or the name is that of a folder.
    #[must_use]
    pub fn obstacle(settings: &SinkSettings) -> Option<String> {
        let SinkTarget::File(path) = &settings.target else {
            return None;
        };
        if path.is_dir() {
            return Some(format!("{} is a folder, not a file", path.display()));
        }
        let fixed = path.to_str()?.split('{').next()?;
        let folder = Path::new(fixed.rsplit_once('/')?.0);
        let is_missing = !folder.as_os_str().is_empty() && !folder.exists();
        let is_missing = is_missing && folder != Path::new(MADE_BY_UNITS);
        is_missing.then(|| format!("there is no folder {}", folder.display()))
    }

    /// True if the name is always the same.
    pub fn is_fixed(&self) -> bool {
        !self.0.contains('{')
    }

    /// True if each meter has its own file.
    pub fn is_by_meter(&self) -> bool {
        self.0.contains("{meter}")
    }

    /// The file for these readings.
    pub fn path(&self, readings: &Readings) -> PathBuf {
        if self.is_fixed() {
            return self.fixed();
        }
        let meter = slug(latest::name(readings).unwrap_or_default());
        self.0.replace("{meter}", &meter).replace("{date}", &date(readings)).into()
    }

    /// Asks if the file can be written, which `check` finds out. Of a name that follows the readings, only
    /// the folders before its first placeholder are known.
    ///
    /// # Errors
    /// The obstacle, with the path.
    pub fn probe(&self, check: impl FnOnce(&Path) -> io::Result<()>) -> Result<String, String> {
        let (path, checked) = match self.0.split_once('{') {
            None => (self.fixed(), check(&self.fixed())),
            Some((start, rest)) => {
                let folder = PathBuf::from(start.rsplit_once('/').map_or("./", |(it, _)| it));
                let folder =
                    if start.starts_with('/') { Path::new("/").join(folder) } else { folder };
                let checked = match rest.contains('/') {
                    true => fs::read_dir(&folder).map(drop),
                    false => check(&folder.join("meterpipe-check")),
                };
                (folder, checked)
            }
        };
        match checked {
            Ok(()) => Ok("can be written".to_owned()),
            Err(error) => {
                Err(format!("{}: {}", printable_path(&path), file_error::unwritable(&error)))
            }
        }
    }

    /// The file if the name is always the same; otherwise the text of the template.
    pub fn fixed(&self) -> PathBuf {
        PathBuf::from(&self.0)
    }

    /// True if the name has that extension.
    pub fn has_extension(&self, extension: &str) -> bool {
        let path = Path::new(&self.0);
        path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
    }
}

/// The date at the meter when the telegram was made, else the date of arrival, else today. A
/// suspect clock of the meter does not count.
fn date(readings: &Readings) -> String {
    let timestamp = |meta| readings.meta(meta)?.parse::<Timestamp>().ok();
    let at_meter = timestamp(Meta::Time).filter(|_| !readings.time_is_suspect());
    let at = at_meter.or_else(|| timestamp(Meta::Start)).or_else(|| timestamp(Meta::Received));
    let local = |at: Timestamp| local_time::date(at.as_second(), &VIENNA);
    at.and_then(local).unwrap_or_else(|| Zoned::now().date()).to_string()
}

/// The path in printable form.
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
        assert!(path("file:{date}", lying).parse::<jiff::civil::Date>().is_ok());
    }

    #[test]
    fn a_file_of_a_day_begins_at_local_midnight() {
        let date = |time: &str| path("file:{date}", &format!("{{{time},\"power_net_w\":1}}"));
        for (time, day) in [
            (r#""time":"2026-06-21T23:59:55+02:00""#, "2026-06-21"),
            (r#""time":"2026-06-22T00:00:00+02:00""#, "2026-06-22"),
            // A meter on standard time all year, one in UTC, and a time of arrival.
            (r#""time":"2026-06-21T23:00:00+01:00""#, "2026-06-22"),
            (r#""time":"2026-06-21T22:00:00+00:00""#, "2026-06-22"),
            (r#""received":"2026-06-21T22:00:00.000Z""#, "2026-06-22"),
            (r#""start":"2026-06-22T00:00:00+02:00""#, "2026-06-22"),
        ] {
            assert_eq!(date(time), day, "{time}");
        }
    }
}
