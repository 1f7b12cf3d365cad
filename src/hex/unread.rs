//! Inputs in a form that is not read: their names in two languages, and the way to a form that is.

/// The advice where no other one fits.
pub const GENERAL: [&str; 2] = [
    "write the octets of the telegram as hex digits, two each, or give the binary capture itself",
    "die Oktette des Telegramms als je zwei Hexziffern schreiben, oder die binäre Aufzeichnung selbst angeben",
];

/// The export of an operator's portal: intervals, no telegrams.
pub const PORTAL_EXPORT: &str = "an export of an operator's portal";

/// The output of `decode` and its like: readings, no telegrams.
pub const READINGS: &str = "an output of meterpipe with readings";

/// The same in a format that no subcommand takes.
pub const READINGS_FOR_OTHERS: &str = "an output of meterpipe with readings for other programs";

/// The name of a telegram that is not read because of the octets beside it.
pub const BESIDE: &str = "a telegram beside other octets in the line";

/// The name of a row that is none of whole octets, though all others are.
pub const ROW: &str = "a row that is written as those of a telegram, and cannot be read";

/// The name of hex digits with other text beside them, which is read as octets, or hides some.
pub const BESIDE_DIGITS: &str = "hex digits with other text beside them";

/// The name of a file of Word, Excel or their like.
pub const OFFICE: &str = "an office document (Word, Excel)";

/// The name of a capture of Wireshark in its newer form.
pub const PCAPNG: &str = "a pcapng capture of Wireshark";

/// The name of a mail whose text is in base64.
pub const MAIL: &str = "a mail in base64";

/// The name of octets that are not all there.
pub const CUT: &str = "octets that a program has cut off";

/// The name of a file in the mails of old.
pub const UUENCODE: &str = "uuencode data";

/// The name of a web page with its input in its address.
pub const CYBERCHEF: &str = "a link to CyberChef";

/// The advice for a form, in English and German, if there is one.
#[must_use]
pub fn step(what: &str) -> Option<[&'static str; 2]> {
    Some(match what {
        "a key file" => ["give it with --key-file", "sie mit --key-file angeben"],
        PORTAL_EXPORT => [
            "compare it with a capture: meterpipe quarters --compare EXPORT CAPTURE",
            "ihn mit einer Aufzeichnung vergleichen: meterpipe quarters --compare EXPORT AUFZEICHNUNG",
        ],
        READINGS => [
            "they need no key and no meter: give them to meterpipe quarters, plot or publish",
            "sie brauchen weder Schlüssel noch Zähler: an meterpipe quarters, plot oder publish geben",
        ],
        READINGS_FOR_OTHERS => [
            "meterpipe quarters, plot and publish take them as JSON Lines: decode the capture once more with --format json",
            "meterpipe quarters, plot und publish nehmen sie als JSON Lines: die Aufzeichnung noch einmal mit decode --format json lesen",
        ],
        "a PDF document" | OFFICE => [
            "open it and copy the hex digits of the telegram",
            "öffnen und die Hexziffern des Telegramms kopieren",
        ],
        PCAPNG => [
            "convert it: editcap -F pcap FILE capture.pcap, or tshark -r FILE -T fields -e tcp.payload",
            "umwandeln: editcap -F pcap DATEI mitschnitt.pcap, oder tshark -r DATEI -T fields -e tcp.payload",
        ],
        "a PNG picture" | "a JPEG picture" => [
            "write the hex digits of the telegram into a text file; no picture is read",
            "die Hexziffern des Telegramms in eine Textdatei schreiben; Bilder werden nicht gelesen",
        ],
        BESIDE => [
            "write each telegram in a line of its own",
            "jedes Telegramm in eine eigene Zeile schreiben",
        ],
        ROW => [
            "compare the row with its source; the telegram that it belongs to is lost",
            "die Zeile mit ihrer Quelle vergleichen; das Telegramm, zu dem sie gehört, ist verloren",
        ],
        BESIDE_DIGITS => [
            "copy the hex digits of the whole telegram, and nothing beside them",
            "die Hexziffern des ganzen Telegramms kopieren, und nichts daneben",
        ],
        CUT => [
            "print and copy them whole, up to the closing quote or bracket",
            "sie ganz ausgeben und kopieren, bis zum schließenden Anführungszeichen oder zur Klammer",
        ],
        CYBERCHEF => [
            "copy the octets out of its input field",
            "die Oktette aus seinem Eingabefeld kopieren",
        ],
        MAIL => [
            "copy the text from the mail program instead",
            "stattdessen den Text aus dem Mailprogramm kopieren",
        ],
        _ if what.starts_with("UTF-16") => ["save it as UTF-8", "als UTF-8 speichern"],
        _ if what.ends_with("data") || what.ends_with("archive") => {
            ["unpack it first", "zuerst entpacken"]
        }
        _ if is_other_dump(what) => [
            "dump it again with xxd or hexdump -C",
            "den Mitschnitt noch einmal mit xxd oder hexdump -C ausgeben",
        ],
        _ => return None,
    })
}

