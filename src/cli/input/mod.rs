//! Inputs that end: files, pipes, standard input, as text or as octets.
pub mod blocks;
pub mod buffer;
pub mod files;
pub mod lines;
pub mod parallel;
#[cfg(test)]
mod parallel_test;
pub mod progress;
pub mod timeout;
pub mod worker;
