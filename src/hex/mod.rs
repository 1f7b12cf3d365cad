//! Octets from text.
//!
//! - [`beside_digits`]: text beside hex digits that explains why they make no telegram.
//! - [`canonical`]: the form that records carry, lower case without separators.
//! - [`detect`]: whether an input is text at all.
//! - [`dump`]: every other form that people keep telegrams in.
//! - [`unread`]: the names of forms that are not read.

mod alike;
mod alike_row;
mod annotated;
pub(crate) mod base64;
pub mod beside_digits;
mod beside_text;
mod between_rows;
mod bracketed;
mod byte_rows;
pub mod canonical;
mod columns;
mod count;
mod decimal;
pub mod detect;
mod digits;
pub mod dump;
mod firmware;
mod first_octets;
mod groups;
mod gurux;
mod json_log;
mod left_out;
mod listing;
mod log_lines;
mod markup;
mod notation;
mod octet_cells;
mod pasted;
mod prefix;
mod python;
mod repeated;
mod rich_text;
mod row_numbers;
mod row_shape;
mod rows;
mod run;
mod separator;
mod stamp;
pub mod telegram;
pub mod telegram_row;
mod typing;
pub mod unread;
mod unread_forms;
