//! The choice of a link layer that leaves nothing to read.

use crate::cli::run::{context::Context, status::Status};
use meterpipe::{diagnosis::link, link::registry::LinkChoice};

/// Says of a run that found nothing that the choice may be the reason.
pub fn remark(chosen: LinkChoice, context: &mut Context) {
    let is_nothing = context.tally.status() == Status::Nothing && context.tally.octets > 0;
    if is_nothing && chosen != LinkChoice::Auto {
        let name = chosen.name();
        let other = link::other_link(context.window.octets(), chosen);
        context.has_other_link = other.is_some();
        context.messages.say(&match other {
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
