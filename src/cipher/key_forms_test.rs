//! The forms in which people have the keys of one meter or of several.

use super::*;

const A: &str = "36C66639E48A8CA4D6BC8B282A793BBB";
const B: &str = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF";
const C: &str = "A1B2C3D4E5F60718293A4B5C6D7E8F90";
const D: &str = "0F1E2D3C4B5A69788796A5B4C3D2E1F0";

/// The numbers of two meters.
const ONE: &str = "181220000009";
const TWO: &str = "181220000010";

/// The entries of a text, or its defect: `181220000009 A B, - C -`.
fn read(text: &str) -> String {
    let keys = [A, B, C, D].map(|key| Key::parse(key).unwrap());
    let letter = |key: &Key| ["A", "B", "C", "D"][keys.iter().position(|it| it == key).unwrap()];
    let entry = |entry: &KeyEntry| {
        let name = match &entry.name {
            None => "-".to_owned(),
            Some(MeterName::Title(title)) => hex::encode(title),
            Some(MeterName::Meter(number)) => number.clone(),
        };
        format!("{name} {} {}", letter(&entry.guek), entry.gak.as_ref().map_or("-", letter))
    };
    match parse(text) {
        Ok(entries) => entries.iter().map(entry).collect::<Vec<_>>().join(", "),
        Err(defect) => format!("line {}: {}", defect.line, defect.error),
    }
}

/// A form with the letters of keys and `1` and `2` for the numbers in `<>`.
fn filled(form: &str) -> String {
    [("<A>", A), ("<B>", B), ("<C>", C), ("<D>", D), ("<1>", ONE), ("<2>", TWO)]
        .iter()
        .fold(form.to_owned(), |text, (sign, value)| text.replace(sign, value))
}

#[track_caller]
fn all_are(forms: &[&str], entries: &str) {
    for form in forms {
        let read = read(&filled(form));
        assert_eq!(read, entries.replace("<1>", ONE).replace("<2>", TWO), "{form}");
    }
}

