//! The choice of a link layer that leaves nothing to read.

use crate::cli::run::{context::Context, status::Status};
use meterpipe::link::registry::LinkChoice;

/// Says of a run that found nothing that the choice may be the reason.
pub fn remark(link: LinkChoice, context: &Context) {
    let is_nothing = context.tally.status() == Status::Nothing && context.tally.octets > 0;
    if is_nothing && link != LinkChoice::Auto {
        context.messages.say(&format!(
            "--link {} makes the octets of all other links noise; without it the content tells the link",
            link.name()
        ));
    }
}
