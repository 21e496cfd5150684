#!/usr/bin/env python3
"""`sockit time bench` beside the load generator of `benches/load`, against the same servers.

    cargo build --release
    benches/run build
    crates/cli/benches/time_bench.py target/release/sockit [--rounds 9] [--seconds 1.5] [--only SCENE...] [--wait-quiet SEC]

A server runs on core 0, the generators take turns on core 1, each round in the
other order. Figures are medians of the rounds; a ratio is the median of the ratios within a round, with the least and the most. CPU is
that of the generator, user and system, as wait4(2) tells it, warm-up and connecting included, for each answer that it counted.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

BUILD = pathlib.Path(__file__).resolve().parents[3] / "target/benches"

# name: transport, connections, requests under way on each
SCENES = {
    "1": ("tcp", 1, 1),
    "64": ("tcp", 64, 1),
    "1000": ("tcp", 1000, 1),
    "unix": ("unix", 64, 1),
    "udp": ("udp", 64, 1),
    "udp16": ("udp", 64, 16),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sockit")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--only", nargs="*", choices=SCENES, default=list(SCENES))
    parser.add_argument("--wait-quiet", type=float, default=0, metavar="SEC", help="wait for others to be quiet, this long in all")
    args = parser.parse_args()
    print("| against | generator | answers/s | CPU µs/answer | p50 µs | p99 µs |")
    print("|---|---|--:|--:|--:|--:|")
    notes = []
    for scene in args.only:
        for server in ("c_echo", "sockit"):
            notes += compare(args, scene, server)
    print()
    print("| against | rate ÷ | CPU ÷ | p50 ÷ | p99 ÷ |")
    print("|---|--:|--:|--:|--:|")
    for note in notes:
        print(note)
    print(f"\nload average {', '.join(f'{x:.2f}' for x in os.getloadavg())}")


def compare(args, scene, server):
    transport, connections, pipeline = SCENES[scene]
    with tempfile.TemporaryDirectory() as folder:
        listen = {"tcp": "tcp://127.0.0.1:0", "udp": "udp://127.0.0.1:0", "unix": f"unix:{folder}/s"}[transport]
        command = {
            "c_echo": [BUILD / "echo", "--listen", listen],
            "sockit": [args.sockit, "time", "serve", "--workers", "1", "--listen", listen],
        }[server]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=pin(0))
        try:
            endpoint = process.stdout.readline().removeprefix("listening on ").strip()
            mode = "udp" if transport == "udp" else "echo"
            window = ["--window" if mode == "udp" else "--pipeline", pipeline]
            theirs = [BUILD / "load", mode, endpoint, "--connections", connections, *window,
                      "--seconds", args.seconds, "--warmup", 0.3]
            ours = [args.sockit, "time", "bench", endpoint, "--connections", connections, "--pipeline", pipeline,
                    "--duration", f"{args.seconds}s", "--warmup", "300ms", "--json"]
            if mode == "udp":
                # As long as the other one takes a datagram to be under way.
                ours += ["--timeout", "250ms"]
            rounds = []
            for number in range(args.rounds):
                wait_quiet(args)
                pair = [("sockit", ours), ("load", theirs)]
                found = dict((name, measure(argv)) for name, argv in (pair if number % 2 else reversed(pair)))
                rounds.append((found["sockit"], found["load"]))
        finally:
            process.terminate()
            process.wait()
    name = f"{server}, {transport}, {connections} × {pipeline}"
    for which, generator in enumerate(("time bench", "load")):
        rate, cpu, p50, p99 = (statistics.median(r[which][at] for r in rounds) for at in range(4))
        print(f"| {name} | {generator} | {rate / 1e3:.1f} k | {cpu:.2f} | {p50:.1f} | {p99:.1f} |", flush=True)
    ratios = []
    for at in range(4):
        each = sorted(ours[at] / theirs[at] for ours, theirs in rounds)
        ratios.append(f"{statistics.median(each):.2f} ({each[0]:.2f}–{each[-1]:.2f})")
    return [f"| {name} | {' | '.join(ratios)} |"]


def measure(argv):
    """Answers a second, CPU µs for each, p50 and p99 in µs."""
    process = subprocess.Popen([str(a) for a in argv], stdout=subprocess.PIPE, preexec_fn=pin(1))
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(map(str, argv))}: exit code {process.returncode}")
    result = json.loads(text)
    cpu = (usage.ru_utime + usage.ru_stime) * 1e6
    latency = result["latency_us"]
    if "answers" in result:
        # Of all that it was at work for, warm-up included.
        whole = result["answers_per_second"] * (result["seconds"] + 0.3)
        return result["answers_per_second"], cpu / whole, latency["p50"], latency["p99"]
    return result["rate"], cpu / (result["rate"] * (result["seconds"] + 0.3)), latency["p50"], latency["p99"]


def wait_quiet(args):
    """Until others use less than a sixth of the machine, as long as the budget lasts."""
    while args.wait_quiet > 0:
        idle = os.times().elapsed, idle_seconds()
        time.sleep(0.2)
        elapsed = os.times().elapsed - idle[0]
        args.wait_quiet -= elapsed
        if (idle_seconds() - idle[1]) / elapsed / os.cpu_count() > 5 / 6:
            return


def idle_seconds():
    with open("/proc/stat") as file:
        return int(file.readline().split()[4]) / os.sysconf("SC_CLK_TCK")


def pin(core):
    return lambda: os.sched_setaffinity(0, {core})


if __name__ == "__main__":
    main()
