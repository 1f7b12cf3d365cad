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
//! Both say the same in the same words: what stands behind the `?` are keys of the configuration, a
//! table's keys behind a point (`names.power_net_w=Leistung`). A sink takes the keys that it knows, and
//! what is left then is a mistake.

use core::{fmt, str::FromStr, time::Duration};
use std::{fs, path::PathBuf};

use zeroize::Zeroizing;

use crate::{
    format::{key::Key, shown::shown, units::Units, usage::Usage},
    reading::decimal::Decimal,
    sink::{
        duration::duration,
        gate::{OnChange, Wish},
        view::View,
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
pub struct Settings {
    /// What messages call it.
    pub name: String,
    /// `mqtt`, `solarview`.
    pub scheme: String,
    /// What stands behind the scheme and in front of the `?`: an address, a file.
    pub target: Target,
    /// Keys that nobody has taken yet.
    values: Vec<(String, String)>,
    /// Keys that were asked for.
    known: Vec<String>,
}

/// Where the sink is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
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

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, target, .. } = self;
        f.debug_struct("Settings")
            .field("scheme", scheme)
            .field("target", target)
            .field("values", &self.shown())
            .finish_non_exhaustive()
    }
}

impl FromStr for Settings {
    type Err = Usage;

    fn from_str(text: &str) -> Result<Self, Usage> {
        let (scheme, rest) = text
            .split_once(':')
            .filter(|(scheme, _)| {
                !scheme.is_empty() && scheme.bytes().all(|c| c.is_ascii_alphanumeric())
            })
            .ok_or_else(|| {
                Usage(format!("{}: a sink is written as mqtt://HOST or file:PATH", named(text)))
            })?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut settings = Self {
            name: named(text),
            scheme: scheme.to_ascii_lowercase(),
            target: Target::File(PathBuf::new()),
            values: Vec::new(),
            known: Vec::new(),
        };
        settings.target = match place.strip_prefix("//") {
            Some(place) => settings.server(place)?,
            None => Target::File(decoded(place)?.into()),
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, "true"));
            settings.set(&decoded(key)?, decoded(value)?)?;
        }
        Ok(settings)
    }
}