#[test]
fn both_keys_of_two_meters() {
    all_are(
        &[
            r#"[{"meter":"<1>","guek":"<A>","gak":"<B>"},{"meter":"<2>","guek":"<C>","gak":"<D>"}]"#,
            r#"[{"guek": "<A>", "gak": "<B>", "meter": "<1>"}, {"guek": "<C>", "gak": "<D>", "meter": "<2>"}]"#,
            r#"[{"guek":"<A>","meter":"<1>","gak":"<B>"},{"guek":"<C>","meter":"<2>","gak":"<D>"}]"#,
            r#"{"<1>":{"guek":"<A>","gak":"<B>"},"<2>":{"guek":"<C>","gak":"<D>"}}"#,
            r#"{"guek":{"<1>":"<A>","<2>":"<C>"},"gak":{"<1>":"<B>","<2>":"<D>"}}"#,
            r#"[{"serialNumber":<1>,"encryptionKey":"<A>","authenticationKey":"<B>"},{"serialNumber":<2>,"encryptionKey":"<C>","authenticationKey":"<D>"}]"#,
            "{\n  \"<1>\": {\n    \"guek\": \"<A>\",\n    \"gak\": \"<B>\"\n  },\n  \"<2>\": {\n    \"guek\": \"<C>\",\n    \"gak\": \"<D>\"\n  }\n}",
            "[\n  {\n    \"gak\": \"<B>\",\n    \"guek\": \"<A>\",\n    \"meter\": \"<1>\"\n  },\n  {\n    \"gak\": \"<D>\",\n    \"guek\": \"<C>\",\n    \"meter\": \"<2>\"\n  }\n]",
            "[<1>]\nguek = <A>\ngak = <B>\n\n[<2>]\nguek = <C>\ngak = <D>\n",
            "[<1>]\ngak=<B>\nguek=<A>\n[<2>]\ngak=<D>\nguek=<C>\n",
            "[meter <1>]\nguek = <A>\ngak = <B>\n[meter:<2>]\nguek = <C>\ngak = <D>\n",
            "[meters.<1>]\nguek = \"<A>\"\ngak = \"<B>\"\n[\"<2>\"]\nguek = \"<C>\"\ngak = \"<D>\"\n",
            "[a]\nnumber = <1>\nguek = <A>\ngak = <B>\n[b]\nguek = <C>\ngak = <D>\nnumber = <2>\n",
            "<1> = { guek = \"<A>\", gak = \"<B>\" }\n<2> = { guek = \"<C>\", gak = \"<D>\" }\n",
            "meter.<1>.guek=<A>\nmeter.<1>.gak=<B>\nmeter.<2>.guek=<C>\nmeter.<2>.gak=<D>\n",
            "GUEK_<1>=<A>\nGAK_<1>=<B>\nGUEK_<2>=<C>\nGAK_<2>=<D>\n",
            "GAK_<1>=<B>\nGAK_<2>=<D>\nGUEK_<1>=<A>\nGUEK_<2>=<C>\n",
            "<1>:\n  guek: <A>\n  gak: <B>\n<2>:\n  guek: <C>\n  gak: <D>\n",
            "meters:\n  \"<1>\":\n    keys:\n      guek: <A>\n      gak: <B>\n  '<2>':\n    keys:\n      guek: <C>\n      gak: <D>\n",
            "meters:\n  - number: <1>\n    guek: <A>\n    gak: <B>\n  - number: <2>\n    guek: <C>\n    gak: <D>\n",
            "- guek: <A>\n  gak: <B>\n  meter: <1>\n- guek: <C>\n  gak: <D>\n  meter: <2>\n",
            "Zähler: <1>\nGUEK: <A>\nGAK: <B>\n\nZähler: <2>\nGUEK: <C>\nGAK: <D>\n",
            "GUEK: <A>\nGAK: <B>\nZähler: <1>\nGUEK: <C>\nGAK: <D>\nZähler: <2>\n",
            "meter,guek,gak\n<1>,<A>,<B>\n<2>,<C>,<D>\n",
            "guek;gak;meter\n<A>;<B>;<1>\n<C>;<D>;<2>\n",
            "Zähler;GAK;GUEK\n<1>;<B>;<A>\n<2>;<D>;<C>\n",
            "| Zähler | AK | EK |\n|---|---|---|\n| <1> | <B> | <A> |\n| <2> | <D> | <C> |\n",
            "<table><tr><th>Zähler</th><th>GAK</th><th>GUEK</th></tr><tr><td><1></td><td><B></td><td><A></td></tr><tr><td><2></td><td><D></td><td><C></td></tr></table>",
            "<meters><meter><number><1></number><guek><A></guek><gak><B></gak></meter><meter><number><2></number><guek><C></guek><gak><D></gak></meter></meters>",
            "<meter>\n<number><1></number>\n<gak><B></gak>\n<guek><A></guek>\n</meter>\n<meter>\n<number><2></number>\n<gak><D></gak>\n<guek><C></guek>\n</meter>",
            r#"meters = [("<1>", "<A>", "<B>"), ("<2>", "<C>", "<D>")]"#,
        ],
        "<1> A B, <2> C D",
    );
}

