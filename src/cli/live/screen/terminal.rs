//! The terminal of the live view: its alternate screen, its modes and its keys.

use std::{env, io::IsTerminal, os::fd::BorrowedFd};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    process::getpgrp,
    stdio,
    termios::{
        LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcgetwinsize,
        tcsetattr,
    },
};

use crate::cli::{
    live::screen::{
        ink::{Glyphs, ScreenColours},
        picture::ScreenSize,
    },
    run::signals,
};

/// The alternate screen, without a cursor, and without line breaks behind the last column.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
const LEAVE: &[u8] = b"\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScreenKey {
    /// A character.
    Character(char),
    /// Tab or right.
    Next,
    /// Back tab or left.
    Previous,
    /// Up.
    Up,
    /// Down.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// Escape.
    Back,
}

/// The terminal of standard output, and of standard input if that is one too.
#[derive(Debug)]
pub struct ScreenTerminal {
    is_entered: bool,
    /// True as long as standard input has keys.
    has_keys: bool,
    /// The modes before the view, to which the terminal goes back.
    modes: Option<Termios>,
    /// Its colours.
    pub colours: ScreenColours,
    glyphs: Glyphs,
}

/// True if standard output is a terminal that can be drawn on.
#[must_use]
pub fn can_be_drawn_on() -> bool {
    let term = env::var_os("TERM").unwrap_or_default();
    std::io::stdout().is_terminal() && !term.is_empty() && term != "dumb"
}

impl ScreenTerminal {
    /// The terminal as it is.
    #[must_use]
    pub fn new() -> Self {
        let has_keys = std::io::stdin().is_terminal();
        Self { is_entered: false, has_keys, modes: None, colours: colours(), glyphs: glyphs() }
    }

    /// True if keys are read.
    #[must_use]
    pub const fn has_keys(&self) -> bool {
        self.has_keys
    }

    /// True between [`enter`](Self::enter) and [`leave`](Self::leave).
    #[must_use]
    pub const fn is_entered(&self) -> bool {
        self.is_entered
    }

    /// Takes the terminal over. False if another job of the shell has it: neither may this one draw then, nor change
    /// its modes, which would stop the process.
    pub fn enter(&mut self, out: &mut Vec<u8>) -> bool {
        if self.is_entered {
            return true;
        }
        if !is_ours(stdio::stdout()) {
            return false;
        }
        if self.has_keys && is_ours(stdio::stdin()) {
            self.modes = tcgetattr(stdio::stdin()).ok();
        }
        if let Some(mut modes) = self.modes.clone() {
            modes.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
            modes.special_codes[SpecialCodeIndex::VMIN] = 1;
            modes.special_codes[SpecialCodeIndex::VTIME] = 0;
            // The signal of Ctrl-\ would leave the terminal as it is now.
            modes.special_codes[SpecialCodeIndex::VQUIT] = 0;
            let _ = tcsetattr(stdio::stdin(), OptionalActions::Now, &modes);
        }
        let modes = self.modes.clone();
        signals::prepare_restore(Some(Box::new(move || restore(modes.as_ref()))));
        out.extend_from_slice(ENTER);
        self.is_entered = true;
        true
    }

    /// Gives the terminal back as it was. Text that waits for it has to be written before.
    pub fn leave(&mut self) {
        if std::mem::take(&mut self.is_entered) {
            signals::prepare_restore(None);
            restore(self.modes.take().as_ref());
        }
    }

    /// Its size now.
    #[must_use]
    pub fn size(&self) -> ScreenSize {
        let (rows, columns) = match tcgetwinsize(stdio::stdout()) {
            Ok(size) if size.ws_row > 0 && size.ws_col > 0 => (size.ws_row, size.ws_col),
            _ => (24, 80),
        };
        ScreenSize { rows: rows.into(), columns: columns.into(), glyphs: self.glyphs }
    }

    /// The descriptor whose input are keys.
    #[must_use]
    pub fn keyboard(&self) -> Option<BorrowedFd<'static>> {
        (self.is_entered && self.modes.is_some() && self.has_keys).then(stdio::stdin)
    }

    /// The keys since the last call.
    pub fn keys(&mut self) -> Vec<ScreenKey> {
        let Some(keyboard) = self.keyboard() else {
            return vec![];
        };
        let mut fds = [PollFd::new(&keyboard, PollFlags::IN)];
        if !poll(&mut fds, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
            || !is_ours(keyboard)
        {
            return vec![];
        }
        let mut room = [0; 64];
        match rustix::io::read(keyboard, &mut room) {
            Ok(0) => self.has_keys = false,
            Ok(size) => return parse(room.get(..size).unwrap_or_default()),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(_) => self.has_keys = false,
        }
        vec![]
    }
}

