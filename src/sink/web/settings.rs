//! The address of a site, and the names of its host.

use crate::sink::{
    settings::{
        SinkSettings, SinkTarget,
        error::SettingError,
        key::{SettingKey, SettingType},
    },
    web::host_names::HostNames,
};

/// The key of further host names.
pub const HOSTS: SettingKey = SettingKey::new(
    "hosts",
    SettingType::List("NAME"),
    "More names under which clients may ask the server, such as `host.docker.internal`. It knows its \
     address, `localhost`, and the name of this machine. A request for another name gets the status \
     421: a page in a browser could otherwise read the values through a name of its own that leads \
     here.",
);

/// The place of a site.
#[derive(Clone, Debug)]
pub struct WebAddress {
    /// The host, of which it takes exactly this address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The path in the settings.
    pub path: String,
    /// The names under which clients may ask.
    pub names: HostNames,
}

impl WebAddress {
    /// Takes [`HOSTS`]; `None` for a file.
    ///
    /// # Errors
    /// The port is missing.
    pub fn take(settings: &mut SinkSettings) -> Result<Option<Self>, SettingError> {
        let SinkTarget::Server { host, port, path } = settings.target.clone() else {
            return Ok(None);
        };
        let scheme = &settings.scheme;
        let port = port.ok_or_else(|| {
            let text = format!("a port expected, as in {scheme}://127.0.0.1:9888");
            SettingError::new(format!("{scheme}: {text}"))
        })?;
        let more = settings.take(HOSTS.name).unwrap_or_default();
        let names = HostNames::new(&host, &more);
        Ok(Some(Self { host, port, path, names }))
    }
}
