#!/usr/bin/env python3
"""A chat server with one fault, which the load generator has to find: `benches/run selftest`.

    broken.py none|loss|double|swap|change|close
"""
import selectors
import socket
import sys

FAULT = sys.argv[1]
AT = 500  # the line that the fault concerns

selector = selectors.DefaultSelector()
listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
selector.register(listener, selectors.EVENT_READ)
print(f"listening on tcp://127.0.0.1:{listener.getsockname()[1]}", flush=True)
clients, starts, count, held = [], {}, 0, b""
while True:
    lines = []
    for key, _ in selector.select():
        if key.fileobj is listener:
            s = listener.accept()[0]
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(s, selectors.EVENT_READ)
            clients.append(s)
            starts[s] = b""
            continue
        s = key.fileobj
        data = s.recv(65536)
        if not data:
            selector.unregister(s)
            clients.remove(s)
            continue
        *whole, starts[s] = (starts[s] + data).split(b"\n")
        lines += whole
    for line in lines:
        count += 1
        for n, s in enumerate(clients):
            out = line + b"\n"
            # Only the third client meets the fault.
            if n == 2 and count == AT + 1:
                out = out + held
            if n == 2 and count == AT:
                if FAULT == "close":
                    s.shutdown(socket.SHUT_RDWR)
                    continue
                held = out if FAULT == "swap" else b""
                out = {"loss": b"", "swap": b"", "double": out * 2, "change": out.replace(b"g", b"G")}.get(FAULT, out)
            if out:
                s.sendall(out)
