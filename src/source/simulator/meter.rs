//! The simulated meters and their differences.

use core::{fmt, str::FromStr};

use jiff::Timestamp;

use super::{
    clock,
    house::PERIOD,
    pace::LinePace,
    random::{Random, Topic},
};
use crate::cipher::{key::Key, key_file::KeyEntry};

/// The key of the example telegram that Netz Niederösterreich publishes: known to everyone.
pub const EXAMPLE_KEY: [u8; 16] = [
    0x36, 0xc6, 0x66, 0x39, 0xe4, 0x8a, 0x8c, 0xa4, 0xd6, 0xbc, 0x8b, 0x28, 0x2a, 0x79, 0x3b, 0xbb,
];

/// The authentication key of the examples in the Green Book of the DLMS User Association.
pub const EXAMPLE_GAK: [u8; 16] = [
    0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf,
];

/// Both keys, which open virtual meters and anonymised captures.
#[must_use]
pub fn example_key() -> KeyEntry {
    KeyEntry { name: None, guek: Key::new(EXAMPLE_KEY), gak: Some(Key::new(EXAMPLE_GAK)) }
}

/// True if the authentication key of these examples stands alone, as the only key.
#[must_use]
pub fn is_example_gak(entries: &[KeyEntry]) -> bool {
    let is_gak = |entry: &KeyEntry| entry.guek == Key::new(EXAMPLE_GAK) && entry.gak.is_none();
    !entries.is_empty() && entries.iter().all(is_gak)
}

/// A kind of meter: the list that it sends, and the frames that it cuts it into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MeterKind {
    /// Kaifa MA309 at Netz Niederösterreich.
    #[default]
    NetzNoeKaifa,
    /// Sagemcom T210-D at Netz Niederösterreich, firmware V0450 or later: the same telegrams as the
    /// Kaifa.
    NetzNoeSagemcom,
    /// Sagemcom T210-D with older firmware: frames of 257 octets that announce 01, a signed power
    /// factor.
    NetzNoeSagemcomOld,
    /// Kaifa MA309M in the west (Tyrol, Salzburg, Vorarlberg), three phases.
    KsmWest,
    /// Kaifa MA110M in the west, one phase.
    KsmWest1Phase,
    /// Landis+Gyr E450 at Wiener Netze: infrared, every second.
    WienerNetze,
    /// Iskraemeco AM550 at Kärnten Netz: P1.
    KaerntenNetz,
    /// Landis+Gyr E450 at Netz Burgenland.
    NetzBurgenland,
    /// Landis+Gyr E450 in Graz: the APDU comes in blocks.
    Graz,
    /// Sagemcom T210-D-r at Energienetze Steiermark: P1.
    Steiermark,
}

/// The content of the telegrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListLayout {
    /// Netz Niederösterreich: 35 elements in one structure.
    Flat,
    /// KSM-West: a structure for each object.
    Nested,
    /// Wiener Netze: the clock and eight registers, without OBIS codes.
    Vienna,
    /// Kärnten Netz: six registers without OBIS codes, time and date apart.
    Carinthia,
    /// Netz Burgenland: voltages, currents, powers, energies, angles, number, without OBIS codes.
    Burgenland,
    /// Graz: registers with OBIS codes, without scaler and unit.
    Coded,
    /// Styria: a text as DSMR meters send it.
    Text,
}

/// The way of an APDU to the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimulatedLink {
    /// M-Bus frames with at most so many octets of the APDU.
    MBus {
        /// The octets in a full frame.
        segment: usize,
    },
    /// One HDLC frame.
    Hdlc {
        /// Both addresses.
        addresses: &'static [u8],
    },
    /// Blocks of general block transfer, each in an HDLC frame.
    Blocks {
        /// Both addresses.
        addresses: &'static [u8],
        /// The octets of information in a full frame.
        information: usize,
    },
    /// The APDU alone.
    Bare,
}

