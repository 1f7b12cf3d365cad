//! The settings for Home Assistant.
//!
//! The keys are in [`KEYS`].
//!
//! An older program's announcements go on with `ha_node` or `ha_topics`: the entities keep their
//! unique identifiers, and with them their history. Nothing is announced then that it had not, and
//! everything in the units of the state.
//!
//! With `layout=none` there is no state for Home Assistant to read, so nothing is announced. With
//! `on_change` telegrams come at no fixed interval: add `at_least_every`, or `ha_expire_after=0`.
//!
//! Before you change from one form to the other, remove the meter with `ha=remove&layout=none`: an
//! entity announced in both forms exists once, by the message that came first.

use core::time::Duration;

use crate::{
    format::{key::FieldKey, units::Units},
    sink::{
        home_assistant::language::NameLanguage,
        mqtt::{publication::StateFormat, topics::checked},
        settings::{
            SinkSettings,
            error::SettingError,
            key::{SettingKey, SettingType},
            redact,
        },
        slug::slug,
    },
};

/// The keys of the discovery, in the order of the manual.
pub const KEYS: &[SettingKey] = &[
    SettingKey::new(
        "ha",
        SettingType::Choice(&["device", "component", "remove", "off"]),
        "The discovery of Home Assistant: `device` announces a device in one message, for Home \
         Assistant 2024.11 and later; `component` sends a message for each entity, for older \
         ones. `remove`, with `layout=none`, removes every meter that sends a telegram, and the \
         state that the broker keeps of it.",
    )
    .or_depending("device; off with layout=none and layout=adapter"),
    SettingKey::new("ha_prefix", SettingType::Text("TOPIC"), "The discovery prefix.").or(PREFIX),
    SettingKey::new(
        "ha_expire_after",
        SettingType::Duration,
        "After this time without a telegram momentary values become unavailable; `0` means \
         never. With `on_change` telegrams come at no fixed interval: set `at_least_every` too, \
         or `0` here.",
    )
    .or_depending("six times the interval of the telegrams or of every, at least 60s"),
    SettingKey::new(
        "ha_compat",
        SettingType::Switch,
        "No device class that came with Home Assistant 2025.6. `component` implies it.",
    )
    .or("false"),
    SettingKey::new(
        "ha_language",
        SettingType::Choice(&["de", "en"]),
        "The language of the names of entities. Home Assistant does not tell its own. Names change \
         nothing else: an entity keeps its identifiers and its history.",
    )
    .of_locale()
    .or_depending("the language of LC_ALL, LC_MESSAGES or LANG if it is one of them; en"),
    SettingKey::new(
        "ha_names",
        SettingType::Table("FIELD", "NAME"),
        "The name of an entity, as in `ha_names.power_net_w=Bezug jetzt`.",
    ),
    SettingKey::new(
        "ha_device",
        SettingType::Text("NAME"),
        "The name of the device. `{name}` in it is the `name` of `[[meter]]`, `{meter}` the meter number.",
    )
    .or_depending("the name of [[meter]]; without one, Smart meter {meter} or Stromzähler {meter}"),
    SettingKey::new(
        "ha_manufacturer",
        SettingType::Text("NAME"),
        "The maker of the meter.",
    )
    .or_depending("as the system title of the meter says"),
    SettingKey::new("ha_model", SettingType::Text("NAME"), "The model of the meter.")
        .or_depending("as the system title of the meter says"),
    SettingKey::new(
        "ha_entity_ids",
        SettingType::Choice(&["meter", "name"]),
        "The entity ids of new entities: `meter` gives `sensor.smart_meter_{meter}_power_net` in each \
         language, `name` lets Home Assistant make them of the names of device and entity, as \
         `sensor.haus_leistung`. Home Assistant keeps the id of an entity that it knows.",
    )
    .or_depending("meter; name with ha_node or ha_topics"),
    SettingKey::new(
        "ha_identifiers",
        SettingType::List("ID"),
        "The identifiers of the device, which may contain `{meter}`. Devices that share one are one.",
    )
    .or_depending("meterpipe_{meter}"),
    SettingKey::new(
        "ha_node",
        SettingType::Text("TEXT"),
        "With `component`: announces what an older program has announced, at \
         `PREFIX/sensor/NODE/NAME/config` with the unique identifier `NODE_NAME`, so that entities and \
         their history go on. NAME is the reading's name in the state. The text may contain `{meter}` \
         and `{host}`, the name of this machine in lower case. Energies keep the unit of the state, and \
         there are no diagnostic values.",
    ),
    SettingKey::new(
        "ha_topics",
        SettingType::Table("FIELD", "TOPIC"),
        "With `component`: the same for an entity that an older program has announced without a \
         device, at a topic such as `homeassistant/sensor/smartmeterP/config`. Its unique identifier is \
         then `smartmeterP`, and its entity id follows from its name.",
    ),
];

