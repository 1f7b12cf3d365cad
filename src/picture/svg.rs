//! A picture as SVG, light and dark by the reader's choice, with its content in words.

use std::borrow::Cow;

use crate::picture::{
    palette::Ink,
    scene::{Anchor, Cuboid, PictureSize, Scene, SceneMark},
};

/// The fonts of text: those of the reader's system.
const FONTS: &str = "system-ui,-apple-system,Segoe UI,Roboto,Noto Sans,DejaVu Sans,sans-serif";

/// The height of the headings of a file of its own.
pub(super) const HEADINGS: i64 = 560;

/// A file of its own.
#[must_use]
pub fn file(scene: &Scene) -> String {
    let (width, height) = (scene.size.0, scene.size.1 + HEADINGS);
    let mut text = String::with_capacity(16_384);
    text.push_str("<svg xmlns=\"http://www.w3.org/2000/svg\" ");
    open(scene, (width, height), &mut text);
    text.push_str(&format!("<style>{}</style>\n", style()));
    let page = Cuboid { x: 0, y: 0, width, height };
    cells(Ink::Page, &[page], &mut text);
    label(&scene.title, Ink::Text, (PictureSize::LEFT, 240), Anchor::Start, "heading", &mut text);
    label(&scene.subtitle, Ink::Faint, (PictureSize::LEFT, 430), Anchor::Start, "small", &mut text);
    text.push_str(&format!("<g transform=\"translate(0 {})\">\n", tenths(HEADINGS)));
    scene.marks.iter().for_each(|it| mark(it, &mut text));
    text.push_str("</g>\n</svg>\n");
    text
}

/// A part of a page, which has the [style](style) and the headings.
#[must_use]
pub fn part(scene: &Scene, class: &str) -> String {
    let mut text = String::with_capacity(16_384);
    text.push_str(&format!("<svg class=\"{class}\" "));
    open(scene, scene.size, &mut text);
    scene.marks.iter().for_each(|it| mark(it, &mut text));
    text.push_str("</svg>\n");
    text
}

/// The style sheet.
#[must_use]
pub fn style() -> String {
    let rules = |colour: &dyn Fn(Ink) -> u32| {
        Ink::all().fold(String::new(), |mut rules, ink| {
            rules.push_str(&format!(".{}{{fill:#{:06x}}}", ink.class(), colour(ink)));
            rules
        })
    };
    let light = rules(&|ink| ink.colour().light);
    let dark = rules(&|ink| ink.colour().dark);
    format!(
        "svg text{{font:12px {FONTS}}}svg .heading{{font-size:16px;font-weight:600}}\
        {light}@media screen and (prefers-color-scheme:dark){{{dark}}}"
    )
}

/// The rest of the first tag, and the words.
fn open(scene: &Scene, (width, height): (i64, i64), text: &mut String) {
    let (width, height) = (tenths(width), tenths(height));
    let (title, description) = (escaped(&scene.title), escaped(&scene.description));
    text.push_str(&format!(
        "viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
        aria-label=\"{description}\">\n<title>{title}</title>\n<desc>{description}</desc>\n"
    ));
}

fn mark(mark: &SceneMark, text: &mut String) {
    match mark {
        SceneMark::Cells { ink, cells: all } => cells(*ink, all, text),
        SceneMark::Bar { ink, cell: Cuboid { x, y, width, height }, title } => {
            let [x, y, width, height] = [*x, *y, *width, *height].map(tenths);
            text.push_str(&format!(
                "<rect class=\"bar {}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" \
                height=\"{height}\"><title>{}</title></rect>\n",
                ink.class(),
                escaped(title),
            ));
        }
        SceneMark::Steps { ink, base, steps, end } => {
            text.push_str(&format!("<path class=\"steps {}\" d=\"", ink.class()));
            let first = steps.first().map_or(0, |(x, _)| *x);
            text.push_str(&format!("M{} {}", tenths(first), tenths(*base)));
            for (x, y) in steps {
                text.push_str(&format!("H{}V{}", tenths(*x), tenths(*y)));
            }
            text.push_str(&format!("H{}V{}z\"/>\n", tenths(*end), tenths(*base)));
        }
        SceneMark::Rule { ink, from, to } => {
            let Cuboid { x, y, width, height } = rule(*from, *to);
            let [x, y, width, height] = [x, y, width, height].map(tenths);
            text.push_str(&format!(
                "<rect class=\"rule {}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>\n",
                ink.class(),
            ));
        }
        SceneMark::Label { ink, at, anchor, text: words } => {
            label(words, *ink, *at, *anchor, "small", text);
        }
    }
}

/// A line as a rectangle that is a pixel wide.
pub(super) fn rule(from: (i64, i64), to: (i64, i64)) -> Cuboid {
    let (x, y) = (from.0.min(to.0), from.1.min(to.1));
    let (width, height) = ((from.0 - to.0).abs(), (from.1 - to.1).abs());
    match width {
        0 => Cuboid { x: x - 5, y, width: 10, height },
        _ => Cuboid { x, y: y - 5, width, height: 10 },
    }
}

fn cells(ink: Ink, cells: &[Cuboid], text: &mut String) {
    text.push_str(&format!("<path class=\"cells {}\" d=\"", ink.class()));
    for Cuboid { x, y, width, height } in cells {
        let [x, y, width, height, back] = [*x, *y, *width, *height, -*width].map(tenths);
        text.push_str(&format!("M{x} {y}h{width}v{height}h{back}z"));
    }
    text.push_str("\"/>\n");
}

fn label(
    words: &str,
    ink: Ink,
    (x, y): (i64, i64),
    anchor: Anchor,
    class: &str,
    text: &mut String,
) {
    let anchor = match anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    let (x, y, ink) = (tenths(x), tenths(y), ink.class());
    text.push_str(&format!(
        "<text class=\"{class} {ink}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>\n",
        escaped(words),
    ));
}

/// A coordinate in pixels.
fn tenths(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    match (number.abs() / 10, number.abs() % 10) {
        (whole, 0) => format!("{sign}{whole}"),
        (whole, tenth) => format!("{sign}{whole}.{tenth}"),
    }
}

/// A text for content and attributes.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    quick_xml::escape::escape(text)
}
