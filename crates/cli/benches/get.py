#!/usr/bin/env python3
"""`sockit get` beside curl and wget, against nginx on this machine.

    cargo build --release
    crates/cli/benches/get.py target/release/sockit [--rounds 5] [--only small single disk null checksum gzip tls_small …] [--dir DIR] [--one-core]

Needs nginx, curl, wget and openssl, which makes the certificate. The scenes with tls_ are https; those of one process each trust the
certificate by --cacert, or load the system's certificates and refuse it. nginx gets a configuration, ports and a directory of its own.
The programs take turns in rounds; the figures are medians of the rounds, ratios medians of the ratios within a round. Processor time
is that of the client alone, user and system. Memory is its largest resident set, looked at every few milliseconds in a run of its own. What a download wrote is compared
with the original.
"""

import argparse
import filecmp
import hashlib
import os
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import zlib

WORDS = [b"alpha", b"beta", b"gamma delta", b"epsilon", b"zeta eta", b"theta", b"iota"]
NGINX = """
daemon off; pid {root}/nginx.pid; error_log {root}/error.log; worker_processes 1;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; keepalive_timeout 60s;
  client_body_temp_path {root}/t1; proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3;
  uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;
  server {{ listen 127.0.0.1:{port}; root {root}/www; gzip_static on; }}
  server {{ listen 127.0.0.1:{tls_port} ssl; root {root}/www; ssl_certificate {root}/cert.pem; ssl_certificate_key {root}/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3; }}
}}
"""
CERTIFICATE = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=bench -addext subjectAltName=IP:127.0.0.1"
).split()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sockit")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=SCENES, default=list(SCENES))
    parser.add_argument("--dir", help="where the files are; /tmp by default")
    parser.add_argument("--one-core", action="store_true", help="nginx and its clients share a core, so that none wakes another")
    parser.add_argument("--gets", type=int, default=1000, help="processes of the scenes with one for each GET; other scenes have ten times as many GETs")
    parser.add_argument("--size", type=int, default=1 << 30, help="bytes of the large file")
    args = parser.parse_args()
    args.sockit = os.path.abspath(args.sockit)
    if args.one_core:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    root = tempfile.mkdtemp(prefix="get-bench-", dir=args.dir)
    try:
        with Nginx(root, args.size, args.gets) as nginx:
            for scene in args.only:
                compare(scene, SCENES[scene](args.sockit, nginx), args.rounds, args.gets)
    finally:
        shutil.rmtree(root)


class Nginx:
    def __init__(self, root, size, gets):
        self.root, self.gets = root, gets
        os.chmod(root, 0o755)
        os.mkdir(f"{root}/www")
        with open(f"{root}/www/small", "wb") as file:
            file.write(b"x" * 99 + b"\n")
        with open(f"{root}/www/large", "wb") as file:
            for begin in range(0, size, 1 << 20):
                file.write(os.urandom(min(1 << 20, size - begin)))
        self.size = size
        self.roots = f"{root}/cert.pem"
        subprocess.run(CERTIFICATE + ["-out", self.roots, "-keyout", f"{root}/key.pem"], check=True, stderr=subprocess.DEVNULL)
        with socket.socket() as probe, socket.socket() as tls_probe:
            probe.bind(("127.0.0.1", 0))
            tls_probe.bind(("127.0.0.1", 0))
            self.port, self.tls_port = probe.getsockname()[1], tls_probe.getsockname()[1]
        with open(f"{root}/nginx.conf", "w") as file:
            file.write(NGINX.format(root=root, port=self.port, tls_port=self.tls_port))

    def __enter__(self):
        self.process = subprocess.Popen(["nginx", "-c", f"{self.root}/nginx.conf", "-e", f"{self.root}/error.log"])
        until = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return self
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()

    def url(self, name):
        return f"http://127.0.0.1:{self.port}/{name}"

    def tls_url(self, name):
        return f"https://127.0.0.1:{self.tls_port}/{name}"


def small(sockit, nginx):
    """{ten:,} GETs of 100 bytes over one reused connection, one process"""
    urls = [nginx.url("small")] * (10 * nginx.gets)
    with open(f"{nginx.root}/curl.list", "w") as file:
        file.writelines(f"url={url}\n" for url in urls)
    with open(f"{nginx.root}/wget.list", "w") as file:
        file.writelines(f"{url}\n" for url in urls)
    whole = 100 * len(urls)
    return {
        "sockit": (Once([sockit, "get", "-s", *urls]), whole),
        "curl": (Once(["curl", "-s", "-K", f"{nginx.root}/curl.list"]), whole),
        "wget": (Once(["wget", "-q", "-O", "-", "-i", f"{nginx.root}/wget.list"]), whole),
    }