#[test]
fn the_encryption_keys_of_two_meters() {
    all_are(
        &[
            r#"{"<1>":"<A>","<2>":"<C>"}"#,
            r#"[["<1>","<A>"],["<2>","<C>"]]"#,
            "[\n [\n  \"<1>\",\n  \"<A>\"\n ],\n [\n  \"<2>\",\n  \"<C>\"\n ]\n]",
            "[[meter]]\nkey = \"<A>\"\nserial = \"<1>\"\n\n[[meter]]\nkey = \"<C>\"\nserial = \"<2>\"\n",
            "GUEK: <A>\nZähler: <1>\n\nGUEK: <C>\nZähler: <2>\n",
            "guek;meter\n<A>;<1>\n<C>;<2>\n",
            "<1>\n<A>\n<2>\n<C>\n",
            "<table><tr><td><1></td><td><A></td></tr><tr><td><2></td><td><C></td></tr></table>",
            "<meters><meter number=\"<1>\" guek=\"<A>\"/><meter number=\"<2>\" guek=\"<C>\"/></meters>",
            r#"KEYS = {"<1>": bytes.fromhex("<A>"), "<2>": bytes.fromhex("<C>")}"#,
            "Der Schlüssel für den Zähler <1> lautet <A> und der Schlüssel für den Zähler <2> lautet <C>.",
            "Z=C3=A4hler =3D <1>\nGUEK =3D <A>\nZ=C3=A4hler =3D <2>\nGUEK =3D <C>\n",
        ],
        "<1> A -, <2> C -",
    );
    // A key of any meter, and one of a meter that is named.
    all_are(
        &[
            r#"[{"guek":"<A>"},{"meter":"<1>","guek":"<C>"}]"#,
            "<A>\nmeter: <1>\nkey: <C>\n",
            "[a]\nguek = <A>\n[<1>]\nguek = <C>\n",
        ],
        "- A -, <1> C -",
    );
    all_are(
        &[
            r#"[{"guek":"<A>"},{"guek":"<C>"}]"#,
            "GUEK: <A> GUEK: <C>",
            "Key 1: <A>, Key 2: <C>",
            "GUEK_1=<A>\nGUEK_2=<C>\n",
        ],
        "- A -, - C -",
    );
}

#[test]
fn the_number_beside_the_only_key_is_a_remark() {
    all_are(
        &[
            "[<1>]\nguek = <A>\ngak = <B>\n",
            "<1>:\n  guek: <A>\n  gak: <B>\n",
            "GAK;GUEK\n<B>;<A>\n",
            "<meter>\n<gak><B></gak>\n<guek><A></guek>\n</meter>",
            r#"{"guek":"<A>","valid":{"from":"2024"},"gak":"<B>"}"#,
            "GUEK =3D <A>\nGAK =3D <B>\n",
            "Ihr GUEK ist <A> und Ihr GAK ist <B>.",
            "unsigned char guek[] = {<A>};\nunsigned int guek_len = 16;\nGAK = <B>",
        ],
        "- A B",
    );
    all_are(
        &[
            "Ihr Schlüssel für den Zähler <1> lautet:\n\n<A>\n",
            "Der Kundenschlüssel Ihres Zählers <1> ist\n<A>\n",
            "The key of the meter <1>:\n<A>\n",
            "Ihr Schlüssel lautet: <A> .",
            "Ihr Schlüssel vom 01.05.2024 lautet <A>.",
            "Ihr Schlüssel vom 1. Mai 2024 für <1> lautet: <A>.",
            "Schlüssel <A> gültig ab 01.05.2024",
            "Ihr Schlüssel: <A>\nBei Fragen: +43 2236 201 2030 oder 0810 800 100\nKundennummer 4711081512\n",
            "GUEK=3D<A>\n",
        ],
        "- A -",
    );
    let (start, end) = A.split_at(20);
    for text in [
        format!("GUEK: {start}=\n{end}\n"),
        format!("Ihr Schl=C3=BCssel lautet: {start}=\r\n{end}.\r\n"),
        format!("<tr><td style=3D\"border:0\">GUEK</td><td>{start}=\n{end}</td></tr>\n"),
    ] {
        assert_eq!(read(&text), "- A -", "{text}");
    }
}

