//! A folder for commands, with the files and devices that the documents name.

use std::{
    cell::OnceCell,
    collections::HashMap,
    env,
    ffi::OsString,
    fs,
    io::Write,
    net::TcpListener,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use tempfile::TempDir;

use super::{
    ROOT,
    process::{Ran, Shell, in_terminal},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_meterpipe");

/// Files that a bench keeps for itself.
const STDOUT: &str = ".stdout";
const STDERR: &str = ".stderr";

const FURNITURE: [&str; 10] = [
    // Long enough for whole quarters.
    "meterpipe simulate --start $(date -d '50 minutes ago' +%FT%T%:z) --count 600 > meter.records",
    "meterpipe unframe meter.records > telegrams.records",
    "meterpipe decode --key-file guek meter.records > meter.jsonl",
    "meterpipe quarters meter.jsonl > quarters.jsonl",
    "meterpipe quarters --format csv --csv-locale at --unit energy=kWh --fields start,energy_import_kwh meter.jsonl |
        sed '1s/.*/Datum;;Verbrauch (kWh)/' > portal.csv",
    // A made up authentication key: telegrams that carry a tag.
    "(umask 077; echo $(cat guek) 000102030405060708090A0B0C0D0E0F > keys)",
    "meterpipe simulate --count 3 --key-file keys > tagged.records",
    "printf '[[meter]]\\nkey_file = \"guek\"\\n[[sink]]\\nto = \"file:readings.csv\"\\n' > house.toml",
    // Of older programs.
    "printf '{\"key_hex_string\": \"\", \"mqtt_enabled\": false}' > meter.json",
    "printf 'mqtt:\\n  broker: h\\nencryption_key: \"\"\\n' > config.yaml &&
        printf 'apdu_format:\\n- name: e\\n  obis: 0100010800ff\\n' > data_format.yaml",
];

/// A folder and what is plugged into it.
pub(crate) struct Bench {
    folder: TempDir,
    /// A virtual meter behind a pseudo-terminal, once a command asks for one.
    device: OnceCell<Shell>,
    /// The port of a virtual meter behind TCP.
    port: OnceCell<u16>,
}

impl Bench {
    /// Nothing but the `tests` of the repository.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        symlink(Path::new(ROOT).join("tests"), folder.path().join("tests")).unwrap();
        Self { folder, device: OnceCell::new(), port: OnceCell::new() }
    }

    /// With the files of the examples: the published key of an operator, his published telegram,
    /// and what the stages make of a virtual meter with that key.
    pub(crate) fn furnished() -> Self {
        let bench = Self::empty();
        let data = Path::new(ROOT).join("tests/data");
        fs::copy(data.join("netznoe-doc-2021.key"), bench.path("guek")).unwrap();
        fs::set_permissions(bench.path("guek"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::copy(data.join("netznoe-doc-2021.hex"), bench.path("dump.txt")).unwrap();
        for command in FURNITURE {
            bench.run(command).succeeded();
        }
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn file(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// A shell in the folder that finds the program first and no setting of this machine.
    fn shell(&self) -> Command {
        let program = Path::new(PROGRAM).parent().unwrap().to_owned();
        let paths = env::var_os("PATH").unwrap_or_default();
        let paths = [program].into_iter().chain(env::split_paths(&paths));
        let path: OsString = env::join_paths(paths).unwrap();
        let mut shell = Command::new("bash");
        shell.current_dir(&self.folder).env("PATH", path).env("HOME", self.folder.path());
        shell.env("TERM", "xterm").env_remove("CREDENTIALS_DIRECTORY").env_remove("NO_COLOR");
        for name in ["PORT", "BAUD", "GUEK", "GUEK_FILE", "GAK", "GAK_FILE"] {
            shell.env_remove(format!("P1_{name}"));
        }
        shell
    }

    /// Runs a command to its end in a terminal.
    pub(crate) fn type_in(&self, command: &str) -> Ran {
        in_terminal(self.shell(), &self.plugged(command))
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, command: &str) -> Ran {
        let plugged = self.plugged(command);
        let status = self.start(&plugged).wait();
        Ran { command: plugged, text: self.output(), status }
    }

    /// Runs a command that goes on for ever until it has written more than a header, and ends it.
    pub(crate) fn run_until_it_writes(&self, command: &str) {
        let plugged = self.plugged(command);
        let piped = plugged.contains('|');
        let plugged = if piped { plugged } else { format!("exec {plugged}") };
        let before = self.files();
        let mut shell = self.start(&plugged);
        shell.wait_until("it wrote something", || {
            self.files().iter().any(|(name, text)| {
                name != STDERR && before.get(name) != Some(text) && text.lines().count() > 1
            })
        });
        shell.terminate();
        let status = shell.wait();
        // The shell around a pipe and the stages behind the first end with the signal.
        assert!(status.success() || piped, "{plugged}: {status}\n{}", self.output());
    }

    fn start(&self, command: &str) -> Shell {
        let mut shell = self.shell();
        shell.stdout(fs::File::create(self.path(STDOUT)).unwrap());
        shell.stderr(fs::File::create(self.path(STDERR)).unwrap());
        Shell::start(shell, command)
    }

    fn output(&self) -> String {
        self.file(STDOUT) + &self.file(STDERR)
    }

    /// All files and what is in them; a device is as good as two lines.
    fn files(&self) -> HashMap<String, String> {
        let entries = fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap());
        let read = |path: &Path| match path.is_file() {
            true => fs::read_to_string(path).unwrap_or_default(),
            false => "a\ndevice".to_owned(),
        };
        let named = entries.map(|e| (e.file_name().into_string().unwrap(), read(&e.path())));
        named.collect()
    }

    /// The command with what is plugged in here in place of what a user has.
    fn plugged(&self, command: &str) -> String {
        let built = command.replace("cargo run --release -q -- ", "meterpipe ");
        let mut plugged = String::new();
        for word in built.split_inclusive(char::is_whitespace) {
            let end = word.trim_end().len();
            let (word, blank) = word.split_at(end);
            plugged += &self.plugged_word(word);
            plugged += blank;
        }
        plugged
    }

    fn plugged_word(&self, word: &str) -> String {
        if let Some(port) = word.strip_prefix("P1_PORT=") {
            return format!("P1_PORT={};", self.plugged_word(port.trim_end_matches(';')));
        }
        if word == "/dev/ttyUSB0" || word.starts_with("/dev/serial/by-id/") {
            self.device.get_or_init(|| self.plug_in("ttyUSB0"));
            return self.path("ttyUSB0").display().to_string();
        }
        if word.starts_with("tcp://") {
            return format!("tcp://127.0.0.1:{}", self.port.get_or_init(|| self.listen()));
        }
        word.replace("/tmp/", &format!("{}/", self.folder.path().display()))
    }

    fn plug_in(&self, name: &str) -> Shell {
        let link = self.path(name);
        let command = format!("exec meterpipe simulate -q --pty {}", link.display());
        let mut shell = Shell::start(self.shell(), &command);
        shell.wait_until("there was a device", || link.exists());
        shell
    }

    /// A port that sends some telegrams and then stays silent.
    fn listen(&self) -> u16 {
        let mut shell = self.shell();
        shell.args(["-c", "meterpipe simulate --count 5 --output binary"]);
        let octets = shell.output().unwrap().stdout;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let mut connections = vec![];
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let _ = connection.write_all(&octets);
                connections.push(connection);
            }
        });
        port
    }
}
