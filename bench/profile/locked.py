#!/usr/bin/env python3
"""What several CPUs cost where there is one: locked instructions per operation.

usage: bench/profile/locked.py [-k KERNEL]

Each kind of work (work.c) is done n and 2n times under QEMU's plugin that counts blocks (count.c); the difference,
by n, is what one operation takes: instructions of the kernel, and of these the locked ones -- with a lock prefix, or
xchg with memory -- by the kernel's disassembly. A processor that has the line in its cache takes some 18 to 25 cycles
for a locked instruction and 1 for its plain form.
"""
import argparse
import os
import re
import subprocess
import tempfile

KINDS = {"syscall": 400000, "fault": 20000, "map": 20000, "fork": 200}  # fork: and exit and wait


def disassembled(kernel):
    """Addresses of all instructions, in order, and which are locked."""
    addresses, locked = [], set()
    for line in subprocess.run(["objdump", "-d", "--no-show-raw-insn", kernel], capture_output=True, text=True,
                               check=True).stdout.splitlines():
        found = re.match(r"\s*([0-9a-f]+):\s+(.*)", line)
        if found:
            address, text = int(found[1], 16), found[2]
            addresses.append(address)
            if text.startswith("lock ") or re.match(r"xchg\S*\s.*\(", text):
                locked.add(address)
    return addresses, locked


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-k", default="build/x86_64/pagoda.elf")
    args = parser.parse_args()
    addresses, locked = disassembled(args.k)
    index = {address: i for i, address in enumerate(addresses)}
    here = os.path.dirname(__file__)
    with tempfile.TemporaryDirectory() as work:
        plugin, program, out = (os.path.join(work, name) for name in ("count.so", "work", "out"))
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-fvisibility=hidden", "-o", plugin,
                        os.path.join(here, "count.c")], check=True)
        subprocess.run(["gcc", "-O2", "-static", "-o", program, os.path.join(here, "work.c")], check=True)

        def count(kind, n):
            subprocess.run(["build/pagoda", "run", "--icount", "--ram", "256M", "--kernel", args.k, "--qemu-args", f"-cpu max,-erms,-fsrm -plugin {plugin},out={out}",
                            "--", program, kind, str(n)], check=True, timeout=300)
            total = with_lock = 0
            for line in open(out):
                address, executed, length = line.split()
                at = index.get(int(address, 16))
                if at is not None:
                    total += int(executed)
                    with_lock += int(executed) // int(length) * sum(
                        a in locked for a in addresses[at:at + int(length)])
            return total, with_lock

        print(f"{'operation':12} {'instructions':>12} {'locked':>8}")
        for kind, n in KINDS.items():
            once, twice = count(kind, n), count(kind, 2 * n)
            print(f"{kind:12} {(twice[0] - once[0]) / n:12.1f} {(twice[1] - once[1]) / n:8.2f}", flush=True)


main()
