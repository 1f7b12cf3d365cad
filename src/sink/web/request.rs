//! The request for a page.

use crate::sink::settings::uri;

/// The part of a request that may matter to a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebRequest<'a> {
    /// The path, without the query.
    pub path: &'a str,
    /// The part behind the question mark.
    pub query: &'a str,
    /// All `Accept` headers.
    pub accept: String,
}

impl<'a> WebRequest<'a> {
    /// A request for a target such as `/data.json?meter=1`.
    pub fn new(target: &'a str, accept: String) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self { path, query, accept }
    }

    /// The value of a parameter of the query. A value with a wrong escape stays as it is.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(key, _)| *key == name)?;
        let spaced = value.replace('+', " ");
        Some(uri::decoded(&spaced).unwrap_or(spaced))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_the_first_of_its_name_decoded() {
        let of = |target| WebRequest::new(target, String::new()).parameter("meter");
        for (target, meter) in [
            ("/data.json", None),
            ("/data.json?", None),
            ("/data.json?meter", None),
            ("/data.json?meters=1", None),
            ("/data.json?meter=", Some("")),
            ("/data.json?a=b&meter=1&meter=2", Some("1")),
            ("/data.json?meter=a+%2b%20%C3%A4", Some("a + \u{e4}")),
            ("/data.json?meter=%zz%", Some("%zz%")),
            ("/data.json?meter=%ff", Some("%ff")),
        ] {
            assert_eq!(of(target).as_deref(), meter, "{target}");
        }
    }
}
