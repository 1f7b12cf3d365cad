//! The formats by name: one line each.

use core::{fmt, str::FromStr};

use crate::format::{
    csv,
    entry::Format,
    influx, json, lines,
    options::{FormatEntry, FormatOptions, OwnOption},
    prometheus, solarview, table,
    usage::Usage,
    xml,
};

/// Declares the formats: the variant, and the module with its `FORMAT`.
macro_rules! formats {
    ($($kind:ident $module:ident,)*) => {
        /// A format by its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum FormatKind {
            $(
                #[doc = concat!("Described in [`", stringify!($module), "::FORMAT`].")]
                $kind,
            )*
        }

        impl FormatKind {
            /// All formats.
            pub const ALL: [Self; [$(stringify!($kind)),*].len()] = [$(Self::$kind),*];

            /// The description of the format.
            #[must_use]
            pub const fn entry(self) -> &'static FormatEntry {
                match self {
                    $(Self::$kind => &$module::FORMAT,)*
                }
            }
        }
    };
}

formats! {
    Json json,
    Csv csv,
    Xml xml,
    Table table,
    Lines lines,
    Influx influx,
    Prometheus prometheus,
    Solarview solarview,
}

impl FormatKind {
    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.entry().name
    }

    /// The format that options mean, if one of them belongs to a single format.
    #[must_use]
    pub fn meant_by(options: &FormatOptions) -> Option<Self> {
        let is_chosen = |option: &OwnOption| (option.is_chosen)(options);
        Self::ALL.into_iter().find(|kind| kind.entry().own.iter().any(is_chosen))
    }

    /// Builds the format.
    ///
    /// # Errors
    /// An option that this format cannot honour, and whose effect would be missed. Units are never
    /// refused: one choice of units serves all outputs of a run.
    pub fn build(self, options: &FormatOptions) -> Result<Box<dyn Format>, Usage> {
        for other in Self::ALL.into_iter().filter(|other| *other != self) {
            let mut refused = other.entry().own.iter().filter(|option| !option.optional);
            if let Some(OwnOption { flag, .. }) = refused.find(|it| (it.is_chosen)(options)) {
                return Err(Usage(format!("{flag} belongs to {other}, not to {self}")));
            }
        }
        (self.entry().build)(options.clone())
    }
}

impl fmt::Display for FormatKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for FormatKind {
    type Err = Usage;

    fn from_str(text: &str) -> Result<Self, Usage> {
        let names = Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| Usage(format!("no format of that name: there are {names}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{
        locale::Locale, options::CommentStyle, selection::Selection, units::Units,
    };

    #[test]
    fn every_format_is_built_by_its_name() {
        for kind in FormatKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            assert!(kind.build(&FormatOptions::default()).is_ok());
        }
        assert_eq!(
            "yaml".parse::<FormatKind>().unwrap_err().to_string(),
            "no format of that name: there are json, csv, xml, table, lines, influx, prometheus, \
             solarview"
        );
    }

    #[test]
    fn options_of_another_format_are_refused() {
        let message = |kind: FormatKind, options: &FormatOptions| match kind.build(options) {
            Ok(_) => String::new(),
            Err(usage) => usage.to_string(),
        };
        let selection = Selection::parse("time", &Units::default()).ok();
        let fields = FormatOptions { selection, ..FormatOptions::default() };
        for kind in FormatKind::ALL {
            let refuses = matches!(kind, FormatKind::Xml | FormatKind::Solarview);
            assert_eq!(message(kind, &fields).is_empty(), !refuses, "{kind}");
        }
        let objects = FormatOptions { objects: true, ..FormatOptions::default() };
        assert_eq!(message(FormatKind::Json, &objects), "");
        assert_eq!(message(FormatKind::Csv, &objects), "--objects belongs to json, not to csv");
        let comments =
            FormatOptions { comments: Some(CommentStyle::Plain), ..FormatOptions::default() };
        assert_eq!(message(FormatKind::Xml, &comments), "");
        assert_eq!(
            message(FormatKind::Table, &comments),
            "--comments belongs to xml, not to table"
        );
        let locale = FormatOptions { locale: Locale::Austria, ..FormatOptions::default() };
        assert_eq!(message(FormatKind::Csv, &locale), "");
        assert_eq!(message(FormatKind::Json, &locale), "--csv-locale belongs to csv, not to json");
    }
}
