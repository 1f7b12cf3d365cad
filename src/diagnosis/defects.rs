//! The cause behind a single defect, for the advice of its message.

use crate::{
    diagnosis::diagnosis::Diagnosis,
    error::{Cause, Error, Layer, Mark},
};

/// The cause that a defect speaks for; nothing where one defect alone says little.
#[must_use]
pub const fn cause_of(error: &Error) -> Option<Diagnosis> {
    Some(match error.cause {
        Cause::NoKey => Diagnosis::NoKey,
        Cause::NoTitle => Diagnosis::NoTitle,
        Cause::TagOrAuthenticationKey => Diagnosis::Tag,
        Cause::OtherMeter => Diagnosis::OtherMeter,
        Cause::Marked(Mark::Parity | Mark::Break) => Diagnosis::Parity,
        Cause::Marked(Mark::Overrun) => Diagnosis::OctetsLost,
        Cause::LastSegmentMissing { .. }
        | Cause::FirstSegmentMissing { .. }
        | Cause::LastBlockMissing { .. } => Diagnosis::Half,
        _ => return None,
    })
}

/// The cause that a defect speaks for if all telegrams have it: one alone may be damage.
#[must_use]
pub const fn cause_if_common(error: &Error) -> Option<Diagnosis> {
    match error.cause {
        Cause::KeyOrDamage | Cause::Tag => Some(Diagnosis::WrongKey),
        // Its own message says what to do.
        Cause::KeysSwapped => Some(Diagnosis::AuthenticationKey),
        _ => cause_of(error),
    }
}

/// True for a defect of a frame whose octets are there and wrong.
#[must_use]
pub const fn is_checksum(error: &Error) -> bool {
    matches!(error.cause, Cause::Checksum { .. } | Cause::Unexpected { .. })
        && matches!(error.layer, Layer::Mbus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_defect_of_the_line_or_of_a_key_has_a_cause_and_one_of_the_list_has_none() {
        let cause = |layer, cause| cause_of(&Error::new(layer, 0, cause));
        assert_eq!(cause(Layer::Cipher, Cause::NoKey), Some(Diagnosis::NoKey));
        let half = Cause::LastSegmentMissing { segments: 1 };
        assert_eq!(cause(Layer::Mbus, half), Some(Diagnosis::Half));
        let marked = Cause::Marked(Mark::Overrun);
        assert_eq!(cause(Layer::Mbus, marked), Some(Diagnosis::OctetsLost));
        assert_eq!(cause(Layer::Axdr, Cause::DateTime), None);
    }
}