impl Drop for ScreenTerminal {
    fn drop(&mut self) {
        self.leave();
    }
}

fn restore(modes: Option<&Termios>) {
    let stdout = stdio::stdout();
    let has_room = poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], Some(&Timespec::default()));
    // A terminal that was stopped with Ctrl-S must not hold up the end.
    if has_room.is_ok_and(|ready| ready > 0) {
        let _ = rustix::io::write(stdout, LEAVE);
    }
    if let Some(modes) = modes
        && is_ours(stdio::stdin())
    {
        let _ = tcsetattr(stdio::stdin(), OptionalActions::Now, modes);
    }
}

/// False if the terminal belongs to another job of the shell. A terminal without jobs belongs to all.
fn is_ours(terminal: BorrowedFd<'_>) -> bool {
    tcgetpgrp(terminal).map_or(true, |group| group == getpgrp())
}

fn colours() -> ScreenColours {
    let term = env::var_os("TERM").unwrap_or_default().to_string_lossy().into_owned();
    let of_256 = ["256", "xterm", "kitty", "alacritty", "foot", "tmux", "direct"];
    let has_many = env::var_os("COLORTERM").is_some_and(|it| !it.is_empty());
    match env::var_os("NO_COLOR").is_none_or(|it| it.is_empty()) {
        false => ScreenColours::No,
        true if has_many || of_256.iter().any(|it| term.contains(it)) => ScreenColours::Many,
        true => ScreenColours::Few,
    }
}

fn glyphs() -> Glyphs {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"];
    let locale = names.iter().filter_map(env::var_os).find(|it| !it.is_empty());
    let locale = locale.map(|it| it.to_string_lossy().to_ascii_lowercase());
    let is_unicode = locale.is_none_or(|it| it.contains("utf-8") || it.contains("utf8"));
    // The font of the Linux console has few blocks.
    let is_console = env::var_os("TERM").is_some_and(|term| term == "linux");
    if is_unicode && !is_console { Glyphs::Unicode } else { Glyphs::Ascii }
}

fn parse(mut octets: &[u8]) -> Vec<ScreenKey> {
    let mut keys = vec![];
    while let Some((first, rest)) = octets.split_first() {
        octets = rest;
        let key = match (*first, rest) {
            (0x1b, []) => Some(ScreenKey::Back),
            (0x1b, [b'O', code, after @ ..]) => {
                octets = after;
                of_sequence(&[], *code)
            }
            (0x1b, [b'[', sequence @ ..]) => {
                // Numbers for modifiers and for function keys stand before the last character.
                let end = sequence.iter().position(|octet| matches!(octet, b'@'..=b'~'));
                let (parameters, after) = sequence.split_at(end.unwrap_or(sequence.len()));
                octets = after.get(1..).unwrap_or_default();
                after.first().and_then(|code| of_sequence(parameters, *code))
            }
            // A character with Alt.
            (0x1b, [b' '..=b'~', after @ ..]) => {
                octets = after;
                None
            }
            (b'\t', _) => Some(ScreenKey::Next),
            (octet @ b' '..=b'~', _) => Some(ScreenKey::Character(char::from(octet))),
            _ => None,
        };
        keys.extend(key);
    }
    keys
}

/// The key of a sequence of the terminal.
fn of_sequence(parameters: &[u8], code: u8) -> Option<ScreenKey> {
    Some(match (code, parameters) {
        (b'A', _) => ScreenKey::Up,
        (b'B', _) => ScreenKey::Down,
        (b'C', _) => ScreenKey::Next,
        (b'D' | b'Z', _) => ScreenKey::Previous,
        (b'~', b"5") => ScreenKey::PageUp,
        (b'~', b"6") => ScreenKey::PageDown,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_characters_and_arrows() {
        use ScreenKey::{Back, Character, Down, Next, PageDown, PageUp, Previous, Up};
        assert_eq!(parse(b"qp\t"), [Character('q'), Character('p'), Next]);
        assert_eq!(parse(b"\x1b[C\x1b[D\x1b[Z\x1bOA\x1b[B"), [Next, Previous, Previous, Up, Down]);
        assert_eq!(parse(b"\x1b[5~\x1b[6~1"), [PageUp, PageDown, Character('1')]);
        assert_eq!(parse(b"\x1b[H\x1b\xff\x00"), []);
        assert_eq!(parse(b"\x1b[1;5C\x1b[1;2A"), [Next, Up], "with Ctrl, with Shift");
        assert_eq!(parse(b"\x1b[15~\x1b[3~\x1bOP\x1b[200~\x1bq\x1b["), [], "no digits, no q");
        assert_eq!(parse(b"?\x1b"), [Character('?'), Back]);
    }
}
