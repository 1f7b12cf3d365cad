//! A file of `layouts/`, or one of the user's own: what a meter sends without saying what it means.
//!
//! ```toml
//! source = "the operator's paper"
//!
//! # A list without codes, element by element.
//! [[list]]
//! name = "my meter"
//! elements = [
//!     { type = "octet-string", length = 12, obis = "0-0:1.0.0" },
//!     { type = "double-long-unsigned", name = "energy_import_wh" },
//!     { type = "long-unsigned", obis = "1-0:32.7.0", unit = "V", scaler = -1 },
//! ]
//!
//! # A list with codes, but without scalers and units.
//! [[list]]
//! name = "another meter"
//! marks = [{ obis = "0-0:42.0.0", begins = "ABC" }]
//! values = [
//!     { name = "energy_import_wh", scaler = 1 },
//!     { obis = "1-0:31.7.0", unit = "A", scaler = -2 },
//! ]
//! ```
//!
//! A list without codes is recognised by the types of all its elements, and by `length` and `fixed` where
//! they are given; one with codes by all of its `marks`. A `name` of `--list-fields` stands for its code
//! and unit.

use toml::de::{DeTable, DeValue};

use crate::cli::setup::config_file::{
    Mistake, TomlTable, TomlValue, expected, line_of, mistake, scalar, tables,
};
use meterpipe::{
    cosem::{data_type::DataType, obis::Obis, unit::ScalerUnit, unit::Unit},
    reading::{
        family::{FamilyElement, FamilyMark, FamilyTable, MeterFamily},
        fields::{self, FIELDS},
    },
};

/// The families of a file; a mistake with its line.
pub fn read(text: &str) -> Result<Vec<MeterFamily>, String> {
    families(text)
        .map_err(|Mistake { at, text: why }| format!("line {}: {why}", line_of(text, &at)))
}

fn families(text: &str) -> Result<Vec<MeterFamily>, Mistake> {
    // The parser's own text shows the line, which may be a secret: the file may be another one.
    let table = DeTable::parse(text).map_err(|error| {
        let (at, text) = (error.span().unwrap_or_default(), error.message().to_owned());
        Mistake { at, text }
    })?;
    let file = LayoutRow { table: table.get_ref(), at: 0..0, what: "the file" };
    file.only(&["source", "list"])?;
    // The origin of the knowledge is for the reader of the file.
    file.text("source")?.ok_or_else(|| file.lacks("source = \"the operator's paper\""))?;
    let lacks_lists = || file.lacks("[[list]]");
    let lists = tables(file.get("list").ok_or_else(lacks_lists)?, "[[list]]")?;
    let lists = lists.map(|(table, at)| family(&LayoutRow { table, at, what: "the list" }));
    let families: Vec<_> = lists.collect::<Result<_, _>>()?;
    if families.is_empty() { Err(lacks_lists()) } else { Ok(families) }
}

fn family(list: &LayoutRow<'_, '_>) -> Result<MeterFamily, Mistake> {
    list.only(&["name", "elements", "marks", "values"])?;
    let name = list.text("name")?.filter(|name| !name.trim().is_empty());
    let name = name.ok_or_else(|| list.lacks("name = \"my meter\""))?;
    let table = match (list.get("elements"), list.get("marks"), list.get("values")) {
        (Some(elements), None, None) => {
            FamilyTable::Places(rows(elements, "the element", element)?)
        }
        (None, Some(marks), Some(values)) => FamilyTable::Codes {
            marks: rows(marks, "the mark", mark)?,
            scales: rows(values, "the value", value)?,
        },
        (Some(elements), ..) => {
            let text = "elements stand alone: marks and values are for a list with codes";
            return Err(Mistake { at: elements.span(), text: text.to_owned() });
        }
        (None, None, _) => return Err(list.lacks("elements, or marks and values")),
        (None, Some(_), None) => return Err(list.lacks("values")),
    };
    Ok(MeterFamily { name, table })
}

