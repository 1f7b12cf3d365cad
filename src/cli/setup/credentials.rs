//! The secrets that systemd hands to a service as files: its credentials.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The variable that names the folder of the credentials.
pub const VARIABLE: &str = "CREDENTIALS_DIRECTORY";

/// The folder of the configuration of a service, where contrib/systemd has its secrets too.
const FOLDER: &str = "/etc/meterpipe";

/// The credentials that the units of contrib/systemd load.
const OF_UNITS: [&str; 7] = [
    "guek",
    "mqtt_password",
    "influx_token",
    "influx_password",
    "webhook_token",
    "webhook_password",
    "webhook_path",
];

/// The service whose credentials a check reads: its name, or nothing for meterpipe.service.
static CHECKED: OnceLock<Option<OsString>> = OnceLock::new();

/// The folder of the credentials of this process.
pub fn folder() -> Option<PathBuf> {
    env::var_os(VARIABLE).filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

/// The file of a credential, which may be missing.
pub fn path(name: &str) -> Option<PathBuf> {
    match (folder(), CHECKED.get()) {
        (Some(folder), _) => Some(folder.join(name)),
        (None, Some(service)) if OF_UNITS.contains(&name) => {
            Some(of_service(service.as_ref(), name))
        }
        (None, _) => None,
    }
}

/// From now on the credentials are those that the service with this configuration gets, if it is that of a
/// service, this process is not one itself, and root may read them. Returns the files that there are.
pub fn use_those_of_service(config: &Path) -> Vec<PathBuf> {
    let is_allowed = folder().is_none() && rustix::process::geteuid().is_root();
    let Some(service) = service_of(config).filter(|_| is_allowed) else {
        return Vec::new();
    };
    let files = OF_UNITS.map(|name| of_service(service.as_ref(), name));
    let _ = CHECKED.set(service);
    files.into_iter().filter(|path| path.exists()).collect()
}

/// The advice for a meter without a key.
pub fn advice(config: &Path) -> &'static str {
    match service_of(config).is_some() && !rustix::process::geteuid().is_root() {
        true => {
            "as root the check uses the key of the service: sudo meterpipe config check --online"
        }
        false => "name its file: key_file = \"PATH\"",
    }
}

/// The service of a configuration, as contrib/systemd has it: `config.toml` is that of meterpipe.service,
/// `house.toml` that of meterpipe@house.service.
fn service_of(config: &Path) -> Option<Option<OsString>> {
    let is_there = config.parent() == Some(Path::new(FOLDER))
        && config.extension().is_some_and(|extension| extension == "toml");
    let name = config.file_stem().filter(|_| is_there)?;
    Some(Some(name.to_owned()).filter(|name| name != "config"))
}

/// The file that the unit loads as this credential. Passwords and tokens are those of all instances.
fn of_service(service: Option<&OsString>, name: &str) -> PathBuf {
    let mut file = OsString::new();
    if let (Some(service), "guek") = (service, name) {
        file.push(service);
        file.push(".");
    }
    file.push(name);
    Path::new(FOLDER).join(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_has_the_files_that_its_unit_loads() {
        let file = |config: &str, name: &str| {
            let service = service_of(Path::new(config))?;
            Some(of_service(service.as_ref(), name).display().to_string())
        };
        let units = [
            ("config", include_str!("../../../contrib/systemd/meterpipe.service")),
            ("house", include_str!("../../../contrib/systemd/meterpipe@.service")),
        ];
        for (config, unit) in units {
            let loads = unit.lines().filter_map(|line| line.strip_prefix("LoadCredential="));
            let loads: Vec<_> = loads.filter_map(|load| load.split_once(':')).collect();
            assert!(loads.iter().map(|(name, _)| name).eq(&OF_UNITS));
            for (name, path) in loads {
                let path = path.replace("%i", config);
                assert_eq!(file(&format!("/etc/meterpipe/{config}.toml"), name), Some(path));
            }
        }
        assert_eq!(file("/home/anna/.config/meterpipe/config.toml", "guek"), None);
        assert_eq!(file("/etc/meterpipe/guek", "guek"), None);
    }
}
