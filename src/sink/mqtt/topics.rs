//! The topics of the sink.
//!
//! The path of the URI is the base; `topic`, `layout`, `status` and `meter_status` are in
//! [`kind`](super::kind).
//!
//! With `layout=flat` the default of `topic` is `{base}/{meter}`.
//!
//! Anybody who can send telegrams chooses the meter number in them. In a topic the number becomes a
//! [slug](crate::sink::slug), without characters that mean something to a broker.

use crate::sink::{
    settings::{SinkSettings, SinkTarget, error::SettingError, origin::TARGET_PATH},
    slug::slug,
};

/// The topics of one sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    base: String,
    state: String,
    status: Option<String>,
    meter_status: Option<String>,
    layout: TopicLayout,
}

/// The form of a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TopicLayout {
    /// All values in one JSON object.
    #[default]
    Json,
    /// A topic for each value.
    Flat,
    /// All values in one JSON object, as the adapter of Oesterreichs Energie sends them.
    Adapter,
    /// No state: only custom topics.
    Nothing,
}

impl TopicLayout {
    /// True if each value has its name in a state.
    pub const fn has_names(self) -> bool {
        matches!(self, Self::Json | Self::Flat)
    }
}

impl Topics {
    /// Takes `topic`, `layout`, `status` and `meter_status`.
    ///
    /// # Errors
    /// An invalid topic, or an unknown placeholder in a template.
    pub fn take(settings: &mut SinkSettings) -> Result<Self, SettingError> {
        let base = match &settings.target {
            SinkTarget::Server { path, .. } if !path.is_empty() => path.trim_end_matches('/'),
            _ => BASE,
        };
        let base = checked("the base topic", base, &[]).map_err(|error| error.at(TARGET_PATH))?;
        let layout = match settings.take_choice("layout")? {
            Some("flat") => TopicLayout::Flat,
            Some("adapter") => TopicLayout::Adapter,
            Some("none") => TopicLayout::Nothing,
            _ => TopicLayout::Json,
        };
        let usual = match layout {
            TopicLayout::Json | TopicLayout::Adapter | TopicLayout::Nothing => {
                "{base}/{meter}/state"
            }
            TopicLayout::Flat => "{base}/{meter}",
        };
        let state = settings.take("topic").unwrap_or_else(|| usual.to_owned());
        let status = settings.take("status").filter(|status| status != "none");
        let meter_status = settings.take("meter_status").filter(|status| status != "none");
        let meter_status = meter_status.filter(|_| status.is_some());
        let meter_status = meter_status.map(|topic| checked_for_meters("meter_status", &topic));
        Ok(Self {
            state: checked("topic", state.trim_end_matches('/'), &["base", "meter"])?,
            status: status.map(|status| checked("status", &status, &["base"])).transpose()?,
            meter_status: meter_status.transpose()?,
            base,
            layout,
        })
    }

    /// The base topic.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The form of a state.
    pub const fn layout(&self) -> TopicLayout {
        self.layout
    }

    /// The topic of `online` and `offline`, if there is one.
    pub fn status(&self) -> Option<String> {
        self.status.as_ref().map(|status| self.fill(status, None))
    }

    /// The topic of `online` and `offline` of a meter, if there is one.
    pub fn meter_status(&self, meter: &str) -> Option<String> {
        self.meter_status.as_ref().map(|status| self.fill(status, Some(meter)))
    }

    /// The topic for the state of a meter.
    pub fn state(&self, meter: Option<&str>) -> String {
        self.fill(&self.state, meter)
    }

    /// The topic for a value of a meter, in the flat layout.
    pub fn value(&self, meter: Option<&str>, name: &str) -> String {
        format!("{}/{}", self.state(meter), level(name))
    }

    /// True if several meters share one state topic.
    pub fn is_shared(&self) -> bool {
        self.layout != TopicLayout::Nothing && !self.state.contains("{meter}")
    }

    /// A template with its placeholders filled in.
    pub fn fill(&self, template: &str, meter: Option<&str>) -> String {
        let base = template.replace("{base}", &self.base);
        match base.contains("{meter}") {
            true => base.replace("{meter}", &slug(meter.unwrap_or_default())),
            false => base,
        }
    }
}

/// A name as the last level of a topic; the code of an object keeps its dots and colons.
fn level(name: &str) -> String {
    name.replace(|c: char| matches!(c, '+' | '/' | '#') || c.is_control(), "_")
}

