//! InfluxDB, and what takes its line protocol: VictoriaMetrics, Telegraf, QuestDB.
//!
//! ```text
//! influxdb://influx.home/?org=home&bucket=house&token_file=/etc/meterpipe/influx
//! influxdbs://influx.home:8086/?db=house&user=anna&password_file=/etc/meterpipe/influx
//! ```
//!
//! `influxdbs` is the same with TLS. What stands behind the port is put in front of the path of the
//! API, for servers behind others. A `bucket` means version 2 of the API, a `db` version 1.
//!
//! | key | what |
//! |---|---|
//! | `bucket`, `org` | where to write to (version 2); VictoriaMetrics needs no `org` |
//! | `token`, `token_file` | who writes (version 2) |
//! | `db`, `rp` | where to write to (version 1), and the retention policy if it is not the default |
//! | `user`, `password`, `password_file` | who writes (version 1) |
//! | `measurement` | what points are called: `smartmeter` |
//! | `tags` | a table of tags beside `meter`, which is always there |
//! | `timestamp` | whose clock counts: `meter`, or else, or if it has none, `received` |
//! | `batch`, `flush` | a request has as many points, 5000, or all that came in so much time, `10s` |
//! | `spool` | a folder where readings wait for a server that is away, over a restart too |
//! | `timeout`, `retry` | how long a server may take, `10s`; the longest time between tries, `60s` |
//! | `ca`, `insecure` | `influxdbs`: the file of the authority; believe anybody |
//! | `fields`, `units`, `names` | what goes there; texts only if `fields` names them |
//!
//! The [types](crate::format::influx) of fields never change, and a point that is sent twice is one
//! point, since its meter and its time make it up. So what may or may not have arrived is sent again:
//!
//! | answer | then |
//! |---|---|
//! | 204 | it is stored |
//! | none, 408, 429, 5xx | kept, and tried again after 1 to 60 s, or when the server says |
//! | 401, 403, 404, 3xx, a page | kept, and tried again every 60 s: somebody has to mend it |
//! | 413 | sent in smaller requests |
//! | 400, 422, any other 4xx | halved until the wrong line is alone, which is left out and counted |
//!
//! While nothing can be stored 8 MiB of lines wait, a day and a half of one meter. What is more waits in
//! front of the sink, where the oldest readings go first. With a [spool](crate::sink::files::spool) lines that
//! have waited as long as `retry` go to the disk, 64 MiB of them, and what is left at the end does too.
mod batch;
mod delivery;
mod pending;
mod response;
mod settings;
mod spooled;

pub use self::settings::new;
