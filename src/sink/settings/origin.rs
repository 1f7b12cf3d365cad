//! The place where the user set something about a sink.
//!
//! The sink finds a mistake long after the file was read, and it knows keys but no files. Its
//! [`SettingError`] carries the key, and the key leads back to the place.

use core::fmt;

use crate::sink::settings::error::SettingError;

/// The place of a setting. As text it is the beginning of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SettingOrigin {
    /// The text of the sink itself.
    #[default]
    Text,
    /// A line of the configuration, from 1.
    Line(usize),
    /// A variable of the environment.
    Variable(String),
}

impl fmt::Display for SettingOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => Ok(()),
            Self::Line(line) => write!(f, "line {line}: "),
            Self::Variable(name) => write!(f, "${name}: "),
        }
    }
}

/// The key under which the place of a target's path is noted. The user sets the path without a key.
pub const TARGET_PATH: &str = "/";

/// The places of all settings of one sink.
#[derive(Clone, Debug, Default)]
pub struct SettingOrigins {
    /// The place of the sink as a whole.
    sink: SettingOrigin,
    /// The places of its keys.
    keys: Vec<(String, SettingOrigin)>,
}

impl SettingOrigins {
    /// Notes the place of a key.
    pub fn note(&mut self, key: &str, origin: SettingOrigin) {
        self.keys.push((key.to_owned(), origin));
    }

    /// Notes that the sink is a table of the configuration: the line of the table, and the line of
    /// its `to`.
    pub fn set_lines(&mut self, table: usize, text: usize) {
        self.sink = SettingOrigin::Line(table);
        for (_, origin) in self.keys.iter_mut().filter(|(_, origin)| *origin == SettingOrigin::Text)
        {
            *origin = SettingOrigin::Line(text);
        }
    }

    /// Notes that a variable holds the text of the sink.
    pub fn set_variable(&mut self, name: &str) {
        self.sink = SettingOrigin::Variable(name.to_owned());
    }

    /// The message with the place in front. A variable comes behind the line of the sink that took
    /// it.
    pub fn locate(&self, error: &SettingError) -> String {
        let Self { sink, keys } = self;
        let set = keys.iter().find(|(key, _)| Some(key.as_str()) == error.key());
        match (sink, set.map_or(sink, |(_, origin)| origin)) {
            (_, SettingOrigin::Text) => format!("{sink}{error}"),
            (SettingOrigin::Line(_), variable @ SettingOrigin::Variable(_)) => {
                format!("{sink}{variable}{error}")
            }
            (_, origin) => format!("{origin}{error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_where_the_key_stands_that_it_speaks_of() {
        let variable = SettingOrigin::Variable("MQTT_PASS".to_owned());
        let keys = [
            ("qos", SettingOrigin::Line(7)),
            ("names.1-0", SettingOrigin::Line(8)),
            ("names.1-0:99.1.0", SettingOrigin::Line(9)),
            ("evry", SettingOrigin::Line(10)),
            ("password", variable),
            ("user", SettingOrigin::Text),
        ];
        let mut typed = SettingOrigins::default();
        keys.into_iter().for_each(|(key, origin)| typed.note(key, origin));
        let mut origins = typed.clone();
        origins.set_lines(3, 4);
        let about = |key: &str, message: &str| SettingError::new(message).at(key);
        for (error, line) in [
            (SettingError::of("qos", "0 or 1 expected"), "line 7: "),
            (about("qos", "qos goes with topic"), "line 7: "),
            (SettingError::value("qos", "3", "0 or 1 expected"), "line 7: "),
            (SettingError::of("names.1-0:99.1.0", "no field"), "line 9: "),
            (SettingError::of("names.1-0", "no field"), "line 8: "),
            (about("evry", "file: nothing is called evry: did you mean every?"), "line 10: "),
            (SettingError::of("password", "of which user?"), "line 3: $MQTT_PASS: "),
            (SettingError::of("user", "it is empty"), "line 4: "),
            (SettingError::of("qoss", "unknown"), "line 3: "),
            (SettingError::new("where to write to is missing"), "line 3: "),
            (SettingError::new("qos: the text does not count"), "line 3: "),
        ] {
            assert_eq!(origins.locate(&error), format!("{line}{error}"));
        }
        let error = SettingError::of("password", "of which user?");
        assert_eq!(typed.locate(&error), format!("$MQTT_PASS: {error}"));
        assert_eq!(typed.locate(&SettingError::new("no")), "no");
        typed.set_variable("METERPIPE_TO");
        let user = SettingError::of("user", "no");
        assert_eq!(typed.locate(&user), "$METERPIPE_TO: user: no");
        assert_eq!(typed.locate(&error), format!("$MQTT_PASS: {error}"));
    }
}
