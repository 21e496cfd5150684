#!/usr/bin/env python3
"""TLS: sockit beside the servers and tools that people use.

    cargo build --release
    cargo bench -p netcore --features server,tls --bench tls_fanout --no-run
    crates/cli/benches/tls.py target/release/sockit target/release/deps/tls_fanout-… [--rounds 3] [--only handshakes transfer fanout room idle]

The server runs on core 0, the client on core 1. Servers take turns in rounds; figures are medians. Processor time is user and system,
from /proc/PID/stat. Peers that are not installed are left out (Debian: nginx openssl ncat socat nats-server ngircd). Every server has
the same certificate, a P-256 key under a P-256 authority, and offers TLS 1.3.

handshakes  `openssl s_time` makes one connection after the other, with full and with resumed handshakes.
transfer    a file from one process to another, whole and compared; processor time of both ends.
fanout      a chat room: 100 receivers with 10 publishers, 1,000 with 1; beside sockit in the clear.
room        2,000 clients in one room: each gets every line once and all in one order, while 200 connections never finish their handshake
            and a renewed certificate is loaded.
idle        5,000 connections that say nothing: the server's resident memory for each, beside connections in the clear.
"""

import argparse
import filecmp
import json
import os
import re
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

TICK = os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sockit")
    parser.add_argument("generator")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--size", type=int, default=1 << 30, help="bytes of the file")
    parser.add_argument("--clients", type=int, default=5000, help="idle connections")
    parser.add_argument("--only", nargs="*", choices=SCENES, default=list(SCENES))
    args = parser.parse_args()
    args.sockit, args.generator = os.path.abspath(args.sockit), os.path.abspath(args.generator)
    root = tempfile.mkdtemp(prefix="tls-bench-")
    try:
        os.chdir(root)
        certificate()
        for scene in args.only:
            print(f"\n## {scene}\n")
            SCENES[scene](args)
    finally:
        os.chdir("/")
        shutil.rmtree(root)


def fault(name, what):
    """A peer with a fault has no figure. One of sockit ends the run."""
    if name.startswith("sockit"):
        sys.exit(f"{name}: {what}")
    print(f"{name}: {what}", file=sys.stderr)


def certificate(authority=True):
    """Makes ca.pem, cert.pem and key.pem for localhost and 127.0.0.1, or the last two again."""
    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True)
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    if authority:
        openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=benchmark authority")
    openssl("req", *curve, "-keyout", "key.pem", "-out", "cert.csr", "-subj", "/CN=localhost")
    with open("names", "w") as names:
        names.write("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    openssl("x509", "-req", "-in", "cert.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30",
            "-extfile", "names", "-out", "cert.pem")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu(pid):
    """Processor time of a process and its children that have ended, in seconds."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(") ", 1)[1].split()
    return sum(int(field) for field in fields[11:15]) / TICK


def resident(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) * 1024


class Server:
    """A server on core 0, ready to be connected to."""

    def __init__(self, name, port, command, worker=None):
        self.name, self.port = name, port
        self.process = subprocess.Popen(["taskset", "-c", "0", *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        else:
            raise SystemExit(f"{name} does not listen")
        time.sleep(0.2)
        self.pid = self.process.pid
        if worker:
            children = subprocess.run(["pgrep", "-P", str(self.pid)], capture_output=True, text=True).stdout.split()
            self.pid = int(children[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def there(program):
    return shutil.which(program) or os.path.exists(f"/usr/sbin/{program}")


def nginx(port):
    with open("nginx.conf", "w") as conf:
        conf.write(f"""
