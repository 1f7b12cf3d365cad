//! What a user says about a sink, on the command line or in the configuration.
//!
//! ```text
//! mqtt://anna@broker.home:1883/house/meter?retain=true&fields=power_net_w,energy_import_wh
//!
//! [[sink]]
//! to = "mqtt://broker.home/house/meter"
//! user = "anna"
//! password_file = "/etc/meterpipe/mqtt"
//! retain = true
//! fields = ["power_net_w", "energy_import_wh"]
//! names = { power_net_w = "Leistung" }
//! ```
//!
//! Both say the same in the same words: what stands behind the `?` of [`uri`](super::uri) are keys of
//! the configuration, a table's keys behind a point (`names.power_net_w=Leistung`). A sink takes the keys
//! that it knows, and what is left then is a mistake.

use core::{fmt, str::FromStr, time::Duration};
use std::{fs, path::PathBuf};

use zeroize::Zeroizing;

use crate::{
    format::{key::FieldKey, printable::shown, selection::Selection, units::Units, usage::Usage},
    reading::decimal::Decimal,
    sink::{
        projection::Projection,
        settings::{
            duration::duration,
            names,
            origin::{SettingOrigin, SettingOrigins, UNKNOWN},
            redact,
        },
        throttle::{OnChange, ThrottleOptions},
    },
};

/// A password, a token: never printed.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Of that text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// For the one it is meant for.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The keys that are secrets, whoever takes them.
const SECRETS: [&str; 2] = ["password", "token"];

/// All that is said about one sink.
#[derive(Clone)]
pub struct SinkSettings {
    /// What messages call it.
    pub name: String,
    /// `mqtt`, `solarview`.
    pub scheme: String,
    /// What stands behind the scheme and in front of the `?`: an address, a file.
    pub target: SinkTarget,
    /// What tells the run that it is for from others on the same machine.
    pub run: String,
    /// Keys that nobody has taken yet.
    values: Vec<(String, String)>,
    /// Keys that were asked for.
    known: Vec<String>,
    origins: SettingOrigins,
}

/// Where the sink is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinkTarget {
    /// Of `scheme:PATH`.
    File(PathBuf),
    /// Of `scheme://HOST:PORT/PATH`.
    Server {
        /// A name, or an address; that of IPv6 without its brackets.
        host: String,
        /// The port, if it is named.
        port: Option<u16>,
        /// The path without its first slash.
        path: String,
    },
}

impl fmt::Debug for SinkSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, target, .. } = self;
        f.debug_struct("Settings")
            .field("scheme", scheme)
            .field("target", target)
            .field("values", &self.shown())
            .finish_non_exhaustive()
    }
}

impl SinkSettings {
    /// Of which nothing is said yet.
    pub(super) fn new(name: String, scheme: String, target: SinkTarget) -> Self {
        let (values, known, origins) = (Vec::new(), Vec::new(), SettingOrigins::default());
        Self { name, scheme, target, run: String::new(), values, known, origins }
    }

    /// Says something about the sink, as `to` and the tables of the configuration do.
    ///
    /// # Errors
    /// If it was said already.
    pub fn set(&mut self, key: &str, value: String, origin: SettingOrigin) -> Result<(), Usage> {
        if self.has(key) {
            return Err(Usage(format!("{} stands twice", shown(key))));
        }
        self.values.push((key.to_owned(), value));
        self.origins.note(key, origin);
        Ok(())
    }

    /// The places of all that is said.
    #[must_use]
    pub const fn origins(&self) -> &SettingOrigins {
        &self.origins
    }

    /// The same, for more than keys.
    pub const fn origins_mut(&mut self) -> &mut SettingOrigins {
        &mut self.origins
    }

