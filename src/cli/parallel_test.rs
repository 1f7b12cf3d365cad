//! Several jobs print the same text, messages, counts and status as one.

#[cfg(test)]
mod tests {
    use std::{fmt::Write as _, fs, ops::Range, path::Path};

    use crate::cli::{
        input::files,
        run::{
            context::Context,
            decoder::ChainSettings,
            messages::{Messages, Verbosity},
            output::Output,
            parallel::{Jobs, TAKEN, text_decoder},
            stage,
            status::{Status, Tally},
        },
        setup::shared_args::InputForm,
    };
    use meterpipe::{
        chain::decrypt::{Decrypt, Demands},
        cipher::key_file,
        cosem::clock::VIENNA,
        format::{kinds::FormatKind, options::FormatOptions},
        source::simulator::{meter::MeterKind, push, wire},
    };

    /// The published key, which the simulator takes too.
    const KEY: &str = "36C66639E48A8CA4D6BC8B282A793BBB";
    const ONE: Jobs = Jobs { count: 1, batch: 1, least: 0 };

    const OTHER: &str = "000102030405060708090A0B0C0D0E0F";

    /// All that a user sees of a run, and the counts behind the status.
    #[derive(Debug, PartialEq)]
    struct RunOutcome {
        text: String,
        messages: Vec<String>,
        tally: Tally,
        status: Status,
    }

    /// A way of reading.
    #[derive(Clone, Default)]
    struct ReadingWay {
        keys: String,
        form: Option<InputForm>,
        format: Option<FormatKind>,
        demands: Demands,
    }

    impl ReadingWay {
        fn key(keys: &str) -> Self {
            Self { keys: keys.to_owned(), ..Self::default() }
        }

        fn run(&self, files: &[&Path], jobs: Jobs) -> RunOutcome {
            let messages = Messages::new("test", Verbosity::Verbose);
            let collected = messages.collect(usize::MAX);
            let out = tempfile::NamedTempFile::new().unwrap();
            let output = Output::file(out.reopen().unwrap(), "out".to_owned());
            let mut context = Context::with(output, messages);
            let entries = match self.keys.as_str() {
                "" => vec![],
                keys => key_file::parse(keys).unwrap(),
            };
            let format =
                self.format.unwrap_or(FormatKind::Csv).build(&FormatOptions::default()).unwrap();
            let decrypt = Decrypt::new(entries, self.demands);
            let files: Vec<_> = files.iter().map(|file| file.to_path_buf()).collect();
            let zone = VIENNA.clone();
            let mut stage = text_decoder(
                decrypt,
                ChainSettings::default(),
                format,
                zone,
                None,
                (jobs, &files),
                &mut context,
            );
            let result = files::run(&files, self.form, None, stage.as_mut(), &mut context);
            let tally = context.tally;
            let status = stage::finish(context, result, stage.as_mut());
            let text = fs::read_to_string(out.path()).unwrap();
            let messages = collected.borrow().iter().map(|it| it.text.clone()).collect();
            RunOutcome { text, messages, tally, status }
        }

        /// Reads with one job and with several, in batches of many sizes. Returns the number of
        /// telegrams that came out of batches.
        fn check(&self, what: &str, input: impl AsRef<[u8]>) -> u64 {
            self.check_batches(what, input.as_ref(), &[1, 2, 7, 64])
        }

        fn check_batches(&self, what: &str, input: &[u8], batches: &[usize]) -> u64 {
            self.check_files(what, &[file_of(input).path()], batches)
        }

        fn check_files(&self, what: &str, files: &[&Path], batches: &[usize]) -> u64 {
            let alone = self.run(files, ONE);
            let before = TAKEN.get();
            for (index, &batch) in batches.iter().enumerate() {
                let count = 2 + index % 3;
                let together = self.run(files, Jobs { count, batch, least: 0 });
                let what = format!("{what}: {count} jobs, batches of {batch}");
                assert_eq!(together.messages, alone.messages, "{what}");
                assert_eq!(together, alone, "{what}");
            }
            TAKEN.get() - before
        }
    }

