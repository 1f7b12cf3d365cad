//! mosquitto, and a client that subscribes to everything.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::common::{
    binary::{self, Running},
    port::free_port,
    sinks::{self, start, until},
    tools::need,
};

/// A broker of its own, on loopback.
pub(crate) struct Mosquitto {
    pub(crate) folder: TempDir,
    pub(crate) port: u16,
    process: Option<Running>,
}

/// Runs a test if mosquitto and its clients are installed.
pub(crate) fn with_mosquitto(mut test: impl FnMut()) {
    need(program(), |_| need("mosquitto_sub", |_| test()));
}

/// Debian installs it into a folder that is not on the path of users.
fn program() -> &'static str {
    let there = Path::new("/usr/sbin/mosquitto");
    if there.exists() { "/usr/sbin/mosquitto" } else { "mosquitto" }
}

impl Mosquitto {
    /// Accepts every client.
    pub(crate) fn open() -> Self {
        Self::start(TempDir::new().unwrap(), "allow_anonymous true")
    }

    /// With these settings of its listener; `FOLDER` is the folder of its files.
    pub(crate) fn start(folder: TempDir, says: &str) -> Self {
        let port = free_port();
        let path = folder.path().to_str().unwrap();
        let says = says.replace("FOLDER", path);
        let text = format!("user root\npersistence false\nlistener {port} 127.0.0.1\n{says}\n");
        fs::write(folder.path().join("mosquitto.conf"), text).unwrap();
        let mut broker = Self { folder, port, process: None };
        broker.run();
        broker
    }

    /// Starts it, on the same port.
    pub(crate) fn run(&mut self) {
        let log = fs::File::create(self.folder.path().join("log")).unwrap();
        let config = self.folder.path().join("mosquitto.conf");
        let mut broker = Command::new(program());
        broker.arg("-c").arg(config).stdout(Stdio::null()).stderr(log);
        self.process = Some(Running(broker.spawn().unwrap()));
        let listens = until(|| TcpStream::connect(("127.0.0.1", self.port)).ok());
        let log = || fs::read_to_string(self.folder.path().join("log"));
        assert!(listens.is_some(), "mosquitto does not listen: {:?}", log());
    }

    /// A sink for this broker.
    pub(crate) fn sink(&self, query: &str) -> sinks::Running {
        start(&super::uri(self.port, query), 100)
    }

    /// Kills the broker: no DISCONNECT is sent.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    pub(crate) fn signal(&self, signal: Signal) {
        binary::signal(&self.process.as_ref().unwrap().0, signal);
    }

    /// A client that subscribes to everything.
    pub(crate) fn listen(&self, more: &[&str]) -> Listener {
        self.subscribe(more, &[])
    }

    /// The same with the quality of service and the flag of each message as they were published.
    pub(crate) fn listen_to_flags(&self) -> Listener {
        self.subscribe(&["-V", "5"], &["--retain-as-published", "-q", "1"])
    }

    /// `more` is for both directions, `how` for the subscription.
    fn subscribe(&self, more: &[&str], how: &[&str]) -> Listener {
        let port = self.port.to_string();
        let broker = ["-h", "127.0.0.1", "-p", &port];
        // A retained message arrives first: from then on, the subscription is active.
        self.publish(MARK, &[more, &["-r"]].concat());
        let mut program = Command::new("mosquitto_sub");
        program.args(broker).args(more).args(how).args(["-t", "#", "-F", "%r %q %t %p"]);
        Listener::start(&mut program)
    }

    /// Publishes a message on that topic.
    pub(crate) fn publish(&self, topic: &str, more: &[&str]) {
        self.publish_with(topic, "here", more);
    }

    /// Publishes this text on that topic.
    pub(crate) fn publish_text(&self, topic: &str, text: &str) {
        self.publish_with(topic, text, &[]);
    }

    fn publish_with(&self, topic: &str, text: &str, more: &[&str]) {
        let port = self.port.to_string();
        let mut publish = Command::new("mosquitto_pub");
        publish.args(["-h", "127.0.0.1", "-p", &port]).args(more);
        assert!(publish.args(["-t", topic, "-m", text]).status().unwrap().success());
    }
}

/// A broker with passwords and access rules: `meter` may write below `house`.
pub(crate) fn guarded() -> Mosquitto {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("passwords");
    fs::write(&file, "").unwrap();
    for (user, password) in [("meter", "c4nary word:§1"), ("listener", "c4nary-listening")] {
        let mut add = Command::new("mosquitto_passwd");
        assert!(add.arg("-b").arg(&file).args([user, password]).status().unwrap().success());
    }
    let acl = "user meter\ntopic write house/#\nuser listener\ntopic readwrite #\n";
    fs::write(folder.path().join("acl"), acl).unwrap();
    let says = "allow_anonymous false\npassword_file FOLDER/passwords\nacl_file FOLDER/acl";
    Mosquitto::start(folder, says)
}

/// All messages that the broker forwards, as lines `RETAINED QOS TOPIC PAYLOAD`.
pub(crate) struct Listener {
    _child: Running,
    received: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    fn start(program: &mut Command) -> Self {
        let mut child = program.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let (lines, to) = (BufReader::new(child.stdout.take().unwrap()).lines(), received.clone());
        thread::spawn(move || lines.map_while(Result::ok).for_each(|l| to.lock().unwrap().push(l)));
        let listener = Self { _child: Running(child), received };
        listener.wait_for(MARK);
        listener
    }

    /// The messages so far.
    pub(crate) fn received(&self) -> Vec<String> {
        let received = self.received.lock().unwrap();
        received.iter().filter(|line| !line.contains(MARK)).cloned().collect()
    }

    /// Takes the messages so far.
    pub(crate) fn take(&self) -> Vec<String> {
        let mut received = std::mem::take(&mut *self.received.lock().unwrap());
        received.retain(|line| !line.contains(MARK));
        received
    }

    /// Waits for a line that contains `part`.
    pub(crate) fn wait_for(&self, part: &str) -> String {
        let find =
            || self.received.lock().unwrap().iter().find(|line| line.contains(part)).cloned();
        until(find)
            .unwrap_or_else(|| panic!("{part:?} is not in {:#?}", self.received.lock().unwrap()))
    }

    /// Forgets the messages so far.
    pub(crate) fn forget(&self) {
        self.received.lock().unwrap().clear();
    }
}

const MARK: &str = "mark/of/the/listener";
