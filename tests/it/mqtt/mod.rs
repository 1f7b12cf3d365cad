//! The MQTT sink against a scripted broker and against mosquitto.

mod fake;
mod mosquitto;
mod real;
mod scripted;

/// A broker on that port of this machine, as a sink; without discovery, unless the query has it.
fn uri(port: u16, query: &str) -> String {
    let ha = if query.contains("ha=") { "" } else { "&ha=off" };
    format!("mqtt://127.0.0.1:{port}/house?{query}{ha}")
}
