//! The customer interfaces of meters, and what to check at each when octets do not come, or are all the same.

use crate::diagnosis::finding::Finding;

/// The customer interface that a line is set for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CustomerSocket {
    /// The wired M-Bus: the table of causes is about it.
    #[default]
    MBus,
    /// The infrared interface on the face of a meter.
    Infrared,
    /// The P1 socket (DSMR P1 Companion Standard, 4).
    P1,
}

impl CustomerSocket {
    /// The finding that nothing comes from this interface.
    #[must_use]
    pub fn silent(self, found: Finding) -> Finding {
        match self {
            Self::MBus => found,
            Self::Infrared => found
                .advising(
                    [
                        "no light of the meter reaches the head: it sits beside the diode, or the interface is switched off",
                        "beim Lesekopf kommt kein Licht des Zählers an: er sitzt neben der Diode, oder die Schnittstelle ist abgeschaltet",
                    ],
                    [
                        "put the head right over the infrared diode, turn and move it a little, check its power, and have the operator switch the customer interface on (in its portal)",
                        "den Lesekopf genau auf die Infrarotdiode setzen, etwas drehen und verschieben, seine Versorgung prüfen, und die Kundenschnittstelle vom Netzbetreiber freischalten lassen (in seinem Portal)",
                    ],
                )
                .hinting("check where the head sits, and that the operator has switched the interface on"),
            Self::P1 => found
                .advising(
                    [
                        "nothing comes out of the P1 socket: the cable does not request data, a contact is open, or the interface is switched off",
                        "aus der P1-Buchse kommt nichts: das Kabel fordert keine Daten an, ein Kontakt ist offen, oder die Schnittstelle ist abgeschaltet",
                    ],
                    [
                        "check that the cable holds pin 2 of the socket (data request) at 5 V and reads pin 5, and have the operator switch the customer interface on (in its portal)",
                        "prüfen, ob das Kabel Pin 2 der Buchse (Datenanforderung) auf 5 V hält und Pin 5 liest, und die Kundenschnittstelle vom Netzbetreiber freischalten lassen (in seinem Portal)",
                    ],
                )
                .hinting("check the cable and its data request, and that the operator has switched the interface on"),
        }
    }

    /// The finding that all octets from this interface are the same.
    #[must_use]
    pub fn constant(self, found: Finding) -> Finding {
        match self {
            Self::MBus => found,
            Self::Infrared => found
                .advising(
                    [
                        "the head does not see the pulses of the meter: other light falls on it, or its output has other levels than the converter",
                        "der Lesekopf sieht die Impulse des Zählers nicht: fremdes Licht fällt auf ihn, oder sein Ausgang hat andere Pegel als der Wandler",
                    ],
                    [
                        "shade the head and set it right over the infrared diode; then check that the converter takes its levels, and their polarity",
                        "den Lesekopf abschatten und genau auf die Infrarotdiode setzen; dann prüfen, ob der Wandler zu seinen Pegeln und deren Polarität passt",
                    ],
                )
                .hinting("check that no other light falls on the head, and the polarity of its output"),
            Self::P1 => found
                .advising(
                    [
                        "the adapter does not see the levels of the line: P1 sends them inverted",
                        "der Adapter erkennt die Pegel der Leitung nicht: P1 sendet sie invertiert",
                    ],
                    [
                        "use a cable that is made for P1, or have the converter invert its input",
                        "ein Kabel verwenden, das für P1 gebaut ist, oder den Eingang des Wandlers invertieren",
                    ],
                )
                .hinting("check that the cable is made for P1, which inverts the levels"),
        }
    }
}