impl SimulatedLink {
    /// The octets at the end of a frame, at least one, without which it cannot be completed by what
    /// follows: the flag of the next HDLC frame would do for its last one.
    pub(super) const fn vital_end(self) -> usize {
        match self {
            Self::MBus { .. } | Self::Bare => 1,
            Self::Hdlc { .. } | Self::Blocks { .. } => 2,
        }
    }
}

impl MeterKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::NetzNoeKaifa,
        Self::NetzNoeSagemcom,
        Self::NetzNoeSagemcomOld,
        Self::KsmWest,
        Self::KsmWest1Phase,
        Self::WienerNetze,
        Self::KaerntenNetz,
        Self::NetzBurgenland,
        Self::Graz,
        Self::Steiermark,
    ];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NetzNoeKaifa => "netz-noe-kaifa",
            Self::NetzNoeSagemcom => "netz-noe-sagemcom",
            Self::NetzNoeSagemcomOld => "netz-noe-sagemcom-old",
            Self::KsmWest => "ksm-west",
            Self::KsmWest1Phase => "ksm-west-1phase",
            Self::WienerNetze => "wiener-netze",
            Self::KaerntenNetz => "kaernten-netz",
            Self::NetzBurgenland => "netz-burgenland",
            Self::Graz => "graz",
            Self::Steiermark => "steiermark",
        }
    }

    /// The grid operator or region, and the model, for the help text of the command line.
    pub const fn description(self) -> &'static str {
        match self {
            Self::NetzNoeKaifa => "Netz NÖ, Kaifa MA309",
            Self::NetzNoeSagemcom => "Netz NÖ, Sagemcom T210-D",
            Self::NetzNoeSagemcomOld => "Netz NÖ, Sagemcom T210-D with the firmware before V0450",
            Self::KsmWest => "Tyrol, Vorarlberg, Salzburg: Kaifa MA309M",
            Self::KsmWest1Phase => "The same with one phase: Kaifa MA110M",
            Self::WienerNetze => "Wiener Netze, Landis+Gyr E450: HDLC every second",
            Self::KaerntenNetz => "Kärnten Netz, Iskraemeco AM550: HDLC",
            Self::NetzBurgenland => "Netz Burgenland, Landis+Gyr E450: HDLC with a tag",
            Self::Graz => "Graz, Landis+Gyr E450: block transfer in HDLC, with a tag",
            Self::Steiermark => "Energienetze Steiermark, Sagemcom T210-D-r: text with a tag",
        }
    }

    /// The list it sends.
    pub const fn layout(self) -> ListLayout {
        match self {
            Self::NetzNoeKaifa | Self::NetzNoeSagemcom | Self::NetzNoeSagemcomOld => {
                ListLayout::Flat
            }
            Self::KsmWest | Self::KsmWest1Phase => ListLayout::Nested,
            Self::WienerNetze => ListLayout::Vienna,
            Self::KaerntenNetz => ListLayout::Carinthia,
            Self::NetzBurgenland => ListLayout::Burgenland,
            Self::Graz => ListLayout::Coded,
            Self::Steiermark => ListLayout::Text,
        }
    }

    /// Seconds between two pushes.
    pub const fn interval(self) -> i64 {
        match self {
            Self::WienerNetze => 1,
            Self::KaerntenNetz => 2 * PERIOD,
            _ => PERIOD,
        }
    }

    /// True if its telegrams carry a tag.
    pub const fn is_tagged(self) -> bool {
        matches!(self, Self::NetzBurgenland | Self::Graz | Self::Steiermark)
    }

    /// The link layer.
    pub const fn link(self) -> SimulatedLink {
        match self {
            Self::NetzNoeSagemcomOld => SimulatedLink::MBus { segment: 252 },
            Self::WienerNetze | Self::NetzBurgenland => {
                SimulatedLink::Hdlc { addresses: LANDIS_GYR }
            }
            Self::KaerntenNetz => SimulatedLink::Hdlc { addresses: &[0xcf, 0x02, 0x23] },
            Self::Graz => SimulatedLink::Blocks { addresses: LANDIS_GYR, information: 129 },
            Self::Steiermark => SimulatedLink::Bare,
            _ => SimulatedLink::MBus { segment: 245 },
        }
    }

    /// The speed of its line.
    pub const fn pace(self) -> LinePace {
        match self {
            Self::WienerNetze | Self::NetzBurgenland => LinePace::INFRARED,
            Self::KaerntenNetz | Self::Graz | Self::Steiermark => LinePace::P1,
            _ => LinePace::M_BUS,
        }
    }

    /// How many phases it measures: 3 or 1.
    pub const fn phases(self) -> usize {
        match self {
            Self::KsmWest1Phase => 1,
            _ => 3,
        }
    }

    /// The suite in its security control octet. KSM-West sends 1 and uses AES-128 nevertheless.
    pub const fn suite(self) -> u8 {
        match self.layout() {
            ListLayout::Nested => 1,
            _ => 0,
        }
    }

    /// The tag of the power factor: long (10) in the old firmware, else long-unsigned (12).
    pub const fn power_factor_tag(self) -> u8 {
        match self {
            Self::NetzNoeSagemcomOld => 0x10,
            _ => 0x12,
        }
    }

    /// The constant clock status: Sagemcom calls its time doubtful (bit 1), in every
    /// capture that is public.
    pub const fn clock_status(self) -> u8 {
        match self {
            Self::NetzNoeSagemcom | Self::NetzNoeSagemcomOld => 0x02,
            _ => 0x00,
        }
    }

    /// The long-invoke-id-and-priority of a telegram: high priority in Lower Austria, and 24 bits
    /// that count.
    pub const fn invoke_id(self, number: u32) -> u32 {
        let priority = match self.layout() {
            ListLayout::Flat => 0x8000_0000,
            _ => 0,
        };
        priority | (number & 0x00ff_ffff)
    }

    /// How far the invoke id is ahead of the invocation counter.
    pub(super) fn invoke_ahead(self, random: &mut Random) -> u32 {
        match self {
            Self::KaerntenNetz => 1,
            Self::Graz => 0,
            _ => random.below(5_000),
        }
    }

    /// The date-time of its telegrams. Landis+Gyr leaves the offset open.
    pub fn clock(self, time: Timestamp) -> [u8; 12] {
        let date_time = clock::date_time(time, self.clock_status());
        match self.layout() {
            ListLayout::Burgenland | ListLayout::Coded => clock::without_offset(date_time),
            _ => date_time,
        }
    }
}

