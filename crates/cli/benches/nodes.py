#!/usr/bin/env python3
"""One room over several servers: deliveries per second and the time to the last receiver, of sockit with a Redis and of a NATS cluster.

  nodes.py SOCKIT [--receivers N] [--publishers N] [--seconds S] [--rounds N] [--systems a,b,…]

Systems: alone (one server without a backplane), 1, 2 and 3 (servers with a Redis), 3aof (its append-only file synced always), nats (a
cluster of three), jetstream (the same, with a stream of three replicas: publishers wait for its acknowledgement, receivers have
consumers). Receivers and publishers are spread over the servers. Each publisher has 32 lines of 64 bytes in flight: a line of sockit is
done when it comes back to its sender, one of NATS when it does so, or is acknowledged by the stream. Then one publisher sends 200 lines,
each after the last receiver has the one before, and the median time to the last receiver is printed. Every receiver is read by this one process,
so the rate is a lower bound. Processor time is that of all servers, Redis included.
"""
import argparse
import json
import os
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

PATIENCE = 60
SYSTEMS = {
    "alone": "sockit alone",
    "1": "sockit, one with Redis",
    "2": "sockit, two with Redis",
    "3": "sockit, three with Redis",
    "3aof": "sockit, three with Redis, synced always",
    "nats": "NATS, a cluster of three",
    "jetstream": "NATS, JetStream with three replicas",
}


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def wait_port(port):
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def cpu(processes):
    ticks = 0
    for process in processes:
        with open(f"/proc/{process.pid}/stat") as f:
            fields = f.read().rsplit(") ", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Peer:
    """A connection. Lines of the room are counted by the text that each of them has."""

    def __init__(self, port, mark=b"<line "):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.mark, self.count, self.tail, self.own, self.own_mark = mark, 0, b"", 0, None

    def read(self):
        data = self.socket.recv(1 << 18)
        if not data:
            raise SystemExit("a server has closed a connection")
        # A mark may come in two parts.
        text = self.tail + data
        self.count += text.count(self.mark)
        if self.own_mark:
            self.own += text.count(self.own_mark)
        if b"PING\r\n" in data and self.mark == b"<line ":
            self.answer_ping()
        cut = max(len(self.mark), len(self.own_mark or b"")) - 1
        keep = text[-cut:]
        self.count -= keep.count(self.mark)
        self.tail = keep

    def answer_ping(self):
        pass


class Chat(Peer):
    def publish(self, number, lines):
        self.socket.sendall(b"".join(self.line(number) for _ in range(lines)))

    @staticmethod
    def line(number):
        return (b"<line %d>" % number).ljust(63, b"x") + b"\n"

    def subscribe(self):
        pass


class Nats(Peer):
    stream = None

    def __init__(self, port):
        super().__init__(port)
        self.socket.sendall(b'CONNECT {"verbose":false,"pedantic":false}\r\n')

    def answer_ping(self):
        self.socket.sendall(b"PONG\r\n")

    def publish(self, number, lines):
        payload = (b"<line %d>" % number).ljust(63, b"x")
        one = b"PUB room %d\r\n%s\r\n" % (len(payload), payload)
        self.socket.sendall(one * lines)

    def subscribe(self):
        self.socket.sendall(b"SUB room 1\r\n")


class JetStream(Nats):
    number = 0

    def subscribe(self):
        JetStream.number += 1
        name = f"c{JetStream.number}"
        self.socket.sendall(f"SUB deliver.{name} 1\r\nSUB ack.{name} 2\r\nSUB made.{name} 3\r\n".encode())
        self.ack = f"ack.{name}"
        request = json.dumps({"stream_name": "ROOM", "config": {"deliver_subject": f"deliver.{name}", "deliver_policy": "new",
                                                                "ack_policy": "none", "mem_storage": True, "num_replicas": 1}}).encode()
        self.socket.sendall(b"PUB $JS.API.CONSUMER.CREATE.ROOM made.%s %d\r\n%s\r\n" % (name.encode(), len(request), request))
        text = b""
        while b"\"stream_name\"" not in text and b"error" not in text:
            text += self.socket.recv(65536)
        if b"error" in text:
            raise SystemExit(f"no consumer: {text}")
        # An acknowledgement names the stream and the number.
        self.own_mark = b'"seq":'

    def publish(self, number, lines):
        payload = (b"<line %d>" % number).ljust(63, b"x")
        one = b"PUB room %s %d\r\n%s\r\n" % (self.ack.encode(), len(payload), payload)
        self.socket.sendall(one * lines)


def start(argv, processes, **more):
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **more)
    processes.append(process)
    return process


def start_chat(sockit, system, processes, folder):
    backplane = []
    if system != "alone":
        [port] = free_ports(1)
        aof = ["--appendonly", "yes", "--appendfsync", "always"] if "aof" in system else []
        start(["redis-server", "--port", str(port), "--save", "", "--dir", folder, *aof], processes)
        wait_port(port)
        backplane = ["--backplane", f"redis://127.0.0.1:{port}"]
    ports = []
    for number in range(1 if system == "alone" else int(system[0])):
        node = [*backplane, "--node", f"n{number}"] if backplane else []
        process = start([sockit, "chat", "serve", "--listen", "127.0.0.1:0", "--workers", "1", "--no-presence", "--slow", "disconnect",
                         "--console", *node], processes)
        ports.append(int(process.stdout.readline().rsplit(b":", 1)[1]))
    return ports, Chat


