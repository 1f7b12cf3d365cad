//! The list of link layers: a layer that stands here is known to the whole program.

use core::ops::RangeInclusive;

use crate::{
    error::{Error, Layer},
    field::WireField,
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
            #[cfg(test)]
            const STARTS: &'static [u8] = &[$(super::$module::$name::START),*];

            /// The most octets that [`ends_with_header`](LinkChoice::ends_with_header) looks at.
            pub const HEADER: usize = longest(&[$(super::$module::$name::HEADER),*]);

            /// All layers.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The layer whose frames begin with that octet.
            #[must_use]
            pub const fn of_start(octet: u8) -> Option<Self> {
                $(if octet == super::$module::$name::START { return Some(Self::$name); })*
                None
            }

            /// True if a frame of any layer may end with that octet.
            #[must_use]
            pub fn may_end(octet: u8) -> bool {
                $(super::$module::$name::END == Some(octet))||*
            }

            /// The octets in front of an APDU inside a frame.
            const fn header(self) -> &'static [RangeInclusive<u8>] {
                match self {
                    $(Self::$name => super::$module::$name::HEADER,)*
                }
            }

            /// True for an error of a link layer.
            #[must_use]
            pub fn has(layer: Layer) -> bool {
                $(layer == super::$module::$name::LAYER)||*
            }

            /// True if the octet that ends a frame may begin the next one.
            pub(crate) const fn shares_its_end(self) -> bool {
                let (start, end) = match self {
                    $(Self::$name => (super::$module::$name::START, super::$module::$name::END),)*
                };
                matches!(end, Some(end) if end == start)
            }

            /// True if only the APDU in a frame vouches for it.
            pub(crate) const fn has_no_check(self) -> bool {
                match self { $(Self::$name => super::$module::$name::END.is_none(),)* }
            }

            /// The layer in errors.
            #[must_use]
            pub const fn layer(self) -> Layer {
                match self { $(Self::$name => super::$module::$name::LAYER,)* }
            }

            /// The layer that found a defect at the start of `octets`; `None` if no link layer did.
            pub(crate) fn of_error(error: &Error, octets: &[u8]) -> Option<Self> {
                let first = octets.first().and_then(|first| Self::of_start(*first));
                let mut turns = first.into_iter().chain(Self::ALL.iter().copied());
                turns.find(|link| link.layer() == error.layer)
            }

            /// The layer of the frame that begins with the first octet, if the last octet cuts it off.
            pub(crate) fn cut_off(octets: &[u8]) -> Option<Self> {
                let link = Self::of_start(*octets.first()?)?;
                (octets.len() > 3 && link.frame(octets).is_none()).then_some(link)
            }

            /// The name of a frame, for people.
            pub(crate) const fn title(self) -> &'static str {
                match self { $(Self::$name => super::$module::$name::TITLE,)* }
            }

            /// As [`LinkLayer::frame`].
            pub(crate) fn frame(self, octets: &[u8]) -> Option<Result<usize, NoFrame>> {
                match self { $(Self::$name => super::$module::$name::frame(octets),)* }
            }

            /// As [`LinkLayer::last_frame`].
            pub(crate) fn last_frame(self, octets: &[u8]) -> Option<Result<usize, NoFrame>> {
                match self { $(Self::$name => super::$module::$name::last_frame(octets),)* }
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
            ///
            /// # Errors
            /// The same.
            #[inline]
            pub fn segment(self, frame: &[u8]) -> Result<Option<ApduSegment<'_>>, Error> {
                match self { $(Self::$name => super::$module::$name::segment(frame),)* }
            }

            /// As [`LinkLayer::fields`].
            pub(crate) fn fields(self, octets: &[u8]) -> Vec<WireField<'_>> {
                match self { $(Self::$name => super::$module::$name::fields(octets),)* }
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
    /// DSMR telegrams.
    dsmr::Dsmr,
    /// The COSEM wrapper.
    wrapper::Wrapper,
}

/// The link layers that a stream may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinkChoice {
    /// Any: the content tells.
    #[default]
    Auto,
    /// That one alone: start octets of others are noise.
    Only(Layer),
    /// None: the stream is APDUs.
    Raw,
}

impl LinkChoice {
    /// All choices.
    pub fn all() -> impl Iterator<Item = Self> {
        let first = LinkKind::ALL.iter().enumerate().filter(|(at, link)| {
            !LinkKind::ALL.iter().take(*at).any(|other| other.layer() == link.layer())
        });
        let layers = first.map(|(_, link)| Self::Only(link.layer()));
        [Self::Auto].into_iter().chain(layers).chain([Self::Raw])
    }

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Only(layer) => layer.name(),
            Self::Raw => "raw",
        }
    }

    /// True if the stream may have frames of that layer.
    #[must_use]
    #[inline]
    pub fn has(self, link: LinkKind) -> bool {
        match self {
            Self::Auto => true,
            Self::Only(layer) => link.layer() == layer,
            Self::Raw => false,
        }
    }

    /// True if `octets` end with the header in front of an APDU inside a frame that the stream may have.
    #[must_use]
    pub fn ends_with_header(self, octets: &[u8]) -> bool {
        let links = LinkKind::ALL.iter().filter(|link| self.has(**link));
        links.into_iter().any(|link| ends_with(octets, link.header()))
    }

    /// True if the stream may have APDUs outside of frames.
    #[must_use]
    pub const fn has_bare_apdus(self) -> bool {
        !matches!(self, Self::Only(_))
    }
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
    fn a_choice_has_the_layers_of_its_name() {
        let names: Vec<_> = LinkChoice::all().map(LinkChoice::name).collect();
        assert_eq!(names, ["auto", "mbus", "hdlc", "dsmr", "wrapper", "raw"]);
        let links = |choice: LinkChoice| LinkKind::ALL.iter().filter(|it| choice.has(**it)).count();
        assert_eq!(LinkChoice::all().map(links).collect::<Vec<_>>(), [5, 2, 1, 1, 1, 0]);
    }

    #[test]
    fn the_header_of_a_frame_is_known_by_its_last_octets() {
        let header = [0x68, 0x53, 0xff, 0x11, 0x01, 0x67];
        assert!(LinkChoice::Auto.ends_with_header(&header));
        assert!(LinkChoice::Auto.ends_with_header(&header[1..]));
        assert!(!LinkChoice::Auto.ends_with_header(&header[2..]));
        assert!(!LinkChoice::Auto.ends_with_header(&[0x53, 0xff, 0x20, 0x01, 0x67]));
    }
}