/// The rows of an array of tables.
fn rows<T>(
    value: &TomlValue<'_>,
    what: &'static str,
    read: impl Fn(&LayoutRow<'_, '_>) -> Result<T, Mistake>,
) -> Result<Vec<T>, Mistake> {
    let form = "a list of tables in braces";
    let all = value.get_ref().as_array().ok_or_else(|| expected(value, form))?;
    if all.is_empty() {
        return Err(expected(value, form));
    }
    let rows = all.iter().map(|row| {
        let table = row.get_ref().as_table().ok_or_else(|| expected(row, "a table in braces"))?;
        read(&LayoutRow { table, at: row.span(), what })
    });
    rows.collect()
}

fn element(row: &LayoutRow<'_, '_>) -> Result<FamilyElement, Mistake> {
    row.only(&["type", "length", "fixed", "obis", "name", "unit", "scaler"])?;
    let kind = row.get("type").ok_or_else(|| row.lacks("type = \"long-unsigned\""))?;
    let kind = data_type(kind)?;
    let length = row.number("length", "a number of octets")?;
    let fixed = row.get("fixed").map(|value| {
        let octets = scalar(value).and_then(|text| hex::decode(text).ok());
        octets.ok_or_else(|| at_key(value, "fixed", "octets in hex, as in \"0006190900ff\""))
    });
    let fixed = fixed.transpose()?;
    let sizes = length.zip(fixed.as_ref().map(Vec::len));
    if let (Some((_, size)), Some(value)) =
        (sizes.filter(|(length, size)| length != size), row.get("length"))
    {
        return Err(at_key(value, "length", &format!("{size}, as many octets as fixed has")));
    }
    let (obis, unit, scaler) = row.meaning()?;
    let is_list = [DataType::ARRAY, DataType::STRUCTURE].contains(&kind);
    if let Some(value) = row.get("obis").or_else(|| row.get("name")).filter(|_| is_list) {
        return Err(at_key(
            value,
            "obis",
            "none: a list is no value, and those in it have no codes",
        ));
    }
    let is_number = kind.number_size().is_some();
    match row.get("unit").or_else(|| row.get("scaler")) {
        Some(value) if !is_number => {
            Err(at_key(value, "unit", "none: only a number has a unit and a scaler"))
        }
        Some(value) if unit.is_none() => {
            Err(at_key(value, "scaler", "a unit beside it: without one it has no effect"))
        }
        _ => {
            let scale = unit.filter(|_| is_number).map(|unit| (scaler, unit));
            Ok(FamilyElement { kind, length, fixed, obis, scale })
        }
    }
}

fn mark(row: &LayoutRow<'_, '_>) -> Result<FamilyMark, Mistake> {
    row.only(&["item", "obis", "begins"])?;
    let form = "the place of an object, from 1";
    let item = row.number("item", form)?;
    if let Some(value) = row.get("item").filter(|_| item == Some(0)) {
        return Err(at_key(value, "item", form));
    }
    let obis = row.get("obis").map(obis).transpose()?;
    let begins = row.text("begins")?.unwrap_or_default().into_bytes();
    match (item, obis) {
        (None, None) => Err(row.lacks("obis or item")),
        _ => Ok(FamilyMark { item, obis, begins }),
    }
}

fn value(row: &LayoutRow<'_, '_>) -> Result<(Obis, ScalerUnit), Mistake> {
    row.only(&["obis", "name", "unit", "scaler"])?;
    let (obis, unit, scaler) = row.meaning()?;
    let obis = obis.ok_or_else(|| row.lacks("obis = \"1-0:1.8.0\", or a name"))?;
    let unit = unit.ok_or_else(|| row.lacks("unit = \"Wh\""))?;
    Ok((obis, (scaler, unit)))
}

/// A table of the file.
struct LayoutRow<'a, 'b> {
    table: &'a TomlTable<'b>,
    at: core::ops::Range<usize>,
    /// Its name in messages.
    what: &'static str,
}

impl<'a, 'b> LayoutRow<'a, 'b> {
    fn get(&self, name: &str) -> Option<&'a TomlValue<'b>> {
        self.table.get(name)
    }

    /// Refuses every other key.
    fn only(&self, known: &[&str]) -> Result<(), Mistake> {
        let unknown = self.table.keys().find(|key| !known.contains(&key.get_ref().as_ref()));
        unknown.map_or(Ok(()), |key| Err(mistake(key.span(), key.get_ref(), known)))
    }

