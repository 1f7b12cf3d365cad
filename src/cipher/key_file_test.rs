//! The texts of key files, and their defects.

use super::*;

const A: &str = "36C66639E48A8CA4D6BC8B282A793BBB";
const B: &str = "000102030405060708090A0B0C0D0E0F";

fn spaced(digits: &str, separator: &str) -> String {
    let octets: Vec<_> = (0..16).map(|at| &digits[2 * at..2 * at + 2]).collect();
    octets.join(separator)
}

#[test]
fn a_password_is_never_the_key_whatever_it_is_made_of() {
    for password in
        ["Sommer2024", "12345678", "abcdef12", "f3A9c27be10d4482aa01", "auth1!", "GAK=1"]
    {
        for text in [
            format!("Passwort: {password}\nSchlüssel: {A}\n"),
            format!("Benutzer: max, Passwort: {password}, Schlüssel: {A}\n"),
            format!("Kennwort = {password}; GUEK = {A}; GAK = {B}\n"),
            format!("Passwort:\n{password}\nSchlüssel:\n{A}\n"),
            format!("PIN: {password}\nKey: {A}\n"),
        ] {
            let entries = parse(&text).unwrap_or_else(|defect| panic!("{text}: {defect:?}"));
            assert_eq!(entries.len(), 1, "{text}");
            assert_eq!(Some(&entries[0].guek), Key::parse(A).ok().as_ref(), "{text}");
            assert_eq!(entries[0].gak.is_some(), text.contains(B), "{text}");
        }
    }
    // Some call the key so.
    assert!(parse(&format!("Passwort: {A}\n")).is_ok());
}

#[test]
fn keys_in_the_notation_of_programs_are_read() {
    let octets = hex::decode(A).unwrap();
    let decimal: Vec<_> = octets.iter().map(u8::to_string).collect();
    let hex: Vec<_> = octets.iter().map(|octet| format!("0x{octet:02x}")).collect();
    for text in [
        decimal.join(", "),
        format!("key = [{}]", decimal.join(",")),
        decimal.join("\n"),
        format!("const uint8_t KEY[16] = {{{}}};", hex.join(", ")),
        r"KEY = b'6\xc6f9\xe4\x8a\x8c\xa4\xd6\xbc\x8b(*y;\xbb'".to_owned(),
        r"bytearray(b'6\xc6f9\xe4\x8a\x8c\xa4\xd6\xbc\x8b(*y;\xbb')".to_owned(),
        "NsZmOeSKjKTWvIsoKnk7uw==".to_owned(),
    ] {
        let entries = parse(&text).unwrap_or_else(|defect| panic!("{text}: {defect:?}"));
        assert_eq!((entries.len(), &entries[0].name), (1, &None), "{text}");
        assert_eq!(Some(&entries[0].guek), Key::parse(A).ok().as_ref(), "{text}");
    }
}

#[test]
fn all_forms_of_a_line_are_read() {
    let text = format!(
        "\u{feff}# my meters\r\n\r\n{A}\r\n{A} {B} # with a tag\n4b464d6750000009\t{A}\n181220000009 {A}  {B}\n"
    );
    let (a, b) = (Key::parse(A).unwrap(), Key::parse(B).unwrap());
    let title = MeterName::Title([0x4b, 0x46, 0x4d, 0x67, 0x50, 0, 0, 9]);
    let number = MeterName::Meter("181220000009".into());
    let entry = |name, gak| KeyEntry { name, guek: a.clone(), gak };
    assert_eq!(
        parse(&text).unwrap(),
        [
            entry(None, None),
            entry(None, Some(b.clone())),
            entry(Some(title), None),
            entry(Some(number), Some(b)),
        ]
    );
    assert_eq!(parse(A.split_at(16).0).unwrap_err().line, 1);
    let spaced = "36C6 6639 E48A 8CA4 D6BC 8B28 2A79 3BBB";
    assert_eq!(parse(spaced).unwrap(), [entry(None, None)]);
}

