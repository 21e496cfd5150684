//! `sockit time ping`, and the well-known services that it can ping.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use netcore::testing::{TestDir, seed_from_env};

use crate::common::link::Link;
use crate::common::process::{Finished, Process, run, run_with_input, sockit};
use crate::common::server::Server;
use crate::common::stamp::has_shape;

/// Runs a quick ping whose timeout is long enough for slow machines.
fn ping(args: &[&str]) -> Finished {
    let quick = ["time", "ping", "-i", "5ms", "--timeout", "30s"];
    run(&quick.iter().chain(args).copied().collect::<Vec<_>>())
}

/// Returns the last object, which must be a summary.
fn summary(finished: &Finished) -> String {
    let text = finished.stdout_text();
    let last = text.lines().last().unwrap_or_else(|| panic!("no summary\n{}", finished.story()));
    assert!(last.starts_with("{\"kind\":\"summary\""), "{}", finished.story());
    last.to_owned()
}

/// Returns the value of a field without quotes.
#[track_caller]
fn field<'a>(object: &'a str, name: &str) -> &'a str {
    let found = object.split_once(&format!("\"{name}\":")).map(|(_, rest)| rest);
    let value = found.unwrap_or_else(|| panic!("no {name} in {object}"));
    &value[..value.find([',', '}']).expect("an object has an end")]
}

#[track_caller]
fn number(object: &str, name: &str) -> f64 {
    match field(object, name).parse() {
        Ok(number) => number,
        Err(error) => panic!("{name} of {object}: {error}"),
    }
}

/// Expects an offset of `expected` seconds, within the reported error.
#[track_caller]
fn expect_offset(summary: &str, expected: f64) {
    let offset = number(summary, "offset_seconds");
    let error = number(summary, "offset_error_seconds");
    // The last digit is rounded.
    assert!((offset - expected).abs() <= error + 2e-9, "{offset} ± {error}: {summary}");
}

/// Starts a server over TCP, UDP and, if the system has them, a Unix socket.
fn serve_everywhere(unix: &str, more: &[&str]) -> Server {
    let listen = ["tcp://127.0.0.1:0", "udp://127.0.0.1:0", unix];
    let listen =
        listen[..if cfg!(unix) { 3 } else { 2 }].iter().flat_map(|endpoint| ["--listen", endpoint]);
    let args = ["time", "serve"].into_iter().chain(listen).chain(more.iter().copied());
    Server::start(&args.collect::<Vec<_>>())
}

#[test]
fn each_reply_is_a_line_and_the_end_is_a_summary() {
    let dir = TestDir::new();
    let unix = dir.endpoint("s").to_string();
    // With the framing `chunk`, two requests that arrive together get one stamp.
    let server = serve_everywhere(&unix, &["--framing", "line"]);
    for endpoint in server.endpoints() {
        let finished = ping(&["-c", "3", endpoint]);
        finished.expect_code(0).expect_quiet();
        let lines: Vec<&str> = finished.stdout_text().lines().collect();
        let address = endpoint.trim_start_matches("tcp://").trim_start_matches("udp://");
        assert_eq!(lines[0], format!("PING {endpoint} ({address})"), "{}", finished.story());
        for (seq, line) in (1..=3).zip(&lines[1..]) {
            // `[`, 24 characters, `] `, the number, a space, 16 digits and LF.
            let begin = format!("46 bytes from {address}: seq={seq} time=");
            assert!(line.starts_with(&begin) && line.ends_with(" ms"), "{}", finished.story());
        }
        assert_eq!(lines[4..6], ["", &format!("--- {endpoint} ping statistics ---")]);
        assert!(lines[6].starts_with("3 sent, 3 received, 0% loss, time "), "{}", lines[6]);
        assert!(
            lines[7].starts_with("rtt min/avg/max/mdev = ") && lines[7].contains("p50/p90/p99 = ")
        );
        assert!(lines[8].starts_with("clock offset ") && lines[8].contains("(it may be none)"));
        assert!(lines[8].contains("local"), "ctime has no zone: {}", lines[8]);
        assert_eq!(lines.len(), 9, "{}", finished.story());

        let quiet = ping(&["-q", "-c", "1", endpoint]);
        let text = quiet.expect_code(0).stdout_text();
        assert!(!text.contains("bytes from") && text.contains("1 sent, 1 received"), "{text}");
    }
}

