//! `webhook+http://HOST/PATH` with scripted servers.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{
    common::{
        binary::run_command,
        port::free_port,
        published::{Folder, READING},
        secrets::{CANARY, TYPED},
        sinks::{start, until},
    },
    influx::server::{Reply, Server},
};

use super::{asked, at_home, publish, readings};

fn line(meter: usize, power: usize) -> String {
    format!("{{\"meter\":\"{meter}\",\"power_net_w\":{power}}}")
}

/// Answers each request by its number.
fn scripted(mut reply: impl FnMut(usize) -> Reply + Send + 'static) -> Server {
    let mut count = 0;
    Server::start(move |_| {
        count += 1;
        reply(count)
    })
}

fn bodies(server: &Server) -> Vec<String> {
    server.requests().into_iter().map(|request| request.lines.join("\n")).collect()
}

#[test]
fn each_telegram_of_a_file_is_posted_with_its_headers() {
    let (folder, input) = (Folder::new(), readings("10"));
    let server = scripted(|_| Reply::status(200));
    let token = folder.write("token", format!("{CANARY}\n"));
    let to = format!(
        "--to=webhook+http://127.0.0.1:{}/a%20b%3fc=d?token_file={token}&headers.X-Room=cellar",
        server.port
    );
    let ran = publish(&folder, &[&to], &input);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!(bodies(&server), input.lines().collect::<Vec<_>>());
    let request = &server.requests()[0];
    assert_eq!(request.first_line, "POST /a%20b?c=d HTTP/1.1");
    let has = |text: &str| request.headers.iter().any(|header| header.eq_ignore_ascii_case(text));
    assert!(has(&format!("authorization: Bearer {CANARY}")) && has("x-room: cellar"));
    assert!(has("content-type: application/json"), "{:?}", request.headers);
    assert!(!request.headers.iter().any(|it| it.to_lowercase().starts_with("content-encoding")));
}

