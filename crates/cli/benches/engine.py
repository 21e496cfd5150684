#!/usr/bin/env python3
"""The cost of a Redis as the engine of a chat's backplane: processor time and memory for each line, by lines in one request.

  engine.py [--seconds S] [--size BYTES] [--readers N,…] [--rooms N]

Starts redis-server, loads the script of the crate chat, and submits lines as a node does, with 4 requests in flight. --readers N connections
follow all of the rooms' streams meanwhile, as N nodes do. The time is Redis' own (INFO cpu); the memory is what it says too.
"""
import argparse
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time

SCRIPT = pathlib.Path(__file__).parents[2] / "chat/src/backplane/redis/script/engine.lua"


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = self.socket.makefile("rb", buffering=1 << 18)

    @staticmethod
    def pack(*words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)

    def send(self, *words):
        self.socket.sendall(self.pack(*words))

    def reply(self):
        line = self.input.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind in b"+:":
            return rest
        count = int(rest)
        if kind == b"$":
            return None if count < 0 else self.input.read(count + 2)[:-2]
        return None if count < 0 else [self.reply() for _ in range(count)]

    def call(self, *words):
        self.send(*words)
        return self.reply()


def figures(connection):
    lines = (connection.call("INFO", "cpu") + connection.call("INFO", "memory") + connection.call("INFO", "stats")).decode().split("\r\n")
    return dict(line.split(":", 1) for line in lines if ":" in line)


def follow(port, rooms, stop, counts, number):
    connection = Connection(port)
    positions = {f"sockit:room:{room}": b"$" for room in rooms}
    while not stop.is_set():
        found = connection.call("XREAD", "COUNT", 1000, "BLOCK", 200, "STREAMS", *positions, *positions.values())
        for stream, entries in found or []:
            positions[stream.decode()] = entries[-1][0]
            counts[number] += len(entries)


def run(o, readers):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    folder = tempfile.TemporaryDirectory()
    argv = ["redis-server", "--port", str(port), "--save", "", "--dir", folder.name]
    argv += ["--appendonly", "yes", "--appendfsync", o.aof] if o.aof != "no" else []
    pin = (lambda core: os.sched_setaffinity(0, {core})) if (os.cpu_count() or 1) > 1 else lambda core: None
    redis = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, preexec_fn=lambda: pin(0))
    pin(1)
    try:
        if not any("Ready to accept" in line for line in redis.stdout):
            sys.exit("redis-server does not start")
        main = Connection(port)
        sha = main.call("SCRIPT", "LOAD", SCRIPT.read_bytes())
        rooms = ["lobby"] + [f"room{n}" for n in range(1, o.rooms)]
        for lines in map(int, o.lines.split(",")):
            main.call("FLUSHALL")
            limits = (1000, 1 << 53, 3600000, 65536)
            main.call("EVALSHA", sha, 0, "begin", "a", "epoch", 1, "instance", 1, 0)
            applied, in_flight, done = 0, 0, 0
            stop, counts = threading.Event(), [0] * readers
            threads = [threading.Thread(target=follow, args=(port, rooms, stop, counts, n)) for n in range(readers)]
            for thread in threads:
                thread.start()
            text = "x" * o.size
            before, begin = figures(main), time.perf_counter()
            while time.perf_counter() - begin < o.seconds or in_flight:
                if in_flight < 4 and time.perf_counter() - begin < o.seconds:
                    words = ["EVALSHA", sha, 0, "submit", "a", "epoch", 1, applied, *limits]
                    for _ in range(lines):
                        applied += 1
                        words += [applied, "say", rooms[applied % len(rooms)], 1, "message", "127.0.0.1:50000", text, 1800000000000]
                    main.send(*words)
                    in_flight += 1
                else:
                    assert main.reply()[0] == b"submitted"
                    in_flight -= 1
                    done += lines
            took = time.perf_counter() - begin
            stop.set()
            for thread in threads:
                thread.join()
            after = figures(main)
            cpu = sum(float(after[name]) - float(before[name]) for name in ("used_cpu_sys", "used_cpu_user"))
            memory = int(after["used_memory"]) - int(before["used_memory"])
            kept = sum(int(main.call("XLEN", f"sockit:room:{room}")) for room in rooms)
            sent = (int(after["total_net_output_bytes"]) - int(before["total_net_output_bytes"])) / done
            received = (int(after["total_net_input_bytes"]) - int(before["total_net_input_bytes"])) / done
            print(f"| {readers} | {lines} | {done / took / 1000:.1f} k | {cpu / done * 1e6:.1f} | {memory / max(kept, 1):.0f} | "
                  f"{received:.0f} | {sent:.0f} |", flush=True)
    finally:
        redis.kill()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seconds", type=float, default=5)
    p.add_argument("--size", type=int, default=64)
    p.add_argument("--readers", default="0,1,3", help="their numbers")
    p.add_argument("--rooms", type=int, default=1)
    p.add_argument("--aof", default="no", help="no, everysec or always")
    p.add_argument("--lines", default="1,10,100")
    o = p.parse_args()
    print(f"{o.size} bytes a line, {o.rooms} rooms, append-only file: {o.aof}\n")
    print("| followers | lines in a request | lines/s | CPU µs/line | memory of a line | bytes received | bytes sent |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    for readers in map(int, o.readers.split(",")):
        run(o, readers)


main()
