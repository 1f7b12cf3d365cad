//! `exec:PROGRAM`: a line for each telegram on the standard input of a program.
//!
//! - [`kind`]: the description of the sink.
//! - `settings`: the sink from its settings; `environment`: the variables that the program gets.
//! - `pending`: the lines that the program has not read; `remarks`: its messages.
//! - `child`: the running program.
//! - `sink`: the sink.
mod child;
mod environment;
pub mod kind;
mod pending;
mod remarks;
mod settings;
mod sink;
