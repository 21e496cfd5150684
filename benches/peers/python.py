#!/usr/bin/env python3
"""Servers as a Python programmer writes them, for the benchmarks.

    python.py threads|asyncio|twisted echo|udp|chat

echo and udp answer each received piece with `[TIME] ` and the same bytes. chat sends each line to every client, with the time and the
sender's address before it. Twisted is Debian's python3-twisted.
"""
import asyncio
import socket
import sys
import threading
import time

LINE = 4096


def stamp():
    return b"[" + time.ctime().encode() + b"] "


def entry(peer, line):
    return f"{time.strftime('%Y-%m-%d %H:%M:%S')} {peer[0]}:{peer[1]}: ".encode() + line


def listening(kind, port):
    print(f"listening on {'udp' if kind == 'udp' else 'tcp'}://127.0.0.1:{port}", flush=True)


# Threads: one for each connection.

def threads(kind):
    listener = socket.socket(type=socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    if kind == "udp":
        listening(kind, listener.getsockname()[1])
        while True:
            data, peer = listener.recvfrom(65536)
            listener.sendto(stamp() + data, peer)
    listener.listen(4096)
    listening(kind, listener.getsockname()[1])
    threading.stack_size(128 * 1024)
    clients, lock = set(), threading.Lock()

    def echo(s, _):
        while data := s.recv(65536):
            s.sendall(stamp() + data)

    def chat(s, peer):
        with lock:
            clients.add(s)
        try:
            for line in s.makefile("rb"):
                with lock:
                    for other in clients:
                        other.sendall(entry(peer, line))
        finally:
            with lock:
                clients.discard(s)

    def serve(s, peer):
        with s:
            try:
                (chat if kind == "chat" else echo)(s, peer)
            except OSError:
                pass

    while True:
        s, peer = listener.accept()
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(s, peer), daemon=True).start()


# asyncio: streams, and a protocol for datagrams.

async def asynchronous(kind):
    writers = set()

    class Datagrams(asyncio.DatagramProtocol):
        def connection_made(self, transport):
            self.transport = transport

        def datagram_received(self, data, peer):
            self.transport.sendto(stamp() + data, peer)

    async def echo(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(stamp() + data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def chat(reader, writer):
        peer = writer.get_extra_info("peername")
        writers.add(writer)
        try:
            while line := await reader.readline():
                text = entry(peer, line)
                for other in writers:
                    other.write(text)
        except ConnectionError:
            pass
        finally:
            writers.discard(writer)
            writer.close()

    if kind == "udp":
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Datagrams, ("127.0.0.1", 0))
        listening(kind, transport.get_extra_info("sockname")[1])
        await asyncio.Event().wait()
    server = await asyncio.start_server(chat if kind == "chat" else echo, "127.0.0.1", 0, backlog=4096)
    listening(kind, server.sockets[0].getsockname()[1])
    await server.serve_forever()


# Twisted: protocols on its epoll reactor.

def twisted(kind):
    from twisted.internet import epollreactor
    epollreactor.install()
    from twisted.internet import protocol, reactor
    from twisted.protocols import basic
    clients = set()

    class Datagrams(protocol.DatagramProtocol):
        def datagramReceived(self, data, peer):
            self.transport.write(stamp() + data, peer)

    class Echo(protocol.Protocol):
        def connectionMade(self):
            self.transport.setTcpNoDelay(True)

        def dataReceived(self, data):
            self.transport.write(stamp() + data)

    class Chat(basic.LineOnlyReceiver):
        delimiter, MAX_LENGTH = b"\n", LINE

        def connectionMade(self):
            self.transport.setTcpNoDelay(True)
            clients.add(self)

        def connectionLost(self, reason):
            clients.discard(self)

        def lineReceived(self, line):
            peer = self.transport.getPeer()
            text = entry((peer.host, peer.port), line + b"\n")
            for other in clients:
                other.transport.write(text)

    if kind == "udp":
        port = reactor.listenUDP(0, Datagrams(), interface="127.0.0.1")
    else:
        factory = protocol.Factory.forProtocol(Chat if kind == "chat" else Echo)
        port = reactor.listenTCP(0, factory, backlog=4096, interface="127.0.0.1")
    listening(kind, port.getHost().port)
    reactor.run()


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("threads", "asyncio", "twisted") or sys.argv[2] not in ("echo", "udp", "chat"):
        sys.exit(__doc__)
    {"threads": threads, "asyncio": lambda kind: asyncio.run(asynchronous(kind)), "twisted": twisted}[sys.argv[1]](sys.argv[2])
