//! The MQTT sink against a scripted broker and against mosquitto.

mod certificates;
mod fake;
mod mosquitto;
mod real;
mod scripted;
mod sink;
