//! The settings for Home Assistant.
//!
//! The keys are in [`KEYS`].
//!
//! With `layout=none` there is no state for Home Assistant to read, so nothing is announced. With
//! `on_change` telegrams come at no fixed interval: add `at_least_every`, or `ha_expire_after=0`.
//!
//! Before you change from one form to the other, remove the meter with `ha=remove&layout=none`: an
//! entity announced in both forms exists once, by the message that came first.

use core::time::Duration;

use crate::sink::{
    mqtt::topics::{TopicLayout, checked},
    settings::{
        SinkSettings,
        error::SettingError,
        key::{SettingKey, SettingType},
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
];

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
        layout: TopicLayout,
    ) -> Result<Option<Self>, SettingError> {
        let ha = settings.take_choice("ha")?;
        let prefix = settings.take("ha_prefix").unwrap_or_default();
        let expire_after = settings.take_duration("ha_expire_after")?;
        let compat = settings.take_switch("ha_compat")?;
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
        let prefix = checked("ha_prefix", prefix.trim_end_matches('/'), &[])?;
        // Users of the component form run a version that is older still.
        let compat = compat || form == DiscoveryForm::Component;
        Ok(Some(Self { form, prefix, expire_after, compat }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(query: &str, layout: TopicLayout) -> Result<Option<DiscoveryOptions>, String> {
        let mut settings: SinkSettings = format!("mqtt://broker?{query}").parse().unwrap();
        let options =
            DiscoveryOptions::take(&mut settings, layout).map_err(|error| error.to_string())?;
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