impl Settings {
    fn server(&mut self, text: &str) -> Result<Target, Usage> {
        let (authority, path) = text.split_once('/').unwrap_or((text, ""));
        let (user, address) = match authority.rsplit_once('@') {
            Some((user, address)) => (Some(user), address),
            None => (None, authority),
        };
        if let Some(user) = user {
            let (user, password) = match user.split_once(':') {
                Some((user, password)) => (user, Some(password)),
                None => (user, None),
            };
            self.set("user", decoded(user)?)?;
            if let Some(password) = password {
                self.set("password", decoded(password)?)?;
            }
        }
        let (host, port) = match address.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, port.strip_prefix(':')),
            None => match address.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (address, None),
            },
        };
        let port =
            port.map(|port| port.parse().map_err(|_| Usage(format!("{} is no port", shown(port)))));
        let host = decoded(host)?;
        if host.is_empty() {
            return Err(Usage(format!("{}://: the name of the server is missing", self.scheme)));
        }
        Ok(Target::Server { host, port: port.transpose()?, path: decoded(path)? })
    }

    /// Says something about the sink, as `to` and the tables of the configuration do.
    ///
    /// # Errors
    /// If it was said already.
    pub fn set(&mut self, key: &str, value: String) -> Result<(), Usage> {
        if self.values.iter().any(|(known, _)| known == key) {
            return Err(Usage(format!("{} stands twice", shown(key))));
        }
        self.values.push((key.to_owned(), value));
        Ok(())
    }

    /// Says it if nothing was said: what comes from the environment.
    pub fn set_default(&mut self, key: &str, value: &str) {
        if !self.values.iter().any(|(known, _)| known == key) {
            self.values.push((key.to_owned(), value.to_owned()));
        }
    }

    /// Whether something is said.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.values.iter().any(|(known, _)| known == key)
    }

    /// All that is said, secrets left out.
    #[must_use]
    pub fn shown(&self) -> Vec<(String, String)> {
        let secret = |key: &str| SECRETS.contains(&key);
        let shown = |(key, value): &(String, String)| {
            (key.clone(), if secret(key) { "…".to_owned() } else { value.clone() })
        };
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
        let text = text.map_err(|error| Usage(format!("{file} = {}: {error}", shown(&path))))?;
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
    pub fn take_view(&mut self) -> Result<View, Usage> {
        let mut units = Units::default();
        for (quantity, unit) in self.take_table("units") {
            units.choose(&format!("{quantity}={unit}"))?;
        }
        let fields = self.take("fields");
        let selection =
            fields.map(|fields| crate::format::selection::Selection::parse(&fields, &units));
        let keys = selection.transpose()?.map(|selection| selection.keys().to_vec());
        let names = self.take_table("names");
        let names = names.into_iter().map(|(name, as_name)| Ok((key(&name, &units)?, as_name)));
        Ok(View { keys, names: names.collect::<Result<_, Usage>>()?, units })
    }

    /// When it goes there: `every`, `on_change`, `bands`, `at_least_every`.
    ///
    /// # Errors
    /// Values that do not read.
    pub fn take_wish(&mut self) -> Result<Wish, Usage> {
        let every = self.take_duration("every")?;
        let at_least_every = self.take_duration("at_least_every")?;
        let on_change = self.take("on_change");
        let bands = self.take_table("bands").into_iter().map(|(name, band)| {
            let wrong = || Usage(format!("bands.{name} = {}: a number expected", shown(&band)));
            Ok((key(&name, &Units::default())?, Decimal::parse(&band).ok_or_else(wrong)?))
        });
        let bands = bands.collect::<Result<Vec<_>, Usage>>()?;
        let keys = match on_change.as_deref() {
            Some("false") => return Ok(Wish { every, on_change: None }),
            None if bands.is_empty() && at_least_every.is_none() => {
                return Ok(Wish { every, on_change: None });
            }
            None | Some("true") => None,
            Some(fields) => {
                let keys = fields.split(',').map(|name| key(name.trim(), &Units::default()));
                Some(keys.collect::<Result<Vec<_>, Usage>>()?)
            }
        };
        Ok(Wish { every, on_change: Some(OnChange { keys, bands, at_least_every }) })
    }

    /// Says that all keys were asked for that there are.
    ///
    /// # Errors
    /// A key that nobody took, with the nearest one that is known.
    pub fn finish(self) -> Result<(), Usage> {
        let Some((unknown, _)) = self.values.first() else {
            return Ok(());
        };
        let nearest =
            self.known.iter().min_by_key(|known| strsim::damerau_levenshtein(known, unknown));
        let advice = nearest.map(|known| format!(": did you mean {known}?")).unwrap_or_default();
        let scheme = &self.scheme;
        Err(Usage(format!("{scheme}: nothing is called {}{advice}", shown(unknown))))
    }
}

/// The text of a sink, its password left out: it may be on its way to a screen.
#[must_use]
pub fn named(text: &str) -> String {
    let place = text.split('?').next().unwrap_or_default();
    let shown = |text: &str| shown(text).into_owned();
    match place.split_once("//").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?))) {
        Some((scheme, (_, address))) => shown(&format!("{scheme}//{address}")),
        None => shown(place),
    }
}

fn key(name: &str, units: &Units) -> Result<Key, Usage> {
    Key::parse(name, units).ok_or_else(|| Usage(format!("no field is called {}", shown(name))))
}

/// Percent-decoded.
fn decoded(text: &str) -> Result<String, Usage> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = match (first, behind) {
            (b'%', [high, low, behind @ ..]) => {
                let digits = [*high, *low];
                octets.extend(hex::decode(digits).map_err(|_| escape())?);
                behind
            }
            (b'%', _) => return Err(escape()),
            (octet, behind) => {
                octets.push(*octet);
                behind
            }
        };
    }
    String::from_utf8(octets).map_err(|_| escape())
}

