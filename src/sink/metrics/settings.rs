//! The settings of sinks that show metrics.

use crate::{
    format::{prometheus::Prometheus, units::Units},
    sink::{
        freshness::Freshness,
        kind::BuildContext,
        metrics::page::Metrics,
        projection::Projection,
        settings::{
            SinkSettings,
            error::SettingError,
            key::{SettingKey, SettingType},
        },
    },
};

/// The key of the time for which momentary values are valid. Its default is much longer than any
/// interval at which a home's meter is watched.
pub const EXPIRE_AFTER: SettingKey = SettingKey::new(
    "expire_after",
    SettingType::Duration,
    "The metrics have momentary values for this time after the last telegram of a meter; `0` shows them \
     for ever. Registers and the time of the last telegram stay.",
)
.or("1h");

/// Takes the settings of the metrics, and the choice of readings.
///
/// # Errors
/// Invalid values.
pub fn take(
    settings: &mut SinkSettings,
    context: &BuildContext<'_>,
) -> Result<(Metrics, Projection), SettingError> {
    let expire_after = settings.take_duration(EXPIRE_AFTER.name)?.unwrap_or_default();
    let projection = settings.take_projection()?;
    if !projection.names.is_empty() || projection.units != Units::default() {
        let scheme = &settings.scheme;
        let text = match scheme.as_str() {
            "prometheus" => "names and units are those of Prometheus, they cannot be chosen",
            _ => "names and units are those of the pages, they cannot be chosen",
        };
        return Err(SettingError::new(format!("{scheme}: {text}")));
    }
    projection.refuse_numbers()?;
    let freshness = Freshness::take(settings, context.interval)?;
    let format = Prometheus::new(projection.keys.clone());
    let metrics = Metrics::new(format, expire_after, freshness, context.counters.clone());
    Ok((metrics, projection))
}