#[test]
fn the_offset_to_the_own_clock_is_zero_in_every_format() {
    for format in ["ctime", "rfc3339", "rfc2822", "unix", "unix-ms", "unix-ns", "+%F %T%.6f"] {
        for zone in [&[][..], &["--utc"]] {
            let args = ["time", "serve", "--format", format, "--listen", "udp://127.0.0.1:0"];
            let server = Server::start(&[&args[..], zone].concat());
            // The unit of whole seconds shows once they have grown by 2.
            let pace: &[&str] = match format {
                "unix" => &["-i", "100ms", "-c", "35"],
                _ => &["-i", "5ms", "-c", "20"],
            };
            let asked = ["time", "ping", "--json", "--timeout", "30s", &server.endpoints()[0]];
            let finished = run(&[&asked[..], pace, zone].concat());
            let summary = summary(finished.expect_code(0).expect_quiet());
            expect_offset(&summary, 0.0);
            let is_assumed = matches!(format, "ctime" | "+%F %T%.6f");
            assert_eq!(field(&summary, "zone_assumed"), is_assumed.to_string(), "{format}");
            assert_eq!(field(&summary, "clock_steps"), "0", "{format}");
        }
    }
}

/// Starts a server whose clock has just begun, and which sends the number of its milliseconds.
fn young_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let begun = Instant::now();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut line = String::new();
            let mut lines = BufReader::new(&stream);
            while lines.read_line(&mut line).is_ok_and(|length| length > 0) {
                let answer = format!("[{}] {line}", begun.elapsed().as_millis());
                if (&stream).write_all(answer.as_bytes()).is_err() {
                    break;
                }
                line.clear();
            }
        }
    });
    address
}

#[test]
fn the_unit_of_a_number_is_found_from_its_growth() {
    let server = young_server();
    let seconds =
        |time: SystemTime| time.duration_since(UNIX_EPOCH).expect("it is 1970").as_secs_f64();
    let before = seconds(SystemTime::now());
    let summary = summary(ping(&["--json", "-c", "30", &server]).expect_code(0).expect_quiet());
    let after = seconds(SystemTime::now());
    // The server's clock stood at no more than a minute after 1970 all the time.
    let offset = number(&summary, "offset_seconds");
    assert!((-after..60.0 - before).contains(&offset), "{summary}");
    assert!(number(&summary, "offset_error_seconds") < 60.0, "{summary}");

    let once = ping(&["-c", "1", &server]);
    let text = once.expect_code(0).expect_quiet().stdout_text();
    assert!(text.contains("clock offset unknown: ") && !text.contains("±"), "{text}");
}

#[test]
fn an_unreadable_time_gives_the_round_trip_without_an_offset() {
    let server = Server::start(&["time", "serve", "--format", "+%H o'clock [%M]"]);
    let finished = ping(&["--json", "-c", "2", &server.endpoints()[0]]);
    let summary = summary(finished.expect_code(0).expect_quiet());
    assert_eq!(field(&summary, "offset_seconds"), "null");
    assert_eq!(field(&summary, "received"), "2");
}

#[test]
fn a_missing_server_has_the_exit_code_of_its_failure() {
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    ping(&["-c", "2", &gone.to_string()]).expect_code(7).expect_error_line(&["connection refused"]);
    ping(&["nowhere.invalid:1"]).expect_code(6).expect_error_line(&["nowhere.invalid"]);
    ping(&["no endpoint"]).expect_code(3).expect_error_line(&["no endpoint"]);
    for (usage, word) in [
        (&["-c", "0", ":1"][..], "0"),
        (&["-i", "0", ":1"], "more than 0"),
        (&["--service", "chargen", ":1"], "chargen"),
        (&[], "<ENDPOINT>"),
    ] {
        let args = [&["time", "ping"][..], usage].concat();
        run(&args).expect_code(2).expect_error_line(&[word]);
    }
}

