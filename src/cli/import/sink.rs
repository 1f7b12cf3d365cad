//! A sink of a recipe with the user's values.

use zeroize::Zeroizing;

use crate::cli::{
    import::{
        recipes,
        settings::{OldSettings, PlacedEntry},
    },
    older::program::OldProgram,
    run::status::Stop,
    setup::environment,
};
use meterpipe::{
    cipher::key::Key,
    sink::{
        line_counters::LineCounters,
        registry,
        settings::{
            SinkSettings, SinkTarget, error::SettingError, origin::SettingOrigin, uri::has_port,
        },
    },
};

/// A sink of a recipe with the user's values.
#[derive(Debug)]
pub struct TranslatedSink {
    /// The settings, with secrets in them.
    pub settings: SinkSettings,
    /// The places of the secrets.
    pub secrets: Vec<String>,
}

impl TranslatedSink {
    /// The sink of a recipe with another target, and without the recipe's secrets. `place` is where the
    /// target comes from.
    ///
    /// # Errors
    /// The target is none.
    pub fn new(recipe: &SinkSettings, to: &str, place: &str) -> Result<Self, Stop> {
        let wrong = |error: SettingError| Stop::usage(format!("{place}: {error}"));
        let mut settings = environment::sink(to).map_err(wrong)?;
        // The text that is written has to mean the same.
        let again = environment::sink(&settings.name).map(|again| again.target);
        if again.ok().as_ref() != Some(&settings.target) {
            return Err(Stop::usage(format!("{place}: a sign in it has no place in an address")));
        }
        let is_secret = |key: &str| key.ends_with("_file");
        for (key, value) in recipe.entries().filter(|(key, _)| !is_secret(key)) {
            settings.set(key, value.to_owned(), SettingOrigin::Text).map_err(wrong)?;
        }
        Ok(Self { settings, secrets: Vec::new() })
    }

    /// The sink of this scheme in the recipe of a program, at the address of a broker or server, and the place
    /// of the address; none, with a note, if the recipe has no such sink.
    ///
    /// # Errors
    /// The address is none.
    pub fn at(
        (program, scheme): (OldProgram, &str),
        broker: &OldBroker,
        default: Option<&str>,
        old: &mut OldSettings,
    ) -> Result<Option<(Self, String)>, Stop> {
        let Some(recipe) = recipes::sink(program, scheme) else {
            let name = program.name();
            old.note(format!("{scheme}: nothing takes the place of this output of {name}"));
            return Ok(None);
        };
        if let (None, None) = (&broker.host, default) {
            return Err(old.missing("", broker.name, "server"));
        }
        let (to, place) = broker.target(&recipe, default)?;
        Ok(Some((Self::new(&recipe, &to, &place)?, place)))
    }

    /// Sets a key, also one that the recipe has.
    pub fn set(&mut self, key: &str, value: &str) {
        self.settings.remove(key);
        // The key is not there any more, so this cannot fail.
        let _ = self.settings.set(key, value.to_owned(), SettingOrigin::Text);
    }

    /// Sets a secret.
    pub fn secret(&mut self, key: &str, entry: &PlacedEntry) {
        self.set(key, entry.text());
        self.secrets.push(entry.place());
    }

    /// Sets user and password. A password without a user has no meaning in MQTT.
    pub fn log_in(
        &mut self,
        user: Option<PlacedEntry>,
        password: Option<PlacedEntry>,
        old: &mut OldSettings,
    ) {
        match (user, password) {
            (Some(user), password) => {
                self.set("user", user.text());
                if let Some(password) = password {
                    self.secret("password", &password);
                }
            }
            (None, Some(password)) => {
                old.lost(&password, "there is no user whom it belongs to");
            }
            (None, None) => {}
        }
    }

    /// Shows active energies in kWh.
    pub fn in_kilowatt_hours(&mut self) {
        let renamed = |field: &str| match field {
            "energy_import_wh" => "energy_import_kwh".to_owned(),
            "energy_export_wh" => "energy_export_kwh".to_owned(),
            other => other.to_owned(),
        };
        let entries = self.settings.entries();
        let entries: Vec<_> =
            entries.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        for (key, value) in entries {
            match key.split_once('.') {
                Some((table @ ("names" | "ha_names" | "ha_topics"), field)) => {
                    self.settings.remove(&key);
                    self.set(&format!("{table}.{}", renamed(field)), &value);
                }
                Some(("topics", "energy_import_wh" | "energy_export_wh")) => {
                    self.set(&key, &format!("{value} kWh"));
                }
                None if key == "fields" => {
                    let fields: Vec<_> = value.split(',').map(renamed).collect();
                    self.set(&key, &fields.join(","));
                }
                _ => {}
            }
        }
        if self.entry("fields").is_some() {
            self.set("units.energy", "kWh");
        }
    }

