//! The sinks of each program: those of `contrib/older`, which users also take by hand.

use crate::cli::{older::program::OldProgram, setup::config_file};
use meterpipe::sink::settings::SinkSettings;

/// The recipe of a program.
pub const fn text(program: OldProgram) -> &'static str {
    match program {
        OldProgram::Kaifa => include_str!("../../../contrib/older/kaifa.toml"),
        OldProgram::Kaifareader => include_str!("../../../contrib/older/kaifareader.toml"),
        OldProgram::KaifareaderSelections => {
            include_str!("../../../contrib/older/kaifareader-newer.toml")
        }
        OldProgram::KaifaMa309 => {
            include_str!("../../../contrib/older/EVNKaifaMA309SmartMeter_MQTT_HomeAssistant.toml")
        }
        OldProgram::SmartmeterHa => include_str!("../../../contrib/older/smartmeter-ha.toml"),
        OldProgram::Smartmeterreader => {
            include_str!("../../../contrib/older/smartmeterreader.toml")
        }
        OldProgram::GreenMikeScript => {
            include_str!("../../../contrib/older/SmartMeterEVNKaifaMA309.toml")
        }
        OldProgram::GreenMikeSagemcom => {
            include_str!("../../../contrib/older/SmartMeterEVNSagemcom-T210-D.toml")
        }
        // This program only prints.
        OldProgram::SmartMeterReadout => "",
    }
}

/// The sink of this scheme in the recipe of a program.
pub fn sink(program: OldProgram, scheme: &str) -> Option<SinkSettings> {
    let sinks = config_file::of_text(text(program)).sinks;
    sinks.into_iter().find(|sink| sink.scheme == scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recipe_is_a_configuration_with_one_meter() {
        let printing = |program: &OldProgram| text(*program).is_empty();
        for program in OldProgram::ALL.into_iter().filter(|program| !printing(program)) {
            let config = config_file::of_text(text(program));
            assert!(config.mistakes.is_empty(), "{program:?}: {:?}", config.mistakes);
            assert_eq!(config.meters.len(), 1, "{program:?}");
            let mut schemes: Vec<_> = config.sinks.iter().map(|sink| &sink.scheme).collect();
            schemes.dedup();
            assert_eq!(schemes.len(), config.sinks.len(), "{program:?}: one sink of a kind");
            assert!(sink(program, "mqtt").is_some(), "{program:?}");
        }
    }
}
