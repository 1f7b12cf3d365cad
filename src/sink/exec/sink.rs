//! The sink.
//!
//! One thread writes to the program, reads its messages, and starts it again. No call waits for the
//! program without a limit.

use std::{
    io,
    process::ExitStatus,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    backoff::Backoff,
    file_error,
    format::readings::Readings,
    sink::{
        accounts::AccountKind,
        exec::{
            child::{ProgramCall, RunningProgram, describe},
            pending::UnreadLines,
            remarks::ProgramRemarks,
        },
        line_format::LineFormat,
        queue::QueueReceiver,
        traits::{Report, Sink, SinkPreview},
    },
};

/// The times of the sink.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExecPace {
    /// The first wait before another start.
    first: Duration,
    /// The longest one.
    longest: Duration,
    /// A program that has run for this time works again.
    works: Duration,
    /// A program that has read nothing for this time is stuck.
    stuck: Duration,
}

impl ExecPace {
    pub(super) const fn new(longest: Duration) -> Self {
        Self {
            first: Duration::from_secs(1),
            longest,
            works: Duration::from_secs(60),
            stuck: Duration::from_secs(10),
        }
    }
}

/// The longest wait between two looks at a program that has lines to read.
const GLANCE: Duration = Duration::from_secs(1);

/// The same without lines.
const IDLE_GLANCE: Duration = Duration::from_secs(10);

/// The same at the end of the run.
const LAST_GLANCE: Duration = Duration::from_millis(20);

/// The same while the program has to end.
const ENDING_GLANCE: Duration = Duration::from_millis(20);

/// The time before the deadline at which the input is closed although the program has not read all.
const CLOSE_EARLY: Duration = Duration::from_millis(4500);

/// The same, while there are lines for which the pipe has no room.
const CLOSE_LATE: Duration = Duration::from_secs(1);

/// The time that a program has after SIGTERM.
const KILL_AFTER: Duration = Duration::from_millis(500);

/// The time that a program has to end once it has closed its standard input.
const LINGER: Duration = Duration::from_secs(5);

/// The sink.
pub(super) struct ExecSink {
    call: ProgramCall,
    format: LineFormat,
    pace: ExecPace,
    backoff: Backoff,
    lines: UnreadLines,
    remarks: ProgramRemarks,
    phase: ProgramPhase,
    /// A failure was reported, and the program has not worked since.
    failed: bool,
    /// The last time that the program read something, or that there was nothing to read.
    progress: Instant,
    stuck: bool,
    /// The octets of the first line that the program had read at the last look.
    part: usize,
    full_reported: bool,
    /// The queue has ended, and the last start was made.
    last_start: bool,
    previewed: bool,
}

/// The state of the program.
enum ProgramPhase {
    /// The program does not run; the time of the next start.
    Waiting(Instant),
    Running(RunningProgram),
    /// The program gets no more lines, and has to end.
    Ending(EndingProgram),
}

/// A program that has to end.
struct EndingProgram {
    program: RunningProgram,
    /// When it gets SIGTERM; none once it has got it.
    terminate_at: Option<Instant>,
    /// When it gets SIGKILL after that.
    kill_at: Instant,
    /// True if the sink closed the input, because the run ends.
    is_last: bool,
}

impl Sink for ExecSink {
    /// The columns of telegrams are those of registers.
    fn form_of_registers(&self) -> Option<&'static str> {
        match &self.format {
            LineFormat::Csv(_, projection) if projection.keys.is_none() => {
                Some("format=csv without fields")
            }
            _ => None,
        }
    }

    fn run(mut self: Box<Self>, queue: QueueReceiver, report: &dyn Report) {
        report.keeps_account(AccountKind::History);
        self.progress = Instant::now();
        loop {
            let ended = queue.is_ended();
            let is_drained = self.fill(&queue, report) && ended;
            self.remarks.tick(report);
            if !self.step(is_drained, &queue, report) {
                return self.give_up(&queue, report);
            }
            self.wait(&queue);
        }
    }

    /// Looks for the program, and does not start it: nobody knows what it does without any line.
    fn probe(&mut self, _: Duration) -> Result<String, String> {
        let path = self.call.find()?;
        Ok(format!("found {}, not started", path.display()))
    }

    fn preview(&mut self, readings: &Arc<Readings>, report: &dyn Report) -> Vec<SinkPreview> {
        let is_first = !core::mem::replace(&mut self.previewed, true);
        let mut content = if is_first { self.format.header() } else { Vec::new() };
        self.format.write(readings, &mut content);
        self.format.notes().iter().for_each(|note| report.say(note));
        let place = format!("exec:{}", self.call);
        vec![SinkPreview { place, content }]
    }
}