daemon off; master_process on; pid nginx.pid; error_log error.log; worker_processes 1;
events {{ worker_connections 20000; }}
http {{
  access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
  server {{ listen 127.0.0.1:{port} ssl backlog=4096; ssl_certificate {os.getcwd()}/cert.pem; ssl_certificate_key {os.getcwd()}/key.pem;
            ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:SSL:10m; ssl_session_tickets on; }}
}}
""")
    return ["nginx", "-p", os.getcwd() + "/", "-c", "nginx.conf"]


def sockit(args, *words, tls=True):
    files = ["--cert", "cert.pem", "--key", "key.pem"] if tls else []
    return [args.sockit, "-q", *words, "--workers", "1", *files]


def handshakes(args):
    print("| server | full/s | CPU µs | resumed/s | CPU µs |\n|---|--:|--:|--:|--:|")
    def servers(port):
        yield "sockit", sockit(args, "time", "serve", "--listen", f"tls://127.0.0.1:{port}"), None
        if there("nginx"):
            yield "nginx", nginx(port), True
        yield "openssl s_server", ["openssl", "s_server", "-quiet", "-accept", f"127.0.0.1:{port}", "-cert", "cert.pem", "-key",
                                   "key.pem"], None
    figures = {}
    for _ in range(args.rounds):
        port = free_port()
        for name, command, worker in servers(port):
            with Server(name, port, command, worker) as server:
                row = figures.setdefault(name, [[], [], [], []])
                for column, mode in ((0, "-new"), (2, "-reuse")):
                    before = cpu(server.pid)
                    out = subprocess.run(["taskset", "-c", "1", "openssl", "s_time", "-connect", f"127.0.0.1:{port}", mode, "-time",
                                          str(args.seconds)], capture_output=True, text=True).stdout
                    count, seconds = re.findall(r"(\d+) connections in (\d+) real seconds", out)[-1]
                    row[column].append(int(count) / int(seconds))
                    row[column + 1].append((cpu(server.pid) - before) / int(count) * 1e6)
            time.sleep(0.5)
    for name, row in figures.items():
        print(f"| {name} | " + " | ".join(f"{statistics.median(column):,.0f}" for column in row) + " |")


def transfer(args):
    print("| tool | CPU s, both ends | seconds | CPU ÷ socat |\n|---|--:|--:|--:|")
    with open("data", "wb") as data:
        block = os.urandom(1 << 20)
        for _ in range(args.size >> 20):
            data.write(block)
    def pairs(port):
        yield ("sockit", [args.sockit, "-q", "listen", f"tls://127.0.0.1:{port}", "--cert", "cert.pem", "--key", "key.pem"],
               [args.sockit, "-q", "send", f"tls://localhost:{port}", "--cacert", "ca.pem"])
        if there("ncat"):
            yield ("ncat --ssl", ["ncat", "--ssl", "--ssl-cert", "cert.pem", "--ssl-key", "key.pem", "-l", "127.0.0.1", str(port), "--recv-only"],
                   ["ncat", "--ssl-verify", "--ssl-trustfile", "ca.pem", "localhost", str(port), "--send-only"])
        if there("socat"):
            yield ("socat OPENSSL", ["socat", "-u", f"OPENSSL-LISTEN:{port},bind=127.0.0.1,cert=cert.pem,key=key.pem,verify=0,reuseaddr", "STDOUT"],
                   ["socat", "-u", "STDIN", f"OPENSSL:localhost:{port},cafile=ca.pem"])
    figures = {}
    for _ in range(args.rounds):
        port = free_port()
        for name, receive, send in pairs(port):
            with open("received", "wb") as received, open("data", "rb") as data:
                begin = resources()
                receiver = subprocess.Popen(["taskset", "-c", "0", *receive], stdin=subprocess.DEVNULL, stdout=received,
                                            stderr=subprocess.DEVNULL)
                time.sleep(0.5)
                started = time.monotonic()
                subprocess.run(["taskset", "-c", "1", *send], stdin=data, stderr=subprocess.DEVNULL, timeout=600)
                receiver.wait(60)
                seconds = time.monotonic() - started
            if not filecmp.cmp("data", "received", shallow=False):
                fault(name, "what arrived is not what was sent")
                continue
            row = figures.setdefault(name, [[], []])
            row[0].append(resources() - begin)
            row[1].append(seconds)
    socat = figures.get("socat OPENSSL", [[]])[0]
    for name, row in figures.items():
        ratios = [ours / theirs for ours, theirs in zip(row[0], socat)]
        beside = f"{statistics.median(ratios):.2f}" if ratios else ""
        print(f"| {name} | " + " | ".join(f"{statistics.median(column):.2f}" for column in row) + f" | {beside} |")
    os.remove("data")


def resources():
    """Processor time of all children that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def fanout(args):
    print("| server | receivers × publishers | deliveries/s | CPU µs/delivery |\n|---|---|--:|--:|")
    def servers(port):
        chat = ["chat", "serve", "--no-presence", "--history", "0", "--max-clients", "3000", "--listen"]
        yield "sockit", sockit(args, *chat, f"tls://127.0.0.1:{port}"), "line", True
        yield "sockit, in the clear", sockit(args, *chat, f"127.0.0.1:{port}", tls=False), "line", False
        if there("nats-server"):
            with open("nats.conf", "w") as conf:
                conf.write(f'listen: "127.0.0.1:{port}"\ntls {{ cert_file: "cert.pem", key_file: "key.pem" }}\n')
            yield "nats-server", ["env", "GOMAXPROCS=1", "nats-server", "-c", "nats.conf"], "nats", True
        if there("ngircd"):
            with open("ngircd.conf", "w") as conf:
                conf.write(f"""
[Global]
Name = irc.bench
Info = benchmark
Listen = 127.0.0.1
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
PingTimeout = 3600
PongTimeout = 3600
[Options]
DNS = no
Ident = no
PAM = no
[SSL]
CertFile = {os.getcwd()}/cert.pem
KeyFile = {os.getcwd()}/key.pem
Ports = {port}
""")
            yield "ngircd", ["ngircd", "-n", "-f", "ngircd.conf"], "irc", True
    figures = {}
    for receivers, publishers in ((100, 10), (1000, 1)):
        for _ in range(args.rounds):
            port = free_port()
            for name, command, dialect, tls in servers(port):
                with Server(name, port, command) as server:
                    trust = ["--cacert", "ca.pem"] if tls else []
                    out = subprocess.run(["taskset", "-c", "1", args.generator, f"localhost:{port}", *trust, "--dialect", dialect,
                                          "--receivers", str(receivers), "--publishers", str(publishers), "--seconds", str(args.seconds),
                                          "--pid", str(server.pid)], capture_output=True, text=True, timeout=300)
                    if out.returncode:
                        fault(name, out.stderr.strip())
                        continue
                    result = json.loads(out.stdout)
                    row = figures.setdefault((name, f"{receivers} × {publishers}"), [[], []])
                    row[0].append(result["deliveries_per_second"])
                    row[1].append(result["cpu_us_per_delivery"])
    for (name, shape), row in figures.items():
        print(f"| {name} | {shape} | {statistics.median(row[0]):,.0f} | {statistics.median(row[1]):.3f} |")


