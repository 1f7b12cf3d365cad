//! The contrast of each text with all that it stands on, in light and dark: 4.5 by WCAG 2 AA.
//!
//! Tools that look at a page cannot tell this of texts within a picture.

use crate::{
    cosem::clock::VIENNA,
    local_time::LocalStep,
    picture::{
        energy, heat_map, html,
        language::PictureLanguage,
        load,
        palette::{Ink, InkColour, contrast},
        peaks,
        scene::{Anchor, Cuboid, PictureSize, Scene, SceneMark, text_width},
        series::{PlotRow, PlotSeries},
    },
    reading::decimal::Decimal,
};

/// The least contrast of small letters.
const LEAST: f64 = 4.5;

/// 1 January 2026 in Vienna.
const NEW_YEAR: i64 = 1_767_222_000;
const DAY: i64 = 86_400;

/// Quarters of a house with the sun on its roof, with gaps and parts; `scale` is a power of ten.
fn series(days: i64, first: i64, scale: i16, exports: bool) -> PlotSeries {
    let from = NEW_YEAR + first * DAY;
    let row = |place: i64| {
        let start = from + place * 900;
        let wave = (place * 7919 + place / 96 * 104_729) % 1000;
        let number = |wh: i64| Decimal::of(wh.into(), scale);
        let sun = (24..72).contains(&(place % 96)) && exports;
        let energies = match sun {
            true => [number(wave / 9), number(wave)],
            false => [number(wave), number(0)],
        };
        let energies = if exports { energies } else { [energies[0], None] };
        let means = energies.map(|energy| energy.map(|it| it.plus(it).unwrap()));
        let gap = place % 211 == 5;
        PlotRow {
            start,
            end: start + 900,
            energies,
            means,
            gap,
            complete: !gap,
            estimated: gap,
            whole: true,
        }
    };
    let rows = (0..days * 96).filter(|place| place % 1009 != 77).map(row).collect();
    PlotSeries {
        meter: Some("181220000009".into()),
        zone: VIENNA.clone(),
        from,
        to: from + days * DAY,
        rows,
    }
}

/// The place of a text.
fn place_of(text: &str, (x, y): (i64, i64), anchor: Anchor) -> Cuboid {
    let width = text_width(text);
    let x = match anchor {
        Anchor::Start => x,
        Anchor::Middle => x - width / 2,
        Anchor::End => x - width,
    };
    // Ascenders are three quarters of the height of a line, descenders a fifth.
    Cuboid { x, y: y - 90, width, height: 115 }
}

fn meet(one: &Cuboid, other: &Cuboid) -> bool {
    let apart =
        |from: i64, length: i64, to: i64, other: i64| from + length <= to || to + other <= from;
    !apart(one.x, one.width, other.x, other.width)
        && !apart(one.y, one.height, other.y, other.height)
}

/// The colour and the rectangles of a mark.
fn areas(mark: &SceneMark) -> Option<(Ink, Vec<Cuboid>)> {
    Some(match mark {
        SceneMark::Cells { ink, cells } => (*ink, cells.clone()),
        SceneMark::Bar { ink, cell, .. } => (*ink, vec![*cell]),
        SceneMark::Rule { ink, from, to } => (*ink, vec![super::svg::rule(*from, *to)]),
        SceneMark::Steps { ink, base, steps, end } => {
            let ends = steps.iter().skip(1).map(|(x, _)| *x).chain([*end]);
            let area = |((x, y), end): (&(i64, i64), i64)| Cuboid {
                x: *x,
                y: *y.min(base),
                width: end - x,
                height: (y - base).abs(),
            };
            (*ink, steps.iter().zip(ends).map(area).collect())
        }
        SceneMark::Label { .. } => return None,
    })
}

/// The texts of a picture that stand on something without contrast, or below it, and their number.
fn faults(scene: &Scene, faults: &mut Vec<String>) -> usize {
    let mut texts = 0;
    for mark in &scene.marks {
        let SceneMark::Label { ink, at, anchor, text } = mark else { continue };
        texts += 1;
        let place = place_of(text, *at, *anchor);
        let grounds = scene.marks.iter().filter_map(areas);
        let grounds = grounds.filter(|(_, areas)| areas.iter().any(|area| meet(area, &place)));
        for ground in grounds.map(|(ground, _)| ground).chain([Ink::Page]) {
            let (text_ink, ground_ink) = (ink.colour(), ground.colour());
            let [light, dark] = [|it: InkColour| it.light, |it: InkColour| it.dark]
                .map(|of| contrast(of(text_ink), of(ground_ink)));
            if light < LEAST || dark < LEAST {
                faults.push(format!(
                    "{}: {text} at {at:?} on {ground:?}: {light:.2} {dark:.2}",
                    scene.title
                ));
            }
        }
    }
    texts
}