    /// Whether something is said.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.values.iter().any(|(known, _)| known == key)
    }

    /// All that is said, without what is or may be secret.
    #[must_use]
    pub fn shown(&self) -> Vec<(String, String)> {
        let shown =
            |(key, value): &(String, String)| (key.clone(), redact::value(key, value).to_owned());
        self.values.iter().map(shown).collect()
    }

    /// Whether a secret is said, and not only where it stands.
    #[must_use]
    pub fn has_secret(&self) -> bool {
        SECRETS.iter().any(|secret| self.has(secret))
    }

    /// What is said of a key.
    pub fn take(&mut self, key: &str) -> Option<String> {
        self.known.push(key.to_owned());
        let at = self.values.iter().position(|(known, _)| known == key)?;
        Some(self.values.remove(at).1)
    }

    /// The same, read.
    ///
    /// # Errors
    /// A value that does not read, with what is expected.
    pub fn take_as<T: FromStr>(&mut self, key: &str, expected: &str) -> Result<Option<T>, Usage> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        let wrong = |_| Usage(format!("{key} = {}: {expected} expected", shown(&value)));
        value.parse().map(Some).map_err(wrong)
    }

    /// Whether a switch is on; off if nothing is said.
    ///
    /// # Errors
    /// A value that is neither `true` nor `false`.
    pub fn take_switch(&mut self, key: &str) -> Result<bool, Usage> {
        Ok(self.take_as(key, "true or false")?.unwrap_or_default())
    }

    /// A time, as in `30s`.
    ///
    /// # Errors
    /// A value that is none.
    pub fn take_duration(&mut self, key: &str) -> Result<Option<Duration>, Usage> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        duration(&value)
            .map(Some)
            .map_err(|error| Usage(format!("{key} = {}: {error}", shown(&value))))
    }

    /// A secret, or the first line of the file that `KEY_file` names.
    ///
    /// # Errors
    /// Both are said, or the file cannot be read.
    pub fn take_secret(&mut self, key: &str) -> Result<Option<Secret>, Usage> {
        let said = self.take(key).map(Secret::new);
        let file = format!("{key}_file");
        let Some(path) = self.take(&file) else {
            return Ok(said);
        };
        if said.is_some() {
            return Err(Usage(format!("{key} and {file}: one of the two")));
        }
        let text = fs::read_to_string(&path).map(Zeroizing::new);
        let text = text.map_err(|error| {
            Usage(match redact::is_file_name(&path) {
                true => format!("{file} = {}: {error}", shown(&path)),
                false => {
                    format!("{file}: no such file; the name of a file is expected, not the secret")
                }
            })
        })?;
        Ok(Some(Secret::new(text.lines().next().unwrap_or_default().to_owned())))
    }

    /// The entries of a table: `names.power_net_w` and the like, without the name of the table.
    pub fn take_table(&mut self, table: &str) -> Vec<(String, String)> {
        self.known.push(table.to_owned());
        let prefix = format!("{table}.");
        let (taken, left) = std::mem::take(&mut self.values)
            .into_iter()
            .partition(|(key, _)| key.starts_with(&prefix));
        self.values = left;
        let taken: Vec<(String, String)> = taken;
        let bare = |(key, value): (String, String)| {
            (key.strip_prefix(&prefix).unwrap_or_default().to_owned(), value)
        };
        taken.into_iter().map(bare).collect()
    }

    /// What goes there: `fields`, `units`, `names`.
    ///
    /// # Errors
    /// Names and units that are not known.
    pub fn take_view(&mut self) -> Result<Projection, Usage> {
        let (units, keys) = (self.units()?, self.fields()?);
        self.take_table("units");
        self.take("fields");
        let names = names::parse(&self.take_table("names"), keys.as_deref(), &units)?;
        Ok(Projection { keys, names, units })
    }

    fn units(&self) -> Result<Units, Usage> {
        let mut units = Units::default();
        for (key, unit) in &self.values {
            if let Some(quantity) = key.strip_prefix("units.") {
                let unit = units.choose(&format!("{quantity}={unit}"));
                unit.map_err(|why| Usage(format!("units.{}: {why}", shown(quantity))))?;
            }
        }
        Ok(units)
    }

    fn fields(&self) -> Result<Option<Vec<FieldKey>>, Usage> {
        let Some((_, fields)) = self.values.iter().find(|(key, _)| key == "fields") else {
            return Ok(None);
        };
        let selection = Selection::parse(fields, &self.units()?);
        let selection = selection.map_err(|why| Usage(format!("fields: {why}")))?;
        Ok(Some(selection.keys().to_vec()))
    }

    /// When it goes there: `meter`, `every`, `on_change`, `bands`, `at_least_every`.
    ///
    /// # Errors
    /// Values that do not read.
    pub fn take_wish(&mut self) -> Result<ThrottleOptions, Usage> {
        let (meter, every) = (self.take("meter"), self.take_duration("every")?);
        let at_least_every = self.take_duration("at_least_every")?;
        let on_change = self.take("on_change");
        let bands = self.take_table("bands").into_iter().map(|(name, band)| {
            let what = format!("bands.{}", shown(&name));
            let wrong = || Usage(format!("{what} = {}: a number from 0 expected", shown(&band)));
            let number = Decimal::parse(&band).filter(|band| !band.is_negative());
            Ok((key(&what, &name)?, number.ok_or_else(wrong)?))
        });
        let bands = bands.collect::<Result<Vec<_>, Usage>>()?;
        let keys = match on_change.as_deref() {
            Some("false") => return Ok(ThrottleOptions { meter, every, on_change: None }),
            None if bands.is_empty() && at_least_every.is_none() => {
                return Ok(ThrottleOptions { meter, every, on_change: None });
            }
            // What does not go there does not count.
            None | Some("true") => {
                let fields = self.fields()?.into_iter();
                let shown = fields
                    .map(|keys| keys.into_iter().filter(|it| !matches!(it, FieldKey::Meta(_))));
                shown.map(Iterator::collect).next()
            }
            Some(fields) => {
                let keys = fields.split(',').map(|name| key("on_change", name.trim()));
                Some(keys.collect::<Result<Vec<_>, Usage>>()?)
            }
        };
        Ok(ThrottleOptions {
            meter,
            every,
            on_change: Some(OnChange { keys, bands, at_least_every }),
        })
    }

    /// Says that all keys were asked for that there are.
    ///
    /// # Errors
    /// A key that nobody took, with the nearest one that is known.
    pub fn finish(self) -> Result<(), Usage> {
        let Some((unknown, _)) = self.values.first() else {
            return Ok(());
        };
        if self.known.contains(unknown) {
            let table = shown(unknown);
            return Err(Usage(format!("{table}: a table is expected, as in {table}.NAME=VALUE")));
        }
        let nearest =
            self.known.iter().min_by_key(|known| strsim::damerau_levenshtein(known, unknown));
        let advice = nearest.map(|known| format!(": did you mean {known}?")).unwrap_or_default();
        let scheme = &self.scheme;
        Err(Usage(format!("{scheme}: {UNKNOWN}{}{advice}", shown(unknown))))
    }
}

