//! The settings of the sink.
//!
//! The keys are in [`kind`](super::kind).

use crate::sink::{
    kind::BuildContext,
    metrics,
    settings::{SinkSettings, error::SettingError},
    site::{
        data::{AbsentValue, DataPage},
        meter_site::MeterSite,
    },
    traits::Sink,
    web::{settings::WebAddress, sink::WebSink},
};

/// Builds the sink from its settings.
///
/// # Errors
/// Invalid values.
pub fn new(
    settings: &mut SinkSettings,
    context: &BuildContext<'_>,
) -> Result<Box<dyn Sink>, SettingError> {
    let (metrics, projection) = metrics::settings::take(settings, context)?;
    let absent = match settings.take_choice("missing")? {
        Some("zero") => AbsentValue::Zero,
        _ => AbsentValue::Omitted,
    };
    let address = WebAddress::take(settings)?.ok_or_else(|| {
        SettingError::new("http: an address expected, as in http://127.0.0.1:9888")
    })?;
    if !address.path.is_empty() {
        let text = "http: the pages have fixed paths; a server to send to is influxdb://HOST or \
                    webhook+http://HOST";
        return Err(SettingError::new(text));
    }
    let site = MeterSite::new(metrics, DataPage::new(projection.keys, absent));
    Ok(Box::new(WebSink::new(address, site)))
}
