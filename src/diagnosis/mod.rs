//! From the evidence of a line and of its keys to the cause, and to the next step.
//!
//! One table of causes serves `doctor`, `watch` and `capture`. Octets and counts go in, a
//! [`Finding`](finding::Finding) comes out: nothing is read here, and no clock is looked at.
//!
//! - [`diagnosis`]: the table of causes, in English and German.
//! - [`finding`]: a cause with its evidence.
//! - [`foreign`]: protocols that are not read, by their octets; [`wireless`] and [`modbus`] are two of them.
//! - [`service`]: other servers on the network; [`server_words`]: one that refuses a client. [`link`]: a link layer that
//!   was not chosen. [`socket`]: the customer interfaces.
//! - [`window`]: the octets of a line that are kept. [`mod@line`]: counts of the octets of a line; [`line_view`]: what
//!   is known beside them, such as [`other_readers`]. [`line_finding`]: their cause, with [`silence`] and [`line_damage`]; [`octet_sample`]: the
//!   first octets.
//! - [`beside_digits`]: text that is read as octets. [`conversion`]: octets that something in between takes for text. [`misread`]: telegrams that are read with another
//!   parity.
//! - [`key_finding`]: the cause of telegrams that stay closed, or that say little, by [`key_facts`]. [`clock_finding`]:
//!   that of times that are not believed.
//! - [`key_turns`]: the telegrams of one meter that open, and those that do not.
//! - [`ended_input`]: causes that lie in a text or a file itself.
//! - [`defects`]: the cause behind a single defect.

pub mod beside_digits;
pub mod clock_finding;
pub mod conversion;
pub mod defects;
pub mod diagnosis;
pub mod ended_input;
pub mod finding;
pub mod foreign;
pub mod key_facts;
pub mod key_finding;
pub mod key_turns;
pub mod line;
pub mod line_damage;
pub mod line_finding;
pub mod line_view;
pub mod link;
pub mod misread;
pub mod modbus;
pub mod octet_sample;
pub mod other_readers;
pub mod server_words;
pub mod service;
pub mod silence;
pub mod socket;
pub mod window;
pub mod wireless;
