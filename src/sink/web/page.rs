//! A page.

/// A page, or the reason for its absence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebPage {
    /// `200 OK`.
    pub status: &'static str,
    /// Its content type.
    pub content_type: &'static str,
    /// Its content.
    pub body: Vec<u8>,
}

/// The content type of JSON.
const JSON: &str = "application/json";

impl WebPage {
    /// A page that is there.
    pub const fn ok(content_type: &'static str, body: Vec<u8>) -> Self {
        Self { status: "200 OK", content_type, body }
    }

    /// JSON with any status.
    pub const fn json(status: &'static str, body: Vec<u8>) -> Self {
        Self { status, content_type: JSON, body }
    }
}