fn key(what: &str, name: &str) -> Result<FieldKey, Usage> {
    let wrong = || Usage(format!("{what}: no field is called {}", shown(name)));
    FieldKey::parse(name, &Units::default()).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::key::Meta;

    fn settings(text: &str) -> SinkSettings {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_said_is_taken_and_what_nobody_takes_is_a_mistake() {
        let mut it = settings("mqtt://u:canary@h?retian=true&qos=1&password_file=/nowhere");
        assert!(!format!("{it:?}").contains("canary"), "{it:?}");
        assert!(it.shown().iter().all(|(_, value)| !value.contains("canary")));
        assert_eq!(it.take_as::<u8>("qos", "0 or 1").unwrap(), Some(1));
        assert!(it.take_secret("password").unwrap_err().to_string().starts_with("password and"));
        assert!(it.take("user").is_some() && !it.take_switch("retain").unwrap());
        assert_eq!(
            it.finish().unwrap_err().to_string(),
            "mqtt: nothing is called retian: did you mean retain?"
        );
        assert!(settings("mqtt://h?retain").take_switch("retain").unwrap());
        let error = settings("mqtt://h?retain=yes").take_switch("retain").unwrap_err();
        assert_eq!(error.to_string(), "retain = yes: true or false expected");
    }

    #[test]
    fn a_secret_comes_from_its_file_in_one_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, "s3cret\n").unwrap();
        let text = format!("mqtt://h?password_file={}", file.path().display());
        let secret = settings(&text).take_secret("password").unwrap().unwrap();
        assert_eq!((secret.reveal(), format!("{secret:?}").as_str()), ("s3cret", "Secret"));
        let both = format!("mqtt://u:p@h?password_file={}", file.path().display());
        let error = settings(&both).take_secret("password").unwrap_err();
        assert_eq!(error.to_string(), "password and password_file: one of the two");
        let missing = |name: &str| {
            let mut settings = settings(&format!("mqtt://h?password_file={name}"));
            settings.take_secret("password").unwrap_err().to_string()
        };
        assert_eq!(
            missing("hunter2"),
            "password_file: no such file; the name of a file is expected, not the secret"
        );
        assert!(missing("/etc/no").starts_with("password_file = /etc/no: No such file"));
    }

    #[test]
    fn views_and_wishes_are_read() {
        let mut it = settings(concat!(
            "file:x?fields=time,energy_import_kwh&units.energy=kWh&names.energy_import_kwh=A",
            "&every=30s&on_change=power_net_w&bands.power_net_w=20.5&at_least_every=5m"
        ));
        let view = it.take_view().unwrap();
        let energy = FieldKey::parse("energy_import_wh", &Units::default()).unwrap();
        assert_eq!(view.keys.unwrap(), [FieldKey::Meta(Meta::Time), energy]);
        assert_eq!(view.names, [(energy, "A".to_owned())]);
        let wish = it.take_wish().unwrap();
        assert_eq!(wish.every, Some(Duration::from_secs(30)));
        let change = wish.on_change.unwrap();
        assert_eq!((change.keys.unwrap().len(), change.bands.len()), (1, 1));
        assert_eq!(change.at_least_every, Some(Duration::from_secs(300)));
        it.finish().unwrap();
        assert!(settings("file:x").take_wish().unwrap().on_change.is_none());
        assert!(settings("file:x?on_change").take_wish().unwrap().on_change.is_some());
        let twice = "file:x?names.power_import_w=p&names.power_export_w=p";
        let told = |text: &str| settings(text).take_view().unwrap_err().to_string();
        assert_eq!(told(twice), "names.power_import_w = p: that is the name of power_export_w");
        assert!(told("file:x?units.energy=kW").starts_with("units.energy: energy in kW: "));
        assert!(told("file:x?fields=what").starts_with("fields: no field is called what: "));
        for (text, told) in [
            ("file:x?every=5x", "every = 5x: a number of s, m, h or d expected, as in 30s"),
            ("file:x?every=9999d", "every = 9999d: at most ten years expected: 3650d"),
            ("file:x?bands.power_net_w=a", "bands.power_net_w = a: a number from 0 expected"),
            ("file:x?bands.what=1", "bands.what: no field is called what"),
            ("file:x?on_change=power_net_w,what", "on_change: no field is called what"),
        ] {
            assert_eq!(settings(text).take_wish().unwrap_err().to_string(), told);
        }
    }
}
