//! Rotation: FILE becomes FILE.1, FILE.1 becomes FILE.2, and so on.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use jiff::{Zoned, civil::Date};

use crate::sink::settings::{SinkSettings, error::SettingError};

/// The user's settings for rotation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    due: Option<RotationDue>,
    keep: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RotationDue {
    /// Before the first line of a day, by the clock of this machine.
    Daily,
    /// Before the file would exceed this size.
    Size(u64),
}

impl Rotation {
    /// Takes `rotate` and `keep`.
    ///
    /// # Errors
    /// Invalid values.
    pub fn of(settings: &mut SinkSettings) -> Result<Self, SettingError> {
        let due = match settings.take("rotate") {
            None => None,
            Some(text) if text == "daily" => Some(RotationDue::Daily),
            Some(text) => Some(RotationDue::Size(size(&text).ok_or_else(|| {
                SettingError::value("rotate", &text, "daily or a size expected, as in 10MB")
            })?)),
        };
        let keep = settings.take_number("keep")?;
        match (due, keep) {
            (None, Some(_)) => Err(SettingError::new("keep goes with rotate").at("keep")),
            (_, Some(0)) => Err(SettingError::value("keep", "0", "at least one file is kept")),
            _ => Ok(Self { due, keep }),
        }
    }

    /// The largest size of a file.
    pub const fn limit(&self) -> Option<u64> {
        match self.due {
            Some(RotationDue::Size(limit)) => Some(limit),
            _ => None,
        }
    }

    /// The day of a time, if files are moved away by it.
    pub fn day(&self, time: impl FnOnce() -> Zoned) -> Option<Date> {
        matches!(self.due, Some(RotationDue::Daily)).then(|| time().date())
    }

    /// True if a file of this size, last written on that [day](Self::day), has to be moved away before `more`
    /// octets are written today.
    pub fn is_due(&self, size: u64, written: Option<Date>, more: u64, today: Option<Date>) -> bool {
        let full = |limit| size.saturating_add(more) > limit;
        match self.due {
            None => false,
            Some(RotationDue::Daily) => size > 0 && written != today,
            Some(RotationDue::Size(limit)) => size > 0 && full(limit),
        }
    }

    /// Moves a file away, and the older ones one number up. The oldest one beyond `keep` is
    /// overwritten.
    ///
    /// # Errors
    /// Errors of the disk. Some files may have moved then; none is lost.
    pub fn rotate(&self, path: &Path) -> io::Result<()> {
        let mut last = 1;
        while self.keep.is_none_or(|keep| last < keep) && is_there(&numbered(path, last))? {
            last += 1;
        }
        for number in (1..last).rev() {
            fs::rename(numbered(path, number), numbered(path, number + 1))?;
        }
        fs::rename(path, numbered(path, 1))
    }
}

fn is_there(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{number}"));
    name.into()
}

/// A size as people write it: `10MB`, `512KiB`, `1000`.
fn size(text: &str) -> Option<u64> {
    let end = text.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor).filter(|size| *size > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rotation(query: &str) -> Result<Rotation, String> {
        let mut settings: SinkSettings = format!("file:x?{query}").parse().unwrap();
        Rotation::of(&mut settings).map_err(|error| error.to_string())
    }

    #[test]
    fn a_size_is_what_people_write() {
        for (text, expected) in [
            ("1000", 1000),
            ("10MB", 10_000_000),
            ("2k", 2000),
            ("1GiB", 1 << 30),
            ("3%20kib", 3072),
        ] {
            assert_eq!(rotation(&format!("rotate={text}")).unwrap().limit(), Some(expected));
        }
        let wrong = |text: &str| format!("rotate = {text}: daily or a size expected, as in 10MB");
        for text in ["weekly", "0", "-1", "1.5MB", "99999999999GB", ""] {
            assert_eq!(rotation(&format!("rotate={text}")), Err(wrong(text)));
        }
        assert_eq!(rotation("keep=3"), Err("keep goes with rotate".to_owned()));
        let none = "keep = 0: at least one file is kept";
        assert_eq!(rotation("rotate=daily&keep=0"), Err(none.to_owned()));
    }

    #[test]
    fn a_file_goes_when_it_would_be_too_large_or_is_of_another_day() {
        let (yesterday, today) = [19, 20].map(|day| Some(Date::constant(2026, 11, day))).into();
        let size = rotation("rotate=100").unwrap();
        assert!(!size.is_due(60, yesterday, 40, today));
        assert!(size.is_due(60, today, 41, today));
        assert!(!size.is_due(0, today, 101, today), "a new file would not be smaller");
        let daily = rotation("rotate=daily").unwrap();
        assert!(daily.is_due(60, yesterday, 1, today));
        assert!(!daily.is_due(60, today, 1, today));
        assert!(!daily.is_due(0, yesterday, 1, today));
        assert!(!Rotation::default().is_due(u64::MAX, yesterday, u64::MAX, today));
    }

    #[test]
    fn older_files_move_on_and_the_oldest_go_if_not_all_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let found = |rotation: Rotation| {
            for text in ["a", "b", "c", "d"] {
                fs::write(&path, text).unwrap();
                rotation.rotate(&path).unwrap();
            }
            let read = |number| fs::read_to_string(numbered(&path, number)).ok();
            (1..).map_while(read).collect::<String>()
        };
        assert_eq!(found(rotation("rotate=1").unwrap()), "dcba");
        fs::remove_file(numbered(&path, 2)).unwrap();
        assert_eq!(found(rotation("rotate=1").unwrap()), "dcbadba", "a gap is filled first");
        for number in 1..8 {
            fs::remove_file(numbered(&path, number)).unwrap();
        }
        assert_eq!(found(rotation("rotate=1&keep=2").unwrap()), "dc");
        assert_eq!(found(rotation("rotate=1&keep=1").unwrap()), "dc", "others are not touched");
    }
}