#[test]
fn a_template_takes_the_place_of_the_line() {
    let folder = Folder::new();
    let server = scripted(|_| Reply::status(200));
    let config = format!(
        "[[sink]]\nto = \"webhook+http://127.0.0.1:{}/a\"\nguard = false\n\
         template = '{{\"text\":\"{{power_net_w}} W\",\"kw\":{{power_net_w kW 3}}}}'\n",
        server.port
    );
    let config = folder.write("config.toml", config);
    // The second telegram has no field of the template.
    let input = format!("{}\n{{\"meter\":\"1\",\"voltage_l1_v\":230.1}}\n", line(1, 1250));
    let ran = publish(&folder, &["--config", &config], &input);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!(bodies(&server), [r#"{"text":"1250 W","kw":1.250}"#]);
    let mistake = ["--to=webhook+http://127.0.0.1:1/a?template={watts}"];
    let ran = publish(&folder, &mistake, "");
    assert!(ran.status == 2 && ran.err.contains("template"), "{}", ran.err);
}

#[test]
fn a_slow_server_gets_the_latest_readings_of_each_meter() {
    let server = scripted(|_| {
        thread::sleep(Duration::from_millis(500));
        Reply::status(204)
    });
    let sink = start(&format!("webhook+http://127.0.0.1:{}", server.port), 16);
    sink.put_live(&line(1, 0));
    until(|| (server.requests().len() == 1).then_some(())).unwrap();
    for power in 1..=100 {
        (1..=2).for_each(|meter| sink.put_live(&line(meter, power)));
        // Time to empty the queue.
        thread::sleep(Duration::from_millis(1));
    }
    let (texts, lost) = sink.end(Duration::from_secs(20));
    assert_eq!((texts, lost), (Vec::new(), 0));
    let bodies = bodies(&server);
    assert!(bodies.len() <= 6, "{bodies:?}");
    assert!(
        bodies.ends_with(&[line(1, 100), line(2, 100)])
            || bodies.ends_with(&[line(2, 100), line(1, 100)]),
        "{bodies:?}"
    );
}

#[test]
fn each_failure_is_said_once_and_so_is_its_end() {
    // The way of a server, and what is said about it.
    for (reply, said) in [
        (503, "answers 503; trying again, every 2 s at most"),
        (400, "answers 400; trying again"),
        (401, "requires a login: 401; trying again"),
        (404, "answers 404: is the path right?; trying again"),
        (302, "answers 302: is the address right? The sink follows no redirect; trying again"),
    ] {
        let other = scripted(|_| Reply::status(200));
        let location = format!("Location: http://127.0.0.1:{}/\r\n", other.port);
        let location: &'static str = location.leak();
        let server = scripted(move |count| match count {
            1..=2 => Reply::Status(reply, location, String::new()),
            _ => Reply::status(200),
        });
        let sink =
            start(&format!("webhook+http://127.0.0.1:{}/{CANARY}?retry=2s", server.port), 16);
        sink.put_live(&line(1, 1));
        sink.wait_for_message("takes readings again");
        let (texts, lost) = sink.end(Duration::from_secs(5));
        assert_eq!((texts.len(), lost), (2, 0), "{texts:?}");
        assert!(texts[0].contains(said), "{texts:?}");
        assert_eq!(bodies(&server), [line(1, 1), line(1, 1), line(1, 1)]);
        assert!(other.requests().is_empty(), "nobody follows a redirect");
    }
}

#[test]
fn a_server_that_lies_or_hangs_is_named_and_left_in_time() {
    for (name, reply, said) in [
        (
            "noise",
            (|| Reply::Octets(vec![0xa5; 100_000])) as fn() -> Reply,
            "does not speak HTTP: ",
        ),
        ("close", || Reply::Octets(Vec::new()), "ends the connection without an answer"),
        ("headers", || Reply::Endless("HTTP/1.1 200 OK\r\nX: "), "does not speak HTTP: "),
        ("nothing", || Reply::Nothing, "no answer from 127.0.0.1:"),
        ("half", || Reply::Octets(b"HTTP/1.1 20".to_vec()), ""),
        ("status", || Reply::Octets(b"HTTP/1.1 99999 x\r\n\r\n".to_vec()), ""),
    ] {
        let server = scripted(move |_| reply());
        let sink = start(&format!("webhook+http://127.0.0.1:{}?timeout=1s", server.port), 16);
        sink.put_live(&line(1, 1));
        let text = sink.wait_for_message("; trying again, every 60 s at most");
        assert!(text.contains(said), "{name}: {text}");
        assert!(text.len() < 500, "{name}: {text}");
        let since = Instant::now();
        let (texts, lost) = sink.end(Duration::from_secs(3));
        assert!(since.elapsed() < Duration::from_secs(6), "{name}");
        assert_eq!((texts.len(), lost), (1, 1), "{name}: {texts:?}");
    }
}

#[test]
fn an_endless_answer_is_cut_off_and_counts_by_its_status() {
    let server = scripted(|_| Reply::Endless("HTTP/1.1 200 OK\r\n\r\n"));
    let sink = start(&format!("webhook+http://127.0.0.1:{}?timeout=5s", server.port), 16);
    (0..3).for_each(|power| sink.put(&line(1, power)));
    let (texts, lost) = sink.end(Duration::from_secs(20));
    assert_eq!((texts, lost, server.requests().len()), (Vec::new(), 0, 3));
}

#[test]
fn a_server_that_is_away_costs_all_but_the_last_of_a_file_and_holds_up_nobody() {
    let (folder, input, port) = (Folder::new(), readings("50"), free_port());
    let to = format!("--to=webhook+http://127.0.0.1:{port}/{TYPED}");
    let since = Instant::now();
    let ran = publish(&folder, &[&to, "--to=file:all"], &input);
    assert!(since.elapsed() < Duration::from_secs(20));
    assert_eq!(std::fs::read_to_string(folder.path("all")).unwrap(), input);
    let name = format!("meterpipe publish: webhook+http://127.0.0.1:{port}/…: ");
    let said = format!(
        "{name}cannot connect to 127.0.0.1:{port}: connection refused; trying again, every 60 s at \
         most\n{name}50 readings not stored\n"
    );
    assert!(ran.status == 6 && ran.err.starts_with(&said), "{}", ran.err);
}

#[test]
fn live_readings_wait_for_a_server_that_comes_back() {
    let server = scripted(|count| match count {
        1..=2 => Reply::Octets(Vec::new()),
        _ => Reply::status(200),
    });
    let sink = start(&format!("webhook+http://127.0.0.1:{}?retry=1s", server.port), 4);
    for power in 0..200 {
        sink.put_live(&line(1, power));
        thread::sleep(Duration::from_millis(2));
    }
    sink.wait_for_message("takes readings again");
    let (texts, lost) = sink.end(Duration::from_secs(5));
    assert_eq!((texts.len(), lost), (2, 0), "{texts:?}");
    assert_eq!(bodies(&server).pop(), Some(line(1, 199)));
}

#[test]
fn no_output_shows_a_path_a_header_or_a_token() {
    let folder = Folder::new();
    let server = scripted(|_| Reply::Status(500, "", format!("no {CANARY} and {CANARY}b")));
    let config = format!(
        "[[sink]]\nto = \"webhook+http://127.0.0.1:{}/api/{CANARY}\"\nguard = false\n\
         headers = {{ X-Api-Key = \"{CANARY}\" }}\ntoken = \"{CANARY}b\"\n",
        server.port
    );
    let path = folder.write("config.toml", config);
    let ran = publish(&folder, &["--config", &path], READING);
    assert_eq!(ran.status, 6);
    assert!(ran.err.contains("answers 500 (no … and …)"), "{}", ran.err);
    let show = run_command(at_home(&folder, &["config", "show", "--config", &path]), b"");
    assert!(show.out.contains("/…\"") && show.out.contains("token = \"…\""), "{}", show.out);
    let wrong = folder.write("wrong.toml", std::fs::read_to_string(&path).unwrap() + "tokne = 1\n");
    let check = run_command(at_home(&folder, &["config", "check", "--config", &wrong]), b"");
    assert!(check.status == 2 && check.err.contains("did you mean token?"), "{}", check.err);
}

#[test]
fn asking_and_showing_post_nothing() {
    let (folder, server) = (Folder::new(), scripted(|_| Reply::status(405)));
    let sink = format!("webhook+http://127.0.0.1:{}", server.port);
    let (dry, check) = asked(&folder, &sink, &format!("/{TYPED}?guard=false&token={TYPED}"));
    let place = format!("{sink}/…\thttp://127.0.0.1:{}\t{{\"schema\":1,", server.port);
    assert!(dry.out.contains(&place), "{}", dry.out);
    let said = format!("{sink}/…: connected; it answers OPTIONS with 405, nothing was posted\n");
    assert!(check.out.contains(&said) && check.status == 0, "{check:?}");
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert!(requests[0].first_line.starts_with("OPTIONS /"));
    assert!(!requests[0].headers.iter().any(|header| header.to_lowercase().starts_with("auth")));
    let (_, check) = asked(&folder, &format!("webhook+http://127.0.0.1:{}", free_port()), "");
    assert!(format!("{check:?}").contains("cannot connect to 127.0.0.1:"), "{check:?}");
}

#[test]
fn secrets_come_from_variables_and_credentials_too() {
    let (folder, server) = (Folder::new(), scripted(|_| Reply::status(200)));
    let to = format!("--to=webhook+http://127.0.0.1:{}?guard=false", server.port);
    let mut variables = at_home(&folder, &["publish", &to]);
    variables.env("METERPIPE_WEBHOOK_PATH", format!("/api/{CANARY}?a=b"));
    variables.env("METERPIPE_WEBHOOK_TOKEN", CANARY);
    let mut credentials = at_home(&folder, &["publish", &to]);
    folder.write("webhook_path", format!("api/{CANARY}?a=b\n"));
    folder.write("webhook_token", format!("{CANARY}\n"));
    // A unit gives a blank one where there is none.
    folder.write("webhook_password", "\n");
    credentials.env("CREDENTIALS_DIRECTORY", folder.0.path());
    for (number, command) in [variables, credentials].into_iter().enumerate() {
        let ran = run_command(command, READING.as_bytes());
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
        let request = server.requests().remove(number);
        assert_eq!(request.first_line, format!("POST /api/{CANARY}?a=b HTTP/1.1"));
        let login = format!("authorization: Bearer {CANARY}");
        assert!(request.headers.iter().any(|header| header.eq_ignore_ascii_case(&login)));
    }
}