/// The identifiers of one meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The system title.
    pub title: [u8; 8],
    /// The meter number, 0-0:96.1.0: at most 127 octets; empty if the meter sends none.
    pub number: String,
    /// The logical device name, 0-0:42.0.0, if the meter sends one: at most 127 octets.
    pub device: Option<String>,
}

impl Identity {
    /// The meter with this serial number (six digits). Title and numbers are related in the same
    /// way as on the known meters.
    pub fn new(meter: MeterKind, serial: u32) -> Self {
        let serial = serial % 1_000_000;
        let title = |maker: &[u8; 4], rest: u32| {
            (u64::from(u32::from_be_bytes(*maker)) << 32 | u64::from(rest)).to_be_bytes()
        };
        match meter {
            MeterKind::NetzNoeKaifa => Self {
                title: title(b"KFMg", 0x5000_0000 | serial),
                number: format!("181220{serial:06}"),
                device: None,
            },
            MeterKind::NetzNoeSagemcom | MeterKind::NetzNoeSagemcomOld => Self {
                title: title(b"SAGY", 99_000_000 + serial),
                number: format!("178210{serial:06}"),
                device: None,
            },
            MeterKind::KsmWest => Self {
                title: title(b"KFM\x10", 0x2000_0000 | serial),
                number: format!("1KFM02{serial:08}"),
                device: Some(format!("KFM12002{serial:08}")),
            },
            MeterKind::KsmWest1Phase => Self {
                title: title(b"KFM\x10", 0x1000_0000 | serial),
                number: format!("1KFM01{serial:08}"),
                device: Some(format!("KFM11001{serial:08}")),
            },
            MeterKind::WienerNetze => Self {
                title: title(b"LGZg", 0x7300_0000 | serial),
                number: String::new(),
                device: None,
            },
            MeterKind::KaerntenNetz => Self {
                title: title(b"ISKi", 0x7400_0000 | serial),
                number: format!("1790000{serial:06}"),
                device: None,
            },
            MeterKind::NetzBurgenland => Self {
                title: title(b"LGZg", 0x7100_0000 | serial),
                number: format!("30{serial:06}"),
                device: None,
            },
            MeterKind::Graz => Self {
                title: title(b"LGZg", 0x7300_0000 | serial),
                number: String::new(),
                device: None,
            },
            MeterKind::Steiermark => Self {
                title: title(b"SAG5", serial),
                number: format!("53{serial:06}"),
                device: None,
            },
        }
    }

