//! InfluxDB line protocol: one point a telegram.
//!
//! ```text
//! smartmeter,meter=181220000009 energy_import_wh=12937i,power_net_w=0i,voltage_l1_v=233.7 1632728835000000000
//! ```
//!
//! A database takes the type of a field from the first value that it sees, and refuses every other
//! type from then on. The name alone therefore sets the type, never the value:
//!
//! | field | type |
//! |---|---|
//! | energies and powers in Wh, varh, W, var; counters | integer: `12937i` |
//! | other published names, and energies and powers in any other unit | float: `233.7`, `0.0` |
//! | objects without a name | float; true is `1.0` |
//! | texts and lists, if they are selected | string, `_text` behind the name of an object |
//!
//! Powers with a fraction do not become floats: another meter may have written integers before, and
//! the database would then refuse these points. The fraction is rounded, with a note; a larger unit
//! (`power=kW`) has another name and keeps every digit. A number beyond 64 bits is left out.
//!
//! Texts appear only if they are selected: some databases store them as zeros, and a zero that no
//! meter sent is a wrong value.
//!
//! No character of a text can end its field or line. Characters with an escape that all readers
//! agree on are escaped; control characters and `\`, which have none, are percent-encoded (`%0a`),
//! and so is a `%` that would look like an encoded octet.
//!
//! - [`output`]: the format.
//! - [`points`]: a line from the fields of a telegram; [`timestamp`]: its time; `escape`: its texts.

mod escape;
pub mod output;
pub mod points;
pub mod timestamp;

pub use output::FORMAT;
