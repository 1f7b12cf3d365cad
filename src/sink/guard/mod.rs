//! What stands before all sinks, so that no wrong value is stored.
//!
//! An energy register counts up. One wrong value of it in a history is there for ever: what sums up
//! differences takes a fall for a new meter that has counted from 0, and adds its whole count. So what
//! looks wrong waits until the meter has said it again.
//!
//! | what | is |
//! |---|---|
//! | a telegram that came already | left out, without a word |
//! | older than the one before it, by counter and clock | left out |
//! | a register below 0 | left out |
//! | the first registers of a meter | kept until the next telegram agrees, for a while |
//! | the counter starts over, or the clock is set back | held, until two more telegrams go on from there |
//! | a register falls | held, until two more go on from there: a new meter, or it was reset |
//! | a register rises by more than 100 kW can bring in that time | held, until two more go on from there |
//! | a voltage, a current, a power that no house has | held, until two more have it too |
//!
//! The invocation counter is believed before the clock, which may be set. What was held is not stored
//! later. Each register is compared with itself, however many telegrams without it came between.
//!
//! - [`guard`]: the guard; [`verdict`]: what it says.
//! - `watch`: one meter; `snapshot`: what of a telegram counts; `doubt`: why it may be wrong.
mod doubt;
pub mod guard;
mod meter;
mod snapshot;
pub mod verdict;
