//! `simulate`: a virtual meter, on standard output or behind a pseudo-terminal.
//!
//! `2026-06-21T10:00:00.073Z frame 68fafa68…16 from=sim:netz-noe-kaifa`
//!
//! In real time, TIME comes from the clock of this machine. At full speed, TIME is the moment at
//! which the octets would have come, by the meter's clock and the pace of the line. The records of
//! a day therefore show the same pauses between frames, whether they took a day or a second.

use core::fmt;
use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rustix::event::{Timespec, poll};
use zeroize::Zeroizing;

use crate::cli::{
    live::{pty::Pty, recorder::Recorder},
    run::{
        context::Context,
        signals::Signals,
        status::{Status, Stop},
    },
    setup::{
        keys,
        simulate_args::{SimulateArgs, SimulateOutput},
    },
};
use meterpipe::{
    counted::counted,
    hex::canonical,
    record::{HEADER, Record, Time},
    source::simulator::{
        faults::{Fault, Faults},
        push::{Push, PushOptions, Simulator},
        real_time::{RealTime, SimulatorStep, name, on_grid},
    },
};

/// The longest wait before signals are checked again: a signal that comes just before a wait does
/// not interrupt it.
const TICK: Duration = Duration::from_millis(250);

/// How long the last octets wait for the reader of a pseudo-terminal.
const LAST: Duration = Duration::from_secs(2);

/// The same after a signal, when the user waits for the program to end.
const LAST_AFTER_SIGNAL: Duration = Duration::from_millis(250);

/// Runs the subcommand.
pub fn run(args: &SimulateArgs) -> Status {
    let mut context = Context::new("simulate", args.messages);
    let mut sent = Sent::default();
    let mut result = simulate(args, &mut sent, &mut context);
    if let Ok(()) = result {
        result = context.output.finish();
    }
    let status = match result {
        Err(Stop::Failed(status, text)) => {
            context.messages.fail(&text);
            status
        }
        _ => Status::Fine,
    };
    if args.messages.verbose && status != Status::Usage {
        context.messages.say(&sent.to_string());
    }
    status
}

fn simulate(args: &SimulateArgs, sent: &mut Sent, context: &mut Context) -> Result<(), Stop> {
    let simulator = Simulator::new(options(args, context)?);
    match &args.pty {
        None => simulate_on_stdout(simulator, args, sent, context),
        Some(link) => {
            let signals = Signals::catch();
            let mut line = Pty::create(link)?;
            let node = line.node().display();
            context.messages.say(&format!("the meter is at {} ({node})", link.display()));
            simulate_behind(&mut line, simulator, args, &signals, sent)
        }
    }
}

fn options(args: &SimulateArgs, context: &Context) -> Result<PushOptions, Stop> {
    let meter = args.meter;
    let mut options =
        PushOptions::new(meter, args.start.unwrap_or_else(|| on_grid(meter, Timestamp::now())));
    let SimulateArgs { seed, noise, flip, cut, lose, duplicate, .. } = *args;
    options.seed = seed;
    options.faults = Faults { noise, flip, cut, lose, duplicate };
    if !options.faults.fit() {
        let all = "--noise, --flip, --cut, --lose and --duplicate";
        let text = "one telegram has one fault, so together at most 100%";
        return Err(Stop::usage(format!("{all}: {text}")));
    }
    if let Some(path) = &args.key_file {
        let octets = |key: &meterpipe::cipher::key::Key| Zeroizing::new(*key.octets());
        if let Some(entry) = keys::file(path, &context.messages)?.first() {
            options.guek = octets(&entry.guek);
            options.gak = entry.gak.as_ref().map(octets).or(options.gak);
        }
    }
    Ok(options)
}

fn simulate_on_stdout(
    mut simulator: Simulator,
    args: &SimulateArgs,
    sent: &mut Sent,
    context: &mut Context,
) -> Result<(), Stop> {
    if args.output == SimulateOutput::Binary && std::io::stdout().is_terminal() {
        return Err(Stop::usage("binary on a terminal: use --output hex, or send it elsewhere"));
    }
    let mut form = OctetForm::new(args);
    form.begin(&mut context.output.text);
    if args.real_time {
        let mut meter = Limited::new(simulator, args.count);
        let signals = Signals::catch();
        while let Some(step) = meter.step(sent, &signals) {
            match step {
                // Written text must not wait for the next octets.
                SimulatorStep::Wait(until) => {
                    context.output.flush()?;
                    wait(until);
                }
                SimulatorStep::Push(_) => {}
                SimulatorStep::Octets(octets) => {
                    form.write(octets, now(), &mut context.output.text)
                }
            }
            if meter.left == 0 {
                form.end(&mut context.output.text);
            }
        }
    } else {
        let mut wire = Vec::new();
        while args.count.is_none_or(|count| sent.telegrams < count) {
            wire.clear();
            let push = simulator.push(&mut wire);
            for (through, range) in push.runs.bursts() {
                let octets = wire.get(range).unwrap_or_default();
                form.write(octets, later(push.time, through), &mut context.output.text);
            }
            form.end(&mut context.output.text);
            sent.add(&push);
            context.output.settle()?;
        }
    }
    form.end(&mut context.output.text);
    Ok(())
}