def single(sockit, nginx):
    """{gets:,} GETs of 100 bytes, a process each"""
    url = nginx.url("small")
    whole = 100 * nginx.gets
    return {
        "sockit": (Often(nginx.gets, [sockit, "get", "-s", url]), whole),
        "curl": (Often(nginx.gets, ["curl", "-s", url]), whole),
        "wget": (Often(nginx.gets, ["wget", "-q", "-O", "-", url]), whole),
    }


def disk(sockit, nginx):
    """the large file to disk"""
    url, out, original = nginx.url("large"), f"{nginx.root}/out", f"{nginx.root}/www/large"
    fresh = removal(out, original)
    return {
        "sockit": (Once([sockit, "get", "-s", "-o", out, url], fresh), None),
        "curl": (Once(["curl", "-s", "-o", out, url], fresh), None),
        "wget": (Once(["wget", "-q", "-O", out, url], fresh), None),
    }


def null(sockit, nginx):
    """the large file to /dev/null"""
    url = nginx.url("large")
    return {
        "sockit": (Once([sockit, "get", "-s", "-o", "/dev/null", url]), None),
        "curl": (Once(["curl", "-s", "-o", "/dev/null", url]), None),
        "wget": (Once(["wget", "-q", "-O", "/dev/null", url]), None),
    }