#[test]
fn marks_and_labels_are_left_out() {
    let plain = KeyEntry { name: None, guek: Key::parse(A).unwrap(), gak: None };
    let octets: Vec<_> = A.as_bytes().chunks(2).map(|two| core::str::from_utf8(two)).collect();
    let octets: Vec<_> = octets.into_iter().map(Result::unwrap).collect();
    for text in [
        format!("\"{A}\""),
        format!("'{A}'\n"),
        format!("„{A}“"),
        format!("“{A}”"),
        format!("»{A}«"),
        format!("`{A}`"),
        format!("GUEK: {A}"),
        format!("GUEK:{A}"),
        format!("GUEK={A}"),
        format!("GUEK {A}"),
        format!("P1_GUEK=\"{A}\""),
        format!("export P1_GUEK='{A}'"),
        format!("set -x P1_GUEK {A}"),
        format!("Schlüssel = {A}"),
        format!("Schlüssel: {A};"),
        format!("Mein Schlüssel (GUEK) lautet: {A}."),
        format!("Ihr Schlüssel für den Zähler 181220000009 lautet: {A}."),
        format!("{}\u{200b}{}", &A[..8], &A[8..]),
        format!("{}-\n{}", &A[..17], &A[17..]),
        format!("GUEK:\n{A}"),
        format!("Mein Schlüssel\n\n{A}\n"),
        format!("- **GUEK:** `{A}`"),
        format!("* key: {A}"),
        format!("Key1: {A}"),
        format!("{{\"key\":\"{A}\"}}"),
        format!("{{\n  \"key\": \"{A}\",\n  \"valid\": \"2026-01-01\"\n}}"),
        format!("---\ndecryption_key: \"{A}\"\n"),
        format!("<tr><td>Schl&uuml;ssel</td><td>{A}</td></tr>"),
        format!("<html><body>\n<p>GUEK:&nbsp;<b>{A}</b></p>\n</body></html>"),
        format!("{{\\rtf1\\ansi\\deff0\r\n\\pard\\f0\\fs22 GUEK: {A}\\par\r\n}}"),
        format!("Zählpunkt: AT0012345000000000000000001234567\nGUEK: {A}"),
        format!("AT0012345000000000000000001234567: {A}"),
        format!("Zählernummer: 1234567\nGUEK: {A}"),
        format!("Kundennummer: 1234567890 GUEK: {A}"),
        format!("{{ 0x{} }}", octets.join(", 0x")),
        format!("uint8_t key[] = {{0x{}}};", octets.join(",0x")),
        format!("[\"{}\"]", octets.join("\", \"")),
        format!("\\x{}", octets.join("\\x")),
        octets.join("\n"),
        format!("0x{}", octets.join(",\n0x")),
        format!("{}\n{}\n", &A[..16], &A[16..]),
        format!("{},{},{},{}", &A[..8], &A[8..16], &A[16..24], &A[24..]),
        format!("\u{200b}{A}\u{a0}"),
        format!("Zählpunkt: AT0010000000000000001000000404247\n{A}"),
        format!("Zählpunkt: AT0020000000000000000000181220404247\nGUEK: {A}"),
        format!("GUEK\n| --- |\n| {A} |"),
        format!(
            "uint8_t KEY[] = {{\n  0x{},\n  0x{}\n}};",
            octets[..8].join(", 0x"),
            octets[8..].join(",0x")
        ),
        format!("#define KEY \"{A}\""),
        format!("#define KEY {{0x{}}}", octets.join(",0x")),
        format!("<keys>\n  <key value=\"{A}\"/>\n</keys>"),
        format!("<{A}>"),
        format!("; mine\n{A}"),
        format!("# mine\r{A}\r"),
        format!("{A} // mine"),
        format!("{}_{}", &A[..16], &A[16..]),
        format!("{A}h"),
    ] {
        assert_eq!(parse(&text), Ok(vec![plain.clone()]), "{text}");
    }
}

