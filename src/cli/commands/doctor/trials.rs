//! The settings of a serial line that are tried, one after the other.

use core::fmt;
use std::time::Duration;

use crate::cli::setup::shared_args::{ParityArg, SerialArgs};
use meterpipe::diagnosis::{
    diagnosis::{Diagnosis, Wording},
    finding::{CustomAdvice, Finding},
};

/// Speed and parity of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrialLine {
    /// Bits a second.
    pub baud: u32,
    /// The parity bit.
    pub parity: ParityArg,
}

impl TrialLine {
    /// The settings of customer interfaces: M-Bus, M-Bus behind an adapter without parity, infrared, P1.
    const ALL: [Self; 4] = [
        Self { baud: 2400, parity: ParityArg::Even },
        Self { baud: 2400, parity: ParityArg::None },
        Self { baud: 9600, parity: ParityArg::None },
        Self { baud: 115_200, parity: ParityArg::None },
    ];

    /// The trials: those settings alone that the user gives, else all in order.
    pub fn trials(args: &SerialArgs) -> Vec<Self> {
        let [usual, ..] = Self::ALL;
        match (args.baud, args.parity) {
            (None, None) => Self::ALL.to_vec(),
            (baud, parity) => {
                let baud = baud.unwrap_or(usual.baud);
                vec![Self { baud, parity: parity.unwrap_or(usual.parity) }]
            }
        }
    }

    /// The arguments that set this line.
    pub const fn args(self) -> SerialArgs {
        SerialArgs { baud: Some(self.baud), parity: Some(self.parity) }
    }

    /// The options of `watch` for this line, and its keys of the configuration.
    pub fn options(self) -> Vec<(&'static str, String)> {
        let [usual, ..] = Self::ALL;
        let parity = match self.parity {
            ParityArg::Even => "even",
            ParityArg::None => "none",
            ParityArg::Odd => "odd",
            ParityArg::Auto => "auto",
        };
        let baud = (self.baud != usual.baud).then(|| ("baud", self.baud.to_string()));
        let parity = (self.parity != usual.parity).then(|| ("parity", parity.to_owned()));
        baud.into_iter().chain(parity).collect()
    }

    /// The time of the trial number `index` of `all`, when so much of the whole `time` is left. The first one
    /// has to hear a meter that pushes each ten seconds.
    pub fn time(index: usize, all: usize, time: Duration, left: Duration) -> Duration {
        match (index, u32::try_from(all.saturating_sub(index))) {
            (_, Ok(0 | 1)) => left,
            (0, _) => left.min(time * 2 / 5),
            (_, rest) => left / rest.unwrap_or(1),
        }
    }

    /// The finding that this line brings frames, and `usual` does not.
    pub fn instead_of(self, usual: Self) -> Finding {
        let diagnosis = if self.baud == usual.baud { Diagnosis::Parity } else { Diagnosis::Baud };
        let options = self.options();
        let options: Vec<_> =
            options.iter().map(|(key, value)| format!("--{key} {value}")).collect();
        let options = options.join(" ");
        let found = Finding::new(diagnosis).with(
            format!("frames come with {self}, and none with {usual}"),
            format!("mit {self} kommen Rahmen an, mit {usual} keine"),
        );
        let advice = CustomAdvice {
            cause: Wording::new(
                format!("this line works with {self} and not with the usual {usual}"),
                format!("diese Leitung arbeitet mit {self} und nicht mit den üblichen {usual}"),
            ),
            step: Wording::new(
                format!("give the settings of the line to every command: {options}"),
                format!("jedem Befehl die Einstellungen der Leitung mitgeben: {options}"),
            ),
        };
        Finding { advice: Some(advice), ..found }
    }
}

/// `2400 8E1`.
impl fmt::Display for TrialLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parity = match self.parity {
            ParityArg::Even => "8E1",
            ParityArg::None => "8N1",
            ParityArg::Odd => "8O1",
            ParityArg::Auto => "auto",
        };
        write!(f, "{} {parity}", self.baud)
    }
}

/// True for a cause that other settings of the line may remove.
pub const fn may_be_settings(diagnosis: Diagnosis) -> bool {
    matches!(
        diagnosis,
        Diagnosis::Noise | Diagnosis::Parity | Diagnosis::Baud | Diagnosis::Checksum
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_trials_together_take_the_time() {
        let time = Duration::from_secs(30);
        let trials = TrialLine::trials(&SerialArgs::default());
        let mut left = time;
        let times: Vec<_> = (0..trials.len())
            .map(|at| {
                let trial = TrialLine::time(at, trials.len(), time, left);
                left -= trial;
                trial.as_secs()
            })
            .collect();
        assert_eq!((times, left), (vec![12, 6, 6, 6], Duration::ZERO));
        let fixed = TrialLine::trials(&SerialArgs { baud: Some(9600), parity: None });
        assert_eq!(fixed, [TrialLine { baud: 9600, parity: ParityArg::Even }]);
        assert_eq!(TrialLine::time(0, 1, time, time), time);
    }

    #[test]
    fn the_finding_names_the_options_that_fit() {
        let [usual, without_parity, infrared, _] = TrialLine::ALL;
        let found = without_parity.instead_of(usual);
        assert_eq!(found.diagnosis, Diagnosis::Parity);
        let step = found.step(meterpipe::diagnosis::diagnosis::AdviceLanguage::English);
        assert!(step.ends_with(": --parity none"), "{step}");
        let found = infrared.instead_of(usual);
        assert_eq!(found.diagnosis, Diagnosis::Baud);
        let step = found.step(meterpipe::diagnosis::diagnosis::AdviceLanguage::German);
        assert!(step.ends_with(": --baud 9600 --parity none"), "{step}");
    }
}