    fn lacks(&self, form: &str) -> Mistake {
        Mistake { at: self.at.clone(), text: format!("{} has no {form}", self.what) }
    }

    fn text(&self, name: &str) -> Result<Option<String>, Mistake> {
        let text = |value: &TomlValue<'_>| match value.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            _ => Err(at_key(value, name, "a text in quotes")),
        };
        self.get(name).map(text).transpose()
    }

    fn number<T: core::str::FromStr>(&self, name: &str, form: &str) -> Result<Option<T>, Mistake> {
        let number = |value: &TomlValue<'_>| match value.get_ref() {
            DeValue::Integer(_) => scalar(value).and_then(|text| text.parse().ok()),
            _ => None,
        };
        let read = |value| number(value).ok_or_else(|| at_key(value, name, form));
        self.get(name).map(read).transpose()
    }

    /// Code, unit and scaler.
    fn meaning(&self) -> Result<(Option<Obis>, Option<Unit>, i8), Mistake> {
        let field = self.get("name").map(field).transpose()?;
        if let (Some(_), Some(value)) = (field, self.get("obis")) {
            return Err(at_key(value, "obis", "either a name or a code"));
        }
        let obis = self.get("obis").map(obis).transpose()?.or(field.map(|(obis, _)| obis));
        let own = self.get("unit").map(unit).transpose()?;
        if let (Some((_, named)), Some(value)) =
            (field.filter(|(_, named)| own.is_some_and(|own| own != *named)), self.get("unit"))
        {
            let unit = named.symbol().unwrap_or("1");
            return Err(at_key(value, "unit", &format!("{unit}, or none: the name has it")));
        }
        let unit = own.or(field.map(|(_, unit)| unit));
        let scaler = self.number("scaler", "a power of ten from -128 to 127, as in -1")?;
        Ok((obis, unit, scaler.unwrap_or_default()))
    }
}

/// A value of the wrong form.
fn at_key(value: &TomlValue<'_>, key: &str, form: &str) -> Mistake {
    Mistake { at: value.span(), text: format!("{key}: expected {form}") }
}

/// A value that is not one of a list of words.
fn no_word(
    value: &TomlValue<'_>,
    key: &str,
    form: &str,
    words: impl Iterator<Item = &'static str>,
) -> Mistake {
    let typed = scalar(value).unwrap_or_default();
    let typed: String = typed.chars().take(64).collect::<String>().to_lowercase();
    let distance = |word: &&str| strsim::damerau_levenshtein(&word.to_lowercase(), &typed);
    match words.min_by_key(distance) {
        Some(nearest) => at_key(value, key, &format!("{form}: did you mean {nearest}?")),
        None => at_key(value, key, form),
    }
}

fn data_type(value: &TomlValue<'_>) -> Result<DataType, Mistake> {
    let all = || (0..DataType::ATTRIBUTE_DESCRIPTOR.0).map(DataType);
    let typed = scalar(value).unwrap_or_default();
    let short = SHORT_TYPES.iter().find(|(short, _)| *short == typed).map(|(_, kind)| *kind);
    all().find(|kind| kind.name() == Some(&*typed)).ok_or_else(|| {
        let names = short.and_then(DataType::name).into_iter();
        let names = names.chain(all().filter(|_| short.is_none()).filter_map(DataType::name));
        no_word(value, "type", "a type of the Blue Book", names)
    })
}

/// Types as programmers call them.
const SHORT_TYPES: [(&str, DataType); 10] = [
    ("u8", DataType::UNSIGNED),
    ("u16", DataType::LONG_UNSIGNED),
    ("u32", DataType::DOUBLE_LONG_UNSIGNED),
    ("u64", DataType::LONG64_UNSIGNED),
    ("i8", DataType::INTEGER),
    ("i16", DataType::LONG),
    ("i32", DataType::DOUBLE_LONG),
    ("i64", DataType::LONG64),
    ("string", DataType::OCTET_STRING),
    ("text", DataType::OCTET_STRING),
];