def checksum(sockit, nginx):
    """the large file with its SHA-256 to /dev/null, beside `curl | sha256sum` and `curl | openssl dgst -sha256`"""
    url, digest = nginx.url("large"), hashlib.sha256()
    with open(f"{nginx.root}/www/large", "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    expected = digest.hexdigest()

    def piped(program, answer):
        return Once(["sh", "-c", f"test \"$(curl -s '{url}' | {program})\" = '{answer}'"])

    return {
        "sockit": (Once([sockit, "get", "-s", "--checksum", f"sha256={expected}", "-o", "/dev/null", url]), None),
        "curl, sha256sum": (piped("sha256sum", f"{expected}  -"), None),
        "curl, openssl": (piped("openssl dgst -sha256 -r", f"{expected} *stdin"), None),
    }


def gzip(sockit, nginx):
    """as much text in gzip, decoded to /dev/null"""
    block = b"".join(b"%d %s\n" % (i * i % 9973, WORDS[i * i % 7]) for i in range(1 << 20))
    encoder = zlib.compressobj(6, zlib.DEFLATED, 31)
    with open(f"{nginx.root}/www/text.gz", "wb") as file:
        for begin in range(0, nginx.size, len(block)):
            file.write(encoder.compress(block[: nginx.size - begin]))
        file.write(encoder.flush())
    url = nginx.url("text")
    return {
        "sockit": (Once([sockit, "get", "-s", "--compressed", "-o", "/dev/null", url]), None),
        "curl": (Once(["curl", "-s", "--compressed", "-o", "/dev/null", url]), None),
        "wget": (Once(["wget", "-q", "--compression=auto", "-O", "/dev/null", url]), None),
    }


def tls_small(sockit, nginx):
    """{ten:,} https GETs of 100 bytes over one reused connection, one process"""
    urls = [nginx.tls_url("small")] * (10 * nginx.gets)
    with open(f"{nginx.root}/curl.list", "w") as file:
        file.writelines(f"url={url}\n" for url in urls)
    whole = 100 * len(urls)
    return {
        "sockit": (Once([sockit, "get", "-s", "--cacert", nginx.roots, *urls]), whole),
        "curl": (Once(["curl", "-s", "--cacert", nginx.roots, "-K", f"{nginx.root}/curl.list"]), whole),
    }


def tls_single(sockit, nginx):
    """{gets:,} https GETs of 100 bytes, a process each"""
    url = nginx.tls_url("small")
    whole = 100 * nginx.gets
    return {
        "sockit": (Often(nginx.gets, [sockit, "get", "-s", "--cacert", nginx.roots, url]), whole),
        "curl": (Often(nginx.gets, ["curl", "-s", "--cacert", nginx.roots, url]), whole),
    }


def tls_refused(sockit, nginx):
    """{gets:,} https GETs, a process each, that load the system's certificates and refuse the server's"""
    url = nginx.tls_url("small")
    return {
        "sockit": (Often(nginx.gets, [sockit, "get", "-s", url], status=60), 0),
        "curl": (Often(nginx.gets, ["curl", "-s", url], status=60), 0),
    }


def tls_null(sockit, nginx):
    """the large file over TLS to /dev/null"""
    url = nginx.tls_url("large")
    return {
        "sockit": (Once([sockit, "get", "-s", "--cacert", nginx.roots, "-o", "/dev/null", url]), None),
        "curl": (Once(["curl", "-s", "--cacert", nginx.roots, "-o", "/dev/null", url]), None),
    }


def tls_disk(sockit, nginx):
    """the large file over TLS to disk"""
    url, out, original = nginx.tls_url("large"), f"{nginx.root}/out", f"{nginx.root}/www/large"
    fresh = removal(out, original)
    return {
        "sockit": (Once([sockit, "get", "-s", "--cacert", nginx.roots, "-o", out, url], fresh), None),
        "curl": (Once(["curl", "-s", "--cacert", nginx.roots, "-o", out, url], fresh), None),
    }


def removal(out, original):
    """A function that compares an earlier download with the original, and removes it."""

    def fresh():
        if os.path.exists(out):
            if not filecmp.cmp(out, original, shallow=False):
                raise SystemExit(f"{out} differs")
            os.unlink(out)
        os.sync()

    return fresh


SCENES = {
    "small": small,
    "single": single,
    "disk": disk,
    "null": null,
    "checksum": checksum,
    "gzip": gzip,
    "tls_small": tls_small,
    "tls_single": tls_single,
    "tls_refused": tls_refused,
    "tls_disk": tls_disk,
    "tls_null": tls_null,
}


class Once:
    """One process."""

    def __init__(self, command, before=lambda: None, status=0):
        self.command, self.before, self.status = command, before, status

    def run(self, output):
        self.before()
        return run(self.command, output, self.status)

    def memory(self):
        self.before()
        return f"{memory(self.command):.1f}"


class Often(Once):
    """A process for each GET."""

    def __init__(self, gets, command, status=0):
        super().__init__(command, status=status)
        self.gets = gets

    def run(self, output):
        wall, cpu = zip(*[run(self.command, output, self.status) for _ in range(self.gets)])
        return sum(wall), sum(cpu)

    def memory(self):
        return "-"


def run(command, output, status):
    """Wall and processor seconds."""
    begin = time.monotonic()
    errors = subprocess.DEVNULL if status else None
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
    _, code, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(code)
    if process.returncode != status:
        raise SystemExit(f"{command[:4]} exited with {process.returncode}")
    return wall, usage.ru_utime + usage.ru_stime


def memory(command):
    """The largest resident set in MiB. The system's own figure counts what forked the process too."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    own, peak = os.path.realpath(shutil.which(command[0])), 0
    while process.poll() is None:
        try:
            if os.readlink(f"/proc/{process.pid}/exe") == own:
                with open(f"/proc/{process.pid}/status") as status:
                    peak = max([peak] + [int(line.split()[1]) for line in status if line.startswith("VmHWM")])
        except OSError:
            pass
        time.sleep(0.003)
    return peak / 1024


def compare(name, programs, rounds, gets):
    figures = {program: [] for program in programs}
    for turn in range(rounds):
        order = list(programs)
        order = order[turn % len(order):] + order[:turn % len(order)]
        for program in order:
            command, whole = programs[program]
            with tempfile.TemporaryFile() as output:
                figures[program].append(command.run(output))
                if whole is not None and output.tell() != whole:
                    raise SystemExit(f"{program}: {output.tell()} bytes came, not {whole}")
    print(f"\n{SCENES[name].__doc__.format(gets=gets, ten=10 * gets)}; {rounds} rounds\n")
    print("| program | wall s | CPU s | memory MiB | sockit's wall ÷ | sockit's CPU ÷ |")
    print("|---|--:|--:|--:|--:|--:|")
    for program, runs in figures.items():
        wall, cpu = (statistics.median(column) for column in zip(*runs))
        ratios = [
            statistics.median(ours[i] / theirs[i] for ours, theirs in zip(figures["sockit"], runs)) for i in (0, 1)
        ]
        beside = " | |" if program == "sockit" else f" {ratios[0]:.2f} | {ratios[1]:.2f} |"
        print(f"| {program} | {wall:.2f} | {cpu:.2f} | {programs[program][0].memory()} |{beside}")


if __name__ == "__main__":
    main()
