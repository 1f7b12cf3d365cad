//! Questions on a terminal. Without one, an answer that no option gives is a mistake in the options.

use std::{
    io::{self, IsTerminal},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use dialoguer::{Confirm, Input, Password, Select};
use rustix::termios::OptionalActions;
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
    low_level,
};
use zeroize::Zeroizing;

use crate::cli::{
    run::status::{Status, Stop},
    wizard::service,
};
use meterpipe::file_error;

/// The user, if there is one.
#[derive(Debug)]
pub struct Prompts {
    is_terminal: bool,
}

/// True while a question waits for its answer.
static ASKING: AtomicBool = AtomicBool::new(false);

impl Prompts {
    /// Asks if standard input and standard error are a terminal.
    pub fn find() -> Self {
        let is_terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
        if is_terminal {
            end_on_signals();
        }
        Self { is_terminal }
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
        ask(|| input.interact_text()).map(|text| text.trim().to_owned())
    }

    /// Asks for a text again; the user can change or accept the last answer.
    ///
    /// # Errors
    /// There is nobody to ask, or the user interrupts.
    pub fn text_again(&self, question: &str, last: &str, option: &str) -> Result<String, Stop> {
        self.need(question, option)?;
        let input = Input::<String>::new().with_prompt(question).allow_empty(true);
        let input = input.with_initial_text(last);
        ask(|| input.interact_text()).map(|text| text.trim().to_owned())
    }

    /// Asks for a text that the terminal does not show.
    ///
    /// # Errors
    /// There is nobody to ask, or the user interrupts.
    pub fn secret(&self, question: &str, option: &str) -> Result<Zeroizing<String>, Stop> {
        self.need(question, option)?;
        let prompt = format!("{question} (not shown)");
        let password = Password::new().with_prompt(prompt).allow_empty_password(true);
        ask(|| password.interact()).map(Zeroizing::new)
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
        let select = Select::new().with_prompt(question).items(items).default(usual);
        ask(|| select.interact())
    }

    /// Asks for yes or no. Without a terminal the answer is no.
    ///
    /// # Errors
    /// The user interrupts.
    pub fn confirm(&self, question: &str, default: bool) -> Result<bool, Stop> {
        match self.is_terminal {
            true => {
                let confirm = Confirm::new().with_prompt(question).default(default);
                ask(|| confirm.interact())
            }
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

fn ask<T>(question: impl FnOnce() -> dialoguer::Result<T>) -> Result<T, Stop> {
    ASKING.store(true, Ordering::Relaxed);
    let answer = question().map_err(stop);
    if matches!(answer, Err(Stop::Interrupted)) {
        // The signal that interrupts the question ends the process as well, if nothing is in its way.
        thread::sleep(LAST_WAIT);
    }
    ASKING.store(false, Ordering::Relaxed);
    answer
}

/// The time for the end of the process after a signal: systemd may have to start a service again.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// Ends the process on a signal that comes during a question, and leaves the terminal as it was. The loop over
/// live sources catches signals too, and nothing would end the wait for an answer.
fn end_on_signals() {
    let before = rustix::termios::tcgetattr(io::stdin()).ok();
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else {
        return;
    };
    let watch = move || {
        if let Some(signal) = signals.forever().find(|_| ASKING.load(Ordering::Relaxed)) {
            if let Some(before) = &before {
                let _ = rustix::termios::tcsetattr(io::stdin(), OptionalActions::Now, before);
            }
            // Nobody is left to tell of a failure.
            let _ = service::start_again();
            // The cursor, which a list of answers hides.
            let _ = rustix::io::write(rustix::stdio::stderr(), b"\x1b[?25h\n");
            low_level::exit(128 + signal);
        }
    };
    let _ = thread::Builder::new().name("signals".to_owned()).spawn(watch);
}

fn stop(dialoguer::Error::IO(error): dialoguer::Error) -> Stop {
    match error.kind() {
        io::ErrorKind::Interrupted => Stop::Interrupted,
        _ => Stop::Failed(Status::Usage, format!("the terminal: {}", file_error::plain(&error))),
    }
}
