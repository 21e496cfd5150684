#!/usr/bin/env python3
"""A neighbour of a flood: how long its messages take while another client sends as fast as it can.

  flood.py SOCKIT [--receivers N] [--seconds S] [-- ARGUMENTS OF chat serve]

The flood is a process that writes lines of 64 bytes without a pause and takes what comes; the receivers are `sockit connect`. The neighbour
says a line every 50 ms and takes what comes until it is there. With `-- --rate 100` the server slows the flood down.
"""
import argparse
import socket
import statistics as st
import subprocess
import sys
import threading
import time

FLOOD = """
import socket, sys, threading
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
def drain():
    while s.recv(1 << 20):
        pass
threading.Thread(target=drain, daemon=True).start()
piece = (b"x" * 63 + b"\\n") * 1024
while True:
    s.sendall(piece)
"""


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("sockit")
    p.add_argument("--receivers", type=int, default=10)
    p.add_argument("--seconds", type=float, default=5)
    at = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    o = p.parse_args(sys.argv[1:at])
    serve = sys.argv[at + 1:]
    argv = [o.sockit, "chat", "serve", "--listen", "127.0.0.1:0", "--console", "--no-presence", *serve]
    server = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    port = server.stdout.readline().rsplit(":", 1)[1].strip()
    quiet = dict(stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    others = [subprocess.Popen([o.sockit, "connect", f"127.0.0.1:{port}"], **quiet) for _ in range(o.receivers)]
    me = socket.create_connection(("127.0.0.1", int(port)))
    me.settimeout(30)
    others.append(subprocess.Popen([sys.executable, "-c", FLOOD, port]))
    took, came, n = [], 0, 0
    begin = time.perf_counter()
    while time.perf_counter() - begin < o.seconds:
        mark = b"neighbour %08d\n" % n
        n += 1
        sent = time.perf_counter()
        me.sendall(mark)
        tail = b""
        while mark not in tail:
            piece = me.recv(1 << 20)
            if not piece:
                sys.exit("the neighbour was cut off")
            came += len(piece)
            tail = tail[-64:] + piece
        took.append((time.perf_counter() - sent) * 1000)
        until = sent + 0.05
        while (left := until - time.perf_counter()) > 0:
            me.settimeout(left)
            try:
                came += len(me.recv(1 << 20))
            except TimeoutError:
                pass
        me.settimeout(30)
    for process in others:
        process.kill()
        process.wait()
    server.terminate()
    took.sort()
    print(f"{o.receivers} receivers, {' '.join(serve) or 'no rate'}: {came / (time.perf_counter() - begin) / 1e6:.1f} MB/s to each; the "
          f"neighbour's message took {st.median(took):.1f} ms at the median, {took[int(len(took) * 0.99)]:.1f} at p99, of {len(took)}")
    sys.exit(server.wait())


if __name__ == "__main__":
    main()
