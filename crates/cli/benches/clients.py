#!/usr/bin/env python3
"""The smallest program with httpget and with other HTTP clients: its size, its crates, and the processor time of a cold build.

    crates/cli/benches/clients.py [target/release/sockit] [--only httpget-http ureq-https …] [--dir DIR] [--keep]

Needs cargo and the registry. Each program prints the body of the URL that is its argument, once over http only and once with the
library's own choice for https. It is built in a directory of its own, from nothing, with cargo's default release profile and stripped
symbols. Crates are those in the program and those that only run at its build (procedural macros, build scripts), without the program.
Processor time is user and system of cargo and all compilers. The programs are run against a server here, over http, to show that they
work, and against answers that are no complete ones: a body that is cut short, and two lengths that differ.
"""

import argparse
import http.server
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading

CHECKOUT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))
HTTPGET = """
fn main() -> Result<(), httpget::Error> {
    print!("{}", httpget::get(&std::env::args().nth(1).unwrap_or_default())?.text(1 << 20)?);
    Ok(())
}
"""
UREQ = """
fn main() -> Result<(), ureq::Error> {
    print!("{}", ureq::get(std::env::args().nth(1).unwrap_or_default()).call()?.body_mut().read_to_string()?);
    Ok(())
}
"""
MINREQ = """
fn main() -> Result<(), minreq::Error> {
    print!("{}", minreq::get(std::env::args().nth(1).unwrap_or_default()).send()?.as_str()?);
    Ok(())
}
"""
REQWEST = """
fn main() -> Result<(), reqwest::Error> {
    print!("{}", reqwest::blocking::get(std::env::args().nth(1).unwrap_or_default())?.text()?);
    Ok(())
}
"""
# The name of a program: its dependency, its source.
PROGRAMS = {
    "minreq-http": ('minreq = "=3.0.0"', MINREQ),
    "httpget-http": (f'httpget = {{ path = "{CHECKOUT}/crates/httpget", default-features = false }}', HTTPGET),
    "ureq-http": ('ureq = { version = "=3.5.1", default-features = false }', UREQ),
    "reqwest-http": ('reqwest = { version = "=0.13.5", default-features = false, features = ["blocking"] }', REQWEST),
    "httpget-https": (f'httpget = {{ path = "{CHECKOUT}/crates/httpget", default-features = false, features = ["tls"] }}', HTTPGET),
    "ureq-https": ('ureq = { version = "=3.5.1", default-features = false, features = ["rustls"] }', UREQ),
    "minreq-https": ('minreq = { version = "=3.0.0", features = ["https"] }', MINREQ),
    "reqwest-https": ('reqwest = { version = "=0.13.5", features = ["blocking"] }', REQWEST),
}
MANIFEST = """[package]
name = "smallest"
version = "0.0.0"
edition = "2024"
[workspace]
[dependencies]
{dependency}
[profile.release]
strip = true
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sockit", nargs="?", help="also compares the programs: sockit, curl, wget and aria2c")
    parser.add_argument("--only", nargs="*", choices=PROGRAMS, default=list(PROGRAMS))
    parser.add_argument("--dir", help="where the programs are built; /tmp by default")
    parser.add_argument("--keep", action="store_true", help="leaves the programs there")
    args = parser.parse_args()
    root = tempfile.mkdtemp(prefix="clients-", dir=args.dir)
    url = serve(Page)
    try:
        if args.sockit:
            programs(os.path.abspath(args.sockit), root, url)
        print("| program | bytes | crates in it | only at its build | CPU s | length cut short | chunks cut short | two lengths |")
        print("|---|--:|--:|--:|--:|---|---|---|")
        for name in args.only:
            measure(name, f"{root}/{name}", url)
    finally:
        if not args.keep:
            shutil.rmtree(root)


class Page(http.server.BaseHTTPRequestHandler):
    """A page, and answers that no client should call complete."""

    BROKEN = {
        "/cut": b"Content-Length: 10\r\n\r\nhello",
        "/chunks": b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "/lengths": b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello\n",
    }

    def do_GET(self):
        self.close_connection = True
        rest = self.BROKEN.get(self.path, b"Content-Length: 6\r\n\r\nhello\n")
        self.wfile.write(b"HTTP/1.1 200 OK\r\n" + rest)

    def log_message(self, *_):
        pass


class Changed(http.server.BaseHTTPRequestHandler):
    """A file that is another one than its first half was taken from."""

    def do_GET(self):
        body, wanted = b"B" * 2000, self.headers.get("Range")
        begin = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted and not self.headers.get("If-Range") else 0
        self.send_response(206 if begin else 200)
        self.send_header("ETag", '"new"')
        self.send_header("Content-Length", str(len(body) - begin))
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        self.wfile.write(body[begin:])

    def log_message(self, *_):
        pass


def serve(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def verdicts(command, url):
    """The cells for the broken answers."""
    codes = [subprocess.run([*command, url + path], capture_output=True, timeout=60).returncode for path in Page.BROKEN]
    return " | ".join("success" if code == 0 else "error" for code in codes)


def programs(sockit, root, url):
    print("| program | length cut short | chunks cut short | two lengths | a changed file resumed |")
    print("|---|---|---|---|---|")
    new = serve(Changed) + "/file"
    for name, command, resume in (
        ("sockit get", [sockit, "get", "-s", "-o", f"{root}/s"], "-C"),
        ("curl", ["curl", "-s", "-o", f"{root}/c"], "-C -"),
        ("wget", ["wget", "-q", "-t", "1", "-O", f"{root}/w"], "-c"),
        ("aria2c", ["aria2c", "-q", "--no-conf", "-m", "1", "-d", root, "-o", "a", "--allow-overwrite=true"], "-c"),
    ):
        broken = verdicts(command, url)
        copy = f"{root}/{name[0]}"
        with open(copy, "wb") as file:
            file.write(b"A" * 1000)
        code = subprocess.run([*command, *resume.split(), new], capture_output=True, timeout=60).returncode
        with open(copy, "rb") as file:
            content = file.read()
        joined = "two files in one, success" if content[:1] != content[-1:] and code == 0 else "not joined"
        print(f"| {name} | {broken} | {joined} |")
    print()


def measure(name, place, url):
    dependency, source = PROGRAMS[name]
    os.makedirs(f"{place}/src")
    with open(f"{place}/Cargo.toml", "w") as file:
        file.write(MANIFEST.format(dependency=dependency))
    with open(f"{place}/src/main.rs", "w") as file:
        file.write(source)
    # Not part of the figures.
    cargo(place, "fetch", "-q")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    cargo(place, "build", "--release", "-q")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    inside, all_crates = crates(place, "normal"), crates(place, "normal,build")
    program = f"{place}/target/release/smallest"
    if subprocess.run([program, url + "/"], capture_output=True, timeout=20).stdout != b"hello\n":
        sys.exit(f"{name} printed something else")
    print(f"| {name} | {os.path.getsize(program):,} | {len(inside)} | {len(all_crates - inside)} | {seconds:.1f} | {verdicts([program], url)} |", flush=True)
    shutil.rmtree(f"{place}/target/release/deps")


def crates(place, edges):
    """The crates of the program by name. Those below a procedural macro run at the build only."""
    listed = cargo(place, "tree", "-q", "-e", edges + (",no-proc-macro" if edges == "normal" else ""), "--prefix", "none").stdout
    return {line.split()[0] for line in listed.splitlines() if line} - {"smallest"}


def cargo(place, *words):
    # The compiler's own choices, not those of the caller.
    clean = {key: value for key, value in os.environ.items() if key not in ("RUSTFLAGS", "CARGO_TARGET_DIR")}
    done = subprocess.run(["cargo", *words], cwd=place, env=clean, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return done


if __name__ == "__main__":
    main()
