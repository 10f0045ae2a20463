#!/usr/bin/env python3
"""monitor.py SOCKET COMMAND...: gives each command to QEMU's human monitor, prints the answers."""
import socket
import sys

PROMPT = b"(qemu) "


def answer(monitor):
    text = b""
    while not text.endswith(PROMPT):
        part = monitor.recv(65536)
        if not part:
            sys.exit("monitor.py: the monitor has gone")
        text += part
    return text[: -len(PROMPT)]


monitor = socket.socket(socket.AF_UNIX)
monitor.settimeout(20)
monitor.connect(sys.argv[1])
answer(monitor)
for command in sys.argv[2:]:
    monitor.sendall(command.encode() + b"\n")
    # The first line is the command again, as a terminal would show it.
    print(answer(monitor).split(b"\n", 1)[1].decode(errors="replace").replace("\r", ""), end="")
