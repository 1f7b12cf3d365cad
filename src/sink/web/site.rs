//! A site: pages that show readings.

use std::sync::Arc;

use crate::{
    format::readings::Readings,
    sink::{
        traits::Report,
        web::{page::WebPage, request::WebRequest},
    },
};

/// Pages that show readings.
pub trait WebSite {
    /// The paths of all pages. Messages name the first.
    fn paths(&self) -> &'static [&'static str];

    /// The line that answers everything else.
    fn hint(&self) -> &'static str;

    /// Takes readings that arrive now.
    fn take(&mut self, readings: Arc<Readings>, report: &dyn Report);

    /// True if the page at a path shows readings.
    fn shows(&self, path: &str) -> bool;

    /// The page at a path that is one of [`paths`](Self::paths).
    fn page(&self, request: &WebRequest<'_>) -> WebPage;
}
