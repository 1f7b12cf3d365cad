//! The MQTT sink: against a broker that does as it is told, and against mosquitto.

mod certificates;
mod fake;
mod mosquitto;
mod real;
mod scripted;
mod sink;