fn obis(value: &TomlValue<'_>) -> Result<Obis, Mistake> {
    let typed = scalar(value).unwrap_or_default();
    typed.parse().map_err(|_| {
        let whole = format!("1-0:{typed}");
        match whole.parse::<Obis>() {
            Ok(_) => at_key(value, "obis", &format!("A-B:C.D.E: did you mean {whole}?")),
            Err(_) => at_key(value, "obis", "A-B:C.D.E, as in 1-0:1.8.0"),
        }
    })
}

/// The code and the unit of a published name.
fn field(value: &TomlValue<'_>) -> Result<(Obis, Unit), Mistake> {
    let typed = scalar(value).unwrap_or_default();
    let field = fields::of_name(&typed).and_then(|place| FIELDS.get(place));
    let code = field.and_then(|field| Some((field.code?, field.unit)));
    let ([c, d, e], unit) = code.ok_or_else(|| {
        let names = FIELDS.iter().filter(|field| field.code.is_some()).map(|field| field.name);
        no_word(value, "name", "one of --list-fields that has a code", names)
    })?;
    Ok((Obis([1, 0, c, d, e, 255]), unit))
}

fn unit(value: &TomlValue<'_>) -> Result<Unit, Mistake> {
    let typed = scalar(value).unwrap_or_default();
    let unit = (0..=u8::MAX).map(Unit).find(|unit| unit.symbol() == Some(&*typed));
    let unit = unit.or((typed == "1").then_some(Unit::COUNT));
    unit.ok_or_else(|| match typed.strip_prefix('k') {
        Some(base) if unit_of(base).is_some() => {
            at_key(value, "unit", &format!("the unit without k: did you mean {base}, scaler = 3?"))
        }
        _ => {
            let typed = typed.to_lowercase();
            let word =
                UNIT_WORDS.iter().find(|(word, _)| *word == typed).map(|(_, symbol)| *symbol);
            let symbols = (0..=u8::MAX).filter_map(|code| Unit(code).symbol());
            let symbols = symbols.filter(|symbol| word.is_none_or(|word| word == *symbol));
            no_word(value, "unit", "a unit of the Blue Book, or 1", symbols)
        }
    })
}

/// Units as people say them.
const UNIT_WORDS: [(&str, &str); 5] =
    [("volt", "V"), ("ampere", "A"), ("amp", "A"), ("watt", "W"), ("hertz", "Hz")];