/// The part of the manual behind the keys.
pub const NOTES: &str = "Home Assistant shows energies in kWh and kvarh, whatever unit the state has; \
    a unit that `units` chooses stays, so `units.energy=Wh` shows Wh, and with `status=none` the unit of \
    the state does. `power_net` is called Power or \
    Leistung: positive is drawn from the grid, negative fed in. The meter's clock, its drift and the \
    counts of lost telegrams and damaged frames are entities that are disabled until somebody enables \
    them. None of this changes a unique identifier: what an earlier version has announced keeps its \
    entity id, its history and whether it is enabled.";

/// The form of discovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveryOptions {
    /// The form of the announcement.
    pub form: DiscoveryForm,
    /// The discovery prefix, without a slash at the end.
    pub prefix: String,
    /// The time after which instantaneous values expire: zero for never, `None` to derive it from
    /// the telegrams.
    pub expire_after: Option<Duration>,
    /// True to avoid features that came with Home Assistant 2025.6.
    pub compat: bool,
    /// The language of names.
    pub language: NameLanguage,
    /// Names of entities that the user chose.
    pub names: Vec<(FieldKey, String)>,
    /// The device, as far as the user describes it.
    pub device: DeviceOptions,
    /// True if Home Assistant makes entity ids of names.
    pub ids_by_name: bool,
    /// The node of an older program's announcements, `{host}` filled in.
    pub node: Option<String>,
    /// The topics of an older program's announcements.
    pub topics: Vec<(FieldKey, String)>,
    /// True if an entity has the unit of the state. Without a status topic the entity is available
    /// when its announcement changes, and would show its old value in the new unit for a moment.
    pub keeps_units: bool,
}

/// The user's texts about the devices. The texts may have placeholders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceOptions {
    /// The name.
    pub name: Option<String>,
    /// The maker.
    pub manufacturer: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The identifiers; empty for our own.
    pub identifiers: Vec<String>,
}

/// The form of the announcement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DiscoveryForm {
    /// A message for each device.
    #[default]
    Device,
    /// A message for each entity.
    Component,
    /// A removal: whatever exists of a meter goes, in either form.
    Remove,
}

/// Home Assistant's default discovery prefix.
pub const PREFIX: &str = "homeassistant";

impl DiscoveryOptions {
    /// Takes the keys; `None` if nothing is to be announced.
    ///
    /// # Errors
    /// Invalid values, or an announcement without a state.
    pub fn take(
        settings: &mut SinkSettings,
        state_format: &StateFormat,
    ) -> Result<Option<Self>, SettingError> {
        let (layout, units) = (state_format.topics.layout(), &state_format.projection.units);
        let ha = settings.take_choice("ha")?;
        let prefix = settings.take("ha_prefix").unwrap_or_default();
        let expire_after = settings.take_duration("ha_expire_after")?;
        let compat = settings.take_switch("ha_compat")?;
        let language = match settings.take_choice("ha_language")? {
            Some("de") => NameLanguage::German,
            _ => NameLanguage::English,
        };
        let names = take_fields(settings, "ha_names", units, &[])?;
        let device = DeviceOptions::take(settings)?;
        let entity_ids = settings.take_choice("ha_entity_ids")?;
        let node = take_node(settings)?;
        let topics = take_topics(settings, units)?;
        let form = match ha {
            Some("off") => return Ok(None),
            None if !layout.has_names() => return Ok(None),
            Some("device" | "component") if !layout.has_names() => {
                let cause = "there is no state to show with layout=none and layout=adapter";
                return Err(SettingError::of("ha", cause));
            }
            Some("component") => DiscoveryForm::Component,
            Some("remove") => DiscoveryForm::Remove,
            _ => DiscoveryForm::Device,
        };
        let is_older = node.is_some() || !topics.is_empty();
        if is_older && form == DiscoveryForm::Device {
            let key = if node.is_some() { "ha_node" } else { "ha_topics" };
            return Err(SettingError::of(key, "it is of the older form: add ha=component"));
        }
        let prefix = checked("ha_prefix", prefix.trim_end_matches('/'), &[])?;
        Ok(Some(Self {
            form,
            prefix,
            expire_after,
            // Users of the component form run a version that is older still.
            compat: compat || form == DiscoveryForm::Component,
            language,
            names,
            device,
            ids_by_name: entity_ids.map_or(is_older, |word| word == "name"),
            node,
            topics,
            keeps_units: is_older || state_format.topics.status().is_none(),
        }))
    }

