//! A picture as PNG, for mails and messengers.
//!
//! Pictures consist of upright rectangles and of texts in two sizes. Both go on whole pixels, so the same readings
//! give the same octets on every machine.

use crate::picture::{
    letters::LetterSheet,
    palette::Ink,
    scene::{Anchor, Cuboid, PictureSize, Scene, SceneMark},
    svg::{HEADINGS, rule},
};

/// Pixels for each pixel of CSS: many screens have as many.
const SCALE: i64 = 2;

/// Pixels of a metre, 192 of an inch.
const DENSITY: u32 = 7559;

/// A file of its own, on a light page; `None` if it is too large to be drawn.
#[must_use]
pub fn file(scene: &Scene) -> Option<Vec<u8>> {
    let mut canvas = Canvas::new(scene.size.0, scene.size.1 + HEADINGS)?;
    let (small, heading) = (LetterSheet::small()?, LetterSheet::heading()?);
    let left = PictureSize::LEFT;
    canvas.text(&heading, &scene.title, Ink::Text, (left, 240), Anchor::Start);
    canvas.text(&small, &scene.subtitle, Ink::Faint, (left, 430), Anchor::Start);
    scene.marks.iter().for_each(|mark| canvas.mark(mark, &small));
    canvas.encoded(scene).ok()
}

/// Rows of pixels.
struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 3]>,
}

impl Canvas {
    fn new(width: i64, height: i64) -> Option<Self> {
        let [width, height] = [width, height].map(|size| usize::try_from(pixel(size)).ok());
        let (width, height) = (width?, height?);
        let pixels = vec![colour(Ink::Page); width.checked_mul(height)?];
        Some(Self { width, height, pixels })
    }

    /// Draws a mark, below the headings.
    fn mark(&mut self, mark: &SceneMark, letters: &LetterSheet) {
        match mark {
            SceneMark::Cells { ink, cells } => cells.iter().for_each(|it| self.cell(*ink, *it)),
            SceneMark::Bar { ink, cell, .. } => self.cell(*ink, *cell),
            SceneMark::Steps { ink, base, steps, end } => {
                let ends = steps.iter().skip(1).map(|(x, _)| *x).chain([*end]);
                for ((x, y), end) in steps.iter().zip(ends) {
                    let (top, bottom) = (*base.min(y), *base.max(y));
                    let cell = Cuboid { x: *x, y: top, width: end - x, height: bottom - top };
                    self.cell(*ink, cell);
                }
            }
            SceneMark::Rule { ink, from, to } => self.cell(*ink, rule(*from, *to)),
            SceneMark::Label { ink, at: (x, y), anchor, text } => {
                self.text(letters, text, *ink, (*x, y + HEADINGS), *anchor);
            }
        }
    }

    /// Fills a rectangle below the headings.
    fn cell(&mut self, ink: Ink, Cuboid { x, y, width, height }: Cuboid) {
        let y = y + HEADINGS;
        let ends = |from: i64, length: i64, room: usize| {
            let end = |at| usize::try_from(pixel(at)).map_or(0, |at: usize| at.min(room));
            let (first, last) = (end(from), end(from + length));
            // A value above zero never vanishes.
            first..if length > 0 { last.max(room.min(first + 1)) } else { first }
        };
        let (columns, rows) = (ends(x, width, self.width), ends(y, height, self.height));
        for row in self.pixels.chunks_mut(self.width.max(1)).skip(rows.start).take(rows.len()) {
            row.get_mut(columns.clone()).into_iter().for_each(|part| part.fill(colour(ink)));
        }
    }

    fn text(
        &mut self,
        letters: &LetterSheet,
        text: &str,
        ink: Ink,
        (x, y): (i64, i64),
        anchor: Anchor,
    ) {
        let width = i64::try_from(letters.text_width(text)).unwrap_or(0);
        let left = match anchor {
            Anchor::Start => 0,
            Anchor::Middle => width / 2,
            Anchor::End => width,
        };
        let (left, top) = letters.corner(pixel(x) - left, pixel(y));
        let colour = colour(ink);
        letters.draw(text, &mut |x, y, shade| {
            let place =
                |first: i64, at: usize| usize::try_from(first + i64::try_from(at).ok()?).ok();
            let pixel = place(left, x).filter(|x| *x < self.width).zip(place(top, y));
            let pixel = pixel.and_then(|(x, y)| self.pixels.get_mut(y * self.width + x));
            for (part, ink) in pixel.into_iter().flatten().zip(colour) {
                let mixed =
                    u32::from(*part) * u32::from(255 - shade) + u32::from(ink) * u32::from(shade);
                *part = u8::try_from((mixed + 127) / 255).unwrap_or(u8::MAX);
            }
        });
    }

    /// The colours, and the place of each pixel's among them, if an octet has room for it: a third of the octets, and
    /// of the time on a small computer.
    fn indexed(&self) -> Option<(Vec<[u8; 3]>, Vec<u8>)> {
        let mut colours: Vec<[u8; 3]> = Vec::new();
        let mut places = Vec::with_capacity(self.pixels.len());
        let mut last = 0;
        for pixel in &self.pixels {
            if colours.get(last) != Some(pixel) {
                last = colours.iter().position(|known| known == pixel).unwrap_or(colours.len());
                if last == colours.len() {
                    colours.push(*pixel);
                }
            }
            places.push(u8::try_from(last).ok()?);
        }
        Some((colours, places))
    }

    fn encoded(&self, scene: &Scene) -> Result<Vec<u8>, png::EncodingError> {
        let too_large = |_| png::EncodingError::LimitsExceeded;
        let width = u32::try_from(self.width).map_err(too_large)?;
        let height = u32::try_from(self.height).map_err(too_large)?;
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_depth(png::BitDepth::Eight);
        let indexed = self.indexed();
        match &indexed {
            Some((colours, _)) => {
                encoder.set_color(png::ColorType::Indexed);
                encoder.set_palette(colours.as_flattened());
                encoder.set_filter(png::Filter::NoFilter);
            }
            None => encoder.set_color(png::ColorType::Rgb),
        }
        let unit = png::Unit::Meter;
        encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: DENSITY, yppu: DENSITY, unit }));
        // The content in words, for people who do not see it.
        encoder.add_itxt_chunk("Title".to_owned(), scene.title.clone())?;
        encoder.add_itxt_chunk("Description".to_owned(), scene.description.clone())?;
        let mut writer = encoder.write_header()?;
        writer.write_image_data(match &indexed {
            Some((_, places)) => places,
            None => self.pixels.as_flattened(),
        })?;
        writer.finish()?;
        Ok(file)
    }
}

/// The pixel of a coordinate.
const fn pixel(tenths: i64) -> i64 {
    (tenths * SCALE + 5).div_euclid(10)
}

fn colour(ink: Ink) -> [u8; 3] {
    let [_, red, green, blue] = ink.colour().light.to_be_bytes();
    [red, green, blue]
}
