#!/usr/bin/env python3
"""Several servers of one chat, with a real redis-server between them, while things go wrong.

  backplane.py SOCKIT [SCENARIO…] [--clients N] [--senders N] [--link SECONDS]

Each scenario starts its own servers on free ports and ends them. Exit: 0 if all scenarios passed, 1 otherwise.
"""
import argparse
import json
import os
import re
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

PATIENCE = 60
STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (\S+): (.*)")


class Failed(Exception):
    pass


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Redis:
    """A redis-server in a folder of its own."""

    def __init__(self, folder, *options, host="127.0.0.1", before=()):
        self.folder, self.options, self.host, self.before = folder, options, host, before
        self.port = free_port()
        self.process = None
        self.start()

    def start(self):
        for _ in range(10):
            argv = [*self.before, "redis-server", "--bind", self.host, "--port", str(self.port), "--save", "", "--dir", self.folder,
                    "--protected-mode", "no", *self.options]
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
            for line in self.process.stdout:
                if "Ready to accept connections" in line:
                    threading.Thread(target=self.process.stdout.read, daemon=True).start()
                    return
            self.process.wait()
            self.port = free_port()
        raise Failed("redis-server does not start")

    def url(self, database=0, credentials="", port=None):
        return f"redis://{credentials}{self.host}:{port or self.port}/{database}"

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def call(self, *words, database=0):
        """Returns the text of the reply, or of the error."""
        argv = [*self.before, "redis-cli", "-h", self.host, "-p", str(self.port), "-n", str(database), *words]
        return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=PATIENCE).stdout.strip()


