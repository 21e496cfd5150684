"""The servers of the comparison: their commands, the tables in which each stands, starting and stopping them."""

import os
import resource
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = ROOT / "target" / "benches"
LOAD = BUILD / "load"
PYTHON_PEERS = HERE / "peers" / "python.py"
SYSTEM_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin"


def build(tokio=True):
    """Compiles the C programs, and the peers on tokio if cargo is there. What is newer than its source stays."""
    BUILD.mkdir(parents=True, exist_ok=True)
    limits, load = HERE / "limits", HERE / "load"
    programs = {
        BUILD / "echo": [limits / "echo.c"],
        BUILD / "fanout": [limits / "fanout.c"],
        LOAD: sorted(load.glob("*.c")),
    }
    for program, sources in programs.items():
        newest = max(path.stat().st_mtime for path in [*sources, *sources[0].parent.glob("*.h")])
        if not program.exists() or program.stat().st_mtime < newest:
            compiler = os.environ.get("CC", "cc")
            subprocess.run([compiler, "-O2", "-std=gnu11", "-Wall", "-Wextra", "-o", program, *sources], check=True)
    if tokio and shutil.which("cargo"):
        command = ["cargo", "build", "--release", "--quiet", "--locked", "--target-dir", BUILD / "tokio"]
        if subprocess.run(command, cwd=HERE / "peers" / "tokio").returncode:
            print("run: the peers on tokio do not build and are left out", file=sys.stderr)


def which(program):
    return shutil.which(program, path=SYSTEM_PATH)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Server:
    """A command. PORT, DIR and CONF in it stand for a free port, a new folder, and the file with `conf` in it."""

    name: str
    tables: str  # names of the tables that it stands in
    command: list
    conf: str = None
    announces: bool = True  # prints `listening on ENDPOINT`; otherwise PORT is tried until it answers
    dialect: str = "line"
    options: list = field(default_factory=list)  # of the load generator
    most: int = 19000  # connections

    def is_there(self):
        script = self.command[1] if self.command[0] == sys.executable and len(self.command) > 1 else self.command[0]
        return which(script) is not None or os.path.exists(script)

    def start(self, core=None, wrapper=()):
        return Running(self, core, wrapper)


