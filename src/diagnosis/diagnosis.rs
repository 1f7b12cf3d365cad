//! The table of causes: name, advice in one clause, cause and next step in two languages.

/// The language of a text for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AdviceLanguage {
    /// English.
    #[default]
    English,
    /// German.
    German,
}

impl AdviceLanguage {
    /// The text in this language, of one in English and one in German.
    #[must_use]
    pub const fn pick(self, [english, german]: [&'static str; 2]) -> &'static str {
        match self {
            Self::English => english,
            Self::German => german,
        }
    }
}

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    /// In English.
    pub english: String,
    /// In German.
    pub german: String,
}

impl Wording {
    /// A text of two texts.
    #[must_use]
    pub fn new(english: impl Into<String>, german: impl Into<String>) -> Self {
        Self { english: english.into(), german: german.into() }
    }

    /// The text in that language.
    #[must_use]
    pub fn text(&self, language: AdviceLanguage) -> &str {
        match language {
            AdviceLanguage::English => &self.english,
            AdviceLanguage::German => &self.german,
        }
    }
}

/// A row of the table.
struct CauseRow {
    name: &'static str,
    /// The advice of a message, in one clause.
    hint: &'static str,
    cause: [&'static str; 2],
    step: [&'static str; 2],
}

macro_rules! diagnoses {
    ($($(#[$doc:meta])* $variant:ident $name:literal {
        hint: $hint:literal,
        cause: [$cause_en:literal, $cause_de:literal],
        step: [$step_en:literal, $step_de:literal],
    })*) => {
        /// The fault of a meter's line, its keys or its sinks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Diagnosis {
            $($(#[$doc])* $variant,)*
        }

        impl Diagnosis {
            /// All of them, in the order of the way of a telegram.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            const fn row(self) -> CauseRow {
                match self {
                    $(Self::$variant => CauseRow {
                        name: $name,
                        hint: $hint,
                        cause: [$cause_en, $cause_de],
                        step: [$step_en, $step_de],
                    },)*
                }
            }
        }
    };
}

diagnoses! {
    /// Telegrams come, are whole and are opened.
    Ok "ok" {
        hint: "",
        cause: [
            "telegrams come, are whole, and open",
            "Telegramme kommen an, sind vollständig und lassen sich öffnen"
        ],
        step: ["run the watch command below", "den watch-Befehl unten ausführen"],
    }
    /// There is no such device.
    NoDevice "no-device" {
        hint: "is the adapter plugged in?",
        cause: [
            "Linux does not see the adapter under this name",
            "Linux sieht den Adapter unter diesem Namen nicht"
        ],
        step: [
            "plug the adapter in, and use its name in /dev/serial/by-id, which does not change",
            "den Adapter einstecken und seinen Namen in /dev/serial/by-id verwenden, der gleich bleibt"
        ],
    }
    /// The user may not open the device.
    Permission "permission" {
        hint: "add the user to group dialout",
        cause: [
            "this user may not read the device",
            "dieser Benutzer darf das Gerät nicht lesen"
        ],
        step: [
            "run sudo adduser $USER dialout, and log in again",
            "sudo adduser $USER dialout ausführen und sich neu anmelden"
        ],
    }
    /// Another program has locked the device.
    Busy "busy" {
        hint: "only one program can read a device: end the other one",
        cause: [
            "another program has the device for itself; only one can read it",
            "ein anderes Programm hat das Gerät für sich; nur eines kann es lesen"
        ],
        step: [
            "end that program, or stop its service, and try again",
            "dieses Programm beenden oder seinen Dienst anhalten und es erneut versuchen"
        ],
    }
    /// Another program reads the device too.
    Shared "shared" {
        hint: "end the other program: two readers take octets from each other",
        cause: [
            "another program has the device open too, without a lock; each octet reaches only one of the two",
            "ein anderes Programm hat das Gerät ebenfalls offen, ohne Sperre; jedes Oktett kommt nur bei einem der beiden an"
        ],
        step: [
            "end the other program or stop its service, then start meterpipe again",
            "das andere Programm beenden oder seinen Dienst anhalten, dann meterpipe neu starten"
        ],
    }
    /// Nothing comes.
    Silent "silent" {
        hint: "check the wiring, and that the operator has switched the interface on",
        cause: [
            "nothing reaches the adapter: a wire or a contact is open, or the interface is switched off",
            "beim Adapter kommt nichts an: eine Ader oder ein Kontakt ist offen, oder die Schnittstelle ist abgeschaltet"
        ],
        step: [
            "check pins 3 and 4 of the plug and the power of the adapter, and have the operator switch the customer interface on (in its portal)",
            "Kontakte 3 und 4 des Steckers und die Versorgung des Adapters prüfen, und die Kundenschnittstelle vom Netzbetreiber freischalten lassen (in seinem Portal)"
        ],
    }
    /// The line stays at one level, or the adapter misreads the levels.
    Constant "constant" {
        hint: "check that the adapter is made for the M-Bus, and the polarity of its wires",
        cause: [
            "the adapter does not see the levels of the line: a plain USB-TTL cable, a converter for another level, or swapped wires",
            "der Adapter erkennt die Pegel der Leitung nicht: ein einfaches USB-TTL-Kabel, ein Wandler für andere Pegel oder vertauschte Adern"
        ],
        step: [
            "use an adapter that is made as an M-Bus slave (24 to 36 V on the line), and try its wires the other way round",
            "einen Adapter verwenden, der als M-Bus-Slave gebaut ist (24 bis 36 V auf der Leitung), und seine Adern umgekehrt anschließen"
        ],
    }
    /// The parity bit is another one.
    Parity "parity" {
        hint: "check cable, adapter and parity (8E1)",
        cause: [
            "the parity bit of the line is not the one that the adapter expects, or the contact is bad",
            "das Paritätsbit der Leitung ist nicht das, das der Adapter erwartet, oder der Kontakt ist schlecht"
        ],
        step: [
            "try --line m-bus-8n1 and --line auto; if neither helps, check cable and plug",
            "--line m-bus-8n1 und --line auto versuchen; hilft beides nicht, Kabel und Stecker prüfen"
        ],
    }
    /// The speed is another one.
    Baud "baud" {
        hint: "check the baud rate: M-Bus sockets send at 2400, P1 at 115200, infrared often at 9600",
        cause: [
            "the line has another speed than the adapter was set to",
            "die Leitung hat eine andere Geschwindigkeit als die, auf die der Adapter eingestellt ist"
        ],
        step: [
            "try --line auto, or --line ir (9600) and --line p1 (115200); the operator's paper names the speed",
            "--line auto versuchen, oder --line ir (9600) und --line p1 (115200); das Merkblatt des Netzbetreibers nennt die Geschwindigkeit"
        ],
    }
    /// Octets without any order.
    Noise "noise" {
        hint: "check adapter, baud rate and parity; --line auto finds those of a device",
        cause: [
            "octets come that belong to no known protocol: another speed, an adapter that does not fit, or a disturbed line",
            "es kommen Oktette, die zu keinem bekannten Protokoll gehören: eine andere Geschwindigkeit, ein Adapter, der nicht passt, oder eine gestörte Leitung"
        ],
        step: [
            "check that the adapter suits the socket, try --line auto, and shorten the cable",
            "prüfen, ob der Adapter zur Buchse passt, --line auto versuchen, und das Kabel kürzen"
        ],
    }
    /// Octets are missing within frames.
    OctetsLost "octets-lost" {
        hint: "the buffer of adapter or driver is too small, or the machine too busy: connect the adapter without a hub, or use another one",
        cause: [
            "parts of the frames are lost on the way: the receive buffer of the adapter (or of a program in between) is smaller than a telegram, or the machine is too busy",
            "Teile der Rahmen gehen unterwegs verloren: der Empfangspuffer des Adapters (oder eines Programms dazwischen) ist kleiner als ein Telegramm, oder der Rechner ist überlastet"
        ],
        step: [
            "connect the adapter directly and without a hub, enlarge the receive buffer (ESPHome: rx_buffer_size: 512), or use another adapter",
            "den Adapter direkt und ohne Hub anschließen, den Empfangspuffer vergrößern (ESPHome: rx_buffer_size: 512) oder einen anderen Adapter nehmen"
        ],
    }
    /// Frames are whole, and their sums are wrong.
    Checksum "checksum" {
        hint: "single octets are damaged: check cable and contacts",
        cause: [
            "frames have their length, and single octets in them are wrong: interference, a long cable, or a bad contact",
            "die Rahmen haben ihre Länge, aber einzelne Oktette darin sind falsch: Störungen, ein langes Kabel oder ein schlechter Kontakt"
        ],
        step: [
            "shorten the cable, keep it away from power lines, check plug and contacts, and try another adapter",
            "das Kabel kürzen und von Starkstromleitungen fernhalten, Stecker und Kontakte prüfen, und einen anderen Adapter versuchen"
        ],
    }
    /// Telegrams lack a frame.
    Half "half" {
        hint: "read the adapter directly, or set the time-out of the program in between (ser2net, ESPHome) to 1 s or more",
        cause: [
            "of each telegram only a part of its frames arrives: something in between cuts at the pause of 160 ms between two frames, or keeps only one frame",
            "von jedem Telegramm kommt nur ein Teil seiner Rahmen an: etwas dazwischen schneidet an der Pause von 160 ms zwischen zwei Rahmen ab oder behält nur einen Rahmen"
        ],
        step: [
            "read the adapter directly, or set the time-out of the program in between (ser2net, ESPHome) to 1 s or more; a dump needs all frames of a telegram",
            "den Adapter direkt lesen oder die Wartezeit des Programms dazwischen (ser2net, ESPHome) auf 1 s oder mehr stellen; ein Mitschnitt braucht alle Rahmen eines Telegramms"
        ],
    }
    /// HDLC frames arrive damaged.
    HdlcDamaged "hdlc-damaged" {
        hint: "the HDLC frames are damaged: check cable and contacts, or how the infrared head sits",
        cause: [
            "the frames are HDLC, as expected of this interface, and arrive damaged: interference, a bad contact, or an infrared head that sits askew",
            "die Rahmen sind HDLC, wie es zu dieser Schnittstelle gehört, kommen aber beschädigt an: Störungen, ein schlechter Kontakt oder ein schief sitzender Infrarotkopf"
        ],
        step: [
            "check cable and plug, align the infrared head and shield it from light, and try another adapter",
            "Kabel und Stecker prüfen, den Infrarotkopf ausrichten und vor Licht schützen, und einen anderen Adapter versuchen"
        ],
    }
    /// A protocol that is not read.
    OtherProtocol "other-protocol" {
        hint: "meterpipe does not read it",
        cause: [
            "the meter or the adapter sends something that meterpipe does not read",
            "der Zähler oder der Adapter sendet etwas, das meterpipe nicht liest"
        ],
        step: [
            "check that the adapter is at the customer interface (in Austria an RJ12 socket or the infrared eye), and ask the operator for its protocol",
            "prüfen, ob der Adapter an der Kundenschnittstelle hängt (in Österreich eine RJ12-Buchse oder das Infrarotauge), und den Netzbetreiber nach ihrem Protokoll fragen"
        ],
    }
    /// There is no key.
    NoKey "no-key" {
        hint: "give it with --key-file",
        cause: [
            "telegrams arrive whole; they are encrypted, and no key was given",
            "Telegramme kommen vollständig an; sie sind verschlüsselt, und es wurde kein Schlüssel angegeben"
        ],
        step: [
            "ask the operator for the key of the customer interface (GUEK, 32 hex digits), save it in a file such as guek, and name the file with --key-file",
            "beim Netzbetreiber den Schlüssel der Kundenschnittstelle (GUEK, 32 Hexziffern) anfordern, in einer Datei speichern, etwa guek, und diese mit --key-file angeben"
        ],
    }
    /// The telegrams carry no system title, and none was given.
    NoTitle "no-title" {
        hint: "give it with --system-title",
        cause: [
            "telegrams arrive whole, and carry no system title; without that of the meter no key opens them",
            "Telegramme kommen vollständig an, tragen aber keinen Systemtitel; ohne den des Zählers öffnet sie kein Schlüssel"
        ],
        step: [
            "ask the operator for the system title of the meter (16 hex digits), and give it with --system-title, in the configuration with system_title",
            "beim Netzbetreiber den Systemtitel des Zählers (16 Hexziffern) anfordern und mit --system-title angeben, in der Konfiguration mit system_title"
        ],
    }
    /// The key cannot be read.
    KeyFormat "key-format" {
        hint: "a key has 32 hex digits",
        cause: [
            "the key file cannot be read as a key",
            "die Schlüsseldatei lässt sich nicht als Schlüssel lesen"
        ],
        step: [
            "put nothing into the file but the key: 32 hex digits (0 to 9, A to F)",
            "in die Datei nichts als den Schlüssel schreiben: 32 Hexziffern (0 bis 9, A bis F)"
        ],
    }
    /// The key does not open the telegrams.
    WrongKey "wrong-key" {
        hint: "compare the encryption key (GUEK) with the operator's portal, and the meter number there with the one on the meter; the authentication key (GAK) in its place opens nothing",
        cause: [
            "telegrams arrive whole, and the key does not open them: it is mistyped, outdated, or of another meter",
            "Telegramme kommen vollständig an, doch der Schlüssel öffnet sie nicht: er ist vertippt, veraltet oder gehört zu einem anderen Zähler"
        ],
        step: [
            "copy the encryption key (GUEK, not the authentication key GAK) from the operator's portal again, and compare the meter number there with the one on the meter",
            "den Schlüssel (GUEK, nicht den Authentifizierungsschlüssel GAK) noch einmal aus dem Portal des Netzbetreibers kopieren und die Zählernummer dort mit der am Zähler vergleichen"
        ],
    }
    /// The authentication key stands in the place of the encryption key.
    AuthenticationKey "authentication-key" {
        hint: "the authentication key (GAK) opens it: the two keys are swapped",
        cause: [
            "the second key of the file opens the telegrams: the two keys are swapped",
            "der zweite Schlüssel der Datei öffnet die Telegramme: die beiden Schlüssel sind vertauscht"
        ],
        step: [
            "write the encryption key (GUEK) first and the authentication key (GAK) behind it",
            "den Schlüssel (GUEK) an die erste Stelle schreiben, den Authentifizierungsschlüssel (GAK) dahinter"
        ],
    }
    /// A published example key.
    ExampleKey "example-key" {
        hint: "this is the published example key: use the one that the operator gave you",
        cause: [
            "the key is the example that operators print in their papers; it opens no real meter",
            "der Schlüssel ist das Beispiel, das Netzbetreiber in ihren Unterlagen abdrucken; er öffnet keinen echten Zähler"
        ],
        step: [
            "ask the operator for the key of your own meter",
            "beim Netzbetreiber den Schlüssel des eigenen Zählers anfordern"
        ],
    }
    /// The keys are for other meters.
    OtherMeter "other-meter" {
        hint: "the key file names other meters: compare system title and number",
        cause: [
            "the key file has keys for other meters, not for this one",
            "die Schlüsseldatei hat Schlüssel für andere Zähler, nicht für diesen"
        ],
        step: [
            "write the key of this meter into the file, with the system title or the number above, or without any",
            "den Schlüssel dieses Zählers in die Datei schreiben, mit dem Systemtitel oder der Nummer oben oder ohne beides"
        ],
    }
    /// The authentication tag does not fit.
    Tag "tag" {
        hint: "compare the authentication key (GAK) with the operator's portal, or leave it out",
        cause: [
            "the encryption key fits, the authentication key (GAK) does not",
            "der Schlüssel passt, der Authentifizierungsschlüssel (GAK) nicht"
        ],
        step: [
            "compare the authentication key (GAK) with the operator's portal, or leave it out: telegrams are then read without a check of their tag",
            "den Authentifizierungsschlüssel (GAK) mit dem Portal des Netzbetreibers vergleichen oder weglassen: Telegramme werden dann ohne Prüfung ihrer Marke gelesen"
        ],
    }
    /// Telegrams are opened, and their list is not known.
    UnknownLayout "unknown-layout" {
        hint: "the list of this meter is not known: report it with the output of capture",
        cause: [
            "telegrams are read; their list has no OBIS codes, and no table knows it",
            "Telegramme werden gelesen; ihre Liste hat keine OBIS-Codes, und keine Tabelle kennt sie"
        ],
        step: [
            "name the values in a table of your own (--layout FILE), and report the meter's model and operator",
            "die Werte in einer eigenen Tabelle benennen (--layout DATEI) und Modell und Netzbetreiber melden"
        ],
    }
    /// The meter's clock is wrong.
    Clock "clock" {
        hint: "history uses the time of arrival; ask the operator to set the clock",
        cause: [
            "the meter's clock is wrong, or this machine's is",
            "die Uhr des Zählers geht falsch, oder die dieses Rechners"
        ],
        step: [
            "check the time of this machine (timedatectl); history sinks use the time of arrival until the operator has set the meter's clock",
            "die Uhrzeit dieses Rechners prüfen (timedatectl); Verlaufsdaten verwenden die Ankunftszeit, bis der Netzbetreiber die Uhr des Zählers gestellt hat"
        ],
    }
    /// A sink does not take readings.
    Sink "sink" {
        hint: "check address, user and password of the sink",
        cause: [
            "the meter is read; a sink does not take the readings",
            "der Zähler wird gelesen; ein Ziel nimmt die Werte nicht an"
        ],
        step: [
            "check address, user and password of the sink and that its server runs, or folder and rights of its file: meterpipe config check --online",
            "Adresse, Benutzer und Passwort des Ziels prüfen und ob sein Server läuft, oder Ordner und Rechte seiner Datei: meterpipe config check --online"
        ],
    }
}

impl Diagnosis {
    /// True for a cause that makes several kinds of defects. One defect is no evidence for it: the diagnosis of the
    /// line is.
    #[must_use]
    pub const fn is_of_line(self) -> bool {
        matches!(self, Self::Parity | Self::OctetsLost | Self::Half)
    }

    /// True for a cause that the octets of a line show, or their absence.
    #[must_use]
    pub const fn is_about_octets(self) -> bool {
        matches!(
            self,
            Self::Silent
                | Self::Constant
                | Self::Parity
                | Self::Baud
                | Self::Noise
                | Self::OctetsLost
                | Self::Checksum
                | Self::Half
                | Self::HdlcDamaged
                | Self::OtherProtocol
        )
    }

    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// The advice of a one-line message.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        self.row().hint
    }

    /// The cause, for a layman.
    #[must_use]
    pub const fn cause(self, language: AdviceLanguage) -> &'static str {
        language.pick(self.row().cause)
    }

    /// The next step.
    #[must_use]
    pub const fn step(self, language: AdviceLanguage) -> &'static str {
        language.pick(self.row().step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_complete_and_its_name_occurs_once() {
        let mut names: Vec<_> = Diagnosis::ALL.iter().map(|it| it.name()).collect();
        assert_eq!(names.len(), 26);
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Diagnosis::ALL.len());
        for diagnosis in Diagnosis::ALL {
            assert!(*diagnosis == Diagnosis::Ok || !diagnosis.hint().is_empty(), "{diagnosis:?}");
            for language in [AdviceLanguage::English, AdviceLanguage::German] {
                let (cause, step) = (diagnosis.cause(language), diagnosis.step(language));
                for text in [cause, step] {
                    assert!(text.len() > 20 && !text.ends_with('.'), "{diagnosis:?}: {text}");
                }
            }
            assert_ne!(
                diagnosis.step(AdviceLanguage::English),
                diagnosis.step(AdviceLanguage::German)
            );
        }
    }
}
