//! Questions on a terminal. Without one, an answer that no option gives is a mistake in the options.

use std::io::{self, IsTerminal};

use dialoguer::{Confirm, Input, Password, Select};
use zeroize::Zeroizing;

use crate::cli::run::status::{Status, Stop};

/// The user, if there is one.
#[derive(Debug)]
pub struct Prompts {
    is_terminal: bool,
}

impl Prompts {
    /// Asks if standard input and standard error are a terminal.
    pub fn find() -> Self {
        Self { is_terminal: io::stdin().is_terminal() && io::stderr().is_terminal() }
    }

    /// True if there is somebody to ask.
    pub const fn can_ask(&self) -> bool {
        self.is_terminal
    }

    /// Asks for a text; `option` would answer it.
    ///
    /// # Errors
    /// There is nobody to ask, or the user interrupts.
    pub fn text(
        &self,
        question: &str,
        default: Option<&str>,
        option: &str,
    ) -> Result<String, Stop> {
        self.need(question, option)?;
        let mut input = Input::<String>::new().with_prompt(question).allow_empty(default.is_none());
        if let Some(default) = default {
            input = input.default(default.to_owned());
        }
        input.interact_text().map(|text| text.trim().to_owned()).map_err(stop)
    }

    /// Asks for a text that the terminal does not show.
    ///
    /// # Errors
    /// There is nobody to ask, or the user interrupts.
    pub fn secret(&self, question: &str, option: &str) -> Result<Zeroizing<String>, Stop> {
        self.need(question, option)?;
        let prompt = format!("{question} (not shown)");
        let password = Password::new().with_prompt(prompt).allow_empty_password(true);
        password.interact().map(Zeroizing::new).map_err(stop)
    }

    /// Asks for one of some items, and returns its number; `usual` is the one that is marked at first.
    ///
    /// # Errors
    /// There is nobody to ask, or the user interrupts.
    pub fn choice(
        &self,
        question: &str,
        items: &[String],
        usual: usize,
        option: &str,
    ) -> Result<usize, Stop> {
        self.need(question, option)?;
        Select::new().with_prompt(question).items(items).default(usual).interact().map_err(stop)
    }

    /// Asks for yes or no. Without a terminal the answer is no.
    ///
    /// # Errors
    /// The user interrupts.
    pub fn confirm(&self, question: &str, default: bool) -> Result<bool, Stop> {
        match self.is_terminal {
            true => Confirm::new().with_prompt(question).default(default).interact().map_err(stop),
            false => Ok(false),
        }
    }

    fn need(&self, question: &str, option: &str) -> Result<(), Stop> {
        match self.is_terminal {
            true => Ok(()),
            false => Err(Stop::usage(format!("{question}? There is no terminal: {option}"))),
        }
    }
}

fn stop(dialoguer::Error::IO(error): dialoguer::Error) -> Stop {
    match error.kind() {
        io::ErrorKind::Interrupted => Stop::Interrupted,
        _ => Stop::Failed(Status::Usage, format!("the terminal: {error}")),
    }
}