impl ExecSink {
    pub(super) fn new(call: ProgramCall, format: LineFormat, pace: ExecPace) -> Self {
        let now = Instant::now();
        Self {
            call,
            format,
            pace,
            backoff: Backoff::random(pace.first, pace.longest),
            lines: UnreadLines::default(),
            remarks: ProgramRemarks::default(),
            phase: ProgramPhase::Waiting(now),
            failed: false,
            progress: now,
            stuck: false,
            part: 0,
            full_reported: false,
            last_start: false,
            previewed: false,
        }
    }

    /// Takes readings from the queue while there is room; true if the queue is empty.
    fn fill(&mut self, queue: &QueueReceiver, report: &dyn Report) -> bool {
        let mut is_empty = false;
        while self.lines.has_room() && !is_empty {
            match queue.readings().next() {
                Some(readings) => {
                    let mut text = Vec::new();
                    self.format.write(&readings, &mut text);
                    self.format.notes().iter().for_each(|note| report.say(note));
                    match text.is_empty() {
                        // The telegram has none of the fields.
                        true => report.stored(1),
                        false => self.lines.push(&text),
                    }
                }
                None => is_empty = true,
            }
        }
        // A file waits for a slow program, but live readings and other sinks do not.
        let is_idle = self.stuck || !matches!(self.phase, ProgramPhase::Running(_));
        queue.blocked(is_idle && !self.lines.has_room());
        queue.waits(is_idle);
        let dropped = queue.dropped();
        report.lost(dropped);
        if dropped > 0 && !core::mem::replace(&mut self.full_reported, true) {
            report.say("too many readings wait for the program: the oldest are lost");
        }
        is_empty
    }

    /// Takes one step; false once the sink has come to its end.
    fn step(&mut self, is_drained: bool, queue: &QueueReceiver, report: &dyn Report) -> bool {
        let now = Instant::now();
        let deadline = queue.deadline();
        let is_over = deadline.is_some_and(|deadline| now >= deadline);
        match core::mem::replace(&mut self.phase, ProgramPhase::Waiting(now)) {
            ProgramPhase::Waiting(_) if is_drained && self.lines.telegrams() == 0 => false,
            ProgramPhase::Waiting(_) if is_over => false,
            // At the end of the run the first start does not wait.
            ProgramPhase::Waiting(at) if now < at && (deadline.is_none() || self.last_start) => {
                self.phase = ProgramPhase::Waiting(at);
                true
            }
            ProgramPhase::Waiting(_) => {
                self.last_start = deadline.is_some();
                self.start(report);
                true
            }
            ProgramPhase::Running(program) => {
                self.write(program, is_drained, deadline, report);
                true
            }
            ProgramPhase::Ending(ending) => self.end(ending, deadline, report),
        }
    }

    fn start(&mut self, report: &dyn Report) {
        match self.call.start() {
            Ok(program) => {
                self.lines.put_header(&self.format.header());
                self.progress = Instant::now();
                self.phase = ProgramPhase::Running(program);
            }
            Err(error) => {
                let why = match error.kind() {
                    io::ErrorKind::NotFound => "no such program".to_owned(),
                    _ => file_error::plain(&error),
                };
                self.fail(&format!("cannot start {}: {why}", self.call), report);
            }
        }
    }

    /// Writes lines to the program, and looks what it has read.
    fn write(
        &mut self,
        mut program: RunningProgram,
        is_drained: bool,
        deadline: Option<Instant>,
        report: &dyn Report,
    ) {
        while !self.lines.is_written() {
            let octets = program.write(self.lines.unwritten());
            if octets == 0 {
                break;
            }
            self.lines.write(octets);
        }
        program.pass_on(&mut self.remarks, report);
        let status = program.ended();
        let unread = program.unread();
        if let Some(status) = status {
            report.stored(self.lines.restart(unread));
            return self.ended(program, status, report);
        }
        if program.has_closed() {
            return self.linger(program, unread, report);
        }
        self.settle(unread, report);
        if self.failed && program.uptime() >= self.pace.works {
            self.failed = false;
            report.trouble(None);
            report.say(&format!("{} works again", self.call));
        }
        let early = match (self.lines.telegrams(), self.lines.is_written()) {
            (0, _) => Duration::MAX,
            (_, true) => CLOSE_EARLY,
            (_, false) => CLOSE_LATE,
        };
        let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
        let is_time = left.is_some_and(|left| left <= early);
        self.phase = match deadline {
            Some(deadline) if is_time && (is_drained || early == CLOSE_LATE) => {
                program.close();
                ProgramPhase::Ending(EndingProgram {
                    program,
                    terminate_at: Some(deadline),
                    kill_at: deadline + KILL_AFTER,
                    is_last: true,
                })
            }
            _ => ProgramPhase::Running(program),
        };
    }