#[test]
fn a_damaged_key_among_others_is_named_with_its_own_digits() {
    let short = &C[1..];
    for (text, message) in [
        (
            format!(r#"[{{"meter":"{ONE}","guek":"{A}"}},{{"meter":"{TWO}","guek":"{short}"}}]"#),
            "line 1: key: 31 hex digits, expected 32",
        ),
        (
            format!("[{ONE}]\nguek = {A}\n[{TWO}]\nguek = {short}\n"),
            "line 4: key: 31 hex digits, expected 32",
        ),
        (
            format!("[{ONE}]\nguek = {A}\n[{TWO}]\nguek = {short}O\n"),
            "line 4: key: character 39 is not a hex digit",
        ),
        (
            format!(r#"[{{"guek":"{A}"}},{{"guek":"{short}g"}}]"#),
            "line 1: key: character 86 is not a hex digit",
        ),
        (format!("{}\n{C}\n", &A[..16]), "line 1: key: 16 hex digits, expected 32"),
        (format!("{ONE} {A} {}\n", &B[..18]), "line 1: key: 18 hex digits, expected 32"),
    ] {
        assert_eq!(read(&text), message, "{text}");
    }
}

#[test]
fn the_number_on_the_plate_above_a_key_names_the_meter() {
    for [one, other] in
        [["1KFM0200182517", "1KFM0200182518"], ["LGZ1030781910790", "LGZ1030781910791"]]
    {
        assert_eq!(read(&format!("{one}\n{A}\n")), "- A -");
        assert_eq!(read(&format!("{one}\n{A}\n{other}\n{C}\n")), format!("{one} A -, {other} C -"));
    }
    // A slip in one half of a key is none.
    let text = format!("{}O\n{}\n", &A[..15], &A[16..]);
    assert_eq!(read(&text), "line 1: key: character 16 is not a hex digit");
}

#[test]
fn keys_in_a_list_behind_one_label_are_of_one_kind() {
    all_are(&[r#"{"guek":["<A>","<C>"]}"#, "guek = ['<A>', '<C>']\n"], "- A -, - C -");
    all_are(&[r#"{"guek":["<A>"],"gak":["<B>"]}"#, "GUEK = <A> <B>\n"], "- A B");
}

#[test]
fn other_secrets_and_addresses_are_no_keys() {
    let id = "0123456789abcdef0123456789abcdef";
    let api = "q3J5bGZ0dGV4dHF1aWNrYnJvd25mb3hqdW1wc292ZXI=";
    for text in [
        format!("Message-ID: <{id}@mx1.b.at>\n\nIhr Schlüssel: {A}\n"),
        format!("References: <x.{id}@b.at> <{id}@b.at>\nSchlüssel:\n{A}\n"),
        format!(
            "api:\n  encryption:\n    key: \"{api}\"\ndlms_meter:\n  decryption_key: \"{A}\"\n"
        ),
    ] {
        assert_eq!(read(&text), "- A -", "{text}");
    }
    assert_eq!(read(&format!("key: \"{api}\"\n")), "line 1: key: character 7 is not a hex digit");
    assert_eq!(
        read(&format!("GUEK: {}@\n", &A[..31])),
        "line 1: key: character 38 is not a hex digit"
    );
}

#[test]
fn a_label_alone_lacks_its_key() {
    for (text, at) in [(r#"{"key":""}"#, 6), ("GUEK:", 5), ("P1_GUEK=''\n", 8)] {
        assert_eq!(
            read(text),
            format!("line 1: key: the key is missing at character {at}"),
            "{text}"
        );
    }
}

#[test]
fn a_date_beside_a_meter_and_its_key_is_left_out() {
    all_are(
        &[
            "<1>\t<A>\t12.03.2025",
            "12.03.2025;<1>;<A>",
            "<1>;12.03.2025;<A>",
            "2025-03-12;<1>;<A>\n",
        ],
        "<1> A -",
    );
}

#[test]
fn what_is_too_short_or_too_long_for_a_key_is_none_beside_one() {
    let sha1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
    let sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    for line in [
        "Bei Fragen zum Schlüssel nennen Sie bitte Ref. AB12CD34.".to_owned(),
        "Schlüssel-ID: AB12CD34".to_owned(),
        format!("SHA-1: {sha1}"),
        format!("SHA-256: {sha256}"),
        format!("SHA-256 {sha256}"),
        format!("{sha256}  guek.txt"),
        format!("{sha1} *guek.txt"),
    ] {
        for text in [format!("GUEK: {A}\n{line}\n"), format!("{line}\nGUEK: {A}\n")] {
            assert_eq!(read(&text), "- A -", "{text}");
        }
    }
    all_are(&["Der Schlüssel mit der Ref. AB12CD34 lautet <A>\n"], "- A -");
    all_are(&["<A><B> gültig ab 2024\n", "<A><B>  (GUEK+GAK)\n"], "- A B");
    all_are(&["<1> <A><B>\n", "<1>: <A><B>\n", "Zähler: <1>, GUEK+GAK: <A><B>"], "<1> A B");
    for (text, message) in [
        ("GUEK: AB12CD34\n".to_owned(), "line 1: key: 8 hex digits, expected 32"),
        (format!("GUEK: {A}\nGAK: AB12CD34\n"), "line 2: key: 8 hex digits, expected 32"),
        (
            format!("GUEK: {A}\nGUEK: 36C6 6639 E48A 8CA4 D6BC\n"),
            "line 2: key: 20 hex digits, expected 32",
        ),
        (format!("SHA-256: {sha256}\n"), "line 1: key: 64 hex digits, expected 32"),
    ] {
        assert_eq!(read(&text), message, "{text}");
    }
}

#[test]
fn a_row_may_lack_a_key_and_have_a_short_number() {
    all_are(&["meter,guek,gak\n123,<A>,\n", "123,<A>,\n", "123;<A>;\n"], "- A -");
    all_are(&["123,<A>,<B>\n", "meter,gak,guek\n123,<B>,<A>\n"], "- A B");
    all_are(&["meter,guek,gak\n<1>,<A>,\n<2>,<C>,<D>\n"], "<1> A -, <2> C D");
    all_are(&["meter,guek,gak\n<1>,<A>,<B>\n<2>,<C>,\n"], "<1> A B, <2> C -");
    all_are(&["guek,gak,meter\n<A>,,<1>\n<C>,,<2>\n"], "<1> A -, <2> C -");
}

#[test]
fn the_end_of_a_key_may_stand_in_the_next_line() {
    for size in [31, 28, 21] {
        let (start, end) = A.split_at(size);
        for text in [
            format!("{start}\n{end}\n"),
            format!("GUEK: {start}\r\n{end}\r\n"),
            format!("Schlüssel:\n{start} \n  {end}\n"),
            format!("Ihr Schlüssel lautet: {start}\n{end}.\n"),
        ] {
            assert_eq!(read(&text), "- A -", "{text}");
        }
        assert_eq!(read(&format!("GUEK: {start}\n{end}\nGAK: {B}\n")), "- A B");
    }
    let message = "line 1: key: 24 hex digits, expected 32";
    assert_eq!(read(&format!("GUEK: {}\n20250312\n", &A[..24])), message, "a part and a date");
    let message = "line 2: key: 20 hex digits, expected 32";
    assert_eq!(read(&format!("key: {ONE}\n{}\n", &A[..20])), message, "a number and a part");
}

#[test]
fn a_key_behind_a_base_and_one_in_an_address_are_read() {
    all_are(&["16#<A>\n", "KEY := 16#<A>;\n", "16#<A>#\n"], "- A -");
    let octets: Vec<_> = A.as_bytes().chunks(2).map(|two| core::str::from_utf8(two)).collect();
    let octets: Vec<_> = octets.into_iter().map(Result::unwrap).collect();
    for text in [
        format!("16#{}", octets.join(", 16#")),
        octets.join("%20"),
        format!("GUEK={}", octets.join("%20")),
        format!("https://example.org/?guek={}&m={ONE}", octets.join("%3A")),
    ] {
        assert_eq!(read(&text), "- A -", "{text}");
    }
    let short = octets.join("%20").replacen("C6", "C", 1);
    assert_eq!(read(&short), "line 1: key: character 3 is not a hex digit");
    all_are(
        &[
            "https://example.org/?guek=<A>&gak=<B>\n",
            "guek=<A>&gak=<B>",
            "gak=<B>&guek=<A>",
            "guek%3D<A>%26gak%3D<B>%0A",
        ],
        "- A B",
    );
    all_are(&["https://example.org/key/<A>\n", "http://example.org/?key=<A>#top\n"], "- A -");
}

#[test]
fn the_short_names_of_amsreader_are_a_pair() {
    all_are(
        &[
            r#"{"enc":{"a":"<B>","k":"<A>"}}"#,
            r#"{"enc":{"k":"<A>","a":"<B>"}}"#,
            r#"{"m":{"b":2400,"e":{"e":true,"k":"<A>","a":"<B>"},"o":{"e":""}}}"#,
        ],
        "- A B",
    );
    all_are(&["a: <A>\nb: <C>\n"], "- A -, - C -");
}

#[test]
fn what_stands_in_the_place_of_a_key_is_named() {
    let alone = "no key stands beside the number of a meter";
    for (text, message) in [
        ("$KEY".to_owned(), "line 1: key: character 1 is not a hex digit".to_owned()),
        ("GUEK=$KEY\n".to_owned(), "line 1: key: character 6 is not a hex digit".to_owned()),
        ("key: !secret guek".to_owned(), "line 1: key: character 6 is not a hex digit".to_owned()),
        ("key: %GUEK%".to_owned(), "line 1: key: character 6 is not a hex digit".to_owned()),
        (format!("{ONE}\n"), format!("line 1: key: {alone} at character 1")),
        (format!("{ONE}\n{TWO}\n"), format!("line 1: key: {alone} at character 1")),
        (format!("Zähler: {ONE}\n"), format!("line 1: key: {alone} at character 9")),
        ("1KFM0200182517\n".to_owned(), format!("line 1: key: {alone} at character 1")),
        (format!("meter,guek,gak\n{ONE},,\n"), format!("line 2: key: {alone} at character 1")),
    ] {
        assert_eq!(read(&text), message, "{text}");
    }
}

#[test]
fn a_number_or_title_that_is_cut_names_no_meter() {
    all_are(
        &[
            "KFM6750062B17... <A>\n",
            "KFM6750062B17...: <A>\n",
            "4B464D675006… <A>\n",
            "Zähler: KFM6750062B17...\nGUEK: <A>\n",
            "18122000..: <A>\n",
        ],
        "- A -",
    );
    all_are(&["18122000...: <A>\n18122001...: <C>\n"], "- A -, - C -");
}

/// Digits of a token, a digest, an identifier.
const OTHER: &str = "0d5a7b3c9e1f42688c7a9b0d1e2f3a4b";

#[test]
fn other_digits_never_stand_in_for_a_key_that_is_missing() {
    for label in [
        "GUEK:",
        "GUEK = ",
        "P1_GUEK=",
        "GUEK: (siehe Brief)",
        "Schlüssel: folgt",
        "EK: -",
        "guek: \"\"",
        "\"guek\": null,",
        "GUEK: ***",
        "GUEK: ________",
        "GUEK: folgt!",
        "GUEK;",
        "<td>GUEK:</td><td></td>",
    ] {
        for (text, line) in [
            (format!("{label}\nMQTT: {OTHER}\n"), 1),
            (format!("Vorgang: {OTHER}\n{label}\n"), 2),
            (format!("MD5 der Datei: {OTHER}\n{label}\n"), 2),
            (format!("{OTHER}\n\nHallo\n{label}\n"), 4),
            (format!("{label}\nGAK: {OTHER}\n"), 1),
        ] {
            let defect = parse(&text).expect_err(&text);
            let is_missing =
                matches!(defect.error.cause, Cause::Column { what: MISSING | OTHER_NAME });
            assert!(is_missing, "{text}: {defect:?}");
            if defect.error.cause == (Cause::Column { what: MISSING }) {
                assert_eq!(defect.line, line, "{text}");
            }
        }
    }
    for (text, message) in [
        ("meter,guek,gak\n123,,<B>\n", "line 2: key: the key is missing at character 5"),
        ("Zähler;GUEK;GAK\n<1>;;<B>\n", "line 2: key: the key is missing at character 14"),
        (
            "Anbei Zähler, Schlüssel und mehr.\nMQTT: <C>\nGUEK: folgt\n",
            "line 3: key: the key is missing at character 5",
        ),
        ("MQTT_PASSWORD=<C>\nGUEK=5C1E7\n", "line 2: key: 5 hex digits, expected 32"),
        ("GUEK: AB12CD34\nMQTT: <C>\n", "line 1: key: 8 hex digits, expected 32"),
    ] {
        assert_eq!(read(&filled(text)), message, "{text}");
    }
}

#[test]
fn the_place_of_a_key_may_be_further_down_or_further_in() {
    all_are(
        &[
            "Ihr Schlüssel:\n(nur für Sie bestimmt)\n\n<A>\n",
            "Ihr Schlüssel:\n(32 Hex-Zeichen)\n\n<A>\n",
            "GUEK: siehe unten\n\n<A>\n",
            "12.03.2025\nGUEK: <A>\n",
            "Wien, am 12.03.2025\n\nGUEK: <A>\n",
            "2025-03-12\n<A>\n",
            "Ihr Schlüssel: (bitte vertraulich behandeln)\n<A>\n",
            "Ihr GUEK:\n\nZählernummer <1>\n\n<A>\n",
            "guek:\n  value: <A>\n",
            "{\n \"guek\": {\n  \"hex\": \"<A>\"\n }\n}",
            r#"{"guek": {"value": "<A>"}}"#,
            "<td>GUEK:</td>\n<td class=\"x\">Wert</td>\n<td><A></td>\n",
            "GUEK_ALT=\nGUEK=<A>\n",
            "GUEK: -\nSchlüssel: <A>\n",
            "key: !secret dlms\ndlms: <A>\n",
            "Verschlüsselung: AES-128-GCM\n\n<A>\n",
            "key_type: AES\nencryption: true\nvalue: <A>\n",
            "Bezeichnung;GUEK;\nHaus;<A>;\n",
            "name: Smartmeter GUEK\nlogin: <1>\npassword: <A>\n",
        ],
        "- A -",
    );
    all_are(&["meter,guek,gak\n<1>,<A>,\n<2>,,<D>\n"], "<1> A -");
}

#[test]
fn digits_with_the_name_of_something_else_are_no_key() {
    for name in [
        "MD5:",
        "md5sum",
        "SHA1-Kurz:",
        "UUID:",
        "Prüfsumme:",
        "Checksum",
        "Seriennummer:",
        "serial =",
        "Vorgangs-ID:",
        "requestId:",
        "device_id:",
        "Fingerprint:",
        "api_token:",
        "Id",
        "MD5 des GUEK:",
    ] {
        for digits in [OTHER.to_owned(), spaced(OTHER), uuid(OTHER)] {
            let line = format!("{name} {digits}\n");
            let at = name.chars().count() + 2;
            let message = format!("line 1: key: {OTHER_NAME} at character {at}");
            assert_eq!(read(&line), message, "{line}");
            for text in [
                format!("{line}GUEK: {A}\n"),
                format!("{line}\n{A}\n"),
                format!("GUEK: {}\n{line}", uuid(A)),
                format!("{A}\n{line}"),
            ] {
                assert_eq!(read(&text), "- A -", "{text}");
            }
        }
    }
    assert!(read(&format!("Id {}\nGUEK folgt\n", uuid(OTHER))).contains(OTHER_NAME));
    all_are(
        &[
            "Shared key: <A>\n",
            "Key ID 01: <A>\n",
            "Zähler Nr. 1: <A>\n",
            "ID 12345678 <A>\n",
            "ota:\n  password: <C>\ndlms_meter:\n  decryption_key: <A>\n",
        ],
        "- A -",
    );
    all_are(&["meter_id: <1>\nguek: <A>\nmeter_id: <2>\nguek: <C>\n"], "<1> A -, <2> C -");
}

/// The digits in groups of four.
fn spaced(digits: &str) -> String {
    let groups: Vec<_> = (0..8).map(|at| &digits[4 * at..4 * at + 4]).collect();
    groups.join(" ")
}

fn uuid(digits: &str) -> String {
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

#[test]
fn a_character_in_the_place_of_a_digit_is_named() {
    for foreign in ['\0', 'O', 'l', '?', '*', 'x', '_', '!', '~', '§'] {
        for at in [0, 15, 16, 31] {
            let key = format!("{}{foreign}{}", &A[..at], &A[at + 1..]);
            for (before, behind) in
                [("", "\n"), ("GUEK: ", "\n"), ("\"", "\""), ("GUEK = '", "';\n")]
            {
                let place = before.len() + at + 1;
                let message = format!("line 1: key: character {place} is not a hex digit");
                assert_eq!(read(&format!("{before}{key}{behind}")), message, "{before}{key:?}");
            }
        }
    }
    let last = |behind: &str| format!("GUEK: {}{behind}\n", &spaced(A)[..35]);
    for (text, message) in [
        (format!("{}****\n", &A[..28]), "line 1: key: character 29 is not a hex digit"),
        (last("****"), "line 1: key: character 42 is not a hex digit"),
        (last("3BlB"), "line 1: key: character 44 is not a hex digit"),
        (last(""), "line 1: key: 28 hex digits, expected 32"),
        (format!("5ClE {}\n", &spaced(A)[5..]), "line 1: key: character 3 is not a hex digit"),
    ] {
        assert_eq!(read(&text), message, "{text}");
    }
}

#[test]
fn a_key_in_parts_and_one_with_marks_around_it_are_read() {
    let (first, last) = A.split_at(16);
    for text in [
        format!("> {}\n> {}\n", &A[..20], &A[20..]),
        format!("> Ihr Schlüssel lautet:\n>\n> {}\n> {}\n> mfg\n", &A[..24], &A[24..]),
        format!("{ONE}\n{first}\n{last}\n"),
        format!("{first}\n{last}\n{ONE}\n"),
        format!("Teil 1: {first}\nTeil 2: {last}\n"),
        format!("Schlüsselteil 1: {first}\nSchlüsselteil 2: {last}\n"),
        format!("erste Hälfte: {first}\nzweite Hälfte: {last}\n"),
        format!("guek={}\n", spaced(A).replace(' ', "+")),
        format!("__{A}__\n"),
        format!("GUEK: _{A}_\n"),
        format!("{A} 100%\n"),
        format!("{A} (128 Bit)\n"),
        format!("<style>.a{{color:#ff0000}}</style><p>GUEK: {A}</p>\n"),
        format!("\u{202b}GUEK: \u{2066}{A}\u{2069}\u{202c}\n"),
    ] {
        assert_eq!(read(&text), "- A -", "{text}");
    }
    all_are(
        &["GAK/GUEK: <B> / <A>\n", "GUEK/GAK: <A> / <B>\n", "GAK und GUEK: <B> <A>\n"],
        "- A B",
    );
    let slip = format!("Schlüssel für {ONE}=5C{}/{}\n", &A[2..22], &A[23..]);
    assert!(read(&slip).starts_with("line 1: key: "), "{}", read(&slip));
    // Numbers and titles make no key together.
    for text in [
        "1234 5678\n9012 3456\n1234 5678\n9012 3456\n",
        "4b464d6750000009\n5341475905ecc9d7\n",
        &format!("GUEK: siehe Brief\nTeil 1: {first}\nTeil 2: {last}\n"),
        &format!("MD5 1: {first}\nMD5 2: {last}\n"),
        &format!("Teil 2: {first}\nTeil 1: {last}\n"),
        &format!("Teil 1: {first}\nTeil 3: {last}\n"),
        &format!("Teil 1 GUEK: {first}\nTeil 1 GAK: {last}\n"),
    ] {
        assert!(read(text).starts_with("line "), "{text}");
    }
}
