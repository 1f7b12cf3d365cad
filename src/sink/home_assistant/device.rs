//! The device of a meter.
//!
//! The system title tells who made a meter, and of some meters the model:
//!
//! ```text
//! 4b464d67 50000009    "KFMg"     Kaifa MA309
//! 4b464d10 20003774    "KFM\x10"  Kaifa MA309M, three phases; 10 instead of 20: MA110M, one phase
//! 53414759 05f0cc92    "SAGY"     Sagemcom T210-D
//! ```

use crate::{
    format::{key::Meta, readings::Readings},
    sink::slug::slug,
};

/// A meter as a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeterDevice {
    /// The meter number.
    pub number: String,
    /// The name that the user gave to the meter.
    pub name: Option<String>,
    /// The maker and the model, if the system title tells them.
    pub maker: Option<MeterMaker>,
}

/// The maker of a meter, and its model if that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeterMaker {
    /// The beginning of the system titles, in hexadecimal digits.
    title: &'static str,
    /// The name of the maker.
    pub name: &'static str,
    /// The model.
    pub model: Option<&'static str>,
}

/// The longer beginning comes first.
#[rustfmt::skip]
const MAKERS: [MeterMaker; 9] = [
    maker("4b464d67",   "Kaifa",       Some("MA309")),
    maker("4b464d102",  "Kaifa",       Some("MA309M")),
    maker("4b464d101",  "Kaifa",       Some("MA110M")),
    maker("4b464d",     "Kaifa",       None),
    maker("53414759",   "Sagemcom",    Some("T210-D")),
    maker("534147",     "Sagemcom",    None),
    maker("4c475a",     "Landis+Gyr",  None),
    maker("49534b",     "Iskraemeco",  None),
    maker("534945",     "Siemens",     None),
];

impl MeterDevice {
    /// Notes what these readings and the configuration say. Returns true if it is new.
    pub fn observe(&mut self, readings: &Readings, name: Option<String>) -> bool {
        let title = readings.meta(Meta::SystemTitle);
        let maker = title.and_then(|title| MAKERS.iter().find(|it| title.starts_with(it.title)));
        // A telegram without a title says nothing about the maker.
        let (maker, name) = (maker.copied().or(self.maker), name.or_else(|| self.name.clone()));
        let is_new = (maker, &name) != (self.maker, &self.name);
        (self.maker, self.name) = (maker, name);
        is_new
    }

    /// A text with `{meter}` and `{name}` filled in. A raw meter number could be a template.
    pub fn fill(&self, template: &str) -> String {
        let number = slug(&self.number);
        let name = self.name.as_deref().unwrap_or(&number);
        // The name comes last: it may have braces of its own.
        template.replace("{meter}", &number).replace("{name}", name)
    }
}

const fn maker(title: &'static str, name: &'static str, model: Option<&'static str>) -> MeterMaker {
    MeterMaker { title, name, model }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_tells_the_maker_and_sometimes_the_model() {
        for (title, expected) in [
            ("4b464d6750000009", Some(("Kaifa", Some("MA309")))),
            ("4b464d1020003774", Some(("Kaifa", Some("MA309M")))),
            ("4b464d1010000023", Some(("Kaifa", Some("MA110M")))),
            ("4b464d6550000009", Some(("Kaifa", None))),
            ("5341475905f0cc92", Some(("Sagemcom", Some("T210-D")))),
            ("5341473500000001", Some(("Sagemcom", None))),
            ("4c475a6700000001", Some(("Landis+Gyr", None))),
            ("49534b6900000001", Some(("Iskraemeco", None))),
            ("5349450000000001", Some(("Siemens", None))),
            ("454c536500000001", None),
            ("", None),
        ] {
            let line = format!("{{\"system_title\":\"{title}\",\"power_net_w\":1}}");
            let mut device = MeterDevice::default();
            let readings = Readings::parse(line.as_bytes()).unwrap();
            assert_eq!(device.observe(&readings, None), expected.is_some());
            assert_eq!(device.maker.map(|it| (it.name, it.model)), expected, "{title}");
            assert!(!device.observe(&readings, None));
        }
    }

    #[test]
    fn a_name_of_the_user_counts_before_the_number() {
        let mut device = MeterDevice { number: "a/b".to_owned(), ..MeterDevice::default() };
        assert_eq!(device.fill("{name}, {meter}"), "a_b-3a8e75c1, a_b-3a8e75c1");
        let readings = Readings::parse(b"{\"power_net_w\":1}").unwrap();
        assert!(device.observe(&readings, Some("Haus {meter}".to_owned())));
        assert_eq!(device.fill("{name}"), "Haus {meter}");
        assert!(!device.observe(&readings, None), "a name stays");
    }
}
