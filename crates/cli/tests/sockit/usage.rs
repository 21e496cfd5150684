//! Usage errors suggest the intended command, also to users of nc.

use crate::common::process::run;

/// Returns the message of a usage error, without `sockit: `.
#[track_caller]
fn told(args: &str) -> String {
    let finished = run(&args.split(' ').collect::<Vec<_>>());
    finished.expect_code(2).expect_error_line(&[]);
    assert!(finished.stdout().is_empty(), "{}", finished.story());
    finished.stderr().trim_start_matches("sockit: ").trim_end().to_owned()
}

#[test]
fn a_typo_is_answered_with_the_likely_word() {
    for (args, meant) in [
        ("conect 127.0.0.1:1", "did you mean 'connect'?"),
        ("chat jion 127.0.0.1:1", "did you mean 'join'?"),
        ("connect --tiemout 1s 127.0.0.1:1", "did you mean '--timeout'?"),
        ("chat serve --gretting hello", "did you mean '--greeting'?"),
        ("time serve --framing lines", "did you mean 'line'?"),
    ] {
        assert!(told(args).contains(meant), "{args}: {}", told(args));
    }
    assert_eq!(
        told("probe --nonsense x:1"),
        "unexpected argument '--nonsense' found; see sockit probe --help"
    );
}

#[test]
fn a_command_without_its_group_is_answered_with_the_whole_command() {
    for (args, meant) in [
        ("ping 127.0.0.1:7 -c 3", "did you mean sockit time ping 127.0.0.1:7 -c 3?"),
        ("serve", "did you mean sockit time serve or sockit chat serve?"),
        ("join localhost:1 --nick ann", "did you mean sockit chat join localhost:1 --nick ann?"),
        ("bench 127.0.0.1:7", "did you mean sockit time bench 127.0.0.1:7?"),
        ("time listen :7000", "did you mean sockit listen :7000?"),
    ] {
        assert!(told(args).ends_with(meant), "{args}: {}", told(args));
    }
    let finished = run(&["join", "localhost:1", "--nick", "it's ann\x1b"]);
    finished.expect_code(2).expect_error_line(&[r"--nick 'it'\''s ann\u{1b}'"]);
}

#[test]
fn host_and_port_as_two_words_are_answered_with_the_endpoint() {
    for (args, meant) in [
        ("connect localhost 80", "sockit connect localhost:80"),
        ("connect -4 www.example http", "sockit connect -4 www.example:http"),
        ("connect --timeout 5 127.0.0.1 80", "sockit connect --timeout 5 127.0.0.1:80"),
        ("connect udp://127.0.0.1 53", "sockit connect udp://127.0.0.1:53"),
        ("connect ::1 80", "sockit connect '[::1]:80'"),
        ("probe -z localhost 80", "sockit probe -z localhost:80"),
        ("listen 127.0.0.1 7000", "sockit listen 127.0.0.1:7000"),
        ("send localhost 80", "sockit send localhost:80"),
        ("send localhost 80 --wait 1s", "sockit send localhost:80 --wait 1s"),
        ("time ping localhost 80", "sockit time ping localhost:80"),
        ("chat join --nick ann localhost 80", "sockit chat join --nick ann localhost:80"),
        ("chat serve --listen localhost 0", "sockit chat serve --listen localhost:0"),
    ] {
        assert!(told(args).ends_with(&format!("did you mean {meant}?")), "{args}: {}", told(args));
    }
    // Other malformed endpoints keep their message.
    for args in [&["send", "localhost", "hello"][..], &["chat", "join", "--nick", "ann", "80"]] {
        run(args).expect_code(3).expect_error_line(&["is no endpoint"]);
    }
}

#[test]
fn the_usage_of_nc_is_answered_with_the_equivalent() {
    for (args, meant) in [
        ("-l 7000", "sockit listen :7000"),
        ("listen -l -p 7000", "sockit listen :7000"),
        ("listen -p 7000", "sockit listen :7000"),
        ("listen -l", "sockit listen :PORT"),
        ("connect -u localhost 53", "udp://localhost:53"),
        ("connect -u localhost:53", "udp://HOST:PORT"),
        ("connect -U /run/app.sock", "unix:PATH"),
        ("connect -z localhost:80", "sockit probe -z HOST:PORT"),
        ("connect -N localhost:80", "always passed on"),
        ("connect -s 127.0.0.1 localhost:80", "--local-address"),
        ("send -w 3 localhost:80", "--wait DUR"),
        ("listen -4 :7000", "0.0.0.0:PORT"),
        ("send -k localhost:80", "--keep-open"),
    ] {
        assert!(told(args).contains(meant), "{args}: {}", told(args));
    }
}
