#!/usr/bin/env python3
"""Fan-out to WebSockets: web.py SOCKIT [--tokio FILE] [--node FILE] [--receivers N] [--seconds S] [--rounds N]

One client says lines, and N others receive each of them. The servers take turns: `chat serve` with lines and with WebSockets, and the
servers in web/. The server runs on core 0, this program on core 1. Every byte that arrives is counted, so a lost message is noticed."""

import argparse
import os
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import time

TEXT = "x" * 64
MASK = b"\0\0\0\0"
UPGRADE = ("GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n").encode()


def cpu(process):
    """Returns the seconds of processor that a process has used."""
    with open(f"/proc/{process}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def connect(address, is_web):
    client = socket.create_connection(address)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if is_web:
        client.sendall(UPGRADE)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += some(client.recv(1))
        if not head.startswith(b"HTTP/1.1 101 "):
            sys.exit(f"web: {head.splitlines()[0].decode()}")
    return client


def some(received):
    """Returns what was received, or ends the program where the server has closed the connection."""
    return received or sys.exit("web: the server has closed a connection")


def encode(text, is_web):
    data = text.encode()
    return b"\x81" + bytes([0x80 | len(data)]) + MASK + data if is_web else data + b"\n"


def measure(command, is_web, which, receivers, seconds):
    """Returns deliveries per second, and microseconds of the server's processor for each."""
    server = subprocess.Popen(["taskset", "-c", "0", *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True)
    try:
        for line in server.stdout:
            url = line.split()[-1]
            if which in url:
                break
        host, port = url.split("//")[1].rstrip("/").rsplit(":", 1)
        address = host, int(port)
        clients = [connect(address, is_web) for _ in range(receivers)]
        speaker = connect(address, is_web)
        clients.append(speaker)
        # What comes at the start is dropped: greetings and joins.
        time.sleep(1)
        for client in clients:
            client.setblocking(False)
            while True:
                try:
                    some(client.recv(65536))
                except BlockingIOError:
                    break
            client.setblocking(True)
        # The length of a message as this server writes it.
        speaker.sendall(encode(TEXT, is_web))
        time.sleep(1)
        length = {len(some(client.recv(65536))) for client in clients}
        assert len(length) == 1, length
        length = length.pop()
        selector = selectors.EpollSelector()
        for client in clients:
            client.setblocking(False)
            selector.register(client, selectors.EVENT_READ)
        buffer = bytearray(1 << 20)
        line, said, heard = encode(TEXT, is_web), 0, 0
        begin, used = time.monotonic(), cpu(server.pid)
        end = begin + seconds
        batch = line * 16
        while True:
            # At most 64 lines are under way.
            if heard >= (said - 48) * length * len(clients) and time.monotonic() < end:
                speaker.setblocking(True)
                speaker.sendall(batch)
                speaker.setblocking(False)
                said += 16
            if heard == said * length * len(clients):
                break
            for key, _ in selector.select(5):
                heard += some(key.fileobj.recv_into(buffer))
        took, used = time.monotonic() - begin, cpu(server.pid) - used
        deliveries = said * len(clients)
        return deliveries / took, used / deliveries * 1e6
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sockit")
    parser.add_argument("--tokio")
    parser.add_argument("--node", default=os.path.join(os.path.dirname(__file__), "web", "node-ws.js"))
    parser.add_argument("--before", help="an earlier sockit, for lines")
    parser.add_argument("--receivers", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    os.sched_setaffinity(0, {1})
    # Debian's place for modules, if the node is not Debian's.
    os.environ.setdefault("NODE_PATH", "/usr/share/nodejs")
    serve = ["chat", "serve", "--workers", "1", "--no-presence", "--history", "0", "--listen", "127.0.0.1:0"]
    web = [*serve, "--web", "127.0.0.1:0"]
    servers = {"sockit, WebSockets": ([args.sockit, *web], True, "http"), "sockit, lines": ([args.sockit, *serve], False, "tcp"),
               "sockit, lines, with --web": ([args.sockit, *web], False, "tcp"), "Node ws": (["node", args.node], True, "http")}
    if args.tokio:
        servers["tokio-tungstenite"] = ([args.tokio], True, "http")
    if args.before:
        servers["sockit before, lines"] = ([args.before, *serve], False, "tcp")
    results = {name: [] for name in servers}
    for _ in range(args.rounds):
        for name, server in servers.items():
            results[name].append(measure(*server, args.receivers, args.seconds))
    print("| server | deliveries/s | CPU µs/delivery |\n|---|--:|--:|")
    for name, all_rounds in results.items():
        rate, used = (statistics.median(column) for column in zip(*all_rounds))
        print(f"| {name} | {rate / 1000:,.0f} k | {used:.2f} |")


main()
