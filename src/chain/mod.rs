//! The stages: records in, records out, and defects beside them.
//!
//! - [`event`]: the events of a stage.
//! - [`unframe`]: octets of a line to APDUs, and [`bare_apdu`] for APDUs that come without frames, which
//!   [`apdu_start`] recognises; `text_end` for DSMR texts that lost their start, `stray_octets` for hex that did.
//! - [`decrypt`]: ciphered APDUs to plain ones.
//! - [`reopen`]: ciphered APDUs with a chosen key, to telegrams.
//! - [`decode`]: all of it, to telegrams.
//! - [`anonymise`]: the same records, of nobody.
//!
//! No stage fails: a defect is an event, and the stream goes on behind it.
pub mod anonymise;
pub mod apdu_start;
pub mod bare_apdu;
mod block_start;
pub mod decode;
pub mod decrypt;
pub mod event;
pub mod reopen;
pub mod sources;
mod stray_octets;
mod text_end;
pub mod unframe;