class Running:
    """A started server. Use it with `with`: at the end it is stopped, and its folder removed."""

    def __init__(self, server, core, wrapper):
        self.server = server
        self.folder = tempfile.mkdtemp(prefix="sockit-benches-")
        os.chmod(self.folder, 0o755)
        port = free_port()
        places = {"PORT": str(port), "DIR": self.folder, "CONF": f"{self.folder}/conf"}

        def fill(text):
            for name, value in places.items():
                text = text.replace(name, value)
            return text

        if server.conf is not None:
            Path(places["CONF"]).write_text(fill(server.conf))
        program, *words = server.command
        command = [*wrapper, which(program) or program, *map(fill, words)]

        def prepare():
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            if core is not None:
                os.sched_setaffinity(0, {core})

        self.errors = open(f"{self.folder}/errors", "w+")
        environment = dict(os.environ, RUST_LOG="error")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=self.errors, preexec_fn=prepare, env=environment,
                                        stdout=subprocess.PIPE if server.announces else self.errors)
        self.pid = self.process.pid
        self.endpoint = self.announced() if server.announces else self.answering(port)
        if not self.endpoint:
            self.errors.seek(0)
            said = self.errors.read().strip().splitlines()
            self.stop()
            raise RuntimeError(f"{server.name} does not start: {said[-1] if said else 'no reason given'}")

    def announced(self, seconds=60):
        text, end = b"", time.monotonic() + seconds
        while b"\n" not in text:
            if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                return None
            piece = os.read(self.process.stdout.fileno(), 4096)
            if not piece:
                return None
            text += piece
        return text.decode().split("listening on ")[-1].splitlines()[0]

    def answering(self, port, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return f"tcp://127.0.0.1:{port}"
            except OSError:
                time.sleep(0.05)
        return None

    def cpu(self):
        """Seconds of processor time, user and system."""
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        self.errors.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


REDIS = """bind 127.0.0.1
port PORT
dir DIR
logfile DIR/log
save ""
appendonly no
protected-mode no
maxclients 19000
"""
MOSQUITTO = """listener PORT 127.0.0.1
allow_anonymous true
persistence false
set_tcp_nodelay true
log_dest none
user root
"""
NGIRCD = """[Global]
Name = bench.example
Info = benchmark
Listen = 127.0.0.1
Ports = PORT
PidFile = DIR/pid
MotdPhrase = none
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxPenaltyTime = 0
MaxJoins = 10
PingTimeout = 600
PongTimeout = 600
[Options]
DNS = no
Ident = no
PAM = no
[Channel]
Name = #bench
"""
INSPIRCD = """<server name="bench.example" description="benchmark" network="bench" id="1BE">
<admin name="a" nick="a" email="a@bench.example">
<bind address="127.0.0.1" port="PORT" type="clients">
<connect name="all" allow="*" timeout="60" pingfreq="600" limit="20000" localmax="20000" globalmax="20000" hardsendq="67108864"
 softsendq="67108864" recvq="1048576" threshold="1000000" commandrate="1000000000" fakelag="no" resolvehostnames="no" useident="no">
<performance softlimit="20000" somaxconn="4096" netbuffersize="65536" quietbursts="yes">
<limits maxnick="31" maxchan="64" maxuser="11">
<pid file="DIR/pid">
<log method="file" target="DIR/log" type="* -USERINPUT -USEROUTPUT" level="default">
"""


def all_servers(sockit, workers=1):
    """All servers, in the order of the tables. The first one of each table is the C limit."""
    tcp, udp = ["--listen", "tcp://127.0.0.1:0"], ["--listen", "udp://127.0.0.1:0"]
    own = ["--workers", str(workers)]
    serve, chat = [sockit, "time", "serve", *own], [sockit, "chat", "serve", *own, *tcp, "--max-clients", "19000"]
    tokio = BUILD / "tokio" / "release"
    servers = [
        Server("C limit", "echo churn idle-echo", [f"{BUILD}/echo", *tcp]),
        Server("C limit", "lines", [f"{BUILD}/echo", "--line", *tcp]),
        Server("C limit", "udp", [f"{BUILD}/echo", *udp]),
        Server("C limit", "fanout slow idle-chat", [f"{BUILD}/fanout", *tcp]),
        Server("C limit, raw text", "fanout", [f"{BUILD}/fanout", "--raw", *tcp]),
        Server("sockit", "echo churn idle-echo", [*serve, *tcp, "--max-connections", "19000"]),
        Server("sockit line", "echo lines", [*serve, *tcp, "--framing", "line"]),
        Server("sockit", "udp", [*serve, *udp]),
        Server("sockit", "fanout idle-chat", chat),
        Server("sockit disconnect", "slow", [*chat, "--slow", "disconnect"]),
        Server("sockit skip", "slow", [*chat, "--slow", "skip"]),
        Server("tokio", "echo churn idle-echo", [f"{tokio}/tokio_echo"]),
        Server("tokio", "udp", [f"{tokio}/tokio_echo", "--udp"]),
        Server("tokio flush each", "fanout slow idle-chat", [f"{tokio}/tokio_chat"]),
        Server("tokio coalescing", "fanout slow", [f"{tokio}/tokio_chat", "--coalesce"]),
    ]
    # Debian's interpreter has Debian's Twisted, another one may have its own.
    with_twisted = [python for python in (sys.executable, "/usr/bin/python3")
                    if which(python) and not subprocess.run([python, "-c", "import twisted"], capture_output=True).returncode]
    for kind in "threads", "asyncio", "twisted":
        python = sys.executable if kind != "twisted" else with_twisted[0] if with_twisted else None
        if not python:
            continue
        for tables, service in ("echo churn idle-echo", "echo"), ("udp", "udp"), ("fanout slow idle-chat", "chat"):
            servers.append(Server(f"Python {kind}", tables, [python, str(PYTHON_PEERS), kind, service], most=8000 if kind == "threads" else 19000))
    ncat = ["ncat", "-l", "127.0.0.1", "PORT", "-m", "5000"]
    servers += [
        Server("redis PING", "echo lines churn", ["redis-server", "CONF"], REDIS, False,
               options=["--prefix", "PING ", "--crlf", 1, "--newlines", 2]),
        Server("redis pub/sub", "fanout slow idle-chat", ["redis-server", "CONF"], REDIS, False, "redis"),
        Server("nats-server", "fanout slow idle-chat", ["nats-server", "-a", "127.0.0.1", "-p", "PORT"], None, False, "nats"),
        Server("mosquitto QoS 0", "fanout slow idle-chat", ["mosquitto", "-c", "CONF"], MOSQUITTO, False, "mqtt"),
        Server("ngircd", "fanout slow", ["ngircd", "-n", "-f", "CONF"], NGIRCD, False, "irc"),
        Server("inspircd", "fanout slow", ["inspircd", "--nofork", "--runasroot", "--config", "CONF"], INSPIRCD, False, "irc"),
        Server("ncat --broker", "fanout slow", [*ncat, "--broker"], None, False, options=["--sender", "others"], most=990),
        Server("ncat --chat", "fanout", [*ncat, "--chat"], None, False, options=["--sender", "others"], most=990),
    ]
    return [server for server in servers if server.is_there()]
