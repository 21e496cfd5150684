#!/usr/bin/env python3
"""`sockit get --split 4` beside one stream, curl and aria2c, over a path with delay and loss.

    cargo build --release
    sudo crates/cli/benches/split.py target/release/sockit [--rounds 3] [--delay-ms 25] [--loss 0.01] [--size BYTES] [--seed N]

Needs root, nginx, curl, aria2c and ip (iproute2), but not netem: nginx and the clients are in a network namespace each, with a TUN
device as the only way out, and this program forwards the packets. It delays every packet by --delay-ms in each direction, and drops
--loss of the packets of each direction. Packets have at most 1,500 bytes, and none is a bundle of several (no GSO), so a loss is a
loss of one segment. Both namespaces have the given congestion control, and remember nothing from one transfer for the next one.

The programs take turns in rounds. In a round all of them meet the same sequence of losses, by the number of the packet, from the
printed seed. Figures are medians of the rounds, factors medians of the factors within a round. Each copy is compared with the
original. "late" is how much longer than asked the forwarder held a packet: 99th percentile and maximum. The first table has no loss
and one round: there the forwarder must be far above the rates of the second one.
"""

import argparse
import collections
import ctypes
import fcntl
import filecmp
import os
import random
import select
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

CLONE_NEWNET, PR_SET_PDEATHSIG = 0x40000000, 1
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
SERVER, CLIENT = "10.99.0.1", "10.99.0.2"
NGINX = """
daemon off; pid {root}/nginx.pid; error_log {root}/error.log; worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on;
  client_body_temp_path {root}/t1; proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3;
  uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;
  server {{ listen {server}:80; root {root}/www; }}
}}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sockit")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay-ms", type=float, default=25, help="in each direction; the round trip has twice that")
    parser.add_argument("--loss", type=float, default=0.01, help="share of the packets of each direction")
    parser.add_argument("--size", type=int, default=8 << 20, help="bytes of the file")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--congestion", default="cubic", help="cubic, reno, bbr, … as the kernel has them")
    args = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("network namespaces need root")
    sockit = os.path.abspath(args.sockit)
    root = tempfile.mkdtemp(prefix="split-bench-")
    os.chmod(root, 0o755)
    here, there = Namespace(SERVER, CLIENT, args.congestion), Namespace(CLIENT, SERVER, args.congestion)
    try:
        original = make_site(root, args.size)
        nginx = here.start(["nginx", "-c", f"{root}/nginx.conf", "-e", f"{root}/error.log"])
        link = Link(here.tun, there.tun, args.delay_ms / 1000)
        threading.Thread(target=link.forward, daemon=True).start()
        url, copy = f"http://{SERVER}/file", f"{root}/copy"
        programs = {
            "sockit get": [sockit, "get", "-s", "-o", copy, url],
            "sockit get --split 4": [sockit, "get", "-s", "--split", "4", "-o", copy, url],
            "curl": ["curl", "-s", "-o", copy, url],
            "aria2c": aria2c(root, 1) + [url],
            "aria2c -x4 -s4": aria2c(root, 4) + [url],
        }
        wait_for_server(there, url)
        print(f"{args.size} bytes, {args.delay_ms} ms each way, {args.congestion}, seed {args.seed}")
        try:
            for loss, rounds in ((0, 1), (args.loss, args.rounds)):
                table(programs, there, link, loss, rounds, args.size, args.seed, lambda: check(copy, original))
        finally:
            nginx.send_signal(signal.SIGTERM)
            nginx.wait()
    finally:
        here.end()
        there.end()
        shutil.rmtree(root)


def make_site(root, size):
    os.mkdir(f"{root}/www")
    with open(f"{root}/nginx.conf", "w") as file:
        file.write(NGINX.format(root=root, server=SERVER))
    with open(f"{root}/www/file", "wb") as file:
        file.write(os.urandom(size))
    return f"{root}/www/file"


def aria2c(root, connections):
    """Ranges from 1 MiB, since aria2's own minimum of 20 MiB would leave the file whole. No space is reserved, as on a new disk."""
    n = str(connections)
    return ["aria2c", "-q", "--no-conf", "-x", n, "-s", n, "-k", "1M", "--file-allocation=none", "-d", root, "-o", "copy"]


def wait_for_server(namespace, url):
    until = time.monotonic() + 20
    while namespace.start(["curl", "-s", "-m", "2", "-I", "-o", "/dev/null", url]).wait() != 0:
        if time.monotonic() > until:
            sys.exit("nginx does not answer")


