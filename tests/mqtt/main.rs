//! The MQTT sink: against a broker that does as it is told, and against mosquitto.

mod fake;
mod scripted;
mod sink;
