//! The recipes of contrib/older, beside the programs whose place they take.
//!
//! An expectation is what the older program sent; each file says how that was found out.

mod home_assistant_ids;
