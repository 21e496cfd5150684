#!/usr/bin/env python3
"""Two pages in Chromium, a client of Python's websockets, a TCP client and `chat join` talk in one room, while the server restarts under
them: chat.py SOCKIT [TEST]…. Nobody may miss a line or get it twice."""

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import socket
import ssl
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

    def __init__(self, directory, *options, history=500):
        self.command = [sockit, "chat", "serve", "--listen", f"127.0.0.1:{free_port()}", "--web", f"127.0.0.1:{free_port()}",
                        "--log-dir", directory, "--history", str(history), *options]
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


class Cut:
    """A proxy before a server that can lose one direction, and close the browser's side but not the server's."""

    def __init__(self, url):
        self.server = url.removeprefix("http://").rstrip("/").rsplit(":", 1)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.lost, self.sockets = None, []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            browser, _ = self.listener.accept()
            try:
                server = socket.create_connection((self.server[0], int(self.server[1])))
            except OSError:
                browser.close()
                continue
            self.sockets.append(browser)
            for direction, source, target in [("up", browser, server), ("down", server, browser)]:
                threading.Thread(target=self.pump, args=(direction, source, target), daemon=True).start()

    def pump(self, direction, source, target):
        try:
            while piece := source.recv(65536):
                if self.lost != direction:
                    target.sendall(piece)
        except OSError:
            pass

    def cut(self):
        for browser in self.sockets:
            with contextlib.suppress(OSError):
                browser.shutdown(socket.SHUT_RDWR)
        self.sockets.clear()
        self.lost = None


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


class Watcher:
    """A TCP client that counts what it hears."""

    def __init__(self, server):
        self.socket = socket.create_connection(server.address())
        self.heard = b""
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        while piece := self.socket.recv(65536):
            self.heard += piece

    def count(self, text):
        return self.heard.count(f": {text}\n".encode())


def test_lost_lines(browser):
    """A line or its copy is lost with the connection, whose other end stays open. Nobody gets the line twice, with a history and without."""
    for history in [500, 0]:
        with tempfile.TemporaryDirectory() as directory:
            server = Server(directory, history=history)
            cut, watcher = Cut(server.url), Watcher(server)
            page = browser.page(cut.url)
            page.until("synced")
            page.fill("document.getElementById('nick')", "ann")
            page.until("me === 'ann'")
            page.say("before")
            page.until("unsent.length === 0 && document.querySelectorAll('#log .own').length === 1")
            # The line arrives, and its copy is lost.
            cut.lost = "down"
            page.say("its copy is lost")
            until(lambda: watcher.count("its copy is lost") == 1, lambda: watcher.heard)
            cut.cut()
            page.until("connection > 1 && synced && me === 'ann'")
            if history:
                page.until("unsent.length === 0 && document.querySelectorAll('#log .own').length === 2")
            else:
                page.until("unsent[0]?.state === 'received' && !!document.querySelector('.gap')")
                page.run("[...document.querySelectorAll('#unsent button')].find((it) => it.textContent === 'Discard').click(), 1")
            # The line is lost.
            watcher.socket.sendall(b"/nick watcher\n")
            cut.lost = "up"
            page.say("/msg watcher psst")
            page.say("the line is lost")
            page.until("unsent[0]?.state === 'sending'")
            cut.cut()
            page.until("connection > 2 && synced && me === 'ann' && unsent.length === 0")
            page.say("behind")
            until(lambda: watcher.count("behind") == 1, lambda: watcher.heard)
            for text in ["before", "its copy is lost", "psst", "the line is lost", "behind"]:
                assert watcher.count(text) == 1, (history, text, watcher.heard)
            own = [text for name, text in page.messages() if name == "ann"]
            lost = ["its copy is lost"] if history else []
            assert page.run("document.querySelectorAll('#log .private').length") == 1
            page.until("unsent.length === 0")
            assert own == ["before", *lost, "the line is lost", "behind"], (history, own)
            # A server that does not know the page cannot say what has arrived. The history can; without it, the person decides.
            cut.lost = "up"
            page.say("before a restart")
            page.until("unsent[0]?.state === 'sending'")
            server.stop()
            cut.cut()
            server.start()
            watcher = Watcher(server)
            page.until("connection > 3 && synced")
            if not history:
                page.until("unsent[0]?.state === 'unsure'")
                page.run("[...document.querySelectorAll('#unsent button')].find((it) => it.textContent === 'Send again').click(), 1")
            until(lambda: watcher.count("before a restart") == 1, lambda: watcher.heard)
            page.until("unsent.length === 0")
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
        # The page has loaded nothing from elsewhere, and its policy forbids what it does not need.
        own = {server.url + name for name in ["", "chat.js", "chat.css"]} | {server.url.replace("http", "ws", 1) + "ws"}
        foreign = [url for url in page.requested() if not url.startswith("data:image/svg+xml,")]
        assert set(foreign) == own, foreign
        assert page.run("fetch('data:text/plain,x').then(() => 'loaded', () => 'refused')") == "refused"
        for element, attribute, directive in [("img", "src", "img-src"), ("script", "src", "script-src-elem"), ("iframe", "src", "frame-src"),
                                              ("link rel=stylesheet", "href", "style-src-elem")]:
            name, *rest = element.split(" ")
            rel = "element.rel = 'stylesheet';" if rest else ""
            assert page.run(f"""new Promise((resolve) => {{
                document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective), {{ once: true }});
                const element = document.createElement("{name}");
                {rel} element.{attribute} = "http://elsewhere.example:{free_port()}/x";
                document.body.append(element);
            }})""") == directive
        chinese = browser.page(server.url, language="zh-CN")
        chinese.until("synced")
        assert chinese.run("document.getElementById('send').textContent") == "发送"
        server.stop()