class Node:
    """A server of the chat."""

    def __init__(self, world, url, name, *options, before=(), environment=None):
        argv = [*before, world.sockit, "chat", "serve", "--listen", "127.0.0.1:0", "--console", "--backplane", url, "--node", name,
                *options]
        self.name, self.errors, self.output = name, [], []
        env = dict(os.environ, RUST_LOG="info", **(environment or {}))
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
        world.processes.append(self.process)
        world.nodes.append(self)
        threading.Thread(target=self._collect, args=(self.process.stderr, self.errors), daemon=True).start()
        line = self.process.stdout.readline()
        if "listening on" not in line:
            self.process.wait(PATIENCE)
            raise Failed(f"{name} does not serve, exit code {self.process.returncode}: {line}{''.join(self.errors)}")
        self.port = int(line.rsplit(":", 1)[1])
        threading.Thread(target=self._collect, args=(self.process.stdout, self.output), daemon=True).start()

    @staticmethod
    def _collect(stream, lines):
        for line in stream:
            lines.append(line)

    def order(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def log(self):
        return "".join(self.errors)

    def wait_for(self, text, what="log"):
        end = time.monotonic() + PATIENCE
        while text not in "".join(self.errors if what == "log" else self.output):
            if time.monotonic() > end:
                raise Failed(f"{self.name} does not say {text!r}, but:\n{self.log()}{''.join(self.output)}")
            time.sleep(0.02)


class Client:
    def __init__(self, world, node, host="127.0.0.1"):
        self.world, self.node = world, node
        self.socket = socket.create_connection((host, node.port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.partial, self.lines, self.messages, self.ended = b"", [], [], False
        world.clients.append(self)
        world.selector.register(self.socket, selectors.EVENT_READ, self)

    def send(self, line):
        self.socket.setblocking(True)
        self.socket.sendall(line.encode() + b"\n")
        self.socket.setblocking(False)

    def receive(self):
        try:
            data = self.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.ended = True
            self.world.selector.unregister(self.socket)
            self.socket.close()
            return
        *whole, self.partial = (self.partial + data).split(b"\n")
        for line in whole:
            text = line.decode()
            self.lines.append(text)
            found = STAMP.fullmatch(text)
            if found:
                self.messages.append(found[2])
            self.heard(text, found)

    def heard(self, line, message):
        pass

    def has(self, text, since=0):
        return any(text in line for line in self.lines[since:])

    def until(self, text, what=None, patience=PATIENCE):
        """Waits for a line that contains the text and came behind the last one that was waited for."""
        self.cursor = getattr(self, "cursor", 0)

        def found():
            for at in range(self.cursor, len(self.lines)):
                if text in self.lines[at]:
                    self.cursor = at + 1
                    return True
            return False
        self.world.until(found, what or (lambda: f"{text!r} at a client of {self.node.name}, which got {self.lines[-10:]}"), patience)

    def ask(self, line, answer):
        self.cursor = len(self.lines)
        self.send(line)
        self.until(answer, lambda: f"{answer!r} as the answer to {line!r}, but {self.lines[-10:]}")


class Sender(Client):
    """Says one line after the other: the next once the last has come back or was refused."""

    def __init__(self, world, node, number, host="127.0.0.1"):
        super().__init__(world, node, host)
        self.number, self.next, self.waiting = number, 0, None
        self.accepted, self.refused, self.retry_at, self.says = [], [], 0, False

    def step(self):
        if self.says and not self.ended and self.waiting is None and time.monotonic() >= self.retry_at:
            self.waiting = f"line {self.number} {self.next}"
            self.next += 1
            try:
                self.send(self.waiting)
            except OSError:
                pass

    def heard(self, line, message):
        if message and message[2] == self.waiting:
            self.accepted.append(self.waiting)
            self.waiting = None
        elif line.startswith("* not sent"):
            self.refused.append(self.waiting)
            self.waiting = None
            self.retry_at = time.monotonic() + 0.5


class World:
    def __init__(self, sockit, options):
        self.sockit, self.options = sockit, options
        self.folder = tempfile.mkdtemp(prefix="backplane")
        self.processes, self.nodes, self.clients, self.redises, self.cleanups = [], [], [], [], []
        self.selector = selectors.DefaultSelector()

    def redis(self, *options, **more):
        folder = tempfile.mkdtemp(dir=self.folder)
        self.redises.append(Redis(folder, *options, **more))
        return self.redises[-1]

    def node(self, url, name, *options, **more):
        return Node(self, url, name, *options, **more)

    def pump(self, time_left=0.05):
        for key, _ in self.selector.select(time_left):
            key.data.receive()

    def until(self, ready, what, patience=PATIENCE):
        end = time.monotonic() + patience
        while not ready():
            if time.monotonic() > end:
                raise Failed(f"not within {patience} s: {what() if callable(what) else what}")
            for client in self.clients:
                if isinstance(client, Sender):
                    client.step()
            self.pump()

    def run_for(self, seconds):
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() >= end, "the time")

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()
        for redis in self.redises:
            redis.signal(signal.SIGCONT)
            redis.kill()
        for cleanup in reversed(self.cleanups):
            cleanup()
        shutil.rmtree(self.folder)


class Crowd:
    """Clients spread over nodes, some of which send."""

    def __init__(self, world, nodes, hosts=None):
        self.world = world
        count, senders = world.options.clients, world.options.senders
        hosts = hosts or ["127.0.0.1"] * len(nodes)
        self.senders = [Sender(world, nodes[n % len(nodes)], n, hosts[n % len(nodes)]) for n in range(senders)]
        self.all = self.senders + [Client(world, nodes[n % len(nodes)], hosts[n % len(nodes)]) for n in range(count - senders)]
        # A line that comes back shows that the client is in the room.
        for number, client in enumerate(self.all):
            client.send(f"entry {number}")
        texts = [f"entry {number}" for number in range(count)]
        world.until(lambda: all(text in client.messages for text, client in zip(texts, self.all)), self.missing_entries)
        # From here on everybody hears the same.
        self.all[0].send("begin")
        world.until(lambda: all("begin" in client.messages for client in self.all), "the begin at every client")

    def missing_entries(self):
        missing = [c.node.name for n, c in enumerate(self.all) if f"entry {n}" not in c.messages]
        return f"the own first line of {len(missing)} clients, of {set(missing)}"

    def say_until(self, more, patience=PATIENCE, of=lambda sender: True):
        """Lets every sender have so many more lines accepted."""
        wanted = {sender: len(sender.accepted) + more for sender in self.senders if of(sender) and not sender.ended}
        for sender in wanted:
            sender.says = True
        self.world.until(lambda: all(len(s.accepted) >= count or s.ended for s, count in wanted.items()),
                         lambda: f"{more} more lines of each sender: " + ", ".join(
                             f"{s.number} at {s.node.name} has {len(s.accepted)} of {count}, waits for {s.waiting}, "
                             f"{len(s.refused)} refused" for s, count in wanted.items() if len(s.accepted) < count), patience)

    def finish(self, patience=PATIENCE):
        """Checks that everybody has everything, once, in one order."""
        for sender in self.senders:
            sender.says = False
        world = self.world
        world.until(lambda: all(s.waiting is None or s.ended for s in self.senders), lambda: "the end of lines under way: " + ", ".join(
            f"{s.waiting} at {s.node.name}" for s in self.senders if s.waiting and not s.ended), patience)
        living = [client for client in self.all if not client.ended]
        living[0].send("end")
        world.until(lambda: all("end" in client.messages for client in living), lambda: "the end at every client; missing at " + ", ".join(
            {c.node.name for c in living if "end" not in c.messages}), patience)
        heard = [client.messages[client.messages.index("begin"):] for client in living]
        first = heard[0]
        if len(set(first)) != len(first):
            raise Failed(f"twice: {sorted({text for text in first if first.count(text) > 1})[:10]}")
        for client, other in zip(living, heard):
            if other != first:
                at = next((n for n, (a, b) in enumerate(zip(first, other)) if a != b), min(len(first), len(other)))
                raise Failed(f"another order at {client.node.name} from {at} of {len(first)} and {len(other)}: "
                             f"{other[at:at + 3]}, not {first[at:at + 3]}")
        there = set(first)
        for sender in self.senders:
            lost = [text for text in sender.accepted if text not in there]
            both = [text for text in sender.refused if text in there]
            if lost or both:
                raise Failed(f"accepted and lost: {lost[:5]}; refused and there: {both[:5]}")
        for client in self.all:
            if client.ended:
                part = client.messages[client.messages.index("begin"):]
                if part != first[:len(part)]:
                    raise Failed(f"a client of the ended {client.node.name} heard another order")
        return first


def three(world, redis, *options, urls=None):
    urls = urls or [redis.url()] * 3
    return [world.node(url, name, "--no-presence", *options) for url, name in zip(urls, "abc")]


# Scenarios.

def calm(world):
    crowd = Crowd(world, three(world, world.redis()))
    crowd.say_until(20)
    crowd.finish()


def stopped(world):
    """The engine does not answer for 12 s, longer than a lease."""
    redis = world.redis()
    crowd = Crowd(world, three(world, redis))
    crowd.say_until(5)
    redis.signal(signal.SIGSTOP)
    world.run_for(7)
    # The lines under way are neither accepted nor refused yet; a new one is refused at once.
    late = crowd.all[-1]
    late.ask("too late", "* not sent")
    world.run_for(5)
    redis.signal(signal.SIGCONT)
    crowd.say_until(10)
    if "too late" in crowd.finish():
        raise Failed("a refused line was sent")


def queued(world):
    """As above, and the servers keep the lines meanwhile."""
    redis = world.redis()
    crowd = Crowd(world, three(world, redis, "--offline", "queue"))
    crowd.say_until(5)
    redis.signal(signal.SIGSTOP)
    world.run_for(12)
    redis.signal(signal.SIGCONT)
    crowd.say_until(5)
    crowd.finish()
    if any(sender.refused for sender in crowd.senders):
        raise Failed("a line was refused")


def killed(world):
    """The engine is killed twice and comes back with its append-only file."""
    redis = world.redis("--appendonly", "yes", "--appendfsync", "always")
    crowd = Crowd(world, three(world, redis))
    for _ in range(2):
        crowd.say_until(5)
        redis.kill()
        world.run_for(2)
        redis.start()
    crowd.say_until(5)
    crowd.finish()


def node(world):
    """A node is killed and comes back with the room's history."""
    redis = world.redis()
    nodes = three(world, redis)
    crowd = Crowd(world, nodes)
    crowd.say_until(5)
    nodes[1].process.kill()
    world.until(lambda: all(client.ended for client in crowd.all if client.node is nodes[1]), "the end of the node's clients")
    again = world.node(redis.url(), "b2", "--no-presence", "--history", "100000", "--history-bytes", "64M")
    late = Client(world, again)
    crowd.say_until(10)
    all_lines = crowd.finish()
    world.until(lambda: "end" in late.messages, "the end at a late client")
    heard = late.messages[late.messages.index("begin"):]
    if heard != all_lines:
        raise Failed(f"a restarted node shows {len(heard)} lines of {len(all_lines)}")


def logs(world):
    """Each node has a log on disk. One is killed and comes back: its log has each line of the stream once, in order."""
    redis = world.redis()
    folders = {name: os.path.join(world.folder, f"log-{name}") for name in "abc"}
    nodes = [world.node(redis.url(), name, "--no-presence", "--log-dir", folders[name]) for name in "abc"]
    crowd = Crowd(world, nodes)
    crowd.say_until(5)
    nodes[1].process.kill()
    nodes[1].process.wait()
    world.until(lambda: all(client.ended for client in crowd.all if client.node is nodes[1]), "the end of the node's clients")
    crowd.say_until(5)
    again = world.node(redis.url(), "b2", "--no-presence", "--log-dir", folders["b"])
    crowd.say_until(5)
    alone = Client(world, again)
    alone.ask("/join Alone", "Alone")
    alone.ask("nobody else is here", "nobody else is here")
    said = crowd.finish()
    # A stop writes everything.
    for node in (nodes[0], again, nodes[2]):
        node.process.terminate()
    for node in (nodes[0], again, nodes[2]):
        node.process.wait(PATIENCE)
    for name, folder in folders.items():
        records = []
        for file in sorted(os.listdir(os.path.join(folder, "lobby"))):
            with open(os.path.join(folder, "lobby", file)) as lines:
                records += [json.loads(line) for line in lines]
        texts = [record["text"] for record in records]
        ids = [tuple(map(int, record["id"].split("-"))) for record in records]
        if texts[texts.index("begin"):] != said:
            raise Failed(f"the log of {name} has {len(texts)} lines, not the {len(said)} of the stream since the begin")
        if ids != sorted(set(ids)) or [record["number"] for record in records] != list(range(1, len(records) + 1)):
            raise Failed(f"the places in the log of {name} have holes or another order")
        room = os.path.join(folder, "alone")
        content = "".join(open(os.path.join(room, file)).read() for file in sorted(os.listdir(room)))
        if content.count("nobody else is here") != 1 or '"room":"Alone"' not in content:
            raise Failed(f"the log of {name} has of a room on another node: {content}")


class Proxy:
    """Passes bytes on, unless it is cut: then it keeps them, as a network without an error does."""

    def __init__(self, port):
        self.target, self.is_cut, self.listener = port, False, socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if self.is_cut:
                threading.Thread(target=self._hold, args=(near,), daemon=True).start()
                continue
            far = socket.create_connection(("127.0.0.1", self.target))
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(a, b), daemon=True).start()

    def _hold(self, near):
        while self.is_cut:
            time.sleep(0.05)
        near.close()

    def _pass(self, a, b):
        try:
            while data := a.recv(1 << 16):
                while self.is_cut:
                    time.sleep(0.05)
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            a.close()
            b.close()


def cut(world):
    """The link of one node is silent for longer than its lease, and delivers afterwards what it held back."""
    redis = world.redis()
    proxy = Proxy(redis.port)
    nodes = three(world, redis, urls=[redis.url(), redis.url(port=proxy.port), redis.url()])
    crowd = Crowd(world, nodes)
    crowd.say_until(5)
    proxy.is_cut = True
    world.run_for(world.options.link)
    proxy.is_cut = False
    crowd.say_until(5)
    crowd.finish()


def namespace(world):
    """As above, in a network namespace whose link goes down: real TCP with its retransmissions."""
    if os.geteuid() != 0:
        raise Failed("needs root")
    space, near, far = f"sk{os.getpid()}", f"skn{os.getpid() % 100000}", f"skf{os.getpid() % 100000}"
    third = os.getpid() % 250 + 1

    def ip(*words):
        subprocess.run(["ip", *words], check=True)
    ip("netns", "add", space)
    world.cleanups.append(lambda: subprocess.run(["ip", "netns", "del", space]))
    ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", space)
    ip("addr", "add", f"10.213.{third}.1/24", "dev", near)
    ip("link", "set", near, "up")
    ip("-n", space, "addr", "add", f"10.213.{third}.2/24", "dev", far)
    ip("-n", space, "link", "set", far, "up")
    ip("-n", space, "link", "set", "lo", "up")
    redis = world.redis(host=f"10.213.{third}.1")
    inside = ("ip", "netns", "exec", space)
    nodes = [world.node(redis.url(), "a", "--no-presence"), world.node(redis.url(), "c", "--no-presence")]
    # Its clients are outside, so it listens on both addresses; a Unix socket has no namespace.
    path = os.path.join(world.folder, "b.sock")
    cut_off = world.node(redis.url(), "b", "--no-presence", "--listen", f"unix:{path}", before=inside)
    crowd = Crowd(world, nodes)
    probe = socket.socket(socket.AF_UNIX)
    probe.connect(path)
    listener = Client.__new__(Sender)
    listener.world, listener.node, listener.socket = world, cut_off, probe
    probe.setblocking(False)
    listener.partial, listener.lines, listener.messages, listener.ended = b"", [], [], False
    listener.number, listener.next, listener.waiting = 999, 0, None
    listener.accepted, listener.refused, listener.retry_at, listener.says = [], [], 0, False
    world.clients.append(listener)
    world.selector.register(probe, selectors.EVENT_READ, listener)
    listener.send("entry 999")
    world.until(lambda: "entry 999" in listener.messages, "the first line inside the namespace")
    crowd.all[0].send("begin 2")
    world.until(lambda: all("begin 2" in client.messages for client in [*crowd.all, listener]), "the second begin")
    crowd.senders.append(listener)
    crowd.say_until(5)
    ip("link", "set", near, "down")
    world.run_for(world.options.link)
    ip("link", "set", near, "up")
    crowd.say_until(5)
    lines = crowd.finish()
    world.until(lambda: "end" in listener.messages, "the end inside the namespace")
    if lines[lines.index("begin 2"):] != listener.messages[listener.messages.index("begin 2"):]:
        raise Failed("another order inside the namespace")


def names(world):
    """One namespace over all nodes, whose names are free soon after the death of a node."""
    redis = world.redis()
    a, b = world.node(redis.url(), "a"), world.node(redis.url(), "b")
    ann, bob = Client(world, a), Client(world, b)
    ann.ask("/nick Ann", "Ann")
    bob.ask("/nick ann", "taken")
    bob.ask("/nick Bob", "Bob")
    bob.ask("/msg Ann hello", "Ann")
    ann.until("hello")
    ann.ask("/msg nobody hello", "nobody")
    bob.ask("/who", "Ann")
    bob.ask("/join Dev", "Dev")
    ann.ask("/rooms", "Dev")
    ann.ask("/join dev", "Dev")
    ann.ask("a line", "a line")
    bob.until("a line")
    b.order("say from the operator")
    ann.until("from the operator")
    b.order("tell Ann only you")
    ann.until("only you")
    began = time.monotonic()
    a.process.kill()
    while True:
        at = len(bob.lines)
        bob.send("/nick Ann")
        world.until(lambda: any("taken" in line or "Ann" in line for line in bob.lines[at:]), "an answer to /nick")
        if any("Ann" in line and "taken" not in line and "left" not in line for line in bob.lines[at:]):
            break
        world.run_for(0.25)
    if time.monotonic() - began > 15:
        raise Failed(f"the name was free after {time.monotonic() - began:.1f} s")
    bob.until("Ann has left") if not bob.has("Ann has left") else None
    third = Client(world, b)
    third.ask("/nick Eve", "Eve")
    b.order("kick Eve")
    world.until(lambda: third.ended, "the end of a kicked client")


def paused(world):
    """A node that was paused finds its leases gone, and says so."""
    redis = world.redis()
    a, b = world.node(redis.url(), "a"), world.node(redis.url(), "b")
    ann, bob = Client(world, a), Client(world, b)
    ann.ask("/nick Ann", "Ann")
    a.process.send_signal(signal.SIGSTOP)
    world.run_for(14)
    bob.ask("/nick Ann", "Ann")
    world.run_for(4)
    a.process.send_signal(signal.SIGCONT)
    ann.until("belongs to somebody else")
    ann.ask("/who", "2 here")
    bob.ask("/msg Ann you are", "Ann")
    world.until(lambda: any("you are" in line and "Ann" in line for line in bob.lines[-3:]), "the message at its new owner")
    ann.ask("/nick Ann", "taken")
    ann.ask("still here", "still here")
    bob.until("still here")
    a.wait_for("lease")


def refusals(world):
    """An engine that refuses writes: lines are refused, nobody is disconnected, and it goes on afterwards."""
    redis = world.redis()
    a, b = world.node(redis.url(), "a"), world.node(redis.url(), "b")
    ann, bob = Client(world, a), Client(world, b)
    ann.ask("one", "one")
    # Behind a line of Bob, Bob is in the room.
    bob.ask("two", "two")
    for on, off, code in [
            (("config", "set", "maxmemory", "1"), ("config", "set", "maxmemory", "0"), "OOM"),
            (("replicaof", "127.0.0.1", "1"), ("replicaof", "no", "one"), "READONLY"),
            (("acl", "setuser", "default", "-xadd"), ("acl", "setuser", "default", "+xadd"), "NOPERM")]:
        before = a.log().count("the chat's engine is away")
        redis.call(*on)
        if code == "READONLY":
            # An engine that becomes a replica closes connections, and the log has the first reason. A line on its way at that
            # moment has no answer before the engine takes writes again, because it may have been accepted.
            world.until(lambda: a.log().count("the chat's engine is away") > before, "the server knows that its engine is away")
        ann.ask(f"lost {code}", "* not sent")
        if code != "READONLY":
            a.wait_for(code)
        redis.call(*off)
        at = time.monotonic()
        while not ann.has(f"again {code}"):
            if time.monotonic() - at > PATIENCE:
                raise Failed(f"no line is accepted after {code}: {ann.lines[-5:]}")
            ann.send(f"again {code}")
            world.run_for(0.3)
        bob.until(f"again {code}")
        if bob.has(f"lost {code}"):
            raise Failed("a refused line was sent")
    if ann.ended or bob.ended:
        raise Failed("a client was disconnected")


def strangers(world):
    """Strangers' entries, a removed stream, an emptied database, and another chat in the same engine."""
    redis = world.redis()
    a, b = world.node(redis.url(), "a"), world.node(redis.url(), "b")
    other = world.node(redis.url(database=1), "a")
    ann, bob, eve = Client(world, a), Client(world, b), Client(world, other)
    ann.ask("/nick Ann", "Ann")
    eve.ask("/nick Ann", "Ann")
    eve.ask("other chat", "other chat")
    bob.ask("one", "one")
    ann.ask("two", "two")
    bob.until("two")
    redis.call("xadd", "sockit:room:lobby", "*", "k", "message", "x", "forged")
    redis.call("xadd", "sockit:room:lobby", "*", "a", "b")
    ann.ask("three", "three")
    bob.until("three")
    redis.call("del", "sockit:room:lobby")
    ann.ask("four", "four")
    bob.until("four")
    redis.call("flushall")
    at = time.monotonic()
    while not (ann.has("five") and bob.has("five")):
        if time.monotonic() - at > PATIENCE:
            raise Failed(f"no line after FLUSHALL: {ann.lines[-5:]} {bob.lines[-5:]}")
        ann.send("five")
        world.run_for(0.5)
    for node in (a, b):
        node.wait_for("lost its data")
    # What was under way may be refused once.
    ann.cursor = bob.cursor = 0
    at = time.monotonic()
    while not bob.has("taken"):
        if time.monotonic() - at > PATIENCE:
            raise Failed(f"the name is not taken after FLUSHALL: {bob.lines[-5:]}")
        bob.send("/nick ann")
        world.run_for(0.5)
    ann.ask("/who", "Ann")
    if ann.has("forged") or bob.has("forged") or ann.has("other chat"):
        raise Failed("a line that nobody here has said")


def start(world):
    """What stops a server at its start, with its exit code; and a URL with credentials, and one with TLS."""
    secret = "Gehe1m"
    redis = world.redis("--requirepass", secret)

    def fails(url, code, says, *options):
        argv = [world.sockit, "chat", "serve", "--listen", "127.0.0.1:0", "--backplane", url, *options]
        run = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
        if run.returncode != code or says not in run.stderr or secret in run.stderr or "listening" in run.stdout:
            raise Failed(f"{argv}: {run.returncode}, not {code} with {says!r}: {run.stdout}{run.stderr}")
    fails(redis.url(port=free_port()), 7, "refused")
    fails(redis.url(), 7, "NOAUTH")
    fails(redis.url(credentials=f":x{secret}@"), 7, "WRONGPASS")
    fails(f"http://:{secret}@127.0.0.1", 3, "redis://")
    fails(f"redis://ann:{secret}", 3, "port")
    url = redis.url(credentials=f":{secret}@")
    client = Client(world, world.node(url, "a"))
    client.ask("hello", "hello")
    fails(url, 1, "a", "--node", "a")
    client.ask("still", "still")

    def file(name, content=None):
        path = os.path.join(world.folder, name)
        if content:
            with open(path, "w") as f:
                f.write(content)
        return path

    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True)
    authority, authority_key, key, request, certificate = map(file, ("ca.pem", "ca.key", "key.pem", "request.pem", "cert.pem"))
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", authority_key, "-out", authority, "-days", "2", "-subj", "/CN=CA")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=localhost")
    names = file("names", "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    openssl("x509", "-req", "-in", request, "-CA", authority, "-CAkey", authority_key, "-CAcreateserial", "-out", certificate, "-days", "2",
            "-extfile", names)
    port = free_port()
    encrypted = world.redis("--tls-port", str(port), "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file",
                            authority, "--tls-auth-clients", "no")
    url = encrypted.url(port=port).replace("redis:", "rediss:")
    fails(url, 7, "certificate")
    trusting = {"SSL_CERT_FILE": authority}
    one = Client(world, world.node(url, "a", environment=trusting))
    two = Client(world, world.node(url, "b", environment=trusting))
    two.ask("two", "two")
    one.ask("one", "one")
    two.until("one")