/// True for readings of meterpipe itself.
#[must_use]
pub fn is_output(what: &str) -> bool {
    matches!(what, READINGS | READINGS_FOR_OTHERS)
}

/// The name of a form in English and German.
#[must_use]
pub fn titles(what: &'static str) -> [&'static str; 2] {
    let german = match what {
        "a key file" => "eine Schlüsseldatei",
        PORTAL_EXPORT => "ein Export aus dem Portal eines Netzbetreibers",
        READINGS => "eine Ausgabe von meterpipe mit Werten",
        READINGS_FOR_OTHERS => "eine Ausgabe von meterpipe mit Werten für andere Programme",
        "gzip data" => "mit gzip gepackt",
        "zstd data" => "mit zstd gepackt",
        "xz data" => "mit xz gepackt",
        "bzip2 data" => "mit bzip2 gepackt",
        "a zip archive" => "ein ZIP-Archiv",
        "a PDF document" => "ein PDF-Dokument",
        "a PNG picture" => "ein PNG-Bild",
        "a JPEG picture" => "ein JPEG-Bild",
        OFFICE => "ein Office-Dokument (Word, Excel)",
        PCAPNG => "ein Mitschnitt von Wireshark im Format pcapng",
        BESIDE => "ein Telegramm neben anderen Oktetten in der Zeile",
        ROW => "eine Zeile, die wie die eines Telegramms geschrieben und nicht lesbar ist",
        MAIL => "eine Mail in base64",
        BESIDE_DIGITS => "Hexziffern mit anderem Text daneben",
        CUT => "Oktette, die ein Programm abgeschnitten hat",
        UUENCODE => "mit uuencode verpackt",
        CYBERCHEF => "ein Link zu CyberChef",
        "an SQLite database" => "eine SQLite-Datenbank",
        "a program" => "ein Programm",
        "binary digits (xxd -b)" => "Binärziffern (xxd -b)",
        "octets in octal (od -b)" => "Oktette in Oktal (od -b)",
        "words of several octets (od -t x4)" => "Wörter aus mehreren Oktetten (od -t x4)",
        _ if what.starts_with("16-bit words") => "16-Bit-Wörter (hexdump ohne -C, od ohne -t x1)",
        _ if what.starts_with("a listing of od") => "eine Ausgabe von od mit Lücken",
        _ if what.contains("Intel HEX") => "Intel HEX oder Motorola mit Fehlern",
        _ if what.starts_with("Gurux XML") => "XML von Gurux in einer Form, die nicht gelesen wird",
        _ => "eine andere Form",
    };
    [what, german]
}

/// True for the names of listings that another option would make readable.
fn is_other_dump(what: &str) -> bool {
    let names = ["16-bit words", "words of", "octets in octal", "swapped words", "binary digits"];
    names.iter().any(|name| what.starts_with(name)) || what.starts_with("a listing of od")
}
