//! Readings from Austrian smart meters.
//!
//! The customer interface of a meter pushes a telegram every few seconds: M-Bus frames around a
//! ciphered DLMS/COSEM list. This crate takes the octets of the line and gives exact values with
//! names. The crate reads no file, no clock and no environment; the feature `cli` adds the program
//! around it.
//!
//! ```
//! use meterpipe::{chain::decode::{Decode, DecodeEvent}, cipher::key_file, cosem::clock::VIENNA};
//! # use std::io::Read;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The key from the operator's portal. It is wiped from memory when `decode` goes.
//! let keys = key_file::parse("36C66639E48A8CA4D6BC8B282A793BBB").map_err(|defect| defect.error)?;
//! let mut decode = Decode::with_keys(keys);
//! # let hex = include_str!("../tests/data/netznoe-doc-2021.hex").replace('\n', "");
//! # let (mut line, mut energies) = (std::io::Cursor::new(hex::decode(hex).unwrap()), vec![]);
//! // `line` is a file, a socket, a serial port … A read may end anywhere.
//! let mut room = [0; 64];
//! loop {
//!     let size = line.read(&mut room)?;
//!     if size == 0 {
//!         break;
//!     }
//!     decode.push(&room[..size], &mut |event: DecodeEvent<'_>| match event {
//!         DecodeEvent::Telegram { telegram, .. } => {
//!             let time = telegram.time(&VIENNA).map(|stamp| stamp.to_string());
//!             let energy = telegram.get("energy_import_wh").map(|number| number.to_string());
//!             println!("{time:?}: {energy:?} Wh");
//! #           energies.extend(energy);
//!         }
//!         DecodeEvent::Refused(refusal) => eprintln!("{}", refusal.error),
//!         _ => {}
//!     });
//! }
//! # assert_eq!(energies, ["12937"]);
//! # Ok(())
//! # }
//! ```
//!
//! The folder `examples` has this reader for files and for a serial port. All names of values stand
//! in [`reading::fields`].
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `formats` | the end formats that need a crate of their own, CSV and XML, and the table of all formats |
//! | `cli` (default) | the program `meterpipe`; it includes `formats` |
//!
//! # The floors
//!
//! A module imports only from the floors below it, and modules of one floor do not know each other.
//!
//! | floor | modules | idea |
//! |---|---|---|
//! | 6 | `source`, `sink` (of the program, no public interface) | where octets come from, where readings go to |
//! | 5 | [`mod@format`], [`chain`], [`explain`], [`intervals`], `portal`, [`diagnosis`], `picture` | a reading as text; the stages, from octets to telegrams; a telegram octet by octet; energies of quarter hours, and those of an operator; the cause of a line without readings; pictures of quarter hours |
//! | 4 | [`reading`] | a COSEM tree as named, scaled, exact values |
//! | 3 | [`link`], [`cipher`], [`cosem`], [`record`] | frames, ciphering, A-XDR, and the line between the stages |
//! | 2 | [`reader`], [`p1`], [`field`], [`hex`], [`local_time`]; `backoff`, `wake`, `file_error`, `hosts` (of the program) | a cursor that cannot run past its end, the envelope of DSMR telegrams, fields with their meaning, octets from text, boundaries of the local clock; waits between tries, wake-ups, errors of files, names of servers |
//! | 1 | [`error`] | a defect, and its place |
#![warn(unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::disallowed_methods,
        clippy::disallowed_types,
        clippy::float_arithmetic,
        clippy::print_stdout,
        clippy::print_stderr
    )
)]

#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod backoff;
pub mod chain;
pub mod cipher;
pub mod cosem;
pub mod counted;
pub mod diagnosis;
pub mod error;
pub mod explain;
pub mod field;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod file_error;
pub mod format;
pub mod hex;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod hosts;
pub mod intervals;
pub mod link;
pub mod local_time;
#[cfg(test)]
mod noise;
pub mod p1;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod picture;
#[cfg(feature = "formats")]
pub mod portal;
pub mod reader;
pub mod reading;
pub mod record;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod sink;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod source;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod wake;