#[test]
fn a_silent_server_exits_with_1_and_full_loss() {
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("udp://{}", silent.local_addr().expect("bound"));
    let args = ["time", "ping", "-c", "3", "-i", "5ms", "--timeout", "50ms", &endpoint];
    let finished = run(&args);
    finished.expect_code(1).expect_quiet();
    let text = finished.stdout_text();
    assert!(text.contains("3 sent, 0 received, 100% loss, time "), "{}", finished.story());
    assert_eq!(text.matches("no answer from ").count(), 3, "{}", finished.story());
    assert!(!text.contains("rtt") && !text.contains("clock"), "{}", finished.story());
}

#[cfg(unix)]
#[test]
fn a_signal_and_the_deadline_end_a_ping_with_its_summary() {
    let server = Server::start(&["time", "serve"]);
    let endpoint = &server.endpoints()[0];
    let process = Process::spawn(sockit(&["time", "ping", "-i", "1h", endpoint]));
    process.stdout_lines(2);
    process.signal("INT");
    let finished = process.finish();
    finished.expect_code(0).expect_quiet();
    assert!(finished.stdout_text().contains("\n1 sent, 1 received, 0% loss, time "));

    // A probe that is under way at the end does not count as lost.
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("udp://{}", silent.local_addr().expect("bound"));
    let finished = ping(&["-w", "100ms", "--json", &endpoint]);
    let summary = summary(finished.expect_code(1));
    assert_eq!(field(&summary, "lost"), "0");
    assert_eq!(field(&summary, "under_way"), field(&summary, "sent"));
}

#[test]
fn several_endpoints_are_pinged_at_once_and_each_has_a_summary() {
    let server = Server::start(&["time", "serve", "--format", "unix-ns"]);
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let (here, gone) = (server.endpoints()[0].clone(), format!("tcp://{gone}"));
    let finished = ping(&["-c", "3", &here, &here]);
    finished.expect_code(0).expect_quiet();
    assert_eq!(finished.stdout_text().matches("3 sent, 3 received, 0% loss").count(), 2);
    // A missing server is given up as in a run of its own. The run for the other server continues.
    for endpoints in [[&here, &gone], [&gone, &here]] {
        let finished = ping(&["-c", "3", endpoints[0], endpoints[1]]);
        finished.expect_code(7).expect_error_line(&[&gone, "connection refused"]);
        let text = finished.stdout_text();
        assert!(text.contains(&format!("bytes from {here}: seq=3 ")), "{text}");
        assert!(text.contains("3 sent, 3 received") && !text.contains(&gone), "{text}");
    }
}

#[test]
fn the_first_missing_endpoint_decides_the_exit_code() {
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let (gone, unknown) = (gone.to_string(), "nowhere.invalid:1");
    for (endpoints, code) in [([&*gone, unknown], 7), ([unknown, &*gone], 6)] {
        let finished = ping(&endpoints);
        finished.expect_code(code);
        let lines: Vec<&str> = finished.stderr().lines().collect();
        assert_eq!(lines.len(), 2, "{}", finished.story());
        assert!(lines.iter().all(|line| line.starts_with("sockit: ")), "{}", finished.story());
        assert!(finished.stdout().is_empty(), "{}", finished.story());
    }
}

#[test]
fn a_server_of_another_kind_is_reported() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"220 \x1b[2Jmail.example ESMTP\r\n");
            thread::spawn(move || std::io::copy(&mut &stream, &mut std::io::sink()));
        }
    });
    for quiet in [&["-q"][..], &[], &["--json"]] {
        let args = ["time", "ping", "-c", "2", "-i", "5ms", "--timeout", "50ms", &address];
        let finished = run(&[&args[..], quiet].concat());
        finished.expect_code(56);
        let says = "not a server of the service timestamp; it sent: 220 ";
        let last = finished.stderr().lines().last().expect("a line");
        assert!(last.starts_with("sockit: ping tcp://") && last.contains(says), "{last}");
        assert!(!finished.stderr().contains('\x1b'), "{}", finished.story());
    }
}