    fn settle(&mut self, unread: usize, report: &dyn Report) {
        let read = self.lines.settle(unread);
        report.stored(read);
        // A slow program may need long for a line.
        let part = self.lines.read_of_first(unread);
        let goes_on = read > 0 || core::mem::replace(&mut self.part, part) < part;
        if goes_on || self.lines.telegrams() == 0 {
            self.progress = Instant::now();
            self.full_reported &= !self.lines.has_room();
            if core::mem::take(&mut self.stuck) {
                report.say(&format!("{} reads again", self.call));
            }
        } else if self.progress.elapsed() >= self.pace.stuck
            && !core::mem::replace(&mut self.stuck, true)
        {
            let seconds = self.pace.stuck.as_secs();
            report.say(&format!("{} has read nothing for {seconds} s; lines wait", self.call));
        }
    }

    /// The program has closed its input: the next one gets the rest, once this one has ended.
    fn linger(&mut self, mut program: RunningProgram, unread: usize, report: &dyn Report) {
        report.stored(self.lines.restart(unread));
        program.close();
        let terminate_at = Instant::now() + LINGER;
        self.phase = ProgramPhase::Ending(EndingProgram {
            program,
            terminate_at: Some(terminate_at),
            kill_at: terminate_at + KILL_AFTER,
            is_last: false,
        });
    }

    /// Waits for the end of the program; false if it was the last one.
    fn end(
        &mut self,
        mut ending: EndingProgram,
        deadline: Option<Instant>,
        report: &dyn Report,
    ) -> bool {
        ending.program.pass_on(&mut self.remarks, report);
        if let Some(status) = ending.program.ended() {
            if !ending.is_last {
                self.ended(ending.program, status, report);
                return true;
            }
            ending.program.pass_on(&mut self.remarks, report);
            report.stored(self.lines.settle(ending.program.unread()));
            if !status.success() && ending.terminate_at.is_some() {
                report.say(&format!("{} {}", self.call, describe(status)));
            }
            return false;
        }
        let now = Instant::now();
        let is_after = |time: Instant| now >= deadline.map_or(time, |at| time.min(at));
        if ending.terminate_at.is_some_and(is_after) {
            ending.terminate_at = None;
            ending.kill_at = now + KILL_AFTER;
            ending.program.terminate();
            let why = if ending.is_last { "does not end" } else { "does not read its input" };
            report.say(&format!("{} {why}: it gets SIGTERM", self.call));
        }
        if ending.terminate_at.is_none() && now >= ending.kill_at {
            ending.program.kill();
        }
        self.phase = ProgramPhase::Ending(ending);
        true
    }

    /// The program has ended by itself.
    fn ended(&mut self, mut program: RunningProgram, status: ExitStatus, report: &dyn Report) {
        program.pass_on(&mut self.remarks, report);
        self.remarks.end_line(report);
        self.backoff.worked_for(program.uptime());
        self.fail(&format!("{} {}", self.call, describe(status)), report);
    }

    fn fail(&mut self, text: &str, report: &dyn Report) {
        self.phase = ProgramPhase::Waiting(Instant::now() + self.backoff.delay());
        self.stuck = false;
        if !core::mem::replace(&mut self.failed, true) {
            let longest = self.pace.longest.as_secs();
            report.trouble(Some(text));
            report.say(&format!("{text}; starting it again, every {longest} s at most"));
        }
    }

    /// Waits for the next event.
    fn wait(&mut self, queue: &QueueReceiver) {
        let glance = match (queue.is_ended(), self.lines.telegrams()) {
            (true, _) => LAST_GLANCE,
            (_, 0) if !self.failed => IDLE_GLANCE,
            _ => GLANCE,
        };
        let has_text = !self.lines.is_written();
        match &mut self.phase {
            ProgramPhase::Waiting(at) => {
                let left = at.saturating_duration_since(Instant::now());
                queue.wait(if queue.is_ended() { left.min(LAST_GLANCE) } else { left });
            }
            ProgramPhase::Running(program) => program.wait(queue, has_text, glance),
            ProgramPhase::Ending(ending) => ending.program.wait(queue, false, ENDING_GLANCE),
        }
    }