# The longest first.
SCENARIOS = [cut, namespace, paused, stopped, queued, start, names, killed, refusals, strangers, node, logs, calm]


def play(scenario, options):
    world, begin = World(options.sockit, options), time.monotonic()
    try:
        scenario(world)
        print(f"{scenario.__name__}: passed in {time.monotonic() - begin:.1f} s", flush=True)
        return 0
    except (Failed, OSError, subprocess.SubprocessError) as error:
        logs = "".join(f"\n--- {node.name}:\n{node.log()[-3000:]}" for node in world.nodes)
        print(f"{scenario.__name__}: FAILED: {error}{logs}", flush=True)
        return 1
    finally:
        world.close()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("sockit")
    p.add_argument("scenarios", nargs="*")
    p.add_argument("--clients", type=int, default=300)
    p.add_argument("--senders", type=int, default=30)
    p.add_argument("--link", type=float, default=20, help="seconds without the link")
    p.add_argument("--jobs", type=int, default=4, help="scenarios at the same time; they wait most of the time")
    options = p.parse_args()
    by_name = {scenario.__name__: scenario for scenario in SCENARIOS}
    if len(options.scenarios) == 1:
        return play(by_name[options.scenarios[0]], options)
    failures, waiting, running = 0, list(options.scenarios or by_name), []
    while waiting or running:
        while waiting and len(running) < options.jobs:
            argv = [sys.executable, __file__, options.sockit, waiting.pop(0), "--clients", str(options.clients), "--senders",
                    str(options.senders), "--link", str(options.link)]
            running.append(subprocess.Popen(argv))
        time.sleep(0.05)
        failures += sum(process.returncode != 0 for process in running if process.poll() is not None)
        running = [process for process in running if process.poll() is None]
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
