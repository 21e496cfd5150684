#!/usr/bin/env python3
"""Draws the pictures of the page: pictures.py SOCKIT DIRECTORY."""

import re
import subprocess
import sys
import time

from devtools import Browser

sockit, directory = sys.argv[1:]
server = subprocess.Popen([sockit, "chat", "serve", "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0", "--no-presence"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True)
endpoint = server.stdout.readline().split()[-1]
url = server.stdout.readline().split()[-1]
clients = []


def client(name, *lines, room=None):
    command = [sockit, "chat", "join", endpoint, "--nick", name, "--linger", "1h"] + (["--room", room] if room else [])
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    clients.append(process)
    for line in lines:
        process.stdin.write(line + "\n")
        process.stdin.flush()
        # Until the server has sent the line back, so that the order is the one of this file.
        for shown in process.stdout:
            if shown.rstrip().endswith(line.split(" ", 2)[-1]):
                break
    return process


try:
    ann = client("ann", "Good morning! The release is built: https://example.com/releases/1.4")
    bob = client("bob", "Thanks. I am testing the upgrade on staging now.")
    client("李雷", "早上好！中文没有问题吧？")
    client("cyd", "The dashboards are green so far.", room="ops")
    client("dan", room="dev")
    browser = Browser()
    page = browser.page(url, 1400, 900)
    page.until("synced")
    page.fill("document.getElementById('nick')", "eve")
    page.until("me === 'eve'")
    page.say("没问题！ And the notes are at https://example.com/notes.")
    page.until("unsent.length === 0")
    client("fay", "Line by line from a terminal: nc works as well as the page does.")
    bob.stdin.write("/msg eve Do you have a minute for the migration?\n")
    bob.stdin.flush()
    page.until("!!document.querySelector('.private')")
    for number in range(3):
        cyd = client(f"ops{number}", f"note {number}", room="ops")
    page.run("ask('rooms'), ask('who'), 1")
    page.until("!!document.querySelector('.unread')")
    for width, height in [(360, 640), (800, 600), (1400, 900)]:
        for dark in [False, True]:
            page.look(width, height, dark)
            page.run("document.getElementById('log').scrollTop = 1e9; 1")
            time.sleep(0.3)
            page.picture(f"{directory}/web-{width}-{'dark' if dark else 'light'}.png")
    browser.close()
finally:
    for process in [*clients, server]:
        process.kill()
