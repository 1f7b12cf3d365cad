//! A cause with the evidence for it.

use crate::diagnosis::{
    diagnosis::{AdviceLanguage, Diagnosis, Wording},
    foreign::ForeignProtocol,
};

/// The result of an examination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The cause.
    pub diagnosis: Diagnosis,
    /// The protocol, if it is not one that is read.
    pub protocol: Option<ForeignProtocol>,
    /// The evidence: counts, rates, samples. The first one says the most.
    pub evidence: Vec<Wording>,
    /// The advice of a message, where the usual one does not fit the source.
    pub hint: Option<&'static str>,
    /// Cause and next step, where those of the table do not fit.
    pub advice: Option<CustomAdvice>,
    /// Other programs that have the device open, if these are not the cause.
    pub others: Option<Wording>,
}

/// A cause and a next step for one finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomAdvice {
    /// The cause.
    pub cause: Wording,
    /// The next step.
    pub step: Wording,
}

impl Finding {
    /// A finding without evidence.
    #[must_use]
    pub const fn new(diagnosis: Diagnosis) -> Self {
        Self {
            diagnosis,
            protocol: None,
            evidence: Vec::new(),
            hint: None,
            advice: None,
            others: None,
        }
    }

    /// The same with one more piece of evidence.
    #[must_use]
    pub fn with(mut self, english: impl Into<String>, german: impl Into<String>) -> Self {
        self.evidence.push(Wording::new(english, german));
        self
    }

    /// The same with a cause and a next step of its own, each in English and German.
    #[must_use]
    pub fn advising<C: Into<String>, S: Into<String>>(
        mut self,
        cause: [C; 2],
        step: [S; 2],
    ) -> Self {
        let ([cause, ursache], [step, schritt]) = (cause, step);
        self.advice = Some(CustomAdvice {
            cause: Wording::new(cause, ursache),
            step: Wording::new(step, schritt),
        });
        self
    }

    /// The same with another cause, and the next step that it has.
    #[must_use]
    pub fn caused_by<C: Into<String>>(self, cause: [C; 2]) -> Self {
        let [english, german] = [AdviceLanguage::English, AdviceLanguage::German];
        let step = [self.step(english).to_owned(), self.step(german).to_owned()];
        self.advising(cause, step)
    }

    /// The same with another advice of a message.
    #[must_use]
    pub const fn hinting(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// The cause, for a layman.
    #[must_use]
    pub fn cause(&self, language: AdviceLanguage) -> &str {
        match &self.advice {
            Some(advice) => advice.cause.text(language),
            None => self.diagnosis.cause(language),
        }
    }

    /// The next step.
    #[must_use]
    pub fn step(&self, language: AdviceLanguage) -> &str {
        match (&self.advice, self.protocol) {
            (Some(advice), _) => advice.step.text(language),
            (None, Some(protocol)) => protocol.step(language),
            (None, None) => self.diagnosis.step(language),
        }
    }

    /// The advice of a message, in one clause.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match (self.hint, self.protocol) {
            (Some(hint), _) => hint,
            (None, Some(protocol)) => protocol.step(AdviceLanguage::English),
            (None, None) => self.diagnosis.hint(),
        }
    }

    /// The end of a message: the best evidence, the advice, and the other programs.
    #[must_use]
    pub fn clause(&self) -> String {
        let clause = self.own_clause();
        match &self.others {
            None => clause,
            Some(others) => format!("{clause}; {}: end that program first", others.english),
        }
    }

    fn own_clause(&self) -> String {
        let hint = self.hint();
        let is_vague =
            matches!(self.diagnosis, Diagnosis::Noise | Diagnosis::Parity | Diagnosis::Silent);
        match self.evidence.first().filter(|_| !is_vague) {
            None => hint.to_owned(),
            Some(evidence) if self.diagnosis == Diagnosis::Constant => {
                format!("{}: {hint}", evidence.english)
            }
            Some(evidence) => format!("{}; {hint}", evidence.english),
        }
    }
}