/// Checks a template that gives each meter a topic of its own.
fn checked_for_meters(key: &str, template: &str) -> Result<String, SettingError> {
    let checked = checked(key, template, &["base", "meter"])?;
    match checked.contains("{meter}") {
        true => Ok(checked),
        false => Err(SettingError::of(key, "{meter} is missing: each meter has a status")),
    }
}

/// Checks that a template has only known placeholders and gives a valid topic.
///
/// # Errors
/// The fault of the template.
pub fn checked(key: &str, template: &str, places: &[&str]) -> Result<String, SettingError> {
    let mut bare = template.to_owned();
    for place in places {
        bare = bare.replace(&format!("{{{place}}}"), "x");
    }
    let wrong = if bare.is_empty() {
        "it is empty".to_owned()
    } else if bare.contains(['+', '#']) {
        "+ and # have no place in a topic to publish to".to_owned()
    } else if bare.contains(char::is_control) {
        "a control character has no place in a topic".to_owned()
    } else if bare.contains(['{', '}']) {
        let known: Vec<_> = places.iter().map(|place| format!("{{{place}}}")).collect();
        format!("a placeholder must be one of {}", known.join(", "))
    } else if bare.starts_with('$') {
        "topics with a $ in front belong to the broker".to_owned()
    } else if bare.len() > LONGEST_TOPIC {
        format!("more than {LONGEST_TOPIC} octets")
    } else {
        return Ok(template.to_owned());
    };
    Err(SettingError::of(key, wrong))
}

const BASE: &str = "meterpipe";

/// Enough for the longest meter number; MQTT itself allows 65535.
const LONGEST_TOPIC: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn topics(uri: &str) -> Result<Topics, SettingError> {
        Topics::take(&mut uri.parse().unwrap())
    }

    #[test]
    fn what_nobody_set_is_as_documented() {
        let topics = topics("mqtt://b").unwrap();
        assert_eq!(topics.state(Some("181220000009")), "meterpipe/181220000009/state");
        assert_eq!(topics.status().as_deref(), Some("meterpipe/status"));
        assert_eq!(topics.meter_status("a/b").as_deref(), Some("meterpipe/a_b-3a8e75c1/status"));
        let flat = super::tests::topics("mqtt://b/house/meter/?layout=flat").unwrap();
        assert_eq!(flat.value(Some("7"), "power_net_w"), "house/meter/7/power_net_w");
        assert_eq!(flat.value(Some("7"), "1-0:99.1.0#2"), "house/meter/7/1-0:99.1.0_2");
        assert_eq!(flat.status().as_deref(), Some("house/meter/status"));
    }

    #[test]
    fn templates_have_their_places_filled() {
        let query = "?topic=x/{meter}/{base}&status=y/{base}";
        let topics = topics(&format!("mqtt://b/a%20b{query}")).unwrap();
        assert_eq!(topics.state(Some("{base}")), "x/_base_-2aa7045e/a b");
        assert_eq!(topics.status().as_deref(), Some("y/a b"));
        let none = super::tests::topics("mqtt://b?status=none").unwrap();
        assert_eq!((none.status(), none.meter_status("7")), (None, None));
        let none = super::tests::topics("mqtt://b?meter_status=none").unwrap();
        assert_eq!((none.status().is_some(), none.meter_status("7")), (true, None));
    }

    #[test]
    fn what_is_no_topic_is_refused_with_its_reason() {
        let why = |uri| topics(uri).unwrap_err().to_string();
        assert!(why("mqtt://b/a/%23").starts_with("the base topic: + and #"));
        assert!(why("mqtt://b/a%00").contains("control character"));
        assert!(why("mqtt://b/$SYS").contains("belong to the broker"));
        assert!(why("mqtt://b?topic=a/{name}").contains("must be one of {base}, {meter}"));
        assert!(why("mqtt://b?status=a/{meter}").contains("must be one of {base}"));
        assert!(why("mqtt://b?meter_status=x").contains("{meter} is missing"));
        assert!(why("mqtt://b?topic=").contains("empty"));
        assert_eq!(why("mqtt://b?layout=xml"), "layout: json, flat, adapter or none expected");
        assert!(why(&format!("mqtt://b/{}", "x".repeat(2000))).contains("more than"));
    }
}
