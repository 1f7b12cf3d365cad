//! Where it was said what is said of a sink.
//!
//! A mistake is found long after that, by the sink, which knows keys and no files. Its message begins
//! with the key that it speaks of, and by that the place is found again.

use core::fmt;

use crate::format::{printable::shown, usage::Usage};

/// A place where something was said. As text it is the beginning of a message.
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

/// The places of all that was said of one sink.
#[derive(Clone, Debug, Default)]
pub struct SettingOrigins {
    /// That of the sink as a whole.
    sink: SettingOrigin,
    /// Those of its keys.
    keys: Vec<(String, SettingOrigin)>,
}

impl SettingOrigins {
    /// Notes that of a key, or of whatever else messages may begin with.
    pub fn note(&mut self, key: &str, origin: SettingOrigin) {
        self.keys.push((key.to_owned(), origin));
    }

    /// Notes that the sink stands in a table of a file, and its text in a line of that.
    pub fn stand_in(&mut self, table: usize, text: usize) {
        self.sink = SettingOrigin::Line(table);
        for (_, origin) in self.keys.iter_mut().filter(|(_, origin)| *origin == SettingOrigin::Text)
        {
            *origin = SettingOrigin::Line(text);
        }
    }

    /// Notes that all of the sink stands in a variable.
    pub fn stand_in_variable(&mut self, name: &str) {
        self.sink = SettingOrigin::Variable(name.to_owned());
    }

    /// The message with the place in front; a variable with the line of the sink that took it.
    #[must_use]
    pub fn locate(&self, mistake: &Usage) -> String {
        let Self { sink, keys } = self;
        let named = keys.iter().filter(|(key, _)| speaks_of(&mistake.0, key));
        let origin = named.max_by_key(|(key, _)| key.len()).map(|(_, origin)| origin);
        match (sink, origin.unwrap_or(sink)) {
            (_, SettingOrigin::Text) => format!("{sink}{mistake}"),
            (SettingOrigin::Line(_), variable @ SettingOrigin::Variable(_)) => {
                format!("{sink}{variable}{mistake}")
            }
            (_, origin) => format!("{origin}{mistake}"),
        }
    }
}

/// How a message begins that speaks of a key which no sink knows, behind the name of the sink.
pub(super) const UNKNOWN: &str = "nothing is called ";

fn speaks_of(message: &str, key: &str) -> bool {
    let message = message.split_once(UNKNOWN).map_or(message, |(_, key)| key);
    let behind = message.strip_prefix(&*shown(key));
    behind.is_some_and(|behind| behind.is_empty() || behind.starts_with([':', ' ']))
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
        origins.stand_in(3, 4);
        for (message, line) in [
            ("qos: 0 or 1 expected", "line 7: "),
            ("qos goes with topic", "line 7: "),
            ("qos = 3: 0 or 1 expected", "line 7: "),
            ("names.1-0:99.1.0: no field", "line 9: "),
            ("names.1-0: no field", "line 8: "),
            ("file: nothing is called evry: did you mean every?", "line 10: "),
            ("password: of which user?", "line 3: $MQTT_PASS: "),
            ("user: it is empty", "line 4: "),
            ("qoss: unknown", "line 3: "),
            ("where to write to is missing", "line 3: "),
        ] {
            let message = Usage(message.to_owned());
            assert_eq!(origins.locate(&message), format!("{line}{message}"));
        }
        let message = Usage("password: of which user?".to_owned());
        assert_eq!(typed.locate(&message), format!("$MQTT_PASS: {message}"));
        assert_eq!(typed.locate(&Usage("no".to_owned())), "no");
        typed.stand_in_variable("METERPIPE_TO");
        assert_eq!(typed.locate(&Usage("user: no".to_owned())), "$METERPIPE_TO: user: no");
        assert_eq!(typed.locate(&message), format!("$MQTT_PASS: {message}"));
    }
}
