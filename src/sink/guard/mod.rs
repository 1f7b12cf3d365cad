//! The guard before all sinks: no wrong value is stored.
//!
//! An energy register counts up. One wrong value in a history stays there for ever: a sum of differences
//! takes a fall for a new meter that has counted from 0, and adds its whole count. The guard therefore
//! holds back a doubtful telegram until the meter has confirmed it.
//!
//! | telegram | result |
//! |---|---|
//! | a repeated telegram | left out, without a message |
//! | older than the one before it, by counter and clock | left out |
//! | a register below 0 | left out |
//! | the first registers of a meter | kept until the next telegram agrees, for a while |
//! | the counter starts over, or the clock is set back | held, until two more telegrams go on from there |
//! | a register falls | held, until two more go on from there: a new meter, or it was reset |
//! | a register rises by more than 100 kW can bring in that time | held, until two more go on from there |
//! | a voltage, a current, a power that no house has | held, until two more have it too |
//!
//! The invocation counter ranks before the clock, which may be set. A held telegram is not stored later.
//! Each register is compared with its own last value, however many telegrams without it came between.
//!
//! - [`guard`]: the guard of all meters; [`verdict`]: its decision.
//! - `meter`: one meter; `snapshot`: the values that the guard compares; `doubt`: why a telegram may be
//!   wrong.
mod doubt;
pub mod guard;
mod meter;
mod snapshot;
pub mod verdict;
