//! All integration tests, one module a subject: one program links faster than thirty.
//!
//! The tests of a module run beside those of all others in one process, so none changes the
//! environment, the current directory or a signal handler, and none counts what others open: a test
//! that needs this starts a process of its own.

mod accounts;
mod anonymise;
mod bare_apdu;
mod capture;
mod causes;
mod clocks;
mod common;
mod config_import;
mod config_online;
mod corpus;
mod corpus_formats;
#[cfg(feature = "cli")]
mod corpus_items;
mod decode;
mod docs;
mod doctor;
mod doctor_answers;
mod doctor_beside;
mod doctor_damage;
mod doctor_devices;
mod doctor_inputs;
mod doctor_meters;
mod doctor_texts;
mod drop_in;
mod dry_run;
mod dsmr;
mod dumps;
mod endurance;
mod environment;
mod explain;
mod explain_links;
mod explain_places;
mod files;
mod floors;
mod formats;
mod fuzz;
mod generated;
mod given_up;
mod guard;
mod hdlc;
mod http_pages;
mod influx;
mod intervals;
mod jobs;
#[cfg(feature = "cli")]
mod layouts;
mod link_choice;
mod link_sweeps;
mod links;
mod live;
mod mqtt;
mod other_texts;
mod packaging;
mod pasted;
mod pasted_logs;
mod pipeline;
mod plot;
mod portal;
mod prometheus;
mod publish;
mod push;
mod quarters;
mod readings;
mod secrets;
mod serial;
mod service;
mod setup;
mod simulate;
mod simulator;
mod spreadsheet;
mod streams;
mod sweeps;
mod system_title;
mod tcp;
mod text_protocols;
mod text_streams;
mod year;