def room(args):
    clients, silent, speakers, lines = 2000, 200, 20, 20
    context = ssl.create_default_context(cafile="ca.pem")
    port = free_port()
    command = sockit(args, "chat", "serve", "--no-presence", "--max-clients", str(clients), "--listen", f"tls://127.0.0.1:{port}")
    def join():
        return context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="localhost")
    with Server("sockit", port, command) as server:
        # They take no place of --max-clients.
        stuck = [socket.create_connection(("127.0.0.1", port)) for _ in range(silent)]
        begin = time.monotonic()
        joined = [join() for _ in range(clients)]
        seconds = time.monotonic() - begin
        first = joined[0].getpeercert()["serialNumber"]
        for number in range(lines):
            for speaker in range(speakers):
                joined[speaker].sendall(f"line {number} of {speaker}\n".encode())
            if number == lines // 2:
                certificate(authority=False)
                os.kill(server.pid, signal.SIGHUP)
        texts = set()
        for client in joined:
            client.settimeout(30)
            reader = client.makefile("rb")
            texts.add(b"".join(reader.readline() for _ in range(lines * speakers)))
        [text] = texts
        said = [line.split(b": ", 1)[1] for line in text.splitlines()]
        assert sorted(said) == sorted(f"line {n} of {s}".encode() for n in range(lines) for s in range(speakers))
        joined.pop().close()
        for _ in range(100):
            time.sleep(0.1)
            renewed = join()
            if renewed.getpeercert()["serialNumber"] != first:
                break
            renewed.close()
        else:
            raise SystemExit("the renewed certificate was not loaded")
        print(f"{clients} clients joined in {seconds:.1f} s beside {len(stuck)} open handshakes; each got {len(said)} lines, once and in "
              f"one order; a new client saw the renewed certificate")


def idle(args):
    print("| server | bytes a connection |\n|---|--:|")
    context = ssl.create_default_context(cafile="ca.pem")
    for name, scheme in (("sockit chat, TLS", "tls"), ("sockit chat, in the clear", "tcp")):
        port = free_port()
        command = sockit(args, "chat", "serve", "--no-presence", "--max-clients", "20000", "--listen", f"{scheme}://127.0.0.1:{port}",
                         tls=scheme == "tls")
        with Server(name, port, command) as server:
            before, connections = 0, []
            for number in range(args.clients + 500):
                if number == 500:
                    # The first ones grow the tables and the buffers of the threads.
                    time.sleep(1)
                    before = resident(server.pid)
                connection = socket.create_connection(("127.0.0.1", port))
                if scheme == "tls":
                    connection = context.wrap_socket(connection, server_hostname="localhost")
                connections.append(connection)
            time.sleep(2)
            print(f"| {name} | {(resident(server.pid) - before) / args.clients:,.0f} |")


SCENES = {"handshakes": handshakes, "transfer": transfer, "fanout": fanout, "room": room, "idle": idle}

if __name__ == "__main__":
    main()