fn unit_of(symbol: &str) -> Option<Unit> {
    (0..=u8::MAX).map(Unit).find(|unit| unit.symbol() == Some(symbol))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_named_with_its_line_and_a_suggestion() {
        let list = |rows: &str| format!("source = \"\"\n[[list]]\nname = \"x\"\n{rows}\n");
        let element = |row: &str| list(&format!("elements = [\n    {row},\n]"));
        let coded = |mark: &str, value: &str| {
            list(&format!("marks = [{{ {mark} }}]\nvalues = [\n    {{ {value} }},\n]"))
        };
        let name = "obis = \"0-0:42.0.0\"";
        for (text, message) in [
            (
                element("{ type = \"u32\" }"),
                "line 5: type: expected a type of the Blue Book: did you mean double-long-unsigned?",
            ),
            (
                element("{ type = \"long-unsinged\" }"),
                "line 5: type: expected a type of the Blue Book: did you mean long-unsigned?",
            ),
            (element("{ type = \"attribute-descriptor\" }"), "line 5: type: expected a type"),
            (
                element("{ obis = \"1-0:1.8.0\" }"),
                "line 5: the element has no type = \"long-unsigned\"",
            ),
            (
                element("{ type = \"enum\", fixed = \"1\" }"),
                "line 5: fixed: expected octets in hex",
            ),
            (
                element("{ type = \"enum\", length = \"1\" }"),
                "line 5: length: expected a number of octets",
            ),
            (
                element("{ type = \"enum\", obis = \"1.8.0\" }"),
                "line 5: obis: expected A-B:C.D.E: did you mean 1-0:1.8.0?",
            ),
            (
                element("{ type = \"enum\", obis = \"1.8\" }"),
                "line 5: obis: expected A-B:C.D.E, as in 1-0:1.8.0",
            ),
            (
                element("{ type = \"long\", unit = \"wh\" }"),
                "line 5: unit: expected a unit of the Blue Book, or 1: did you mean Wh?",
            ),
            (
                element("{ type = \"long\", unit = \"Volt\" }"),
                "line 5: unit: expected a unit of the Blue Book, or 1: did you mean V?",
            ),
            (
                element("{ type = \"long\", unit = \"kWh\" }"),
                "line 5: unit: expected the unit without k: did you mean Wh, scaler = 3?",
            ),
            (
                element("{ type = \"long\", unit = \"W\", scaler = 0.1 }"),
                "line 5: scaler: expected a power of ten",
            ),
            (
                element("{ type = \"long\", unit = \"W\", scaler = 200 }"),
                "line 5: scaler: expected a power of ten",
            ),
            (
                element("{ type = \"long\", scaler = 1 }"),
                "line 5: scaler: expected a unit beside it",
            ),
            (
                element("{ type = \"enum\", unit = \"W\" }"),
                "line 5: unit: expected none: only a number",
            ),
            (
                element("{ type = \"long\", name = \"power_net_w\" }"),
                "line 5: name: expected one of --list-fields that has a code: did you mean power_",
            ),
            (
                element("{ type = \"long\", name = \"energy_imort_wh\" }"),
                "line 5: name: expected one of --list-fields that has a code: did you mean energy_import_wh?",
            ),
            (
                element("{ type = \"long\", name = \"power_import_w\", obis = \"1-0:1.7.0\" }"),
                "line 5: obis: expected either a name or a code",
            ),
            (
                element("{ type = \"long\", scalar = 1 }"),
                "line 5: nothing is called scalar: did you mean scaler?",
            ),
            (
                element("{ type = \"long\", name = \"power_import_w\", unit = \"V\" }"),
                "line 5: unit: expected W, or none: the name has it",
            ),
            (
                element("{ type = \"array\", obis = \"1-0:1.7.0\" }"),
                "line 5: obis: expected none: a list is no value",
            ),
            (
                element("{ type = \"octet-string\", length = 2, fixed = \"00\" }"),
                "line 5: length: expected 1, as many octets as fixed has",
            ),
            (
                coded("item = 0", "name = \"power_import_w\""),
                "line 4: item: expected the place of an object, from 1",
            ),
            (list("").replace("\"x\"", "\" \""), "line 2: the list has no name = "),
            (element("\"long\""), "line 5: a table in braces is expected here"),
            (list("elements = []"), "line 4: a list of tables in braces is expected here"),
            (list("elements = [{ type = \"long\" }]\nmarks = []"), "line 4: elements stand alone"),
            (list("values = []"), "line 2: the list has no elements, or marks and values"),
            (list("marks = []"), "line 2: the list has no values"),
            (list("element = []"), "line 4: nothing is called element: did you mean elements?"),
            (
                coded("begins = \"AB\"", "name = \"power_import_w\""),
                "line 4: the mark has no obis or item",
            ),
            (
                coded("item = 1, begins = 2", "name = \"power_import_w\""),
                "line 4: begins: expected a text in quotes",
            ),
            (coded(name, "obis = \"1-0:1.8.0\""), "line 6: the value has no unit = \"Wh\""),
            (coded(name, "unit = \"Wh\""), "line 6: the value has no obis = "),
            ("source = \"\"\n".to_owned(), "line 1: the file has no [[list]]"),
            ("source = \"\"\nlist = []\n".to_owned(), "line 1: the file has no [[list]]"),
            ("[[list]]\nname = \"x\"\n".to_owned(), "line 1: the file has no source = "),
            ("source = \"\"\n[[list]]\n".to_owned(), "line 2: the list has no name = "),
            (
                "source = \"\"\n[[lists]]\n".to_owned(),
                "line 2: nothing is called lists: did you mean list?",
            ),
            ("source = \"\"\n[list]\n".to_owned(), "line 2: tables are expected here: [[list]]"),
            ("source = \"\"\nlist = [1\n".to_owned(), "line "),
        ] {
            let found = read(&text).unwrap_err();
            assert!(found.starts_with(message), "{text}: {found}");
        }
    }
}
