//! From settings to a translation.

use crate::cli::{
    import::{
        green_mike, kaifa_ma309, kaifareader, settings::OldSettings, smartmeter_ha,
        smartmeterreader, translation::Translation,
    },
    older::program::OldProgram,
    run::status::Stop,
};

/// Translates the settings of a program.
///
/// # Errors
/// A value that cannot be carried over.
pub fn translate(program: OldProgram, mut old: OldSettings) -> Result<Translation, Stop> {
    let mut new = match program {
        OldProgram::Kaifa | OldProgram::Kaifareader | OldProgram::KaifareaderSelections => {
            kaifareader::translate(program, &mut old)?
        }
        OldProgram::KaifaMa309 => kaifa_ma309::translate(&mut old)?,
        OldProgram::SmartmeterHa => smartmeter_ha::translate(&mut old)?,
        OldProgram::Smartmeterreader => smartmeterreader::translate(&mut old)?,
        OldProgram::GreenMikeScript => green_mike::translate_script(&mut old)?,
        OldProgram::GreenMikeSagemcom => green_mike::translate_json(&mut old)?,
    };
    old.lose_rest();
    new.notes.append(&mut old.notes);
    Ok(new)
}