    fn file_of(input: impl AsRef<[u8]>) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), input).unwrap();
        file
    }

    /// A meter, and the frames of its telegrams.
    fn meter(
        meter: MeterKind,
        seed: u64,
        key: &str,
        count: usize,
    ) -> (push::Simulator, Vec<Vec<u8>>) {
        let mut options = push::PushOptions::new(meter, "2026-06-21T00:00:00Z".parse().unwrap());
        options.seed = seed;
        *options.guek = hex::decode(key).unwrap().try_into().unwrap();
        frames(options, count)
    }

    fn frames(options: push::PushOptions, count: usize) -> (push::Simulator, Vec<Vec<u8>>) {
        let mut simulator = push::Simulator::new(options);
        let mut frames = vec![];
        for _ in 0..count {
            let mut wire = vec![];
            let push = simulator.push(&mut wire);
            let mut rest = &wire[..];
            for length in push.runs.lengths() {
                let (frame, behind) = rest.split_at(length);
                frames.push(frame.to_vec());
                rest = behind;
            }
        }
        (simulator, frames)
    }

    fn kaifa(count: usize) -> Vec<Vec<u8>> {
        meter(MeterKind::NetzNoeKaifa, 0, KEY, count).1
    }

    fn digits(octets: &[u8]) -> String {
        hex::encode(octets)
    }

    fn lines(frames: &[Vec<u8>]) -> String {
        frames.iter().map(|frame| digits(frame) + "\n").collect()
    }

    fn wrapped(digits: &str, width: usize) -> String {
        let rows = digits.as_bytes().chunks(width);
        rows.map(|row| String::from_utf8(row.to_vec()).unwrap() + "\n").collect()
    }

    fn spaced(octets: &[u8]) -> String {
        let pairs: Vec<_> = octets.iter().map(|octet| format!("{octet:02X}")).collect();
        pairs.join(" ")
    }

    /// A listing of octets: `offset` makes the text in front of a row, `beside` the text behind it.
    fn listing(octets: &[u8], offset: fn(usize) -> String, beside: fn(&[u8]) -> String) -> String {
        let mut text = String::new();
        for (row, octets) in octets.chunks(16).enumerate() {
            let _ = writeln!(
                text,
                "{} {}{}",
                offset(16 * row),
                spaced(octets).to_lowercase(),
                beside(octets)
            );
        }
        text
    }

    fn printed(octets: &[u8]) -> String {
        let visible = |octet: &u8| match octet {
            b' '..=b'~' => char::from(*octet),
            _ => '.',
        };
        octets.iter().map(visible).collect()
    }

    /// Numbers that look random and are always the same.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, limit: usize) -> usize {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            usize::try_from(self.0 >> 33).unwrap() % limit
        }

        fn octets(&mut self, count: usize) -> Vec<u8> {
            (0..count).map(|_| self.below(256) as u8).collect()
        }

        fn range(&mut self, size: usize, most: usize) -> Range<usize> {
            let start = self.below(size);
            start..(start + self.below(most)).min(size)
        }

        /// Changes, loses, doubles or inserts some octets, anywhere.
        fn damage(&mut self, octets: &mut Vec<u8>, times: usize) {
            for _ in 0..times {
                if octets.len() < 10 {
                    return;
                }
                let at = self.below(octets.len());
                match self.below(7) {
                    0 => octets[at] ^= 1 << self.below(8),
                    1 => octets[at] = b"0123456789abcdefg-\n# x\\"[self.below(23)],
                    2 => drop(octets.drain(self.range(octets.len(), 40))),
                    3 => drop(octets.drain(self.range(octets.len(), 1500))),
                    4 => {
                        let copy = octets[self.range(octets.len(), 700)].to_vec();
                        octets.splice(at..at, copy);
                    }
                    5 => drop(octets.splice(at..at, *b"\n")),
                    _ => {
                        let noise = self.octets(self.0 as usize % 30);
                        octets.splice(at..at, noise);
                    }
                }
            }
        }
    }

    #[test]
    fn usual_dumps_are_read_in_batches() {
        let frames = kaifa(40);
        let all = frames.concat();
        let way = ReadingWay::key(KEY);
        let telegrams: Vec<_> = frames.chunks(2).map(<[_]>::concat).collect();
        for (what, text) in [
            ("a frame a line", lines(&frames)),
            ("a telegram a line", lines(&telegrams)),
            ("CRLF", lines(&frames).replace('\n', "\r\n")),
            ("no final LF", lines(&frames).trim_end().to_owned()),
            ("BOM", format!("\u{feff}{}", lines(&frames))),
            ("empty lines first", format!("\n\r\n\u{feff}{}", lines(&frames))),
            ("wrapped at 32", frames.iter().map(|f| wrapped(&digits(f), 32)).collect()),
            ("wrapped at 33", frames.iter().map(|f| wrapped(&digits(f), 33)).collect()),
            ("wrapped at 8", frames.iter().map(|f| wrapped(&digits(f), 8)).collect()),
            ("spaced", frames.iter().map(|f| spaced(f) + "\n").collect()),
            ("remarks", lines(&frames).replace("68fafa", "# a telegram:\n68fafa")),
            (
                "a log",
                telegrams
                    .iter()
                    .map(|t| format!("[12:34:56][D][uart_debug:114]: <<< {}\n", spaced(t)))
                    .map(|line| line.replace(' ', ":").replace(":<<<:", " <<< "))
                    .collect(),
            ),
        ] {
            assert!(way.check(what, text) > 20, "{what}: too few");
        }
        assert!(way.check("binary", &all) > 20);
        // Only every eighth telegram begins at the start of a line.
        assert!(way.check("wrapped at 32 throughout", wrapped(&digits(&all), 32)) > 3);
    }

    #[test]
    fn unusual_dumps_come_out_as_of_one_job() {
        let frames = kaifa(20);
        let all = frames.concat();
        let way = ReadingWay::key(KEY);
        for (what, text) in [
            ("wrapped at 33 throughout", wrapped(&digits(&all), 33)),
            ("wrapped at 7 throughout", wrapped(&digits(&all), 7)),
            ("hyphens", wrapped(&digits(&all), 41).replace('\n', "-\n")),
            ("one line", digits(&all)),
            ("xxd", listing(&all, |at| format!("{at:08x}:"), |row| format!("  {}", printed(row)))),
            (
                "hexdump -C",
                listing(&all, |at| format!("{at:08x} "), |row| format!("  |{}|", printed(row))),
            ),
            ("od -t x1", listing(&all, |at| format!("{at:07o}"), |_| String::new())),
            ("prose", "this is no dump at all, and it says so at length\n".repeat(200)),
            ("digits", "12345\n".repeat(2000)),
        ] {
            way.check(what, text);
        }
        // A listing, and behind it telegrams in lines.
        let xxd = listing(&frames.concat(), |at| format!("{at:08x}:"), |_| String::new());
        assert!(way.check("listing first", xxd[..800].to_owned() + "\n" + &lines(&frames)) > 5);
        way.check("listings between", {
            let one = listing(&frames[0], |at| format!("{at:08x}:"), |_| String::new());
            let lines = lines(&frames[..6]);
            format!("{one}{lines}").repeat(5)
        });
        way.check("garbage", Dice(1).octets(20_000));
        way.check("hex of garbage", lines(&[Dice(2).octets(600), Dice(3).octets(9000)]));
        way.check("garbage in lines", {
            let mut dice = Dice(4);
            (0..200).map(|_| digits(&dice.octets(50)) + "\n").collect::<String>()
        });
        way.check("header lines", "# meterpipe-record 2\n".repeat(500) + &lines(&frames));
    }

    #[test]
    fn records_of_several_sources_are_read_in_batches() {
        let frames = kaifa(40);
        let others = meter(MeterKind::KsmWest, 7, KEY, 40).1;
        let header = "# meterpipe-record 1\n";
        let record = |time: usize, kind: &str, octets: &[u8], from: &str| {
            format!(
                "2026-08-24T21:{:02}:{:02}.482Z {kind} {} from={from}\n",
                time / 60 % 60,
                time % 60,
                digits(octets)
            )
        };
        let frame = |(at, frame): (usize, &Vec<u8>)| record(at / 2 * 5, "frame", frame, "a");
        let one: String = frames.iter().enumerate().map(frame).collect();
        // Marks on octets that are not in their record, but in the next one.
        let mark = |(at, line): (usize, &str)| match at % 10 {
            5 => format!("{line} err=parity@30\n"),
            _ => format!("{line}\n"),
        };
        let marked: String = one.lines().enumerate().map(mark).collect();
        // Text behind the hex would be reported.
        let log = one.replace(" frame ", " info ").replace(" from=a", "");
        let raw: String = frames
            .concat()
            .chunks(47)
            .enumerate()
            .map(|(at, octets)| record(at, "raw", octets, "a"))
            .collect();
        let two: String = frames
            .chunks(2)
            .zip(others.chunks(2))
            .enumerate()
            .map(|(at, (ours, theirs))| {
                let ours: String = ours.iter().map(|f| record(5 * at, "frame", f, "a")).collect();
                let theirs = theirs.iter().map(|f| record(5 * at, "frame", f, "b"));
                ours + &theirs.collect::<String>()
            })
            .collect();
        let mixed: String = frames
            .iter()
            .zip(&others)
            .enumerate()
            .map(|(at, (ours, theirs))| {
                record(2 * at, "frame", ours, "a") + &record(2 * at, "raw", theirs, "b")
            })
            .collect();
        // The first segment alone is no whole APDU; records may say `apdu` all the same.
        let apdus: String = frames
            .chunks(2)
            .map(|pair| format!("- apdu {} link=mbus\n", digits(&apdu(pair))))
            .collect();
        let many: String = (0..200)
            .map(|at| record(at, "frame", &frames[at % 2], &format!("s{}", at / 2 % 70)))
            .collect();
        let way = ReadingWay::key(KEY);
        for (what, text, least) in [
            ("one", header.to_owned() + &one, 20),
            ("no header", one.clone(), 20),
            ("raw", header.to_owned() + &raw, 0),
            ("two", header.to_owned() + &two, 20),
            ("mixed", header.to_owned() + &mixed, 0),
            ("apdus", header.to_owned() + &apdus, 20),
            ("later kinds", header.to_owned() + &one.replace(" frame ", " frama "), 0),
            ("header late", lines(&frames) + header + &one, 20),
            ("a log that records come into", log.clone() + header + &log, 20),
            ("header of later", lines(&frames) + "# meterpipe-record 2\n" + &one, 20),
            ("many sources", header.to_owned() + &many, 0),
            ("marks", header.to_owned() + &one.replace("=a\n", "=a err=parity@270\n"), 0),
            ("marks behind a telegram", header.to_owned() + &marked, 10),
        ] {
            assert!(way.check(what, text) >= least, "{what}: too few");
        }
        let hex = ReadingWay { form: Some(InputForm::Hex), ..way.clone() };
        hex.check("as hex", &one);
        let records = ReadingWay { form: Some(InputForm::Records), ..way };
        records.check("as records", one + &lines(&frames));
    }

    #[test]
    fn keys_and_what_they_opened() {
        let (ours, frames) = meter(MeterKind::NetzNoeKaifa, 1, KEY, 30);
        let (theirs, others) = meter(MeterKind::KsmWest, 2, OTHER, 30);
        let (_, thirds) = meter(MeterKind::NetzNoeSagemcom, 3, KEY, 30);
        let title = |simulator: &push::Simulator| digits(&simulator.identity().title);
        let number = |simulator: &push::Simulator| simulator.identity().number.clone();
        let telegrams =
            |frames: &[Vec<u8>]| frames.chunks(2).map(<[_]>::concat).collect::<Vec<_>>();
        let (a, b, c) = (telegrams(&frames), telegrams(&others), telegrams(&thirds));
        let turns: Vec<_> =
            (0..30).flat_map(|at| [a[at].clone(), b[at].clone(), c[at].clone()]).collect();
        let (late, rest) = turns.split_at(30);
        let late = [&a[..], late, rest].concat();
        for (what, keys) in [
            ("anonymous", KEY.to_owned()),
            ("two anonymous", format!("{OTHER}\n{KEY}\n")),
            ("titles", format!("{} {KEY}\n{} {OTHER}\n", title(&ours), title(&theirs))),
            ("a title and any", format!("{} {OTHER}\n{KEY}\n", title(&theirs))),
            ("numbers", format!("{} {KEY}\n{} {OTHER}\n", number(&ours), number(&theirs))),
            ("a number of another", format!("{} {KEY}\n", number(&theirs))),
            ("wrong", "F".repeat(32)),
            ("none", String::new()),
        ] {
            for format in [FormatKind::Json, FormatKind::Csv] {
                let way = ReadingWay { format: Some(format), ..ReadingWay::key(&keys) };
                let turns = way.check(&format!("{what}: turns"), lines(&turns));
                let late = way.check(&format!("{what}: late"), lines(&late));
                // Where no key fits, every telegram takes the careful way.
                let fits = !["a number of another", "wrong", "none"].contains(&what);
                assert_eq!(turns > 20 && late > 20, fits, "{what}: {turns}, {late}");
            }
        }
    }

    #[test]
    fn a_number_is_asked_for_only_once_a_title() {
        // The first telegram of a system title decides whether the key for a meter number fits. The
        // number in later ones is not looked at.
        let (ours, frames) = meter(MeterKind::NetzNoeKaifa, 1, KEY, 30);
        let number = &ours.identity().number;
        let way = ReadingWay::key(&format!("{number} {KEY}"));
        let taken = way.check("one meter", lines(&frames));
        assert!(taken > 20, "{taken}");
    }

    /// The APDU in two frames.
    fn apdu(frames: &[Vec<u8>]) -> Vec<u8> {
        frames.iter().flat_map(|frame| &frame[9..frame.len() - 2]).copied().collect()
    }

    /// A plain APDU, ciphered for another title, in one frame.
    fn sealed(title: &[u8; 8], gak: Option<u8>, counter: u32, plain: &[u8]) -> Vec<u8> {
        let key = hex::decode(KEY).unwrap().try_into().unwrap();
        let gak = gak.map(|octet| [octet; 16]);
        let (mut apdu, mut wire) = (vec![], vec![]);
        wire::Sealer::new(0, &key, gak.as_ref()).seal(title, counter, plain, &mut apdu);
        wire::frames(&apdu, 250, &mut wire);
        wire
    }

    /// A plain telegram whose only object is the number of its meter.
    fn named(number: &str) -> Vec<u8> {
        let mut plain = hex::decode("0f800000010002020906000060010 0ff".replace(' ', "")).unwrap();
        plain.extend([0x09, number.len() as u8]);
        plain.extend_from_slice(number.as_bytes());
        plain
    }

    #[test]
    fn what_a_key_has_opened_decides_on_what_it_opens_next() {
        let title = *b"KFMgPabc";
        let ours = |at| sealed(&title, None, at, &named("12345678"));
        let theirs = |at| sealed(&title, None, at, &named("99999999"));
        let first: Vec<_> = (0..40).map(theirs).collect();
        let later: Vec<_> = (41..81).map(theirs).collect();
        let text = lines(&[&first[..], &[ours(40)], &later].concat());
        let way = ReadingWay::key(&format!("12345678 {KEY}"));
        assert!(way.check("a number", &text) > 20);
        let alone = way.run(&[file_of(&text).path()], ONE);
        assert_eq!((alone.tally.telegrams, alone.tally.closed), (41, 40), "or this tests nothing");

        // The key without a GAK is tried second; once it alone has fitted, it is tried first.
        let tagged = |gak| move |at| sealed(&title, Some(gak), at, &named("12345678"));
        let good: Vec<_> = (0..40).map(tagged(7)).collect();
        let bad: Vec<_> = (40..42).map(tagged(8)).collect();
        // The message that no key verifies the tags comes once a run; another meter has caused it
        // here.
        let named = sealed(b"KFMgPxyz", Some(8), 1, &named("12345678"));
        let text = lines(&[&[named][..], &good, &bad, &good].concat());
        let way = ReadingWay::key(&format!("{KEY} {}\n{KEY}\n", "07".repeat(16)));
        assert!(ReadingWay { format: Some(FormatKind::Json), ..way }.check("a tag", text) > 20);
    }

    #[test]
    fn an_unverified_tag_does_not_vouch_for_another_meter_number() {
        let tagged = |at, number| sealed(b"KFMgPabc", Some(7), at, &named(number));
        let text = lines(&[tagged(1, "12345678"), tagged(2, "99999999"), tagged(3, "12345678")]);
        let way = ReadingWay::key(&format!("12345678 {KEY}"));
        let alone = way.run(&[file_of(&text).path()], ONE);
        assert_eq!((alone.tally.telegrams, alone.tally.closed), (2, 1), "{:?}", alone.messages);
        way.check("numbers behind tags", text.repeat(20));
    }

    #[test]
    fn segments_without_the_first_come_out_as_of_one_job() {
        let mut wire = vec![];
        let runs = wire::frames(&[0x55; 120], 40, &mut wire);
        let lengths: Vec<_> = runs.lengths().collect();
        let (second, third) = wire[lengths[0]..].split_at(lengths[1]);
        let lost = lines(&[second.to_vec(), third.to_vec()]).repeat(450);
        let quiet = "00\n".repeat(1500);
        let control = "680303685308005b16\n".repeat(300);
        for text in [lost.clone(), quiet + &lost, control + &lost, lines(&kaifa(2)) + &lost] {
            ReadingWay::key(KEY).check_batches("segments", text.as_bytes(), &[1, 5, 50]);
        }
    }

    #[test]
    fn apdus_without_frames_come_out_as_of_one_job() {
        let frames = kaifa(8);
        let apdu = apdu(&frames[..2]);
        let within = format!("{0}\n00{0}\n", digits(&apdu)).repeat(30);
        let noise = "00 11 22 33 44 55\n".repeat(200);
        let way = ReadingWay::key(KEY);
        assert!(way.check("among noise", noise.clone() + &within) > 20);
        assert!(way.check("behind frames", noise.clone() + &lines(&frames) + &within) > 20);
        // Lines that end as the header of a frame in front of an APDU does, and lines that end
        // otherwise.
        let before = "aabbccdd".repeat(50);
        let behind = |control| format!("{before}ff{control}01\n67{}\n", digits(&apdu));
        let straddling: String =
            (0..60).map(|at| behind(if at % 7 < 3 { "00" } else { "50" })).collect();
        way.check("a torn frame", noise.clone() + &straddling);
        // A telegram that is cut off. It is reported at the end if the input has no other.
        let control = "680303685308005b16\n".to_owned();
        let truncated = control.clone() + &digits(&apdu[..40]) + "\n" + &control;
        let text = control + &noise + &truncated + &noise + &noise;
        way.check("cut off", text);
    }

    #[test]
    fn a_byte_order_mark_is_one_only_at_the_beginning() {
        let telegrams = lines(&kaifa(20)).replace("68fafa", "\u{feff}68fafa");
        let late = "\n".repeat(3000) + &telegrams;
        ReadingWay::key(KEY).check("BOM", &late);
        // Records do not pass through the reader of hex, so it still takes a byte order mark behind
        // them.
        let records = "- raw 00112233445566\n".repeat(200);
        // An odd number of digits, which may continue in the next line unless other characters
        // precede them.
        let odd =
            format!("\u{feff}123\n00\n{0}{0}", "# nothing that could be read here\n".repeat(2));
        ReadingWay::key(KEY).check("BOM before an odd number", records + &odd.repeat(60));
    }

    #[test]
    fn a_listing_that_expands_comes_out_as_of_one_job() {
        // A row with one telegram, and a star that stands for 249 repetitions of the row.
        let telegram = sealed(b"KFMgPabc", None, 1, &named("1234"));
        let row = [&telegram[..], &vec![0; 256 - telegram.len()]].concat();
        let listing = format!("00000000: {}\n*\n0000fa00:\n", spaced(&row));
        let text = lines(&kaifa(4)) + &(listing + &lines(&kaifa(2))).repeat(4);
        let xml = ReadingWay { format: Some(FormatKind::Xml), ..ReadingWay::key(KEY) };
        xml.check("stars", text);
    }

    #[test]
    fn tags_that_nobody_verifies_are_reported_once() {
        let mut options =
            push::PushOptions::new(MeterKind::KsmWest, "2026-06-21T00:00Z".parse().unwrap());
        options.gak = Some(zeroize::Zeroizing::new([7; 16]));
        let tagged = frames(options, 30).1;
        let untagged = meter(MeterKind::KsmWest, 0, KEY, 30).1;
        let late = [&untagged[..20], &tagged, &untagged[20..]].concat();
        assert!(ReadingWay::key(KEY).check("unverified", lines(&late)) > 20);
        let gak = ReadingWay::key(&format!("{KEY} {}", "07".repeat(16)));
        assert!(gak.check("verified", lines(&late)) > 20);
        // Near a frame only a verified tag vouches for an APDU.
        let record = |pair| format!("- apdu {} near=frame\n", digits(&apdu(pair)));
        let near: String = tagged.chunks(2).map(record).collect();
        ReadingWay::key(KEY).check("near frames", near.repeat(4));
        gak.check("verified near frames", near.repeat(4));
        let demands = Demands { authenticated: true, title: None };
        ReadingWay { demands, ..gak }.check("demanded", lines(&late));
    }

    #[test]
    fn every_format_goes_on_where_it_was() {
        let plain = kaifa(10);
        let west = meter(MeterKind::KsmWest, 0, KEY, 10).1;
        // Plain notifications in lines, with objects that have no column.
        let odd = "0f80000001000202090601006263 00ff0600000007\n".replace(' ', "");
        let nothing = "# nothing\n".repeat(500);
        let header = format!("# meterpipe-record 1\n{nothing}");
        let text =
            nothing + &lines(&plain) + &odd.repeat(40) + &lines(&west) + &odd + &lines(&plain);
        for format in FormatKind::ALL {
            // Every telegram bears on a snapshot, so one thread writes it.
            let is_snapshot = format.build(&FormatOptions::default()).unwrap().is_snapshot();
            let way = ReadingWay { format: Some(format), ..ReadingWay::key(KEY) };
            let taken = way.check(format.name(), &text);
            assert_eq!(taken > 10, !is_snapshot, "{format}: {taken}");
            let apdus: String =
                plain.chunks(2).map(|pair| format!("- apdu {}\n", digits(&apdu(pair)))).collect();
            let taken = way.check(format.name(), header.clone() + &apdus.repeat(3));
            assert_eq!(taken > 10, !is_snapshot, "{format}: {taken}");
        }
    }

    #[test]
    fn several_files_go_on_from_each_other() {
        let frames = kaifa(21);
        let folder = tempfile::tempdir().unwrap();
        // A telegram begins in one file and ends in the next.
        let (first, second) = frames.split_at(21);
        let paths = [folder.path().join("first"), folder.path().join("second")];
        fs::write(&paths[0], lines(first)).unwrap();
        fs::write(&paths[1], second.concat()).unwrap();
        let files = [&*paths[0], &*paths[1], Path::new("/nowhere"), &*paths[0]];
        let taken = ReadingWay::key(KEY).check_files("files", &files, &[1, 3, 20]);
        assert!(taken > 20, "{taken}");
    }

    #[test]
    fn any_damage_comes_out_as_of_one_job() {
        let frames = kaifa(16);
        let west = meter(MeterKind::KsmWest, 7, OTHER, 8).1;
        let all = [&frames[..], &west].concat();
        let records: String =
            all.iter().map(|f| format!("- frame {} from=a\n", digits(f))).collect();
        let apdus: String =
            frames.iter().step_by(2).map(|f| digits(&f[9..f.len() - 2]) + "\n").collect();
        let inputs = [
            lines(&all).into_bytes(),
            wrapped(&digits(&all.concat()), 50).into_bytes(),
            all.iter().map(|f| wrapped(&digits(f), 31)).collect::<String>().into_bytes(),
            records.into_bytes(),
            (lines(&all[..4]) + &apdus + &lines(&all[4..])).into_bytes(),
            apdus.into_bytes(),
            all.concat(),
        ];
        let way = ReadingWay::key(&format!("{KEY}\n{OTHER}\n"));
        for seed in 0..SEEDS {
            let mut dice = Dice(seed);
            for (kind, input) in inputs.iter().enumerate() {
                let mut input = input.clone();
                let times = 1 + dice.below(40);
                dice.damage(&mut input, times);
                let batch = 1 + dice.below(30);
                way.check_batches(
                    &format!("seed {seed}, input {kind}"),
                    &input,
                    &[batch, 1 + batch / 2],
                );
            }
        }
    }

    const SEEDS: u64 = 30;

    #[test]
    fn streams_and_dumps_of_real_meters_come_out_as_of_one_job() {
        let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
        let files = |folder: &Path, ending: &str| -> Vec<_> {
            let entries = fs::read_dir(folder).into_iter().flatten();
            let paths = entries.map(|entry| entry.unwrap().path());
            let mut files: Vec<_> =
                paths.filter(|path| path.extension().is_some_and(|e| e == ending)).collect();
            files.sort();
            files
        };
        let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
        for path in files(&shared.join("streams"), "bin") {
            let gak = read(&path.with_extension("gak"));
            let way =
                ReadingWay::key(&format!("{} {gak}", read(&path.with_extension("key")).trim()));
            let octets = fs::read(&path).unwrap();
            let octets = &octets[..octets.len().min(20_000)];
            let name = path.display().to_string();
            assert!(way.check_batches(&name, octets, &[3, 20]) > 5, "{name}");
            let text = wrapped(&digits(octets), 2 * 47);
            way.check_batches(&name, text.as_bytes(), &[5, 30]);
        }
        let folders = fs::read_dir(shared.join("corpus")).into_iter().flatten();
        for folder in folders.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
            let dumps: String =
                files(&folder, "hex").iter().map(|path| read(path) + "\n").collect();
            let keys: String = files(&folder, "key").iter().map(|path| read(path) + "\n").collect();
            let way = ReadingWay::key(if key_file::parse(&keys).is_ok() { &keys } else { "" });
            way.check(&folder.display().to_string(), dumps.repeat(3));
        }
    }
}
