//! `/health`: the meters whose telegrams come, and those whose telegrams stay away.
//!
//! ```text
//! {"healthy":false,"reason":"telegrams stay away",
//!  "missing":[{"meter":"2","last_telegram":"2026-11-28T12:00:00.000Z"}],"fresh":[{"meter":"1",…}]}
//! ```

use crate::{
    format::{json_string, latest::Seen},
    sink::{metrics::page::Metrics, web::page::WebPage},
};

/// The page: 200 if all meters that were seen still send, and there is one.
pub fn page(metrics: &Metrics) -> WebPage {
    let mut meters: Vec<&Seen> = metrics.latest().meters().collect();
    meters.sort_by_key(|seen| seen.name());
    let (fresh, missing): (Vec<&Seen>, _) = meters.into_iter().partition(|it| metrics.is_up(it));
    let reason = match (fresh.as_slice(), missing.as_slice()) {
        ([], []) => Some("no telegram yet"),
        (_, [_, ..]) => Some("telegrams stay away"),
        _ => None,
    };
    let mut text = match reason {
        Some(reason) => format!("{{\"healthy\":false,\"reason\":\"{reason}\"").into_bytes(),
        None => b"{\"healthy\":true".to_vec(),
    };
    list("missing", &missing, &mut text);
    list("fresh", &fresh, &mut text);
    text.extend_from_slice(b"}\n");
    let status = if reason.is_none() { "200 OK" } else { "503 Service Unavailable" };
    WebPage::json(status, text)
}

fn list(name: &str, meters: &[&Seen], text: &mut Vec<u8>) {
    text.extend_from_slice(format!(",\"{name}\":[").as_bytes());
    for (seen, at) in meters.iter().zip(0..) {
        text.extend_from_slice(if at == 0 { b"{" } else { b",{" });
        if let Some(name) = seen.name() {
            text.extend_from_slice(b"\"meter\":");
            json_string::write(name, text);
            text.push(b',');
        }
        text.extend_from_slice(format!("\"last_telegram\":{}", last_telegram(seen)).as_bytes());
        text.push(b'}');
    }
    text.push(b']');
}

/// The time of a meter's last telegram as JSON.
pub fn last_telegram(seen: &Seen) -> String {
    seen.time().map_or("null".to_owned(), |time| format!("\"{time:.3}\""))
}
