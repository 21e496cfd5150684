#!/usr/bin/env python3
"""Two pages in Chromium, a client of Python's websockets, a TCP client and `chat join` talk in one room, while the server restarts under
them: chat.py SOCKIT. Nobody may miss a line or get it twice."""

import asyncio
import fcntl
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

import websockets

from devtools import Browser

sockit = os.path.abspath(sys.argv[1])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server that keeps its ports over restarts, and its history on disk."""

    def __init__(self, directory, *options):
        self.command = [sockit, "chat", "serve", "--listen", f"127.0.0.1:{free_port()}", "--web", f"127.0.0.1:{free_port()}",
                        "--log-dir", directory, "--history", "500", *options]
        self.start()

    def start(self):
        for _ in range(200):
            self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
            lines = [self.process.stdout.readline() for _ in range(2)]
            if lines[1]:
                self.endpoint, self.url = (line.split()[-1] for line in lines)
                return
            # The port is not free yet.
            self.process.wait()
            time.sleep(0.1)
        raise RuntimeError(f"the server does not start: {self.process.stderr.read()}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0

    def address(self):
        host, port = self.endpoint.removeprefix("tcp://").rsplit(":", 1)
        return host, int(port)


class Terminal:
    """`chat join` on a terminal, which reconnects by itself."""

    def __init__(self, endpoint, name):
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
            os.environ.update(TERM="xterm", NO_COLOR="1")
            os.execv(sockit, [sockit, "chat", "join", endpoint, "--nick", name, "--bell", "never"])
        self.seen = ""
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            while piece := os.read(self.terminal, 65536):
                self.seen += piece.decode(errors="replace")
        except OSError:
            pass

    def say(self, text):
        os.write(self.terminal, text.encode() + b"\r")
        # Several lines at once would be a paste, which waits for Enter.
        until(lambda: self.shown(text), lambda: self.seen)

    def shown(self, text):
        """Returns how often a message was shown."""
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.seen)
        return len(re.findall(rf"\d\d:\d\d \S+: {re.escape(text)}(?!\d)", plain))

    def close(self):
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.terminal)


def until(condition, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what() if callable(what) else what)
        time.sleep(0.05)


def test_restarts(browser):
    """Three rounds: everybody says lines, the server restarts, and lines are entered while it is away."""
    with tempfile.TemporaryDirectory() as directory:
        server = Server(directory)
        ann, bob = browser.page(server.url), browser.page(server.url)
        for page, name in [(ann, "ann"), (bob, "bob")]:
            page.until("synced")
            page.fill("document.getElementById('nick')", name)
            page.until(f"me === '{name}'")
        join = Terminal(server.endpoint, "joe")
        until(lambda: "you are joe" in join.seen, lambda: join.seen)
        expected = []
        for number in range(3):
            with socket.create_connection(server.address()) as tcp:
                tcp.sendall(f"/nick nc{number}\n".encode())
                for speaker, say in [("ann", ann.say), ("bob", bob.say), ("joe", join.say),
                                     (f"nc{number}", lambda text: tcp.sendall(text.encode() + b"\n"))]:
                    for count in range(3):
                        text = f"{speaker} says {number}.{count}"
                        say(text)
                        expected.append([speaker, text])
                heard = b""
                tcp.settimeout(30)
                while not all(text.encode() in heard for _, text in expected[-12:]):
                    heard += tcp.recv(65536)
            # These may be on their way when the server stops.
            for page, name in [(ann, "ann"), (bob, "bob")]:
                page.say(f"{name} at the stop {number}")
                expected.append([name, f"{name} at the stop {number}"])
            server.stop()
            for page, name in [(ann, "ann"), (bob, "bob")]:
                page.until("!synced")
                page.say(f"{name} while it is away {number}")
                expected.append([name, f"{name} while it is away {number}"])
                page.run(f"document.getElementById('line').value = 'draft {number}'; 1")
            server.start()
            for page, name in [(ann, "ann"), (bob, "bob")]:
                page.until(f"synced && me === '{name}' && unsent.length === 0")
                assert page.run("document.getElementById('line').value") == f"draft {number}"
                page.run("document.getElementById('line').value = ''; 1")
            until(lambda: all(join.shown(text) for _, text in expected), lambda: join.seen)
        for page in [ann, bob]:
            until(lambda: len(page.messages()) >= len(expected), lambda: str(page.messages()))
            shown = page.messages()
            assert sorted(shown) == sorted(expected), (sorted(shown), sorted(expected))
            assert not page.run("!!document.querySelector('.gap')")
        assert ann.messages() == bob.messages(), "two orders"
        for _, text in expected:
            assert join.shown(text) == 1, (text, join.shown(text), join.seen)
        join.close()
        server.stop()


def test_safety(browser):
    """Text is never markup, and only http and https become links."""
    with tempfile.TemporaryDirectory() as directory:
        server = Server(directory)
        page = browser.page(server.url)
        page.until("synced")
        hostile = ['<img src=x onerror="window.bad=1"><script>window.bad=1</script>', "javascript:alert(1) data:text/html,x",
                   "see https://example.com/a?b=c&d, and http://example.com.", "https://[bad", "&lt;b&gt;"]
        with socket.create_connection(server.address()) as tcp:
            tcp.sendall("".join(line + "\n" for line in hostile).encode())
            page.until(f"document.querySelectorAll('#log .from').length === {len(hostile)}")
        assert [text for _, text in page.messages()] == hostile
        assert page.run("window.bad === undefined && document.querySelectorAll('#log img, #log script').length === 0")
        links = page.run("[...document.querySelectorAll('#log a')].map((it) => [it.href, it.rel, it.target])")
        assert links == [["https://example.com/a?b=c&d", "noopener noreferrer", "_blank"], ["http://example.com/", "noopener noreferrer", "_blank"]], links
        # The policy of the page forbids what it does not need.
        assert page.run("fetch('data:text/plain,x').then(() => 'loaded', () => 'refused')") == "refused"
        chinese = browser.page(server.url, language="zh-CN")
        chinese.until("synced")
        assert chinese.run("document.getElementById('send').textContent") == "发送"
        server.stop()


def test_rooms(browser):
    """Rooms, private messages and unread counts."""
    with tempfile.TemporaryDirectory() as directory:
        server = Server(directory)
        page = browser.page(server.url)
        page.until("synced")
        page.fill("document.getElementById('nick')", "ann")
        page.until("me === 'ann'")
        with socket.create_connection(server.address()) as tcp:
            tcp.sendall(b"/nick nc\n/join dev\nhello dev\n")
            page.run("ask('rooms'), 1")
            page.until("rooms.has('dev') && room('dev').read !== null")
            tcp.sendall(b"one\ntwo\n/msg ann psst\n")
            page.until("!!document.querySelector('#log .private')")
            page.run("ask('rooms'), 1")
            page.until("document.querySelector('.unread')?.textContent === '2 unread'")
            page.fill("document.getElementById('join')", "dev")
            page.until("current === 'dev' && !document.querySelector('.unread')")
            page.until("document.querySelectorAll('#log .from').length === 3")
            page.say("/msg nc back")
            tcp.settimeout(30)
            heard = b""
            while b"ann -> nc: back\n" not in heard:
                heard += tcp.recv(65536)
            page.run("[...document.querySelectorAll('#rooms button')][0].click(), 1")
            page.until("current === 'lobby'")
            page.run("[...document.querySelectorAll('#rooms button')].find((it) => it.textContent.startsWith('dev')).click(), 1")
            page.until("current === 'dev'")
            page.until("[...document.querySelectorAll('#log .from')].length === 4")
        server.stop()


def test_password(browser):
    """The page asks for the password, and remembers it for its tab."""
    with tempfile.TemporaryDirectory() as directory:
        secret = os.path.join(directory, "password")
        with open(secret, "w") as file:
            file.write("open sesame\n")
        os.chmod(secret, 0o600)
        server = Server(os.path.join(directory, "log"), "--password-file", secret)
        page = browser.page(server.url)
        page.until("document.getElementById('door').open")
        page.fill("document.getElementById('password')", "wrong")
        page.until("document.getElementById('door-error').textContent !== ''")
        page.fill("document.getElementById('password')", "open sesame")
        page.until("synced && !document.getElementById('door').open")
        server.stop()
        page.until("!synced")
        server.start()
        page.until("synced && !document.getElementById('door').open")
        server.stop()


async def websockets_client(server):
    url = server.url.replace("http", "ws", 1) + "ws"
    async with websockets.connect(url) as one, websockets.connect(url) as two:
        await one.send("/nick one")
        await one.send(["frag", "mented ", "你好"])
        while json.loads(await asyncio.wait_for(two.recv(), 30))["text"] != "fragmented 你好":
            pass
        await (await one.ping(b"are you there"))
        await one.close(4001, "bye")
        assert one.close_code == 4001, one.close_code
        try:
            await two.send(b"binary")
            while True:
                await asyncio.wait_for(two.recv(), 30)
        except websockets.ConnectionClosed as closed:
            assert closed.rcvd.code == 1003, closed
    for origin, status in [("http://evil.example", 403), ("null", 403)]:
        try:
            async with websockets.connect(url, origin=origin):
                raise AssertionError(origin)
        except websockets.InvalidStatusCode as refused:
            assert refused.status_code == status, refused
    async with websockets.connect(url) as last:
        server.process.send_signal(signal.SIGTERM)
        try:
            while True:
                await asyncio.wait_for(last.recv(), 30)
        except websockets.ConnectionClosed as closed:
            assert closed.rcvd.code == 1001, closed


def test_websockets(_):
    """Python's websockets as a client."""
    with tempfile.TemporaryDirectory() as directory:
        server = Server(directory)
        asyncio.run(websockets_client(server))
        assert server.process.wait(20) == 0


browser = Browser()
try:
    for test in [test_websockets, test_safety, test_rooms, test_password, test_restarts]:
        begin = time.monotonic()
        test(browser)
        print(f"{test.__name__}: passed in {time.monotonic() - begin:.1f} s", flush=True)
finally:
    browser.close()
