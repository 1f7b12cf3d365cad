//! The MQTT sink: against a broker that does as it is told, and against mosquitto.

mod certificates;
mod fake;
mod mosquitto;
mod real;
mod scripted;
#[path = "../common/secrets.rs"]
mod secrets;
mod sink;
#[path = "../common/sinks.rs"]
mod sinks;
#[path = "../generated/tools.rs"]
mod tools;
