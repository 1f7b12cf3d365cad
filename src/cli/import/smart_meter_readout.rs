//! The constants of stefanu21/SmartMeterReadout, which prints readings and stores some.

use crate::cli::{
    import::{
        settings::OldSettings,
        translation::{OldLine, Translation},
    },
    older::program::OldProgram,
    run::status::Stop,
};

/// Translates the settings.
///
/// # Errors
/// A value that cannot be carried over.
pub fn translate(old: &mut OldSettings) -> Result<Translation, Stop> {
    let names = OldLine { source: "COM_PORT", baud: "BAUDRATE", key: "VNB_KEY" };
    let mut new = Translation::new(OldProgram::SmartMeterReadout, &names, old)?;
    new.parity(["PARITY", "STOPBITS", "BYTESIZE"], old);
    if let Some(stored) = old.take("ENABLE_DATA_LOGGING").filter(|it| it.entry.value.is_true()) {
        old.lost(
            &stored,
            "a [[sink]] with to = \"file:/PATH.csv\" stores readings, in its own columns",
        );
    }
    old.note(
        "there is no sink: watch prints readings, and --names with --format lines renames them",
    );
    // The other constants are the script's own.
    old.drop_rest();
    Ok(new)
}