#[test]
fn malformed_numbers_are_refused_with_plain_messages() {
    for (args, says) in [
        (&["ping", "-c", "0", ":1"][..], "expected 1 or more"),
        (&["ping", "-c", "x", ":1"], "expected a whole number"),
        (&["bench", "--rate", "0.5", ":1"], "expected a whole number"),
        (&["bench", "--connections", "0", ":1"], "expected 1 or more"),
        (&["bench", "--pipeline", "1k", ":1"], "expected a whole number"),
        (&["bench", "--threads", "99999999999999999999999", ":1"], "too large"),
        (&["serve", "--max-connections", "many"], "expected a whole number"),
        (&["serve", "--workers", "0"], "expected 1 or more"),
    ] {
        let finished = run(&[&["time"][..], args].concat());
        finished.expect_code(2).expect_error_line(&[says]);
        for rust in ["digit found", "is not in", "zero"] {
            assert!(!finished.stderr().contains(rust), "{}", finished.story());
        }
    }
}

#[cfg(unix)]
#[test]
fn a_restarted_server_is_found_again() {
    let dir = TestDir::new();
    let endpoint = dir.endpoint("s").to_string();
    let serve = ["time", "serve", "--listen", &endpoint];
    let server = Server::start(&serve);
    let process = Process::spawn(sockit(&["time", "ping", "--json", "-i", "10ms", &endpoint]));
    process.stdout_lines(3);
    server.stop();
    process.stdout_when("probe that is lost", |text| text.contains("\"kind\":\"lost\""));
    let _server = Server::start(&serve);
    process.stdout_when("answer again", |text| {
        let lost = text.rfind("\"kind\":\"lost\"");
        lost.is_some_and(|at| text[at..].contains("\"kind\":\"answer\""))
    });
    process.signal("TERM");
    let finished = process.finish();
    let summary = summary(finished.expect_code(0));
    assert!(number(&summary, "lost") >= 1.0 && number(&summary, "received") >= 2.0, "{summary}");
    assert!(finished.stdout_text().contains("\"kind\":\"trouble\""), "{}", finished.story());
}

#[test]
fn the_well_known_services_are_served_asked_and_pinged() {
    let dir = TestDir::new();
    for service in ["echo", "daytime", "time"] {
        let unix = dir.endpoint(service).to_string();
        let server = serve_everywhere(&unix, &["--service", service]);
        for endpoint in server.endpoints() {
            let finished = ping(&["--service", service, "--json", "-c", "3", endpoint]);
            let summary = summary(finished.expect_code(0).expect_quiet());
            assert_eq!(field(&summary, "received"), "3", "{service} {endpoint}");
            match service {
                "echo" => assert_eq!(field(&summary, "offset_seconds"), "null"),
                _ => expect_offset(&summary, 0.0),
            }
            let asked = ["time", "client", "--service", service, endpoint];
            let answer = run_with_input(&asked, b"hello\n");
            let text = answer.expect_code(0).expect_quiet().stdout_text();
            let shape = match service {
                "echo" => "hello\n",
                "daytime" => "Fri Nov _0 18:11:02 2026\r\n",
                _ => "2026-11-20T18:11:02",
            };
            let begin = &text[..text.len().min(shape.len())];
            assert!(has_shape(begin, shape), "{service}: {text:?}");
        }
        server.stop();
    }
    let format = ["--format", "rfc3339", "--utc"];
    let args = [&["time", "serve", "--service", "daytime"][..], &format].concat();
    let server = Server::start(&args);
    assert!(server.connect().rest().ends_with(b"Z\r\n"));
}