    /// Keeps the fields that are chosen, with their names.
    pub fn keep_fields(&mut self, is_chosen: &dyn Fn(&str) -> bool) {
        let fields = self.entry("fields").unwrap_or_default();
        let kept: Vec<_> = fields.split(',').filter(|field| is_chosen(field)).collect();
        let kept = kept.join(",");
        let is_unused = |key: &&str| {
            let field = TABLES.iter().find_map(|table| key.strip_prefix(table));
            field.is_some_and(|field| !is_chosen(field))
        };
        let keys = self.settings.entries().map(|(key, _)| key);
        let unused: Vec<_> = keys.filter(is_unused).map(str::to_owned).collect();
        for key in unused {
            self.settings.remove(&key);
        }
        self.set("fields", &kept);
    }

    /// The value of a key.
    pub fn entry(&self, key: &str) -> Option<String> {
        let (_, value) = self.settings.entries().find(|(known, _)| *known == key)?;
        Some(value.to_owned())
    }

    /// The sink as it is, if it can be built.
    ///
    /// # Errors
    /// A value that it refuses.
    pub fn checked(self, place: &str) -> Result<Self, Stop> {
        let built = registry::build(self.settings.clone(), "import", &LineCounters::default());
        built.map_err(|error| Stop::usage(format!("{place}: {error}")))?;
        Ok(self)
    }
}

/// The tables whose keys are fields.
const TABLES: [&str; 4] = ["names.", "ha_names.", "ha_topics.", "measurements."];

/// The parts of a broker's address.
#[derive(Debug, Default)]
pub struct OldBroker {
    /// The name of the setting that has the host.
    pub name: &'static str,
    /// The name of the host.
    pub host: Option<PlacedEntry>,
    /// The port.
    pub port: Option<PlacedEntry>,
    /// The topic above all others.
    pub base: Option<PlacedEntry>,
}

impl OldBroker {
    /// The address as the target of a sink, and its place. Without a host it is the default, if the program
    /// has one; without a topic it is that of the recipe.
    ///
    /// # Errors
    /// A host, a port or a topic that is none.
    pub fn target(
        &self,
        recipe: &SinkSettings,
        default: Option<&str>,
    ) -> Result<(String, String), Stop> {
        let scheme = recipe.scheme.as_str();
        let place = self.host.as_ref().map_or("the broker".to_owned(), PlacedEntry::place);
        let host = self.host.as_ref().map(PlacedEntry::text).or(default);
        let host = host.unwrap_or_default().trim();
        let is_of_host = |c: char| c.is_alphanumeric() || ".-_:".contains(c);
        if host.is_empty() || !host.chars().all(is_of_host) {
            let text = "the name of a server is expected, and no more";
            return Err(Stop::usage(format!("{place}: {text}")));
        }
        let host = match host.matches(':').count() {
            2.. => format!("[{host}]"),
            _ => host.to_owned(),
        };
        let usual = match scheme {
            "influxdb" => "8086",
            _ => "1883",
        };
        let port = self.port.as_ref().map(|port| (port, port.text().trim()));
        let port = port.filter(|(_, text)| !text.is_empty() && *text != usual);
        let port = match port {
            Some((port, _)) if has_port(&host) => {
                let place = port.place();
                return Err(Stop::usage(format!("{place}: the address has a port already")));
            }
            Some((port, text)) => match text.parse::<u16>() {
                Ok(number) => format!(":{number}"),
                Err(_) => return Err(Stop::usage(format!("{}: a port is expected", port.place()))),
            },
            None => String::new(),
        };
        let own = match &recipe.target {
            SinkTarget::Server { path, .. } => path.as_str(),
            SinkTarget::File(_) => "",
        };
        let base = self.base.as_ref().map_or(own, PlacedEntry::text).trim_end_matches('/');
        let base = if base.is_empty() { String::new() } else { format!("/{}", escaped(base)) };
        Ok((format!("{scheme}://{host}{port}{base}"), place))
    }
}

/// The text with escapes for the characters that have a meaning in the text of a sink.
pub fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('?', "%3f").replace('@', "%40")
}

/// The digits of a key. A key file has words around them, so other signs may mean something else there.
fn digits(key: &Key, text: Zeroizing<String>) -> Zeroizing<String> {
    if text.chars().all(|c| c.is_ascii_hexdigit()) {
        return text;
    }
    let mut digits = Zeroizing::new(String::with_capacity(2 * key.octets().len()));
    for octet in key.octets() {
        for half in [octet >> 4, octet & 15] {
            digits.extend(char::from_digit(half.into(), 16));
        }
    }
    digits
}

/// A key of a meter, as the user wrote it if that are digits, or none if it is not one: an example's text in its place.
pub fn key_text(
    entry: Option<PlacedEntry>,
    old: &mut OldSettings,
) -> Option<(Zeroizing<String>, String)> {
    let entry = entry?;
    let text = Zeroizing::new(entry.text().trim().to_owned());
    match Key::parse(&text) {
        Ok(key) => Some((digits(&key, text), entry.place())),
        Err(error) => {
            let error = error.to_string();
            let why = match text.is_empty() {
                true => "it is empty",
                false => error.strip_prefix("key: ").unwrap_or(&error),
            };
            old.lost(&entry, &format!("{why}; add key_file to [[meter]] once there is a key"));
            None
        }
    }
}
