//! The choice of a link layer that leaves nothing to read.

use crate::cli::run::{context::Context, status::Status};
use meterpipe::{diagnosis::link, link::registry::LinkChoice};

/// Says of a run that found nothing that the choice may be the reason.
pub fn remark(chosen: LinkChoice, context: &Context) {
    let is_nothing = context.tally.status() == Status::Nothing && context.tally.octets > 0;
    if is_nothing && chosen != LinkChoice::Auto {
        let name = chosen.name();
        context.messages.say(&match link::other_link(context.window.octets(), chosen) {
            Some(other) => format!(
                "the octets are {}, and --link {name} makes them noise; without it the content tells the link",
                link::in_words(other)
            ),
            None => format!(
                "--link {name} makes the octets of all other links noise; without it the content tells the link"
            ),
        });
    }
}
