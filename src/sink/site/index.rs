//! `/`: the names of the pages.

use crate::sink::web::page::WebPage;

/// The page. It has no script, and nothing from telegrams.
pub fn page() -> WebPage {
    let text = concat!(
        "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>meterpipe</title>\n",
        "<h1>meterpipe ",
        env!("CARGO_PKG_VERSION"),
        "</h1>\n<ul>\n",
        "<li><a href=\"/metrics\">/metrics</a>: all values for Prometheus\n",
        "<li><a href=\"/data.json\">/data.json</a>: the values of the first meter as JSON; ",
        "/data.json?meter=NUMBER: those of another one\n",
        "<li><a href=\"/health\">/health</a>: the meters whose telegrams come\n",
        "</ul>\n</html>\n"
    );
    WebPage::ok("text/html; charset=utf-8", text.as_bytes().to_vec())
}