def check(copy, original):
    if not os.path.exists(copy) or not filecmp.cmp(copy, original, shallow=False):
        sys.exit("a copy differs from the original")
    os.unlink(copy)


def table(programs, namespace, link, loss, rounds, size, seed, check_copy):
    seconds, late = {name: [] for name in programs}, []
    for turn in range(rounds):
        order = list(programs)
        order = order[turn % len(order):] + order[:turn % len(order)]
        for name in order:
            link.begin(loss, seed + turn)
            begin = time.monotonic()
            code = namespace.start(programs[name]).wait()
            seconds[name].append(time.monotonic() - begin)
            if code != 0:
                sys.exit(f"{name} exited with {code}")
            check_copy()
            late += link.late
    late.sort()
    print(f"\nloss {100 * loss:g} % in each direction; {rounds} rounds; late {1000 * late[len(late) * 99 // 100]:.2f} ms, "
          f"{1000 * late[-1]:.2f} ms; {len(late)} packets forwarded\n")
    print("| program | seconds | each round | KB/s | factor to one stream |")
    print("|---|--:|---|--:|--:|")
    for name, times in seconds.items():
        median = statistics.median(times)
        factor = statistics.median(one / own for one, own in zip(seconds["sockit get"], times))
        print(f"| {name} | {median:.1f} | {', '.join(f'{t:.1f}' for t in times)} | {size / median / 1000:,.0f} | {factor:.2f} |")


class Namespace:
    """A network namespace with a TUN device. A process that waits keeps it alive, and starts programs in it."""

    def __init__(self, address, peer, congestion):
        ours, theirs = socket.socketpair(socket.AF_UNIX)
        self.pid = os.fork()
        if self.pid == 0:
            ours.close()
            try:
                enter_new_namespace()
                tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
                fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"tun0", IFF_TUN | IFF_NO_PI))
                # The route names the congestion control, since a namespace may not choose all that the kernel has.
                for words in (f"addr add {address} dev tun0", "link set tun0 mtu 1500 txqueuelen 10000 up",
                              f"route add {peer} dev tun0 src {address} congctl {congestion}"):
                    subprocess.run(["ip", *words.split()], check=True)
                with open("/proc/sys/net/ipv4/tcp_no_metrics_save", "w") as setting:
                    setting.write("1")
                socket.send_fds(theirs, [b"x"], [tun])
                signal.pause()
            except (OSError, subprocess.CalledProcessError) as error:
                print(error, file=sys.stderr)
            finally:
                os._exit(0)
        theirs.close()
        _, fds, _, _ = socket.recv_fds(ours, 1, 1)
        if not fds:
            sys.exit("the namespace could not be made")
        self.tun = fds[0]

    def start(self, command):
        return subprocess.Popen(["nsenter", f"--net=/proc/{self.pid}/ns/net", *command], stdin=subprocess.DEVNULL)

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def enter_new_namespace():
    """Enters a new network namespace, and ends with the parent."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0 or libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


class Link:
    """Forwards packets between two TUN devices."""

    def __init__(self, one, other, delay):
        self.ways = [Way(one, other), Way(other, one)]
        self.delay = delay
        self.late = []

    def begin(self, loss, seed):
        """A new transfer. Packets of the last one may still come; each one uses up a number, and there are few."""
        self.late = []
        for number, way in enumerate(self.ways):
            way.loss, way.random = loss, random.Random(seed * 2 + number)

    def forward(self):
        # For this thread only: a late packet would be a longer delay.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), -10)
        ways = {way.source: way for way in self.ways}
        while True:
            due = min((way.held[0][0] for way in self.ways if way.held), default=None)
            wait = None if due is None else max(0, due - time.monotonic())
            for source in select.select(list(ways), [], [], wait)[0]:
                ways[source].receive(self.delay)
            for way in self.ways:
                way.send(self.late)


class Way:
    def __init__(self, source, target):
        self.source, self.target = source, target
        self.held = collections.deque()
        self.loss, self.random = 0, random.Random(0)

    def receive(self, delay):
        for _ in range(64):
            try:
                packet = os.read(self.source, 2048)
            except BlockingIOError:
                return
            if packet[0] >> 4 == 4 and self.random.random() >= self.loss:
                self.held.append((time.monotonic() + delay, packet))

    def send(self, late):
        while self.held and self.held[0][0] <= time.monotonic():
            due, packet = self.held.popleft()
            os.write(self.target, packet)
            late.append(time.monotonic() - due)


if __name__ == "__main__":
    main()