    /// The meter of a seed.
    pub fn of_seed(meter: MeterKind, seed: u64) -> Self {
        Self::new(meter, 100_000 + Random::at(seed, Topic::Meter, 0).below(900_000))
    }
}

/// A client, and a server whose lower address is the one for all.
const LANDIS_GYR: &[u8] = &[0xce, 0xff, 0x03];

impl fmt::Display for MeterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for MeterKind {
    type Err = UnknownMeter;

    fn from_str(name: &str) -> Result<Self, UnknownMeter> {
        Self::ALL.into_iter().find(|meter| meter.name() == name).ok_or(UnknownMeter)
    }
}

/// The error of a name that no meter has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownMeter;

impl fmt::Display for UnknownMeter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such meter; there are")?;
        MeterKind::ALL.into_iter().enumerate().try_for_each(|(index, meter)| {
            write!(f, "{} {meter}", if index == 0 { "" } else { "," })
        })
    }
}

impl core::error::Error for UnknownMeter {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for meter in MeterKind::ALL {
            assert_eq!(meter.to_string().parse(), Ok(meter));
        }
        let error = "kaifa".parse::<MeterKind>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "no such meter; there are netz-noe-kaifa, netz-noe-sagemcom, netz-noe-sagemcom-old, \
             ksm-west, ksm-west-1phase, wiener-netze, kaernten-netz, netz-burgenland, graz, \
             steiermark"
        );
    }

    #[test]
    fn identities_are_those_of_real_meters() {
        for (meter, serial, title, number, device) in [
            (MeterKind::NetzNoeKaifa, 9, "4b464d6750000009", "181220000009", None),
            (MeterKind::NetzNoeSagemcom, 128_502, "5341475905e894b6", "178210128502", None),
            (MeterKind::NetzNoeSagemcomOld, 252_878, "5341475905ea7a8e", "178210252878", None),
            (
                MeterKind::KsmWest,
                14_196,
                "4b464d1020003774",
                "1KFM0200014196",
                Some("KFM1200200014196"),
            ),
            (
                MeterKind::KsmWest1Phase,
                35,
                "4b464d1010000023",
                "1KFM0100000035",
                Some("KFM1100100000035"),
            ),
            (MeterKind::WienerNetze, 0x381ad, "4c475a67730381ad", "", None),
            (MeterKind::KaerntenNetz, 143, "49534b697400008f", "1790000000143", None),
            (MeterKind::NetzBurgenland, 52_022, "4c475a677100cb36", "30052022", None),
            (MeterKind::Graz, 177, "4c475a67730000b1", "", None),
            (MeterKind::Steiermark, 81_391, "5341473500013def", "53081391", None),
        ] {
            let identity = Identity::new(meter, serial);
            assert_eq!(hex::encode(identity.title), title);
            assert_eq!(identity.number, number);
            assert_eq!(identity.device.as_deref(), device);
        }
    }

    #[test]
    fn seeds_make_different_meters() {
        let of = |seed| Identity::of_seed(MeterKind::NetzNoeKaifa, seed);
        assert_eq!(of(0), of(0));
        assert_ne!(of(0), of(1));
    }
}
