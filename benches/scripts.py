"""The benchmarks that are scripts of their own, below crates. Each prints Markdown tables, which are read here."""

import glob
import os
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


def run(command):
    """Runs a script, shows its output, and returns it."""
    command = [str(word) for word in command]
    print(f"\n$ {' '.join(command)}", file=sys.stderr)
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if out.returncode:
        print(f"run: {os.path.basename(command[0])} ended with {out.returncode}", file=sys.stderr)
    return out.stdout


def script(name, *options, quick=(), merge=False):
    """A subject that runs a script of crates/cli/benches on the program. merge: one table of all, with a column for the title."""
    def subject(args):
        text = run([SCRIPTS_OF_CLI / f"{name}.py", args.sockit, *(quick if args.quick else options)])
        found = list(tables(text))
        if merge and found:
            rows = [[title if n == 0 else "", *row] for title, _, several in found for n, row in enumerate(several)]
            yield None, name, ["what", *found[0][1]], rows
        elif found:
            for title, columns, rows in found:
                yield None, f"{name}: {title}", columns, rows
        else:
            print(text)
    return subject


def crowd(args):
    few = ["--clients", 500, "--rounds", 5] if args.quick else []
    for options in [], ["--stopped", 100], ["--stopped", 100, "--size", 4000]:
        print(run([SCRIPTS_OF_CLI / "crowd.py", args.sockit, *options, *few]))
    yield from ()


def flood(args):
    for receivers in (10,) if args.quick else (10, 100):
        for rate in [], ["--", "--rate", "100"]:
            seconds = ["--seconds", 1 if args.quick else 5]
            print(run([SCRIPTS_OF_CLI / "flood.py", args.sockit, "--receivers", receivers, *seconds, *rate]))
    yield from ()


def tls(args):
    command = ["cargo", "bench", "-p", "netcore", "--features", "server,tls", "--bench", "tls_fanout", "--no-run"]
    subprocess.run(command, cwd=servers.ROOT, check=True)
    programs = [path for path in glob.glob(str(servers.ROOT / "target/release/deps/tls_fanout-*")) if os.access(path, os.X_OK)]
    generator = max(programs, key=os.path.getmtime)
    quick = ["--rounds", 1, "--seconds", 1, "--size", 1 << 24, "--clients", 200] if args.quick else []
    for title, columns, rows in tables(run([SCRIPTS_OF_CLI / "tls.py", args.sockit, generator, *quick])):
        yield None, f"tls: {title}", columns, rows


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
    "get": script("get", "--rounds", 7, quick=["--rounds", 1, "--gets", 20, "--size", 1 << 24, "--only", "small", "null"], merge=True),
    "tls": tls,
    "split": script("split", quick=["--rounds", 1, "--size", 1 << 22]),
    "clients": script("clients"),
    "happy_eyeballs": happy_eyeballs,
}