#[test]
fn unsupported_options_of_a_service_are_usage_errors() {
    for args in [
        &["--service", "echo", "--framing", "line"][..],
        &["--service", "daytime", "--framing", "chunk"],
        &["--service", "time", "--format", "unix"],
        &["--service", "echo", "--utc"],
        &["--service", "discard"],
    ] {
        let args = [&["time", "serve"][..], args].concat();
        run(&args).expect_code(2).expect_error_line(&["service"]);
    }
}

#[test]
fn the_histogram_and_the_plot_are_drawn() {
    let dir = TestDir::new();
    let server = Server::start(&["time", "serve"]);
    let endpoint = &server.endpoints()[0];
    let picture = dir.path("p.svg");
    let file = picture.to_str().expect("UTF-8");
    let finished = ping(&["-c", "200", "-q", "--histogram", "--plot", file, endpoint]);
    let text = finished.expect_code(0).expect_quiet().stdout_text();
    let counts =
        text.lines().filter(|line| line.contains(" to ") && !line.contains("clock")).map(|line| {
            let (_, rest) = line.split_once(" ms ").expect("a unit");
            rest.split_whitespace()
                .next()
                .and_then(|count| count.parse::<u64>().ok())
                .expect("a count")
        });
    assert_eq!(counts.sum::<u64>(), 200, "{text}");
    assert!(text.contains('█'), "{text}");
    let svg = std::fs::read_to_string(&picture).expect("a picture");
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
    // The plot has one dot for each answer and one in the legend.
    assert_eq!(svg.matches("<circle").count(), 201);

    let nowhere = dir.path("no/p.svg");
    let finished = ping(&["--plot", nowhere.to_str().expect("UTF-8"), endpoint]);
    finished
        .expect_code(23)
        .expect_error_line(&["p.svg", if cfg!(windows) { "create" } else { "No such file" }]);
}

fn link() -> Link {
    let (delay, jitter) = (Duration::from_millis(20), Duration::from_millis(5));
    Link { delay, jitter, loss: 0.02, seed: seed_from_env("PING_SEED") }
}

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Returns the round trips in seconds, by the number of the probe.
fn round_trips(finished: &Finished) -> BTreeMap<u64, f64> {
    let answers =
        finished.stdout_text().lines().filter(|line| line.contains("\"kind\":\"answer\""));
    answers.map(|line| (number(line, "seq") as u64, number(line, "seconds"))).collect()
}

/// Returns the number of the probe in these bytes.
fn seq(bytes: &[u8]) -> u64 {
    let text = str::from_utf8(bytes).expect("a line");
    text.split(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}

/// The link records the fate of each probe, and the ping must report the same. It must report
/// exactly the lost probes, no round trip below the delay, and the offset of the same clock through
/// a link that is slow one way only.
#[test]
fn losses_and_delays_of_a_link_are_reported_exactly() {
    let server =
        Server::start(&["time", "serve", "--format", "unix-ns", "--listen", "udp://127.0.0.1:0"]);
    let link = link().udp(any_port(), server.udp()).expect("a link");
    let endpoint = format!("udp://{}", link.address);
    // The wait for lost probes, long enough for every late one.
    let args = ["time", "ping", "--json", "-c", "400", "-i", "4ms", "--timeout", "4s", &endpoint];
    let finished = run(&args);
    let summary = summary(finished.expect_code(0).expect_quiet());
    let told = round_trips(&finished);
    let passages = link.passages();
    assert_eq!(passages.len(), 400, "{}", finished.story());
    for passage in &passages {
        let seq = seq(&passage.bytes);
        match (passage.delayed, told.get(&seq)) {
            (None, None) => {}
            (Some(delayed), Some(told)) => {
                assert!(*told >= delayed.as_secs_f64(), "{seq}: {told}, but {delayed:?}");
            }
            (delayed, told) => panic!("{seq}: {told:?}, but {delayed:?}\n{}", finished.story()),
        }
    }
    let mut delays: Vec<f64> =
        passages.iter().filter_map(|passage| Some(passage.delayed?.as_secs_f64())).collect();
    let lost = (passages.len() - delays.len()) as f64;
    delays.sort_by(f64::total_cmp);
    for (name, q) in [("min", 0.0), ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)] {
        let rank = ((q * delays.len() as f64).ceil() as usize).max(1);
        let told = number(&summary, &format!("{name}_seconds")) * 1e3;
        let put = delays[rank - 1] * 1e3;
        eprintln!("{name}: {put:.3} ms put in, {told:.3} ms told");
        // Every round trip is at least as long as its delay, so the n-th round trip is at least as
        // long as the n-th delay. Percentiles are exact to one part in 1,024.
        assert!(told >= put * (1.0 - 1.0 / 1024.0), "{name}: {put} {told}");
    }
    assert_eq!(number(&summary, "lost") - number(&summary, "late"), lost, "{summary}");
    assert!(number(&summary, "min_seconds") >= 0.015, "{summary}");
    expect_offset(&summary, 0.0);
    // The way back is shorter than the way there, so the middle as a guess would be wrong by half
    // the difference.
    assert!(number(&summary, "offset_error_seconds") >= 0.007, "{summary}");
}

