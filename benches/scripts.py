"""The benchmarks that are scripts of their own, below crates. Each prints Markdown tables, which are read here."""

import glob
import os
import re
import subprocess
import sys

import servers

CRATES = servers.ROOT / "crates"
SCRIPTS_OF_CLI = CRATES / "cli" / "benches"


def tables(text):
    """The Markdown tables of a text: the line before each one, its columns, its rows."""
    before, lines = "", iter(text.splitlines())
    for line in lines:
        if not line.startswith("|"):
            before = line.strip("# ") or before
            continue
        columns, rows = cells(line), []
        next(lines, "")
        for line in lines:
            if not line.startswith("|"):
                break
            rows.append(cells(line))
        yield before, columns, rows


def cells(line):
    return [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]


failures = []


def run(command):
    """Runs a script, and returns its output; nothing if it failed, so that no half of a table is written."""
    command = [str(word) for word in command]
    print(f"\n$ {' '.join(command)}", file=sys.stderr)
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if out.returncode:
        failures.append(f"{os.path.basename(command[0])} ended with {out.returncode}")
        print(out.stdout, file=sys.stderr)
        return ""
    return out.stdout


def script(name, *options, quick=(), program=True):
    """A subject that runs a script of crates/cli/benches on the program, or by itself."""
    def subject(args):
        text = run([SCRIPTS_OF_CLI / f"{name}.py", *([args.sockit] if program else []), *(quick if args.quick else options)])
        found = list(tables(text))
        for title, columns, rows in found:
            yield None, title or name, columns, rows
        if not found:
            print(text)
    return subject


def get(args):
    """Two tables of several scenes, one for http and one for https, and a table each of scenes with programs of their own."""
    quick = ["--gets", 20, "--size", 1 << 24] if args.quick else []

    def measure(rounds, *options):
        command = [SCRIPTS_OF_CLI / "get.py", args.sockit, "--rounds", 1 if args.quick else rounds, *quick, *options]
        return [(title.split("; ")[0], columns, rows) for title, columns, rows in tables(run(command))]

    one_core = measure(9, "--only", "small", "--one-core")
    for name, found in (
        ("1", measure(7, "--only", "disk", "null", "single", "small")
         + [("the same, nginx and client on one core", columns, rows) for _, columns, rows in one_core]),
        ("https", measure(3, "--only", "tls_null", "tls_disk", "tls_single", "tls_small", "tls_refused")),
    ):
        if found:
            rows = [[title if n == 0 else "", *row] for title, _, several in found for n, row in enumerate(several)]
            yield name, f"get, {name}", ["what", *found[0][1]], rows
    for name, size in ("checksum", 1 << 29), ("gzip", 1 << 30):
        for title, columns, rows in measure(5, "--only", name, *([] if quick else ["--size", size])):
            yield name, title, columns, rows


def split(args):
    """The table with loss, and a column with the rates without."""
    found = list(tables(run([SCRIPTS_OF_CLI / "split.py", args.sockit, *(["--rounds", 1, "--size", 1 << 22] if args.quick else ["--seed", 15])])))
    if found:
        (_, columns, without), (title, _, rows) = found
        rate = {row[0]: row[columns.index("KB/s")] for row in without}
        yield "1", title, [*columns, "KB/s without loss"], [[*row, rate[row[0]]] for row in rows]


def crowd(args):
    few = ["--clients", 500, "--rounds", 5] if args.quick else []
    rows = []
    for stopped, size in (0, 64), (100, 64), (100, 4000):
        text = run([SCRIPTS_OF_CLI / "crowd.py", args.sockit, "--stopped", stopped, "--size", size, *few])
        message = re.search(r"median ([\d.]+) ms, least ([\d.]+), most ([\d.]+)", text)
        clients, memory = re.search(r"(\d+) clients came .* (\d+) read, ", text), re.search(r"([\d.]+) behind it", text)
        if message and clients and memory:
            who = f"{int(clients[1]):,} that read" if not stopped else f"{int(clients[2]):,}, and {stopped} that read nothing"
            rows.append([who, f"{size:,} bytes", f"{message[1]} ms", f"{message[2]}–{message[3]} ms", memory[1]])
    yield "1", "A crowd in one room", ["clients", "message", "to the last, median", "least and most", "memory of the server, MiB"], rows


def flood(args):
    rows = []
    for rate in "none", "`100`":
        for receivers in (10,) if args.quick else (10, 100):
            command = [SCRIPTS_OF_CLI / "flood.py", args.sockit, "--receivers", receivers, "--seconds", 1 if args.quick else 5]
            text = run(command + (["--", "--rate", rate.strip("`")] if rate != "none" else []))
            found = re.search(r"([\d.]+) MB/s to each; .* took ([\d.]+) ms at the median, ([\d.]+) at p99", text)
            if found:
                rows.append([str(receivers), rate, found[1], f"{found[2]} ms", f"{found[3]} ms"])
    yield "1", "The neighbour of a flood", ["receivers", "`--rate`", "MB/s to each", "median", "p99"], rows


def tls(args):
    command = ["cargo", "bench", "-p", "netcore", "--features", "server,tls", "--bench", "tls_fanout", "--no-run"]
    subprocess.run(command, cwd=servers.ROOT, check=True)
    programs = [path for path in glob.glob(str(servers.ROOT / "target/release/deps/tls_fanout-*")) if os.access(path, os.X_OK)]
    generator = max(programs, key=os.path.getmtime)
    quick = ["--rounds", 1, "--seconds", 1, "--size", 1 << 24, "--clients", 200] if args.quick else []
    for title, columns, rows in tables(run([SCRIPTS_OF_CLI / "tls.py", args.sockit, generator, *quick])):
        yield None, f"tls, {title}", columns, rows


def web(args):
    command = [SCRIPTS_OF_CLI / "web.py", args.sockit]
    if args.quick:
        command += ["--rounds", 1, "--seconds", 0.5, "--receivers", 50]
    else:
        build = ["cargo", "build", "--release", "--locked", "--target-dir", servers.BUILD / "web"]
        subprocess.run(build, cwd=SCRIPTS_OF_CLI / "web" / "tokio-tungstenite", check=True)
        command += ["--tokio", servers.BUILD / "web" / "release" / "fan-out"]
    for title, columns, rows in tables(run(command)):
        yield None, title or "WebSockets", columns, rows


def happy_eyeballs(args):
    subprocess.run(["cargo", "build", "--release", "-p", "netcore", "--example", "happy_eyeballs"], cwd=servers.ROOT, check=True)
    program = servers.ROOT / "target/release/examples/happy_eyeballs"
    print(run([CRATES / "netcore" / "tests" / "black_hole.sh", program, 5 if args.quick else 21]))
    yield from ()


SCRIPTS = {
    "crowd": crowd,
    "flood": flood,
    "workers": script("workers", "--rounds", 7, "--share", 20, quick=["--rounds", 1, "--share", 20]),
    "time_bench": script("time_bench", "--rounds", 7, "--seconds", 1, quick=["--rounds", 1, "--seconds", 0.4, "--only", "64"]),
    "files": script("files", "--rounds", 11, quick=["--rounds", 1, "--size", 1 << 26]),
    "get": get,
    "tls": tls,
    "web": web,
    "nodes": script("nodes", quick=["--rounds", 1, "--seconds", 0.5]),
    "engine": script("engine", quick=["--seconds", 0.5], program=False),
    "split": split,
    "clients": script("clients", quick=["--only", "httpget-http"]),
    "happy_eyeballs": happy_eyeballs,
}
