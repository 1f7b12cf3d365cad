//! The settings of every sink, read: which readings it gets, and how often.

use crate::{
    format::{key::FieldKey, numbers::NumberStyle, selection::Selection, units::Units},
    reading::decimal::Decimal,
    sink::{
        projection::Projection,
        settings::{SinkSettings, error::SettingError, names, redact},
        throttle::{OnChange, ThrottleOptions},
    },
};

impl SinkSettings {
    /// Takes `fields`, `units`, `names` and `numbers`.
    ///
    /// # Errors
    /// A name, a unit or a spelling that is not known.
    pub fn take_projection(&mut self) -> Result<Projection, SettingError> {
        let (units, keys) = (self.units()?, self.fields()?);
        self.take_table("units");
        self.take("fields");
        let names = names::parse(&self.take_table("names"), keys.as_deref(), &units)?;
        let numbers = match self.take_choice("numbers")? {
            Some("float") => NumberStyle::Float,
            Some("short") => NumberStyle::Short,
            _ => NumberStyle::Exact,
        };
        Ok(Projection { keys, names, units, numbers })
    }

    fn units(&self) -> Result<Units, SettingError> {
        let mut units = Units::default();
        for (quantity, unit) in self.peek_table("units") {
            let chosen = units.choose(&format!("{quantity}={unit}"));
            chosen.map_err(|cause| SettingError::of(&format!("units.{quantity}"), cause))?;
        }
        Ok(units)
    }

    fn fields(&self) -> Result<Option<Vec<FieldKey>>, SettingError> {
        let Some(fields) = self.peek("fields") else {
            return Ok(None);
        };
        let selection = Selection::parse(fields, &self.units()?);
        let selection = selection.map_err(|cause| SettingError::of("fields", cause))?;
        Ok(Some(selection.keys().to_vec()))
    }

    /// Takes `meter`, `every`, `on_change`, `bands` and `at_least_every`.
    ///
    /// # Errors
    /// A value that is invalid.
    pub fn take_throttle(&mut self) -> Result<ThrottleOptions, SettingError> {
        let (meter, every) = (self.take("meter"), self.take_duration("every")?);
        Ok(ThrottleOptions { meter, every, on_change: self.take_on_change()? })
    }

    fn take_on_change(&mut self) -> Result<Option<OnChange>, SettingError> {
        let at_least_every = self.take_duration("at_least_every")?;
        let bands = self.take_table("bands").into_iter();
        let bands = bands.map(|(name, text)| band(&name, &text)).collect::<Result<Vec<_>, _>>()?;
        let keys = match self.take("on_change").as_deref() {
            Some("false") => return Ok(None),
            None if bands.is_empty() && at_least_every.is_none() => return Ok(None),
            // A change counts only in a field that the sink stores.
            None | Some("true") => self.fields()?.map(|keys| {
                keys.into_iter().filter(|key| !matches!(key, FieldKey::Meta(_))).collect()
            }),
            Some(fields) => {
                let keys = fields.split(',').map(|name| field("on_change", name.trim()));
                Some(keys.collect::<Result<Vec<_>, _>>()?)
            }
        };
        Ok(Some(OnChange { keys, bands, at_least_every }))
    }
}

fn band(name: &str, text: &str) -> Result<(FieldKey, Decimal), SettingError> {
    let key = format!("bands.{name}");
    let wrong = || SettingError::value(&key, text, "a number from 0 expected");
    let number = Decimal::parse(text).filter(|band| !band.is_negative());
    Ok((field(&key, name)?, number.ok_or_else(wrong)?))
}

/// The field with a published name, for the key of the settings that names it.
///
/// # Errors
/// There is no such field.
pub fn field(key: &str, name: &str) -> Result<FieldKey, SettingError> {
    let unknown = || SettingError::of(key, format!("no field is called {}", redact::typed(name)));
    FieldKey::parse(name, &Units::default()).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::format::key::Meta;

    fn settings(text: &str) -> SinkSettings {
        text.parse().unwrap()
    }

    #[test]
    fn projection_and_throttle_are_read() {
        let mut it = settings(concat!(
            "file:x?fields=time,energy_import_kwh&units.energy=kWh&names.energy_import_kwh=A",
            "&every=30s&on_change=power_net_w&bands.power_net_w=20.5&at_least_every=5m"
        ));
        let projection = it.take_projection().unwrap();
        let energy = FieldKey::parse("energy_import_wh", &Units::default()).unwrap();
        assert_eq!(projection.keys.unwrap(), [FieldKey::Meta(Meta::Time), energy]);
        assert_eq!(projection.names, [(energy, "A".to_owned())]);
        let throttle = it.take_throttle().unwrap();
        assert_eq!(throttle.every, Some(Duration::from_secs(30)));
        let change = throttle.on_change.unwrap();
        assert_eq!((change.keys.unwrap().len(), change.bands.len()), (1, 1));
        assert_eq!(change.at_least_every, Some(Duration::from_secs(300)));
        it.finish().unwrap();
        assert!(settings("file:x").take_throttle().unwrap().on_change.is_none());
        assert!(settings("file:x?on_change").take_throttle().unwrap().on_change.is_some());
        let twice = "file:x?names.power_import_w=p&names.power_export_w=p";
        let message = |text: &str| settings(text).take_projection().unwrap_err().to_string();
        assert_eq!(message(twice), "names.power_import_w = p: that is the name of power_export_w");
        assert!(message("file:x?units.energy=kW").starts_with("units.energy: energy in kW: "));
        assert!(message("file:x?fields=what").starts_with("fields: no field is called what: "));
        for (text, message) in [
            ("file:x?every=5x", "every = 5x: expected a duration such as 30s, 5m, 1h or 2d"),
            ("file:x?every=9999d", "every = 9999d: at most ten years expected: 3650d"),
            ("file:x?bands.power_net_w=a", "bands.power_net_w = a: a number from 0 expected"),
            ("file:x?bands.what=1", "bands.what: no field is called what"),
            ("file:x?on_change=power_net_w,what", "on_change: no field is called what"),
        ] {
            assert_eq!(settings(text).take_throttle().unwrap_err().to_string(), message);
        }
    }
}
