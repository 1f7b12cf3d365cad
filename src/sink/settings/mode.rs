//! The mode of new files.

use crate::sink::settings::{
    SinkSettings,
    error::SettingError,
    key::{SettingKey, SettingType},
};

/// The key of the mode.
pub const MODE: SettingKey = SettingKey::new(
    "mode",
    SettingType::Text("OCTAL"),
    "The mode of a new file, as in `640`. A file that exists keeps its own.",
);

impl SinkSettings {
    /// Takes `mode`.
    ///
    /// # Errors
    /// The value is no mode of a file that its owner can write.
    pub fn take_mode(&mut self) -> Result<Option<u32>, SettingError> {
        let Some(text) = self.take(MODE.name) else {
            return Ok(None);
        };
        let is_octal = text.bytes().all(|digit| digit.is_ascii_digit());
        let mode = u32::from_str_radix(&text, 8).ok().filter(|_| is_octal);
        let mode = mode.filter(|mode| mode & !0o777 == 0 && mode & 0o200 != 0);
        let wrong = || SettingError::value(MODE.name, &text, "a mode such as 600 or 644 expected");
        mode.map(Some).ok_or_else(wrong)
    }
}
