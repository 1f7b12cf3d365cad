//! The programs whose configurations are known.

/// An older program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldProgram {
    /// tirolerstefan/kaifa: `meter.json`.
    Kaifa,
    /// Phil1pp/kaifareader: `meter.json`.
    Kaifareader,
    /// Its newer image, with selections of values.
    KaifareaderSelections,
    /// samyness/EVNKaifaMA309SmartMeter_MQTT_HomeAssistant: options and variables.
    KaifaMa309,
    /// peerdavid/smartmeter-ha: options and variables.
    SmartmeterHa,
    /// lgraho/smartmeterreader: `config.yaml` and `data_format.yaml`.
    Smartmeterreader,
    /// greenMikeEU/SmartMeterEVNKaifaMA309, and scripts like it: constants in the script.
    GreenMikeScript,
    /// greenMikeEU/SmartMeterEVNSagemcom-T210-D: `config.json`.
    GreenMikeSagemcom,
    /// stefanu21/SmartMeterReadout: constants in the script.
    SmartMeterReadout,
}

impl OldProgram {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Kaifa,
        Self::Kaifareader,
        Self::KaifareaderSelections,
        Self::KaifaMa309,
        Self::SmartmeterHa,
        Self::Smartmeterreader,
        Self::GreenMikeScript,
        Self::GreenMikeSagemcom,
        Self::SmartMeterReadout,
    ];

    /// Its name, as its repository is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kaifa => "tirolerstefan/kaifa",
            Self::Kaifareader => "Phil1pp/kaifareader",
            Self::KaifareaderSelections => "Phil1pp/kaifareader (the newer image)",
            Self::KaifaMa309 => "samyness/EVNKaifaMA309SmartMeter_MQTT_HomeAssistant",
            Self::SmartmeterHa => "peerdavid/smartmeter-ha",
            Self::Smartmeterreader => "lgraho/smartmeterreader",
            Self::GreenMikeScript => "greenMikeEU/SmartMeterEVNKaifaMA309",
            Self::GreenMikeSagemcom => "greenMikeEU/SmartMeterEVNSagemcom-T210-D",
            Self::SmartMeterReadout => "stefanu21/SmartMeterReadout",
        }
    }
}
