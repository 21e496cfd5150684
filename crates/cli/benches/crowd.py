#!/usr/bin/env python3
"""Ten thousand clients in one room: how long one message takes to reach the last of them, and what they cost.

  crowd.py SOCKIT [--clients N] [--stopped N] [--rounds N] [--size BYTES]

One process has all clients, on another core than the server where there are two. In each round the first client says a line, and
every client that reads is read in turn, so the time is an upper bound: it has the reading in it. --stopped N of them, spread over the
room, read nothing from the start and have as small a receive buffer as the system gives. Memory is the server's own (VmRSS).
Exit: 0 if everybody who reads got everything, in order; 1 otherwise.
"""
import argparse
import os
import resource
import socket
import statistics as st
import subprocess
import sys
import time


def rss_kib(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


def pin(core):
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {core})


def connect(address, stopped):
    s = socket.socket()
    if stopped:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.connect(address)
    s.settimeout(30)
    return s


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("sockit")
    p.add_argument("--clients", type=int, default=10_000)
    p.add_argument("--stopped", type=int, default=0)
    p.add_argument("--rounds", type=int, default=100)
    p.add_argument("--size", type=int, default=64)
    p.add_argument("--slow", default="disconnect")
    o = p.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    argv = [o.sockit, "chat", "serve", "--listen", "127.0.0.1:0", "--workers", "1", "--max-clients", str(o.clients + 10),
            "--slow", o.slow, "--console"]
    server = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=lambda: pin(0))
    pin(1)
    port = int(server.stdout.readline().rsplit(":", 1)[1])
    empty = rss_kib(server.pid)
    every = o.clients // o.stopped if o.stopped else 0
    begin = time.perf_counter()
    clients = [connect(("127.0.0.1", port), bool(every) and n % every == every - 1) for n in range(o.clients)]
    # Everybody is there when the last one is answered.
    first, here = clients[0].makefile("rb"), 0
    while here < o.clients:
        clients[0].sendall(b"/rooms\n")
        line = next(line for line in first if line.startswith(b"* 1 room: "))
        here = int(line.split()[-1])
    joined = time.perf_counter() - begin
    readers = [s for n, s in enumerate(clients) if not (every and n % every == every - 1)]
    idle = rss_kib(server.pid)
    took, bad = [], 0
    for n in range(o.rounds + 1):
        mark = f"{n:08}".encode()
        body = mark + b"x" * (o.size - 8) + b"\n"
        begin = time.perf_counter()
        readers[0].sendall(body)
        for s in readers:
            got = b""
            while not got.endswith(body):
                piece = s.recv(1 << 20)
                if not piece:
                    bad += 1
                    break
                got += piece
        # The first one takes the notices of coming with it.
        if n:
            took.append((time.perf_counter() - begin) * 1000)
            bad += got.count(b"\n") != 1
    after = rss_kib(server.pid)
    server.stdin.write("stats\n")
    server.stdin.flush()
    figures = {}
    while "slowed" not in figures:
        name, value = server.stdout.readline().split()
        figures[name] = value
    took.sort()
    print(f"{o.clients} clients came in {joined:.2f} s; {len(readers)} read, {o.stopped} do not")
    print(f"one message of {o.size} bytes to the last of them: median {st.median(took):.1f} ms, "
          f"least {took[0]:.1f}, most {took[-1]:.1f}, of {o.rounds}")
    print(f"memory: {empty / 1024:.1f} MiB empty, {idle / 1024:.1f} with all of them "
          f"({(idle - empty) * 1024 / o.clients:.0f} bytes each), {after / 1024:.1f} behind it")
    print("cut off or skipped:", {k: v for k, v in figures.items() if k in ("cut_slow", "cut_memory", "skipped") and v != "0"} or "nobody")
    server.terminate()
    sys.exit(1 if bad or server.wait() else 0)


if __name__ == "__main__":
    main()