    /// True if the announcements are those of an older program.
    pub const fn is_older(&self) -> bool {
        self.node.is_some() || !self.topics.is_empty()
    }

    /// True if all meters would have the same identifiers.
    pub fn is_shared(&self) -> bool {
        let has_meter = |text: &String| text.contains("{meter}");
        !self.node.iter().all(has_meter) || !self.topics.iter().all(|(_, topic)| has_meter(topic))
    }

    /// The name that the user chose for an entity.
    pub fn name(&self, key: FieldKey) -> Option<&str> {
        of_key(&self.names, key)
    }

    /// The topic of an entity in an older program.
    pub fn topic(&self, key: FieldKey) -> Option<&str> {
        of_key(&self.topics, key)
    }
}

impl DeviceOptions {
    fn take(settings: &mut SinkSettings) -> Result<Self, SettingError> {
        let mut text = |key: &str, places: &[&str]| {
            let text = settings.take(key);
            text.map(|text| filled_in(key, text, places)).transpose()
        };
        let name = text("ha_device", &["name", "meter"])?;
        let manufacturer = text("ha_manufacturer", &[])?;
        let model = text("ha_model", &[])?;
        let identifiers = text("ha_identifiers", &["meter"])?.unwrap_or_default();
        let identifiers = identifiers.split(',').map(str::trim).filter(|it| !it.is_empty());
        let identifiers = identifiers.map(str::to_owned).collect();
        Ok(Self { name, manufacturer, model, identifiers })
    }
}

fn of_key(all: &[(FieldKey, String)], key: FieldKey) -> Option<&str> {
    all.iter().find(|(known, _)| *known == key).map(|(_, text)| text.as_str())
}

/// The entries of a table of readings, under their names in the state or their published ones.
fn take_fields(
    settings: &mut SinkSettings,
    table: &str,
    units: &Units,
    places: &[&str],
) -> Result<Vec<(FieldKey, String)>, SettingError> {
    let entries = settings.take_table(table).into_iter().map(|(name, text)| {
        let key = format!("{table}.{name}");
        let field =
            FieldKey::parse(&name, units).or_else(|| FieldKey::parse(&name, &Units::default()));
        let unknown = || format!("no field is called {}", redact::typed(&name));
        let field = field.ok_or_else(|| SettingError::of(&key, unknown()))?;
        Ok((field, filled_in(&key, text, places)?))
    });
    entries.collect()
}

/// Refuses a text that is empty, or has another placeholder than these.
fn filled_in(key: &str, text: String, places: &[&str]) -> Result<String, SettingError> {
    let bare = places.iter().fold(text.clone(), |bare, it| bare.replace(&format!("{{{it}}}"), "x"));
    match bare.trim().is_empty() || bare.contains(char::is_control) {
        true => Err(SettingError::of(key, "a text expected, without control characters")),
        false if bare.contains(['{', '}']) && places.is_empty() => {
            Err(SettingError::of(key, "it has no placeholders"))
        }
        false if bare.contains(['{', '}']) => {
            let known: Vec<_> = places.iter().map(|place| format!("{{{place}}}")).collect();
            let cause = format!("a placeholder must be one of {}", known.join(", "));
            Err(SettingError::of(key, cause))
        }
        false => Ok(text),
    }
}

fn take_node(settings: &mut SinkSettings) -> Result<Option<String>, SettingError> {
    let Some(node) = settings.take("ha_node") else {
        return Ok(None);
    };
    let node = filled_in("ha_node", node, &["meter", "host"])?;
    let host = rustix::system::uname().nodename().to_string_lossy().to_ascii_lowercase();
    let node = node.replace("{host}", &slug(&host));
    level("ha_node", &node.replace("{meter}", "x"))?;
    Ok(Some(node))
}