#[test]
fn a_label_tells_what_a_key_is() {
    let (a, b) = (Key::parse(A).unwrap(), Key::parse(B).unwrap());
    let number = MeterName::Meter("181220000009".into());
    let entry = |name: Option<&MeterName>, gak: Option<&Key>| KeyEntry {
        name: name.cloned(),
        guek: a.clone(),
        gak: gak.cloned(),
    };
    for text in [
        format!("GUEK: {A}\nGAK: {B}"),
        format!("GAK: {B}\nGUEK: {A}"),
        format!("GUEK: {A} GAK: {B}"),
        format!("GUEK:\n{A}\nGAK:\n{B}"),
        format!("{{\"gak\":\"{B}\",\"guek\":\"{A}\"}}"),
        format!("encryption_key: {A}\nauthentication_key: {B}"),
        format!("EK={A}\nAK={B}"),
        format!("{A}{B}"),
        format!("GUEK: {A}{B}"),
        format!("{A}/{B}"),
        format!("GUEK;GAK\n{A};{B}"),
        format!("#define KEY \"{A}\"\n#define AUTH_KEY \"{B}\""),
        format!("<meter key=\"{A}\" gak=\"{B}\"/>"),
        format!("GUEK = {{\n0x{}\n}};\nGAK = {{\n{}\n}};", spaced(A, ",0x"), spaced(B, " ")),
        format!("{A} {}", spaced(B, " ")),
    ] {
        assert_eq!(parse(&text), Ok(vec![entry(None, Some(&b))]), "{text}");
    }
    for text in [
        format!("181220000009: {A}"),
        format!("181220000009;{A}"),
        format!("181220000009,{A}"),
        format!("181220000009={A}"),
        format!("\"181220000009\": \"{A}\""),
        format!("meter: 181220000009, key: {A}"),
        format!("{{\"meter\":\"181220000009\",\"key\":\"{A}\"}}"),
        format!("Zähler 181220000009: {A}"),
        format!("Zählernummer;Schlüssel\n181220000009;{A}"),
        format!("| Zähler | Schlüssel |\n|---|---|\n| 181220000009 | {A} |"),
        format!("<meter number=\"181220000009\" key=\"{A}\"/>"),
    ] {
        assert_eq!(parse(&text), Ok(vec![entry(Some(&number), None)]), "{text}");
    }
    let two = format!("meter: 181220000009\nkey: {A}\nmeter: 4b464d6750000009\nkey: {A}\n");
    let title = MeterName::Title([0x4b, 0x46, 0x4d, 0x67, 0x50, 0, 0, 9]);
    assert_eq!(parse(&two), Ok(vec![entry(Some(&number), None), entry(Some(&title), None)]));
    for name in ["4B:46:4D:67:50:00:00:09", "4B 46 4D 67 50 00 00 09", "4b464d6750000009"] {
        for key in [A.to_owned(), spaced(A, " ")] {
            let entries = parse(&format!("{name} {key}"));
            assert_eq!(
                entries,
                Ok(vec![KeyEntry { name: Some(title.clone()), ..entry(None, None) }])
            );
        }
    }
    let only = parse(&format!("GAK: {B}")).unwrap_err();
    assert!(only.error.to_string().contains("no encryption key (GUEK)"), "{}", only.error);
    for text in [format!("GUEK: {}", &A[1..]), format!("\"{}\"", &A[1..])] {
        let defect = parse(&text).unwrap_err();
        assert_eq!(defect.error.to_string(), "key: 31 hex digits, expected 32", "{text}");
    }
    let defect = parse(&format!("GUEK: \"{}O\"", &A[1..])).unwrap_err();
    assert_eq!(defect.error.to_string(), "key: character 39 is not a hex digit");
}

#[test]
fn a_word_an_item_and_a_date_in_front_of_a_key_name_no_meter() {
    for name in ["Bad", "cafe", "1.", "1)", "12", "2024-05-01", "01.05.2024", "1234567", "20260102"]
    {
        for text in [
            format!("{name}: {A}"),
            format!("{name} {A}"),
            format!("{name} {A} {B}"),
            format!("{name} GUEK: {A}"),
        ] {
            let entries = parse(&text).unwrap_or_else(|defect| panic!("{text}: {defect:?}"));
            assert_eq!((entries.len(), &entries[0].name), (1, &None), "{text}");
        }
    }
    for name in
        ["181220000009", "44337811", "4b464d6750000009", "LGZ1030781910790", "abcdefabcdefabcd"]
    {
        assert!(parse(&format!("{name} {A}")).unwrap()[0].name.is_some(), "{name}");
    }
}

#[test]
fn a_number_within_a_label_is_part_of_it() {
    for label in
        ["Key 1:", "Schlüssel 2 =", "Key 12 = ", "GUEK (32):", "Schlüssel (16 Byte):", "GUEK 1:"]
    {
        let entries = parse(&format!("{label} {A}")).unwrap();
        assert_eq!((entries[0].guek.clone(), &entries[0].name), (Key::parse(A).unwrap(), &None));
    }
    let entries = parse(&format!("GUEK: {}", spaced(A, " "))).unwrap();
    assert_eq!(entries[0].guek, Key::parse(A).unwrap());
}

#[test]
fn a_defect_is_named_by_line_and_character() {
    let message = |text: &str| {
        let defect = parse(text).unwrap_err();
        format!("line {}: {}", defect.line, defect.error)
    };
    assert_eq!(message("#\n  \n"), "line 0: key: no key in the file at character 1");
    assert_eq!(
        message(&format!("{A}\n181220000009 {}O", &A[..31])),
        "line 2: key: character 45 is not a hex digit"
    );
    // Digits enough for one key, but they are a meter number and a key cut short.
    assert_eq!(
        message(&format!("181220000009 {}", &A[..20])),
        "line 1: key: 20 hex digits, expected 32"
    );
    assert_eq!(message(&A[1..]), "line 1: key: 31 hex digits, expected 32");
    assert_eq!(message(&format!("{A} {}", &A[1..])), "line 1: key: 31 hex digits, expected 32");
    assert!(message(&format!("a {A} {A} {A}")).starts_with("line 1: key: "));
    for text in [&A[1..], &format!("x {A}1")] {
        assert!(!message(text).contains(&A[1..9]), "the text of a key never shows");
    }
}