    /// Counts the readings that the program did not get.
    fn give_up(mut self, queue: &QueueReceiver, report: &dyn Report) {
        self.remarks.end_line(report);
        self.remarks.sum_up(report);
        report.lost(self.lines.telegrams() + queue.abandon());
    }
}

#[cfg(test)]
mod tests {
    use std::{
        cell::{Cell, RefCell},
        fs,
        path::Path,
        thread,
    };

    use super::*;
    use crate::sink::{
        event::SinkEvent,
        projection::Projection,
        queue::{QueueSender, queue},
    };

    const LONG: Duration = Duration::from_secs(30);

    /// The reports of a sink, as its account counts them.
    #[derive(Default)]
    struct CountingReport {
        texts: RefCell<Vec<String>>,
        stored: Cell<u64>,
        lost: Cell<u64>,
    }

    impl Report for CountingReport {
        fn say(&self, text: &str) {
            self.texts.borrow_mut().push(text.to_owned());
        }

        fn stored(&self, readings: u64) {
            self.stored.set(self.stored.get() + readings);
        }

        fn lost(&self, readings: u64) {
            self.lost.set(self.lost.get() + readings);
        }
    }

    fn pace() -> ExecPace {
        let millis = Duration::from_millis;
        ExecPace { first: millis(20), longest: millis(100), works: millis(300), stuck: millis(300) }
    }

    fn sink(script: &str, format: LineFormat) -> Box<ExecSink> {
        let args = vec!["-c".to_owned(), script.to_owned()];
        let call = ProgramCall { program: "sh".into(), args, env: Vec::new() };
        Box::new(ExecSink::new(call, format, pace()))
    }

    fn json() -> LineFormat {
        LineFormat::Json(Projection::default())
    }

    fn put(sender: &QueueSender, power: u64) {
        let line = format!("{{\"power_net_w\":{power}}}");
        sender.put(SinkEvent::Readings(Arc::new(Readings::parse(line.as_bytes()).unwrap())));
    }