#[test]
fn each_text_of_a_picture_stands_out_from_all_that_it_stands_on() {
    let (mut found, mut texts) = (Vec::new(), 0);
    for (days, first) in [(1, 171), (7, 20), (31, 150), (92, 240), (400, 0)] {
        for scale in [0, 2] {
            for exports in [false, true] {
                let series = series(days, first, scale, exports);
                for size in [PictureSize::WIDE, PictureSize::NARROW] {
                    let (months, language) = (LocalStep::Month, PictureLanguage::German);
                    for scene in [
                        load::draw(&series, size, language),
                        energy::draw(&series, energy::step(&series, size), size, language),
                        energy::draw(&series, months, size, language),
                        heat_map::draw(&series, size, language),
                        peaks::draw(&series, size, language),
                    ] {
                        texts += faults(&scene, &mut found);
                    }
                }
            }
        }
    }
    let some: Vec<_> = found.iter().take(40).collect();
    assert!(found.is_empty(), "{} of {texts} texts: {some:#?}", found.len());
    assert!(texts > 2000, "{texts}");
}

#[test]
fn a_text_on_a_bar_and_one_below_it_are_found() {
    let cell = Cuboid { x: 1000, y: 1000, width: 300, height: 900 };
    let bar = SceneMark::Bar { ink: Ink::Import, cell, title: String::new() };
    for (at, count) in [((1100, 1500), 1), ((1290, 1010), 1), ((1100, 970), 0), ((1310, 1500), 0)] {
        let mut scene = Scene::default();
        scene.label(Ink::Text, at, Anchor::Start, "12");
        scene.marks.push(bar.clone());
        let mut found = Vec::new();
        assert_eq!((faults(&scene, &mut found), found.len()), (1, count), "{found:?}");
    }
}

/// Numbers above bars keep apart, whatever font has them: digits of DejaVu Sans are as wide as any.
#[test]
fn no_number_touches_another() {
    for (days, scale) in [(31, 1), (31, 2), (400, 1), (800, 0), (800, 1), (1200, 2)] {
        let series = series(days, 0, scale, true);
        for size in [PictureSize::WIDE, PictureSize::NARROW] {
            for scene in [
                energy::draw(&series, energy::step(&series, size), size, PictureLanguage::German),
                energy::draw(&series, LocalStep::Month, size, PictureLanguage::German),
                peaks::draw(&series, size, PictureLanguage::German),
            ] {
                let numbers = scene.marks.iter().filter_map(|mark| match mark {
                    SceneMark::Label { at, anchor: Anchor::Middle, text, .. } => {
                        let is_digit = |sign: char| sign.is_ascii_digit() || sign == ',';
                        let digits: i64 =
                            text.chars().map(|sign| if sign == ',' { 38 } else { 76 }).sum();
                        let place = Cuboid {
                            x: at.0 - digits / 2,
                            width: digits,
                            ..place_of(text, *at, Anchor::Middle)
                        };
                        text.chars().all(is_digit).then_some((place, text))
                    }
                    _ => None,
                });
                let numbers: Vec<_> = numbers.collect();
                for (place, (one, text)) in numbers.iter().enumerate() {
                    let other = numbers.iter().skip(place + 1).find(|(other, _)| meet(one, other));
                    assert!(other.is_none(), "{days} {scale} {size:?}: {text} and {other:?}");
                }
            }
        }
    }
}

/// The peak of a house that uses nearly nothing is not zero.
#[test]
fn a_small_peak_has_its_digits() {
    let scene = peaks::draw(&series(31, 0, -3, false), PictureSize::WIDE, PictureLanguage::English);
    let is = |mark: &SceneMark, word: &str| matches!(mark, SceneMark::Label { text, .. } if text == word);
    assert!(scene.marks.iter().any(|mark| is(mark, "0.002")), "{scene:?}");
}

/// The page has its texts on the page itself, in these two colours alone.
#[test]
fn the_page_around_the_pictures_has_no_other_colours() {
    let page = html::page(&series(31, 150, 0, true), PictureLanguage::English);
    let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let rules = style.split("*{box-sizing").nth(1).unwrap();
    let colours: Vec<_> = rules.split(['{', ';', '}']).filter(|it| it.contains("color:")).collect();
    assert_eq!(
        colours,
        ["color:var(--text)", "color:var(--faint)", "color:var(--faint)", "color:var(--faint)"]
    );
    let grounds: Vec<_> =
        rules.split(['{', ';', '}']).filter(|it| it.starts_with("background")).collect();
    assert_eq!(grounds, ["background:var(--page)"]);
    assert!(!page.contains("opacity") && !page.contains("gradient") && !page.contains("<img"));
}
