//! The rules of the tree that clippy cannot check. clippy.toml and `lib.rs` have those that it can.
//!
//! - [`imports`]: a room imports only from lower floors, and no files import each other in a circle.
//! - [`names`]: the name of a type occurs once.
//! - [`comments`]: how a line of a comment may begin.
//! - [`source`]: what these rules read of a file.

mod comments;
mod imports;
mod names;
mod source;