fn take_topics(
    settings: &mut SinkSettings,
    units: &Units,
) -> Result<Vec<(FieldKey, String)>, SettingError> {
    let topics = take_fields(settings, "ha_topics", units, &["meter"])?;
    for (field, topic) in &topics {
        let key = format!("ha_topics.{}", field.text(&Units::default()));
        let bare = checked(&key, topic, &["meter"])?.replace("{meter}", "x");
        let object = object(&bare).ok_or_else(|| {
            let advice = "a topic such as homeassistant/sensor/smartmeterP/config expected";
            SettingError::of(&key, advice)
        })?;
        level(&key, &object.replacen('/', "", 1))?;
    }
    Ok(topics)
}

/// The part of a topic of discovery that names an entity: `smartmeterP`, or `node/object`.
pub fn object(topic: &str) -> Option<&str> {
    topic.strip_suffix("/config")?.split_once("/sensor/").map(|(_, object)| object)
}

/// Home Assistant ignores announcements with other characters in the names of their topics.
fn level(key: &str, text: &str) -> Result<(), SettingError> {
    match text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
        true if !text.is_empty() => Ok(()),
        _ => Err(SettingError::of(key, "only letters, digits, _ and - expected in a name")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::mqtt::topics::TopicLayout;

    fn take(query: &str, layout: TopicLayout) -> Result<Option<DiscoveryOptions>, String> {
        let layout = match layout {
            TopicLayout::Json => "json",
            TopicLayout::Flat => "flat",
            TopicLayout::Adapter => "adapter",
            TopicLayout::Nothing => "none",
        };
        let uri = format!("mqtt://broker?layout={layout}&{query}");
        let mut settings: SinkSettings = uri.trim_end_matches('&').parse().unwrap();
        let state_format = StateFormat::take(&mut settings).unwrap();
        let options = DiscoveryOptions::take(&mut settings, &state_format)
            .map_err(|error| error.to_string())?;
        settings.finish().unwrap();
        Ok(options)
    }

    #[test]
    fn a_device_is_announced_if_nothing_is_set_and_there_is_a_state() {
        let expected = DiscoveryOptions {
            form: DiscoveryForm::Device,
            prefix: "homeassistant".to_owned(),
            expire_after: None,
            compat: false,
            language: NameLanguage::English,
            names: Vec::new(),
            device: DeviceOptions::default(),
            ids_by_name: false,
            node: None,
            topics: Vec::new(),
            keeps_units: false,
        };
        for layout in [TopicLayout::Json, TopicLayout::Flat] {
            assert_eq!(take("", layout), Ok(Some(expected.clone())));
            assert_eq!(take("ha=off&ha_prefix=x", layout), Ok(None));
        }
        assert_eq!(take("", TopicLayout::Nothing), Ok(None));
        assert_eq!(take("", TopicLayout::Adapter), Ok(None));
        assert_eq!(take("ha=off", TopicLayout::Nothing), Ok(None));
    }

    #[test]
    fn what_is_set_counts_and_the_old_form_keeps_to_what_is_old() {
        let options = take("ha=component&ha_prefix=a/b/&ha_expire_after=2m", TopicLayout::Json);
        let options = options.unwrap().unwrap();
        assert_eq!((options.form, options.prefix.as_str()), (DiscoveryForm::Component, "a/b"));
        assert_eq!(options.expire_after, Some(Duration::from_secs(120)));
        assert!(options.compat);
        let options = take("ha_compat=true&ha_expire_after=0", TopicLayout::Json).unwrap().unwrap();
        assert!(options.compat && options.expire_after == Some(Duration::ZERO));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let error = |query, layout| take(query, layout).unwrap_err();
        assert_eq!(
            error("ha=yes", TopicLayout::Json),
            "ha: device, component, remove or off expected"
        );
        assert!(error("ha=device", TopicLayout::Nothing).contains("layout=none"));
        assert!(error("ha_prefix=a/%2B", TopicLayout::Json).starts_with("ha_prefix: + and #"));
        assert!(
            error("ha_expire_after=soon", TopicLayout::Json).starts_with("ha_expire_after = soon")
        );
        assert!(error("ha_compat=2024.3", TopicLayout::Json).starts_with("ha_compat = 2024.3"));
    }
}
