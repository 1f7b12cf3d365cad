//! The list of link layers: a layer that stands here is known to the whole program.

use core::ops::RangeInclusive;

use crate::{
    error::{Error, Layer},
    link::layer::{ApduSegment, LinkLayer, NoFrame},
};

/// Makes [`LinkKind`] from the types that implement [`LinkLayer`]. It is an enum and no trait
/// object, so that the compiler can inline the calls for each frame.
macro_rules! link_layers {
    ($($(#[$doc:meta])* $module:ident::$name:ident,)*) => {
        /// A link layer by its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum LinkKind {
            $($(#[$doc])* $name,)*
        }

        impl LinkKind {
            /// The start octets of all layers.
            pub(crate) const STARTS: &'static [u8] = &[$(super::$module::$name::START),*];

            /// The most octets that [`ends_with_header`](Self::ends_with_header) looks at.
            pub const HEADER: usize = longest(&[$(super::$module::$name::HEADER),*]);

            /// The layer whose frames begin with that octet.
            #[must_use]
            pub const fn of_start(octet: u8) -> Option<Self> {
                $(if octet == super::$module::$name::START { return Some(Self::$name); })*
                None
            }

            /// True if a frame of any layer may end with that octet.
            #[must_use]
            pub const fn may_end(octet: u8) -> bool {
                $(octet == super::$module::$name::END)||*
            }

            /// True if `octets` end with the header in front of an APDU inside a frame of any
            /// layer.
            #[must_use]
            pub fn ends_with_header(octets: &[u8]) -> bool {
                $(ends_with(octets, super::$module::$name::HEADER))||*
            }

            /// True for an error of a link layer.
            #[must_use]
            pub fn has(layer: Layer) -> bool {
                $(layer == super::$module::$name::LAYER)||*
            }

            /// True if the octet that ends a frame may begin the next one.
            pub(crate) const fn shares_its_end(self) -> bool {
                match self {
                    $(Self::$name => super::$module::$name::START == super::$module::$name::END,)*
                }
            }

            /// The layer in errors.
            #[must_use]
            pub const fn layer(self) -> Layer {
                match self { $(Self::$name => super::$module::$name::LAYER,)* }
            }

            /// As [`LinkLayer::frame`].
            pub(crate) fn frame(self, octets: &[u8]) -> Option<Result<usize, NoFrame>> {
                match self { $(Self::$name => super::$module::$name::frame(octets),)* }
            }

            /// As [`LinkLayer::damaged_segment`].
            pub(crate) fn damaged_segment(self, octets: &[u8]) -> Option<u8> {
                match self { $(Self::$name => super::$module::$name::damaged_segment(octets),)* }
            }

            /// As [`LinkLayer::replace`].
            pub(crate) fn replace(self, frame: &mut [u8], data: &[u8]) -> bool {
                match self { $(Self::$name => super::$module::$name::replace(frame, data),)* }
            }

            /// As [`LinkLayer::segment`].
            pub(crate) fn segment(self, frame: &[u8]) -> Result<Option<ApduSegment<'_>>, Error> {
                match self { $(Self::$name => super::$module::$name::segment(frame),)* }
            }
        }
    };
}

link_layers! {
    /// Wired M-Bus.
    mbus::Mbus,
    /// The short frame of the M-Bus.
    mbus_short::MbusShort,
    /// HDLC.
    hdlc::Hdlc,
}

fn ends_with(octets: &[u8], header: &[RangeInclusive<u8>]) -> bool {
    let pairs = octets.iter().rev().zip(header.iter().rev());
    !header.is_empty()
        && octets.len() >= header.len()
        && pairs.into_iter().all(|(octet, range)| range.contains(octet))
}

const fn longest(headers: &[&[RangeInclusive<u8>]]) -> usize {
    match headers {
        [] => 0,
        [header, rest @ ..] => {
            let others = longest(rest);
            if header.len() > others { header.len() } else { others }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_layer_has_a_start_octet_of_its_own() {
        for (at, start) in LinkKind::STARTS.iter().enumerate() {
            assert!(!LinkKind::STARTS[..at].contains(start), "{start:02x} begins two layers");
            assert!(LinkKind::of_start(*start).is_some());
        }
        assert!(LinkKind::may_end(0x16) && !LinkKind::may_end(0x00));
    }

    #[test]
    fn the_header_of_a_frame_is_known_by_its_last_octets() {
        let header = [0x68, 0x53, 0xff, 0x11, 0x01, 0x67];
        assert!(LinkKind::ends_with_header(&header));
        assert!(LinkKind::ends_with_header(&header[1..]));
        assert!(!LinkKind::ends_with_header(&header[2..]));
        assert!(!LinkKind::ends_with_header(&[0x53, 0xff, 0x20, 0x01, 0x67]));
    }
}