    /// Runs a sink while another thread uses its queue.
    fn run(
        sink: Box<ExecSink>,
        capacity: usize,
        produce: impl FnOnce(&QueueSender) + Send,
    ) -> CountingReport {
        let report = CountingReport::default();
        let (sender, receiver) = queue(capacity).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| produce(&sender));
            sink.run(receiver, &report);
        });
        report
    }

    fn wait_for(path: &Path, part: &str) {
        let start = Instant::now();
        while !fs::read_to_string(path).is_ok_and(|text| text.contains(part)) {
            assert!(start.elapsed() < LONG, "{part} is not in {}", path.display());
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn powers(path: &Path) -> Vec<u64> {
        let text = fs::read_to_string(path).unwrap();
        let number = |line: &str| {
            let digits = line.strip_prefix("{\"power_net_w\":").unwrap().strip_suffix('}').unwrap();
            digits.parse().unwrap()
        };
        text.lines().map(number).collect()
    }

    #[test]
    fn a_program_gets_every_line_and_then_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let script = format!("cat > {0}; echo done; echo ended >&2", out.display());
        let report = run(sink(&script, json()), 4, |sender| {
            (0..1000).for_each(|power| put(sender, power));
            sender.end(Instant::now() + LONG);
        });
        assert_eq!(powers(&out), (0..1000).collect::<Vec<_>>());
        assert_eq!((report.stored.get(), report.lost.get()), (1000, 0));
        assert_eq!(*report.texts.borrow(), ["the program says: ended"]);
    }

    #[test]
    fn what_a_program_had_not_read_goes_to_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        // The shell reads octet by octet, so the shell takes no line that it does not write.
        let script = format!(
            "for i in 1 2 3; do read -r line || exit 0; echo \"$line\" >> {}; done; exit 3",
            out.display()
        );
        let report = run(sink(&script, json()), 64, |sender| {
            (0..20).for_each(|power| put(sender, power));
            wait_for(&out, ":19}");
            sender.end(Instant::now() + LONG);
        });
        assert_eq!(powers(&out), (0..20).collect::<Vec<_>>());
        assert_eq!((report.stored.get(), report.lost.get()), (20, 0));
        assert_eq!(
            *report.texts.borrow(),
            ["sh ended with status 3; starting it again, every 0 s at most"]
        );
    }

    #[test]
    fn failure_and_recovery_are_said_once() {
        let folder = tempfile::tempdir().unwrap();
        let (out, flag) = (folder.path().join("out"), folder.path().join("flag"));
        let script = format!("test -e {} || kill -9 $$; cat > {}", flag.display(), out.display());
        let report = run(sink(&script, json()), 64, |sender| {
            put(sender, 1);
            thread::sleep(Duration::from_millis(400));
            fs::write(&flag, "").unwrap();
            wait_for(&out, ":1}");
            thread::sleep(Duration::from_millis(400));
            put(sender, 2);
            wait_for(&out, ":2}");
            sender.end(Instant::now() + LONG);
        });
        assert_eq!((report.stored.get(), report.lost.get()), (2, 0));
        assert_eq!(
            *report.texts.borrow(),
            ["sh was ended by signal 9; starting it again, every 0 s at most", "sh works again"]
        );
    }

    #[test]
    fn each_start_has_the_header_of_the_table() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let script = format!(
            "read -r a; read -r b || exit 0; echo \"$a $b\" | cut -c 1-20 >> {}",
            out.display()
        );
        let format =
            LineFormat::csv(Projection::default(), crate::format::locale::Locale::Standard);
        let report = run(sink(&script, format), 64, |sender| {
            (0..3).for_each(|power| put(sender, power));
            let lines = || fs::read_to_string(&out).map_or(0, |text| text.lines().count());
            while lines() < 3 {
                thread::sleep(Duration::from_millis(5));
            }
            sender.end(Instant::now() + LONG);
        });
        let text = fs::read_to_string(&out).unwrap();
        assert_eq!(
            text.lines().filter(|line| line.starts_with("time,meter,")).count(),
            3,
            "{text}"
        );
        assert_eq!(report.stored.get(), 3);
    }

    #[test]
    fn a_program_that_reads_nothing_is_named_and_ended() {
        let report = run(sink("trap '' TERM; exec sleep 1000", json()), 64, |sender| {
            let line = format!("{{\"item_1\":\"{}\"}}", "x".repeat(1000));
            for _ in 0..500 {
                let readings = Readings::parse(line.as_bytes()).unwrap();
                sender.put_now(SinkEvent::Readings(Arc::new(readings)));
            }
            thread::sleep(Duration::from_millis(800));
            sender.end(Instant::now() + Duration::from_millis(300));
        });
        assert_eq!((report.stored.get(), report.lost.get()), (0, 500));
        let texts = report.texts.into_inner();
        assert!(texts.contains(&"sh has read nothing for 0 s; lines wait".to_owned()), "{texts:?}");
        assert!(texts.contains(&"sh does not end: it gets SIGTERM".to_owned()), "{texts:?}");
        let full = "too many readings wait for the program: the oldest are lost".to_owned();
        assert_eq!(texts.iter().filter(|text| **text == full).count(), 1, "{texts:?}");
    }

    #[test]
    fn a_program_that_is_not_there_costs_what_was_for_it() {
        let call = ProgramCall { program: "no/such".into(), args: Vec::new(), env: Vec::new() };
        let sink = Box::new(ExecSink::new(call, json(), pace()));
        let report = run(sink, 64, |sender| {
            put(sender, 1);
            sender.end(Instant::now() + Duration::from_millis(200));
        });
        assert_eq!((report.stored.get(), report.lost.get()), (0, 1));
        let texts = report.texts.into_inner();
        assert_eq!(
            texts,
            ["cannot start no/such: no such program; starting it again, every 0 s at most"]
        );
    }

    #[test]
    fn a_program_that_closes_its_input_and_stays_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let script =
            format!("read -r line; echo \"$line\" >> {}; exec 0<&-; sleep 1000", out.display());
        let report = run(sink(&script, json()), 64, |sender| {
            put(sender, 1);
            wait_for(&out, ":1}");
            put(sender, 2);
            thread::sleep(Duration::from_millis(100));
            sender.end(Instant::now() + Duration::from_millis(200));
        });
        assert_eq!((report.stored.get(), report.lost.get()), (1, 1));
        let texts = report.texts.into_inner();
        assert!(texts.iter().any(|text| text.contains("does not read its input")), "{texts:?}");
    }
}
