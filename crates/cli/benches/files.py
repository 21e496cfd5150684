#!/usr/bin/env python3
"""A file from one process to another over loopback: `sockit send` and `sockit listen` beside ncat and socat.

    cargo build --release
    crates/cli/benches/files.py target/release/sockit [--rounds 11] [--size BYTES] [--dir DIR] [--only file tmpfs pipe null]

Needs ncat and socat; a program that is not installed is left out. The programs take turns, each round in another order. The figure is the
processor time of both ends, user and system, as wait4(2) tells it. Each copy in a file is compared with the original. Before each run the
output is removed, sync(2) called, and the input read once. DIR is on a disk, /tmp by default; the input of pipe and null is in /dev/shm.
"""

import argparse
import filecmp
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

SINKS = {"file": "a file on a disk", "tmpfs": "a file on tmpfs", "pipe": "a pipe to `cat`", "null": "`/dev/null`"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sockit")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--size", type=int, default=1 << 30)
    parser.add_argument("--dir")
    parser.add_argument("--only", nargs="*", choices=SINKS, default=list(SINKS))
    args = parser.parse_args()
    sockit = os.path.abspath(args.sockit)
    programs = {
        "sockit": ([sockit, "listen", "127.0.0.1:PORT"], [sockit, "send", "tcp://127.0.0.1:PORT"]),
        "ncat": (["ncat", "-l", "127.0.0.1", "PORT", "--recv-only"], ["ncat", "--send-only", "127.0.0.1", "PORT"]),
        "socat": (["socat", "-u", "TCP-LISTEN:PORT,bind=127.0.0.1", "STDOUT"], ["socat", "-u", "STDIN", "TCP:127.0.0.1:PORT"]),
    }
    programs = {name: ends for name, ends in programs.items() if shutil.which(ends[0][0])}
    print("| `out` is | program | listening | sending | both | least and most | ÷ ncat | ÷ socat |")
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory(prefix="files-bench-", dir=args.dir) as disk, \
            tempfile.TemporaryDirectory(prefix="files-bench-", dir="/dev/shm") as memory:
        for sink in args.only:
            folder = disk if sink == "file" else memory
            original = f"{folder}/in"
            if not os.path.exists(original):
                with open(original, "wb") as file:
                    for begin in range(0, args.size, 1 << 20):
                        file.write(os.urandom(min(1 << 20, args.size - begin)))
            measured = {name: [] for name in programs}
            for number in range(args.rounds):
                names = list(programs)
                for name in names[number % len(names):] + names[:number % len(names)]:
                    measured[name].append(transfer(programs[name], sink, original, f"{folder}/out"))
            show(SINKS[sink], measured)


def show(title, measured):
    for n, (name, rounds) in enumerate(measured.items()):
        both = [sum(pair) for pair in rounds]
        cells = [title if n == 0 else "", name, *(f"{statistics.median(pair[end] for pair in rounds):.2f}" for end in (0, 1)),
                 f"{statistics.median(both):.2f}", f"{min(both):.2f}–{max(both):.2f}"]
        for other in "ncat", "socat":
            ratios = [ours / sum(theirs) for ours, theirs in zip(both, measured.get(other, [])) if sum(theirs)]
            cells.append(f"{statistics.median(ratios):.2f}" if ratios and other != name else "")
        print("| " + " | ".join(cells) + " |", flush=True)


def transfer(ends, sink, original, copy):
    """Seconds of processor time of the listening and of the sending end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    listening, sending = ([word.replace("PORT", str(port)) for word in words] for words in ends)
    if os.path.exists(copy):
        os.remove(copy)
    os.sync()
    with open(original, "rb") as file:
        while file.read(1 << 20):
            pass
    cat = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) if sink == "pipe" else None
    out = cat.stdin if cat else open("/dev/null" if sink == "null" else copy, "wb")
    with open(original, "rb") as file, open(os.devnull, "rb") as nothing:
        receiver = subprocess.Popen(listening, stdin=nothing, stdout=out, stderr=subprocess.DEVNULL)
        out.close()
        wait_for_listener(receiver, port)
        sender = subprocess.Popen(sending, stdin=file, stdout=subprocess.DEVNULL)
        times = [cpu(receiver), cpu(sender)]
    if cat:
        cat.wait()
    if sink in ("file", "tmpfs") and not filecmp.cmp(original, copy, shallow=False):
        sys.exit(f"{listening[0]}: the copy differs from the original")
    return times


def cpu(process):
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{process.args}: exit status {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def wait_for_listener(process, port):
    """Returns when /proc/net/tcp shows a socket in the state LISTEN, 0A, on the port."""
    wanted = f"0100007F:{port:04X} 00000000:0000 0A"
    while process.poll() is None:
        with open("/proc/net/tcp") as file:
            if wanted in file.read():
                return
        time.sleep(0.005)
    sys.exit(f"{process.args}: does not listen")


if __name__ == "__main__":
    main()
