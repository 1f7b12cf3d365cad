//! The settings of a serial line that are tried, one after the other.

use std::time::Duration;

use crate::cli::{
    commands::doctor::examination::LEAST_PUSH,
    live::sources::search,
    setup::shared_args::{BaudArg, ParityArg, SerialArgs},
};
use meterpipe::{
    diagnosis::{diagnosis::Diagnosis, finding::Finding},
    source::{line::LineSettings, parity::Parity},
};

/// Settings that are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrialLine(pub LineSettings);

impl TrialLine {
    /// The trials: those settings that the user leaves open, else those of all customer interfaces.
    pub fn trials(args: &SerialArgs) -> Vec<Self> {
        match *args == SerialArgs::default() {
            true => LineSettings::ALL.map(Self).to_vec(),
            false => search(args).candidates().map(Self).collect(),
        }
    }

    /// The arguments that set this line.
    pub const fn args(self) -> SerialArgs {
        let LineSettings { baud, parity } = self.0;
        let parity = match parity {
            Parity::Even => ParityArg::Even,
            Parity::None => ParityArg::None,
            Parity::Odd => ParityArg::Odd,
        };
        SerialArgs { line: None, baud: Some(BaudArg::Fixed(baud)), parity: Some(parity) }
    }

    /// The options of `watch` for this line, and its keys of the configuration.
    pub fn options(self) -> Vec<(&'static str, String)> {
        let LineSettings { baud, parity } = self.0;
        match self.0.name() {
            _ if self.0 == LineSettings::M_BUS => vec![],
            Some(name) => vec![("line", name.to_owned())],
            None => vec![("baud", baud.to_string()), ("parity", parity.to_string())],
        }
    }

    /// The time of the trial number `index` of `all`, when so much of the whole `time` is left. The first one
    /// has to hear a meter that pushes each ten seconds, and so has the second one if something speaks for it. A
    /// trial goes on until octets come.
    pub fn time(
        (index, all): (usize, usize),
        is_likely: bool,
        time: Duration,
        left: Duration,
    ) -> Duration {
        match (index, u32::try_from(all.saturating_sub(index))) {
            (_, Ok(0 | 1)) => left,
            (0, _) => left.min(time * 5 / 12),
            (1, _) if is_likely => left * 16 / 25,
            // A meter that pushes each five seconds, at the lowest speed.
            (1, Ok(3)) => left * 6 / 17,
            (_, rest) => left / rest.unwrap_or(1),
        }
    }

    /// Puts the trials that are left in the order of their likelihood, after one that heard pushes of so many
    /// octets. Returns false if that tells nothing.
    ///
    /// A reader that is too slow takes several octets of the line as one: a push of 250 octets at 115200 baud
    /// becomes a handful at 2400.
    pub fn order(self, others: &mut [Self], push: usize) -> bool {
        if push == 0 || push >= LEAST_PUSH {
            return false;
        }
        let (usual, push) = (u64::from(self.0.baud.max(1)), push as u64);
        others.sort_by_key(|other| {
            let (taken, sent) = (push * u64::from(other.0.baud) / usual, TYPICAL_PUSH);
            let (low, high) = (taken.min(sent).max(1), taken.max(sent));
            high * 1000 / low
        });
        others.iter().any(|other| other.0.baud > self.0.baud)
    }

    /// The finding about the usual settings, when nothing came while those lines were tried.
    pub fn without(finding: Finding, unheard: &[Self]) -> Finding {
        let lines: Vec<_> = unheard.iter().map(|it| it.0.to_string()).collect();
        let lines = lines.join(", ");
        finding.with(
            format!(
                "nothing came in the time that was left for {lines}: --time 2m tries them longer"
            ),
            format!(
                "in der Zeit, die für {lines} blieb, kam nichts an: --time 2m versucht sie länger"
            ),
        )
    }

    /// The finding that this line brings frames, and `usual` does not.
    pub fn instead_of(self, usual: Self) -> Finding {
        let diagnosis =
            if self.0.baud == usual.0.baud { Diagnosis::Parity } else { Diagnosis::Baud };
        let options = self.options();
        let options: Vec<_> =
            options.iter().map(|(key, value)| format!("--{key} {value}")).collect();
        let options = options.join(" ");
        let (this, usual) = (self.0, usual.0);
        let found = Finding::new(diagnosis).with(
            format!("frames come with {this}, and none with {usual}"),
            format!("mit {this} kommen Rahmen an, mit {usual} keine"),
        );
        let cause = [
            format!("this line works with {this} and not with the usual {usual}"),
            format!("diese Leitung arbeitet mit {this} und nicht mit den üblichen {usual}"),
        ];
        let step = [
            format!("give the settings of the line to every command: {options}"),
            format!("jedem Befehl die Einstellungen der Leitung mitgeben: {options}"),
        ];
        found.advising(cause, step)
    }
}

/// The octets of a push of most meters.
const TYPICAL_PUSH: u64 = 250;

/// True for a cause that other settings of the line may remove.
pub const fn may_be_settings(diagnosis: Diagnosis) -> bool {
    matches!(diagnosis, Diagnosis::Noise | Diagnosis::Parity | Diagnosis::Baud)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_trials_together_take_the_time() {
        let time = Duration::from_secs(29);
        let trials = TrialLine::trials(&SerialArgs::default());
        let mut left = time;
        let times: Vec<_> = (0..trials.len())
            .map(|at| {
                let trial = TrialLine::time((at, trials.len()), false, time, left);
                left -= trial;
                trial.as_secs()
            })
            .collect();
        assert_eq!((times, left), (vec![12, 5, 5, 5], Duration::ZERO));
        let baud = Some(BaudArg::Fixed(9600));
        let fixed = TrialLine::trials(&SerialArgs { baud, ..SerialArgs::default() });
        assert_eq!(fixed, [TrialLine(LineSettings { baud: 9600, parity: Parity::Even })]);
        assert_eq!(TrialLine::time((0, 1), false, time, time), time);
    }

    #[test]
    fn a_short_push_speaks_for_a_faster_line() {
        let [usual, others @ ..] = LineSettings::ALL.map(TrialLine);
        let order = |push| {
            let mut others = others;
            let is_likely = usual.order(&mut others, push);
            (is_likely, others.map(|it| it.0.name().unwrap()))
        };
        assert_eq!(order(0), (false, ["m-bus-8n1", "ir", "p1"]));
        assert_eq!(order(282), (false, ["m-bus-8n1", "ir", "p1"]));
        assert_eq!(order(13), (true, ["p1", "ir", "m-bus-8n1"]));
        assert_eq!(order(60), (true, ["ir", "m-bus-8n1", "p1"]));
        let time = Duration::from_secs(29);
        assert_eq!(TrialLine::time((1, 4), true, time, time * 7 / 12).as_millis(), 10_826);
    }

    #[test]
    fn the_finding_names_the_options_that_fit() {
        let [usual, without_parity, infrared, _] = LineSettings::ALL.map(TrialLine);
        let found = without_parity.instead_of(usual);
        assert_eq!(found.diagnosis, Diagnosis::Parity);
        let step = found.step(meterpipe::diagnosis::diagnosis::AdviceLanguage::English);
        assert!(step.ends_with(": --line m-bus-8n1"), "{step}");
        let found = infrared.instead_of(usual);
        assert_eq!(found.diagnosis, Diagnosis::Baud);
        let step = found.step(meterpipe::diagnosis::diagnosis::AdviceLanguage::German);
        assert!(step.ends_with(": --line ir"), "{step}");
    }
}
