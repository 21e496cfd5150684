#!/usr/bin/env python3
"""What a second worker brings, on a machine that has no core to spare for it.

    cargo build --release
    benches/run build
    sudo crates/cli/benches/workers.py target/release/sockit [--rounds 7] [--share 25]

On two cores, of which the load generator needs one, two workers and one have
the same processor time. So each thread of the server gets a cgroup of its own with a share of a core (--share, in percent, by CFS
quota over 5 ms), which is then what a core is elsewhere, and the generator has the rest. The servers take turns; figures are medians of
the rounds, ratios medians of the ratios within a round. Needs root and the cpu controller of cgroup v1.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import time

CPU = pathlib.Path("/sys/fs/cgroup/cpu")
PERIOD = 5000
BUILD = pathlib.Path(__file__).resolve().parents[3] / "target/benches"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sockit")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--share", type=int, default=25)
    args = parser.parse_args()
    tokio = f"{BUILD}/tokio/release/tokio_echo"
    sockit = [args.sockit, "time", "serve", "--listen", "tcp://127.0.0.1:0", "--workers"]
    servers = {
        "C limit": [f"{BUILD}/echo", "--listen", "tcp://127.0.0.1:0"],
        "sockit, 1 worker": [*sockit, "1"],
        "sockit, 2 workers": [*sockit, "2"],
        "tokio": [tokio],
        "tokio, 2 workers": [tokio, "--workers", "2"],
    }
    rounds = [{name: measure(args, argv) for name, argv in servers.items()} for _ in range(args.rounds)]
    print("| server | requests/s | ÷ C limit | least and most |")
    print("|---|--:|--:|--:|")
    for name in servers:
        ratios = sorted(r[name] / r["C limit"] for r in rounds)
        rate = statistics.median(r[name] for r in rounds)
        print(f"| {name} | {rate / 1e3:.0f} k | {statistics.median(ratios):.2f} | {ratios[0]:.2f}–{ratios[-1]:.2f} |")
    print(f"\nload average {', '.join(f'{x:.2f}' for x in os.getloadavg())}")


def measure(args, argv):
    """Requests a second."""
    server = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    groups = []
    try:
        endpoint = server.stdout.readline().removeprefix("listening on ").strip()
        for task in os.listdir(f"/proc/{server.pid}/task"):
            group = CPU / f"sockit-bench-{task}"
            group.mkdir()
            groups.append(group)
            (group / "cpu.cfs_period_us").write_text(str(PERIOD))
            (group / "cpu.cfs_quota_us").write_text(str(PERIOD * args.share // 100))
            (group / "tasks").write_text(task)
        load = [f"{BUILD}/load", "echo", endpoint, "--connections", "64", "--seconds", "1.5"]
        return json.loads(subprocess.run(load, stdout=subprocess.PIPE, check=True).stdout)["rate"]
    finally:
        server.terminate()
        server.wait()
        for group in groups:
            remove(group)


def remove(group):
    """A group is busy for a moment after its last task has ended."""
    for _ in range(100):
        try:
            return group.rmdir()
        except OSError:
            time.sleep(0.01)
    group.rmdir()


if __name__ == "__main__":
    main()