fn simulate_behind(
    line: &mut Pty,
    mut simulator: Simulator,
    args: &SimulateArgs,
    signals: &Signals,
    sent: &mut Sent,
) -> Result<(), Stop> {
    if args.fast {
        let mut wire = Vec::new();
        while args.count.is_none_or(|count| sent.telegrams < count) && !signals.ended() {
            wire.clear();
            let push = simulator.push(&mut wire);
            line.send_all(&wire, signals)?;
            sent.add(&push);
        }
    } else {
        let mut meter = Limited::new(simulator, args.count);
        while let Some(step) = meter.step(sent, signals) {
            match step {
                SimulatorStep::Wait(until) => wait(until),
                SimulatorStep::Push(_) => sent.unread += line.forget(),
                SimulatorStep::Octets(octets) => sent.unread += line.send(octets)? as u64,
            }
        }
    }
    let limit = match (signals.ended(), args.fast) {
        (true, _) => Some(LAST_AFTER_SIGNAL),
        (false, true) => None,
        (false, false) => Some(LAST),
    };
    sent.unread += line.drain(limit, signals);
    Ok(())
}

/// A meter in real time. It ends after `count` pushes, or at a signal.
struct Limited {
    meter: RealTime,
    count: Option<u64>,
    /// The octets of the current push that are still to come.
    left: usize,
}

impl Limited {
    fn new(simulator: Simulator, count: Option<u64>) -> Self {
        Self { meter: RealTime::new(simulator), count, left: 0 }
    }

    fn step(&mut self, sent: &mut Sent, signals: &Signals) -> Option<SimulatorStep<'_>> {
        let enough = self.count.is_some_and(|count| sent.telegrams >= count);
        if signals.ended() || (self.left == 0 && enough) {
            return None;
        }
        let step = self.meter.step(Instant::now());
        match &step {
            SimulatorStep::Wait(_) => {}
            SimulatorStep::Octets(octets) => self.left -= octets.len().min(self.left),
            SimulatorStep::Push(push) => {
                self.left = push.runs.octets();
                sent.add(push);
            }
        }
        Some(step)
    }
}

/// Waits for a moment, but no longer than a tick; a signal ends the wait.
fn wait(until: Instant) {
    let rest = until.saturating_duration_since(Instant::now()).min(TICK);
    let _ = poll(&mut [], Timespec::try_from(rest).ok().as_ref());
}

fn now() -> Time {
    Time::from_millis(Timestamp::now().as_millisecond())
}

fn later(start: Timestamp, through: Duration) -> Time {
    let millis = i64::try_from(through.as_millis()).unwrap_or_default();
    Time::from_millis(start.as_millisecond().saturating_add(millis))
}

/// The form in which octets are written.
struct OctetForm {
    output: SimulateOutput,
    recorder: Recorder,
}

impl OctetForm {
    fn new(args: &SimulateArgs) -> Self {
        let recorder = Recorder::new(Some(&name(args.meter)));
        Self { output: args.output, recorder }
    }

    fn begin(&self, text: &mut Vec<u8>) {
        if self.output == SimulateOutput::Records {
            text.extend_from_slice(HEADER.as_bytes());
        }
    }

    fn write(&mut self, octets: &[u8], time: Time, text: &mut Vec<u8>) {
        match self.line() {
            Some(line) => {
                self.recorder.push(octets, [], time, &mut |record| line(record, text));
            }
            None => text.extend_from_slice(octets),
        }
    }

    /// Ends a push. A pause follows, so octets that are no frame by now will never become one.
    fn end(&mut self, text: &mut Vec<u8>) {
        if let Some(line) = self.line() {
            self.recorder.flush(&mut |record| line(record, text));
        }
    }

    /// The writer of records; `None` if the octets are written without records.
    fn line(&self) -> Option<fn(&Record<'_>, &mut Vec<u8>)> {
        match self.output {
            SimulateOutput::Binary => None,
            SimulateOutput::Records => Some(|record, text| record.write(text)),
            SimulateOutput::Hex => Some(|record, text| {
                canonical::encode(record.octets, text);
                text.push(b'\n');
            }),
        }
    }
}

/// The counts of what was sent.
#[derive(Debug, Default)]
struct Sent {
    telegrams: u64,
    noise: u64,
    flip: u64,
    cut: u64,
    lost: u64,
    duplicate: u64,
    /// The octets that no program took from the pseudo-terminal.
    unread: u64,
}

impl Sent {
    const fn add(&mut self, push: &Push) {
        self.telegrams += 1;
        match push.fault {
            None => {}
            Some(Fault::Noise) => self.noise += 1,
            Some(Fault::Flip) => self.flip += 1,
            Some(Fault::Cut) => self.cut += 1,
            Some(Fault::Lost) => self.lost += 1,
            Some(Fault::Duplicate) => self.duplicate += 1,
        }
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", counted(self.telegrams, "telegram"))?;
        for (count, what) in [
            (self.noise, "with noise before them"),
            (self.flip, "with a wrong bit"),
            (self.cut, "with a frame that breaks off"),
            (self.lost, "without one of their frames"),
            (self.duplicate, "sent twice"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        match self.unread {
            0 => Ok(()),
            unread => write!(f, "; octets that nobody read: {unread}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_names_only_what_happened() {
        let mut sent = Sent { telegrams: 1, ..Sent::default() };
        assert_eq!(sent.to_string(), "1 telegram");
        sent = Sent { telegrams: 9, flip: 2, duplicate: 1, unread: 282, ..sent };
        let text = "9 telegrams, 2 with a wrong bit, 1 sent twice; octets that nobody read: 282";
        assert_eq!(sent.to_string(), text);
    }
}