#[test]
fn a_stream_over_a_link_loses_nothing_and_is_slower() {
    let server = Server::start(&["time", "serve", "--format", "unix-ns"]);
    let link = link().tcp(any_port(), server.tcp()).expect("a link");
    let finished = ping(&["--json", "-c", "100", &link.address.to_string()]);
    let summary = summary(finished.expect_code(0).expect_quiet());
    assert_eq!((field(&summary, "received"), field(&summary, "lost")), ("100", "0"));
    let delays = link.passages().into_iter().filter_map(|passage| passage.delayed);
    let least = delays.min().expect("something passed").as_secs_f64();
    assert!(least >= 0.015 && number(&summary, "min_seconds") >= least, "{summary}");
    expect_offset(&summary, 0.0);
}

#[cfg(unix)]
/// Needs the program `faketime`; `.ci/run` installs it and runs this.
#[test]
#[ignore = "needs the program faketime"]
fn the_offset_of_a_shifted_server_clock_is_found() {
    // The program faketime is a parent of the server, and would be killed instead of it.
    let asked =
        Command::new("faketime").args(["-f", "+0", "sh", "-c", "echo $LD_PRELOAD"]).output();
    let library = String::from_utf8(asked.expect("run faketime").stdout).expect("a path");
    let library = library.trim();
    for (shift, seconds) in
        [("+3s", 3.0), ("-2h", -7200.0), ("+0.25s", 0.25), ("-400d", -34_560_000.0)]
    {
        // A whole second, and the 10 ms that a coarse clock may be behind.
        let formats = [("ctime", 1.01), ("rfc3339", 1.01), ("unix-ms", 1e-3), ("unix-ns", 1e-9)];
        for (format, step) in formats {
            let listen = ["--listen", "udp://127.0.0.1:0"];
            let args = [&["time", "serve", "--utc", "--format", format][..], &listen].concat();
            let mut command = sockit(&args);
            command.env("LD_PRELOAD", library).env("FAKETIME", shift);
            command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
            let server = Server::from_command(command, 1);
            let finished = ping(&["--json", "--utc", "-c", "20", &server.endpoints()[0]]);
            let summary = summary(finished.expect_code(0).expect_quiet());
            expect_offset(&summary, seconds);
            // A very wide bound would hold as well. So it must not exceed that of the quickest
            // exchange, plus the drift of the clocks since then.
            let error = number(&summary, "offset_error_seconds");
            let drift = number(&summary, "elapsed_seconds") * 1e-4;
            let bound = (number(&summary, "min_seconds") + step) / 2.0 + drift + 1e-6;
            assert!(error <= bound, "{error} is more than {bound}: {summary}");
            eprintln!("{shift} {format}: {} ± {error}", field(&summary, "offset_seconds"));
        }
    }
}
