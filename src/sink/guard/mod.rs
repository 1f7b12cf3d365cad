//! The guard before all sinks: no wrong value is stored.
//!
//! An energy register counts up. One wrong value in a history stays there for ever: a sum of differences
//! takes a fall for a new meter that has counted from 0, and adds its whole count. The guard therefore
//! holds back a doubtful telegram until the meter has confirmed it.
//!
//! | telegram | result |
//! |---|---|
//! | it came before, by its counter and content | left out |
//! | it was the last one of an earlier run | passes for the sinks that lack it |
//! | older than the one before it, by counter and clock | left out |
//! | a register below 0 | left out |
//! | the first of a meter | kept until the next telegram agrees, for a while |
//! | another set or order of objects, other types, codes, scalers, units or texts | held |
//! | another meter number or device name | held |
//! | its two clocks disagree, its clock goes back or leaps, or is far from the time of arrival | held |
//! | the counter starts over, or came before with other content | held |
//! | a register rises by more than 100 kW can bring in that time | held |
//! | a register rises by more than its power explains | held until one more agrees |
//! | the first after a gap of more than a minute, from a meter that sends often | held until one more agrees |
//! | a voltage, a current, a power that no house has | held |
//! | import and export at once, more power than the currents carry | held |
//! | a register falls, or is at 0 and no other value is known | held for ten minutes |
//!
//! A held telegram passes when two more have come that go on from it and are in doubt for the same reason.
//! The telegram is then stored with them, unless another one of its meter was stored meanwhile. One that comes
//! alone between two gaps has nobody to agree with it, and passes if the register goes on from it.
//!
//! The next runs confirm what a run holds, as cron starts one for each telegram. A telegram of an earlier run
//! itself does not pass any more.
//!
//! A meter is known by its system title, else by its number. It may send several lists in turns, each with a
//! layout and a pace of its own. The invocation counter ranks before the clock, which may be set. Each
//! register is compared with its own last value, however many telegrams without it came between.
//!
//! - [`guard`]: the guard of all meters; [`verdict`]: its decision; [`evidence`]: what it is told of a
//!   telegram beside the readings.
//! - `meter`: one meter; `kind`: a list that it sends; `snapshot`: the values that the guard compares;
//!   `fingerprint`: the parts of a telegram that never change; `pace`: the steps of a clock; `recent`: the
//!   last counters; `power`: what the powers of a telegram explain; `doubt`: why a telegram may be wrong; `subject`: what others have to confirm;
//!   `held`: telegrams that wait for others; `rows`: all of them; `line`: the meter on a line; `memory`: the
//!   form in which the guard's knowledge outlives a run.
mod doubt;
pub mod evidence;
mod fingerprint;
pub mod guard;
#[cfg(test)]
mod guard_test;
mod held;
mod kind;
mod line;
mod memory;
#[cfg(test)]
mod memory_test;
mod meter;
mod pace;
mod power;
mod recent;
mod rows;
mod snapshot;
mod subject;
pub mod verdict;
