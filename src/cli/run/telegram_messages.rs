//! Messages about telegrams, once a meter: about its clock, and about a list that no table knows.

use crate::cli::run::{
    clock_messages::ClockMessages, context::Context, list_messages::ListMessages,
};
use meterpipe::{format::entry::OutputTelegram, reading::family::MeterFamilies};

/// Looks for something to report, and reports it.
#[derive(Clone, Debug, Default)]
pub struct TelegramMessages {
    clocks: ClockMessages,
    lists: ListMessages,
}

impl TelegramMessages {
    /// True if there is something to report that was not reported before.
    pub fn is_news(&mut self, entry: &OutputTelegram<'_>) -> bool {
        let has_fault = self.clocks.new_fault(entry).is_some();
        self.lists.is_new(entry) || has_fault
    }

    /// Reports it.
    pub fn report(&mut self, entry: &OutputTelegram<'_>, context: &Context) {
        self.clocks.report(entry, context);
        self.lists.report(entry, context);
    }

    /// Reports tables of the user's that fit no list.
    pub fn report_vain(&mut self, families: MeterFamilies, is_end: bool, context: &Context) {
        self.lists.report_vain(families, is_end, context);
    }
}
