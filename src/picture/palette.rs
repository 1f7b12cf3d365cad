//! Colours: those of Okabe and Ito for import and export, which people with any sight of colour tell apart.
//!
//! Import and export also differ by place: export is drawn downwards, or in a plot of its own.

/// The role of a mark, which gives it its colour in light and dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// The page.
    Page,
    /// Text.
    Text,
    /// Text that counts less.
    Faint,
    /// Lines behind the values.
    Grid,
    /// The zero line.
    Axis,
    /// Import.
    Import,
    /// Export.
    Export,
    /// Import that is not all, or not always.
    ImportPart,
    /// Export that is not all, or not always.
    ExportPart,
    /// No readings.
    Gap,
    /// A value that is exactly zero.
    Zero,
    /// Import, from low to high.
    ImportHeat(usize),
    /// Export, from low to high.
    ExportHeat(usize),
}

/// The number of steps of a heat map, without zero.
pub const HEAT: usize = 6;

/// A colour on a light and on a dark page, as red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InkColour {
    /// On a light page, and on paper.
    pub light: u32,
    /// On a dark page.
    pub dark: u32,
}

const IMPORT_HEAT: [InkColour; HEAT] = [
    both(0xd3e6f4, 0x15303f),
    both(0xa5cde8, 0x1b4a66),
    both(0x70b0d9, 0x236a92),
    both(0x3a91c5, 0x368fc2),
    both(0x0072b2, 0x6fc0ee),
    both(0x00416f, 0xb9e3ff),
];

const EXPORT_HEAT: [InkColour; HEAT] = [
    both(0xfbe2cf, 0x38260f),
    both(0xf5c19a, 0x5c3d0c),
    both(0xea9b60, 0x85580a),
    both(0xdd772a, 0xb37808),
    both(0xc25200, 0xe9a51a),
    both(0x7f3500, 0xffd98a),
];

const fn both(light: u32, dark: u32) -> InkColour {
    InkColour { light, dark }
}

impl Ink {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let plain = [
            Self::Page,
            Self::Text,
            Self::Faint,
            Self::Grid,
            Self::Axis,
            Self::Import,
            Self::Export,
            Self::ImportPart,
            Self::ExportPart,
            Self::Gap,
            Self::Zero,
        ];
        let heat = (0..HEAT).flat_map(|step| [Self::ImportHeat(step), Self::ExportHeat(step)]);
        plain.into_iter().chain(heat)
    }

    /// The name of its class in SVG.
    #[must_use]
    pub fn class(self) -> String {
        match self {
            Self::Page => "page".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Faint => "faint".to_owned(),
            Self::Grid => "grid".to_owned(),
            Self::Axis => "axis".to_owned(),
            Self::Import => "import".to_owned(),
            Self::Export => "export".to_owned(),
            Self::ImportPart => "import-part".to_owned(),
            Self::ExportPart => "export-part".to_owned(),
            Self::Gap => "gap".to_owned(),
            Self::Zero => "zero".to_owned(),
            Self::ImportHeat(step) => format!("import-{step}"),
            Self::ExportHeat(step) => format!("export-{step}"),
        }
    }

    /// Its colours.
    #[must_use]
    pub fn colour(self) -> InkColour {
        let heat = |ramp: &[InkColour], step: usize| {
            ramp.get(step).or(ramp.last()).copied().unwrap_or(both(0, 0))
        };
        match self {
            Self::Page => both(0xffffff, 0x15171b),
            Self::Text => both(0x1f2328, 0xe6e8ea),
            Self::Faint => both(0x57606a, 0xaab2bb),
            Self::Grid => both(0xdde2e7, 0x30353c),
            Self::Axis => both(0x59626c, 0x98a1ab),
            Self::Import => both(0x0072b2, 0x56b4e9),
            Self::Export => both(0xd55e00, 0xe69f00),
            Self::ImportPart => both(0x5ba7d4, 0x33708f),
            Self::ExportPart => both(0xeb9a5e, 0x8a6412),
            Self::Gap => both(0x8b939c, 0x727b85),
            Self::Zero => both(0xeef1f4, 0x1f2328),
            Self::ImportHeat(step) => heat(&IMPORT_HEAT, step),
            Self::ExportHeat(step) => heat(&EXPORT_HEAT, step),
        }
    }
}

/// The contrast of two colours by WCAG 2.
#[cfg(test)]
pub(super) fn contrast(one: u32, other: u32) -> f64 {
    let channel = |colour: u32, shift: u32| {
        let part = f64::from(colour >> shift & 255) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = |colour| {
        0.2126 * channel(colour, 16) + 0.7152 * channel(colour, 8) + 0.0722 * channel(colour, 0)
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_values_stand_out_from_the_page() {
        assert!((contrast(0, 0xffffff) - 21.0).abs() < 0.01);
        let page = Ink::Page.colour();
        for (ink, least) in [
            (Ink::Text, 7.0),
            (Ink::Faint, 4.5),
            (Ink::Axis, 4.5),
            (Ink::Import, 3.0),
            (Ink::Export, 3.0),
            (Ink::Gap, 3.0),
            // With a frame or a leg in full colour.
            (Ink::ImportPart, 2.2),
            (Ink::ExportPart, 2.2),
        ] {
            let InkColour { light, dark } = ink.colour();
            assert!(contrast(light, page.light) >= least, "{ink:?} in light");
            assert!(contrast(dark, page.dark) >= least, "{ink:?} in dark");
        }
    }

    #[test]
    fn a_heat_map_has_one_direction_of_lightness() {
        for ramp in [IMPORT_HEAT, EXPORT_HEAT] {
            let light = ramp.map(|it| contrast(it.light, Ink::Page.colour().light));
            let dark = ramp.map(|it| contrast(it.dark, Ink::Page.colour().dark));
            for steps in [light, dark] {
                assert!(steps.windows(2).all(|pair| pair[1] > pair[0] * 1.2), "{steps:?}");
            }
        }
    }
}
