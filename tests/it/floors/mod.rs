//! Rules of the tree that clippy cannot check. Those that it can are in clippy.toml and `lib.rs`.
//!
//! - [`imports`]: a room imports only from lower floors, and no files import each other in a
//!   circle.
//! - [`names`]: the name of a type occurs once.
//! - [`comments`]: how a line of a comment may begin.
//! - [`source`]: the tokens and paths of a file.

mod comments;
mod imports;
mod names;
mod source;