def start_nats(system, processes, folder):
    clients, routes = free_ports(3), free_ports(3)
    urls = ",".join(f"nats://127.0.0.1:{port}" for port in routes)
    for number in range(3):
        stream = ["-js", "-sd", f"{folder}/{number}"] if system == "jetstream" else []
        start(["nats-server", "-a", "127.0.0.1", "-p", str(clients[number]), "-n", f"n{number}", "-cluster_name", "c", "-cluster",
               f"nats://127.0.0.1:{routes[number]}", "-routes", urls, *stream], processes)
    for port in clients:
        wait_port(port)
    if system == "nats":
        time.sleep(2)
        return clients, Nats
    request = json.dumps({"name": "ROOM", "subjects": ["room"], "num_replicas": 3, "storage": "file"}).encode()
    end = time.monotonic() + PATIENCE
    while True:
        peer = Nats(clients[0])
        peer.socket.sendall(b"SUB made 1\r\nPUB $JS.API.STREAM.CREATE.ROOM made %d\r\n%s\r\n" % (len(request), request))
        peer.socket.settimeout(3)
        text = b""
        try:
            while b"MSG made" not in text or b"}" not in text.split(b"MSG made", 1)[1]:
                text += peer.socket.recv(65536)
        except TimeoutError:
            text = b"error"
        peer.socket.close()
        if b'"error"' not in text and text != b"error":
            return clients, JetStream
        if time.monotonic() > end:
            raise SystemExit(f"no stream: {text}")
        time.sleep(1)


def run(system, o):
    processes = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            is_nats = system in ("nats", "jetstream")
            ports, kind = start_nats(system, processes, folder) if is_nats else start_chat(o.sockit, system, processes, folder)
            peers = [kind(ports[n % len(ports)]) for n in range(o.receivers)]
            for peer in peers:
                peer.subscribe()
            selector = selectors.DefaultSelector()
            for peer in peers:
                selector.register(peer.socket, selectors.EVENT_READ, peer)
            publishers = peers[:o.publishers]
            if system != "jetstream":
                for number, peer in enumerate(publishers):
                    peer.own_mark = b"<line %d>" % number

            def pump():
                for key, _ in selector.select(1):
                    key.data.read()

            def settle(count):
                end = time.monotonic() + PATIENCE
                while any(peer.count < count for peer in peers):
                    pump()
                    if time.monotonic() > end:
                        raise SystemExit(f"{system}: only {min(peer.count for peer in peers)} of {count} lines everywhere")
            # Everybody is in the room once lines come from each server.
            sent = 0
            time.sleep(1)
            for peer in peers if not is_nats else publishers:
                peer.publish(99999, 1)
                sent += 1
            settle(sent)
            done = [peer.own for peer in publishers]
            out = [0] * len(publishers)
            began, before, total = time.monotonic(), cpu(processes), sum(peer.count for peer in peers)
            while time.monotonic() - began < o.seconds:
                for number, peer in enumerate(publishers):
                    room = 32 - (out[number] - (peer.own - done[number]))
                    if room >= 8 or out[number] == 0:
                        peer.publish(number, room)
                        out[number] += room
                pump()
            took, used = time.monotonic() - began, cpu(processes) - before
            deliveries = sum(peer.count for peer in peers) - total
            settle(sent + sum(out))
            sent += sum(out)
            times = []
            for _ in range(200):
                at = time.monotonic()
                publishers[0].publish(0, 1)
                sent += 1
                settle(sent)
                times.append(time.monotonic() - at)
            times.sort()
            return deliveries / took, used / deliveries * 1e6, statistics.median(times) * 1e3, times[197] * 1e3
        finally:
            for process in processes:
                process.kill()
                process.wait()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("sockit")
    p.add_argument("--receivers", type=int, default=99)
    p.add_argument("--publishers", type=int, default=3)
    p.add_argument("--seconds", type=float, default=5)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--systems", default=",".join(SYSTEMS))
    o = p.parse_args()
    results = {system: [] for system in o.systems.split(",")}
    for _ in range(o.rounds):
        for system, all_rounds in results.items():
            all_rounds.append(run(system, o))
    print(f"{o.receivers} receivers, {o.publishers} publishers, {o.rounds} rounds\n")
    print("| servers | deliveries/s | lines/s | CPU µs/delivery | to all p50 | p99 |\n|---|--:|--:|--:|--:|--:|")
    for system, all_rounds in results.items():
        rate, used, middle, slow = (statistics.median(column) for column in zip(*all_rounds))
        print(f"| {SYSTEMS[system]} | {rate / 1000:,.0f} k | {rate / o.receivers:,.0f} | {used:.2f} | {middle:.1f} ms | {slow:.1f} ms |")


main()
