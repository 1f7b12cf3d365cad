//! InfluxDB, and servers that take its line protocol: VictoriaMetrics, Telegraf, QuestDB.
//!
//! ```text
//! influxdb://influx.home/?org=home&bucket=house&token_file=/etc/meterpipe/influx
//! influxdbs://influx.home:8086/?db=house&user=anna&password_file=/etc/meterpipe/influx
//! ```
//!
//! `influxdbs` is the same with TLS. A path after the port precedes the path of the API, for
//! servers behind a proxy. A `bucket` selects version 2 of the API, a `db` version 1.
//!
//! The keys are in [`kind`].
//!
//! The [types](crate::format::influx) of fields never change. A point is identified by its meter
//! and its time, so a point sent twice is stored once (twice, if the server sets the time). In doubt, points are therefore sent again:
//!
//! | response | reaction |
//! |---|---|
//! | 204 | stored |
//! | none, 408, 429, 5xx | kept, and tried again after 1 to 60 s, or when the server says |
//! | 401, 403, 404, 3xx, a page | kept, and tried again every 60 s: somebody has to act |
//! | 413 | sent in smaller requests |
//! | 400, 422 about the lines | halved until the wrong line is alone, which is left out and counted |
//! | any other 4xx | kept, and tried again every 60 s: is it InfluxDB? |
//!
//! During an outage 8 MiB of lines wait in memory, a day and a half of one meter. Further readings
//! wait in the sink's queue, which drops the oldest first. With a
//! [spool](crate::sink::spool), lines older than `sync` go to the disk, up to 64 MiB, and
//! so do the remaining lines at the end. Lines on the disk go out before those in memory.
mod batch;
mod delivery;
pub mod kind;
mod records;
pub mod response;
mod settings;
