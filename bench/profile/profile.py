#!/usr/bin/env python3
"""Where the instructions go: run a program in the machine, count by kernel function.

usage: bench/profile/profile.py [-n LINES] [-k KERNEL] [-d DIVISOR] [-- PAGODA-RUN-OPTION...] -- PROGRAM [ARGUMENT...]

The kernel's functions are listed with the instructions executed in them; with
-d, divided by DIVISOR (the number of operations the program does, for
instance). Boot is in the figures, so let the program run long.
"""
import argparse
import bisect
import collections
import os
import subprocess
import sys
import tempfile


def symbols(kernel):
    table = []
    for line in subprocess.run(["nm", "-n", kernel], check=True, capture_output=True, text=True).stdout.splitlines():
        address, kind, name = line.split()
        if kind in "tT":
            table.append((int(address, 16), name))
    return table


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", type=int, default=40)
    parser.add_argument("-k", default="build/x86_64/pagoda.elf")
    parser.add_argument("-d", type=float, default=1)
    parser.add_argument("--ram", default="256M")
    parser.add_argument("program", nargs="+")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        plugin, out = os.path.join(work, "count.so"), os.path.join(work, "out")
        source = os.path.join(os.path.dirname(__file__), "count.c")
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-fvisibility=hidden", "-o", plugin, source], check=True)
        subprocess.run(["build/pagoda", "run", "--icount", "--ram", args.ram, "--kernel", args.k, "--qemu-args",
                        f"-cpu max,-erms,-fsrm -plugin {plugin},out={out}", "--", *args.program], check=False)
        table = symbols(args.k)
        addresses = [address for address, _ in table]
        total, counts = 0, collections.Counter()
        for line in open(out):
            address, executed, _ = line.split()
            address, executed = int(address, 16), int(executed)
            total += executed
            if address >= addresses[0]:
                counts[table[bisect.bisect(addresses, address) - 1][1]] += executed
    kernel = sum(counts.values())
    print(f"kernel {kernel / args.d:.0f} of {total / args.d:.0f}", file=sys.stderr)
    for name, executed in counts.most_common(args.n):
        print(f"{executed / args.d:12.1f} {100 * executed / kernel:5.1f}% {name}")


main()