/// Does not show the text, which may be a password.
fn escape() -> Usage {
    Usage("a % that is no escape: write %25".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::key::Meta;

    fn settings(text: &str) -> Settings {
        text.parse().unwrap()
    }

    fn why(text: &str) -> String {
        text.parse::<Settings>().unwrap_err().to_string()
    }

    fn server(host: &str, port: Option<u16>, path: &str) -> Target {
        Target::Server { host: host.to_owned(), port, path: path.to_owned() }
    }

    #[test]
    fn a_sink_is_an_address_or_a_file_and_what_is_said_of_it() {
        let mut it = settings("MQTT://anna:p%40ss@broker.home:1884/house/meter?retain&qos=1");
        assert_eq!(it.scheme, "mqtt");
        assert_eq!(it.target, server("broker.home", Some(1884), "house/meter"));
        assert_eq!(it.take("user").as_deref(), Some("anna"));
        assert_eq!(it.take_secret("password").unwrap().unwrap().reveal(), "p@ss");
        assert!(it.take_switch("retain").unwrap() && !it.take_switch("other").unwrap());
        assert_eq!(it.take_as::<u8>("qos", "0 or 1").unwrap(), Some(1));
        it.finish().unwrap();
        assert_eq!(settings("mqtt://[::1]:1884").target, server("::1", Some(1884), ""));
        assert_eq!(settings("mqtt://[fe80::1]/a").target, server("fe80::1", None, "a"));
        assert_eq!(settings("file:/var/a%20b.csv").target, Target::File("/var/a b.csv".into()));
        assert_eq!(settings("solarview:x?every=5m").take("every").as_deref(), Some("5m"));
    }

    #[test]
    fn what_cannot_be_meant_is_told_without_its_secrets() {
        assert_eq!(why("broker"), "broker: a sink is written as mqtt://HOST or file:PATH");
        assert_eq!(why("mqtt://"), "mqtt://: the name of the server is missing");
        assert_eq!(why("mqtt://h:x1"), "x1 is no port");
        assert_eq!(why("mqtt://h?a=1&a=2"), "a stands twice");
        assert_eq!(why("mqtt://h?a=%4"), "a % that is no escape: write %25");
        let mut it = settings("mqtt://u:canary@h?retian=true&password_file=/nowhere");
        assert_eq!(it.name, "mqtt://h");
        assert!(!format!("{it:?}").contains("canary"), "{it:?}");
        assert!(it.shown().iter().all(|(_, value)| !value.contains("canary")));
        assert!(it.take_secret("password").unwrap_err().to_string().starts_with("password and"));
        assert!(it.take("user").is_some() && !it.take_switch("retain").unwrap());
        assert_eq!(
            it.finish().unwrap_err().to_string(),
            "mqtt: nothing is called retian: did you mean retain?"
        );
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
    }

    #[test]
    fn views_and_wishes_are_read() {
        let mut it = settings(concat!(
            "file:x?fields=time,energy_import_kwh&units.energy=kWh&names.energy_import_kwh=A",
            "&every=30s&on_change=power_net_w&bands.power_net_w=20.5&at_least_every=5m"
        ));
        let view = it.take_view().unwrap();
        let energy = Key::parse("energy_import_wh", &Units::default()).unwrap();
        assert_eq!(view.keys.unwrap(), [Key::Meta(Meta::Time), energy]);
        assert_eq!(view.names, [(energy, "A".to_owned())]);
        let wish = it.take_wish().unwrap();
        assert_eq!(wish.every, Some(Duration::from_secs(30)));
        let change = wish.on_change.unwrap();
        assert_eq!((change.keys.unwrap().len(), change.bands.len()), (1, 1));
        assert_eq!(change.at_least_every, Some(Duration::from_secs(300)));
        it.finish().unwrap();
        assert!(settings("file:x").take_wish().unwrap().on_change.is_none());
        assert!(settings("file:x?on_change").take_wish().unwrap().on_change.is_some());
        for (text, told) in [
            ("file:x?every=5x", "every = 5x: a number of s, m, h or d expected, as in 30s"),
            ("file:x?every=9999d", "every = 9999d: at most ten years expected: 3650d"),
            ("file:x?bands.power_net_w=a", "bands.power_net_w = a: a number expected"),
            ("file:x?bands.what=1", "no field is called what"),
        ] {
            assert_eq!(settings(text).take_wish().unwrap_err().to_string(), told);
        }
    }
}