def test_foreign_host(browser):
    """A page that gets the address of this machine after it was loaded cannot join."""
    with tempfile.TemporaryDirectory() as directory:
        server = Server(directory, "--web-origin", "http://friend.example")
        port = server.url.rstrip("/").rsplit(":", 1)[1]
        evil = browser.page(f"http://evil.example:{port}/")
        assert evil.run("document.body.innerText") == "this host name is not allowed here\n"
        opened = f"""new Promise((resolve) => {{
            const socket = new WebSocket("ws://" + location.host + "/ws");
            socket.onopen = () => resolve("open");
            socket.onerror = () => resolve("refused");
        }})"""
        assert evil.run(opened) == "refused"
        friend = browser.page(f"http://friend.example:{port}/")
        friend.until("synced")
        local = browser.page(f"http://localhost:{port}/")
        local.until("synced")
        server.stop()


def test_tls(browser):
    """The page over https, and its WebSocket over TLS."""
    with tempfile.TemporaryDirectory() as directory:
        certificate, key = os.path.join(directory, "cert.pem"), os.path.join(directory, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=chat",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, capture_output=True)
        server = Server(os.path.join(directory, "log"), "--cert", certificate, "--key", key)
        assert server.url.startswith("https://127.0.0.1:"), server.url
        watcher, page = Watcher(server), browser.page(server.url)
        page.until("synced")
        page.say("over TLS")
        until(lambda: watcher.count("over TLS") == 1, lambda: watcher.heard)
        watcher.socket.sendall(b"in the clear\n")
        page.until("document.querySelectorAll('#log .from').length === 2")
        assert [text for _, text in page.messages()] == ["over TLS", "in the clear"]
        assert {url.split(":")[0] for url in page.requested()} <= {"https", "wss", "data"}, page.requested()

        async def say():
            trust = ssl.create_default_context(cafile=certificate)
            async with websockets.connect(server.url.replace("https", "wss", 1) + "ws", ssl=trust, origin=server.url.rstrip("/")) as client:
                await client.send("from a script")

        asyncio.run(say())
        until(lambda: watcher.count("from a script") == 1, lambda: watcher.heard)
        # The connection breaks and comes back over TLS too.
        server.stop()
        page.until("!synced")
        server.start()
        page.until("synced && document.querySelectorAll('#log .from').length === 3")
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
            tcp.settimeout(30)
            heard = b""
            while b": hello dev\n" not in heard:
                heard += tcp.recv(65536)
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
        # A password that is typed as a line is not shown, not kept and not said.
        page.run("document.getElementById('line').focus(), 1")
        page.type("/pass open sesame")
        assert page.run("getComputedStyle(document.getElementById('line')).webkitTextSecurity") == "disc"
        assert page.run("sessionStorage.getItem('draft')") == ""
        page.run("document.getElementById('say').requestSubmit(), 1")
        page.say("hello")
        page.until("unsent.length === 0")
        assert [text for _, text in page.messages()] == ["hello"]
        assert page.run("getComputedStyle(document.getElementById('line')).webkitTextSecurity") == "none"
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
    tests = [test_websockets, test_safety, test_foreign_host, test_tls, test_rooms, test_password, test_lost_lines, test_restarts]
    for test in [test for test in tests if not sys.argv[2:] or test.__name__ in sys.argv[2:]]:
        begin = time.monotonic()
        test(browser)
        print(f"{test.__name__}: passed in {time.monotonic() - begin:.1f} s", flush=True)
finally:
    browser.close()
