#!/usr/bin/env python3
"""How throughput grows with CPUs: make bench-cpus.

Pagoda and Linux in the same QEMU with multi-threaded TCG, on -smp 1, 2 and 4 (bench/guest/cpus.c says what the
rows do), and the allocators on CPUs of the soft machine (bench/host/scale.c). For each row: operations a second
with one CPU, and how many times that two and four give.

Two figures, for the host's processors are rarely ours alone. By time: the best of several rounds, which no host
with two processors can make more than 2. By processor time, in brackets: operations over what the CPUs' threads
of QEMU got of the host's processors, times their number -- what a quiet host with as many processors would show,
as far as nobody sleeps: waiting by spinning, interrupts and moving cache lines are in it, sleeping on a lock is not.
build/bench/cpus.json has all of it.
"""
import argparse
import json
import os
import re
import subprocess
import tempfile

from parts import COMMAND_LINE, KERNELS, Bench, about

SMP = (1, 2, 4)


def cpu_time(pid):
    """Seconds that the CPUs' threads have run."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/comm") as f:
                if "/TCG" not in f.read():
                    continue
            with open(f"/proc/{pid}/task/{task}/schedstat") as f:
                total += int(f.read().split()[0])
        except OSError:
            pass
    return total / 1e9


def boot(bench, which, smp, table):
    """The best of all rounds into table[row][workers]: rates by time and by processor time."""
    command = bench.qemu + ["-name", "bench,debug-threads=on", "-smp", str(smp), "-accel", "tcg,thread=multi", "-m", "1024",
                      "-kernel", bench.kernel[which], "-initrd", os.path.join(bench.work, "gzip"), "-append",
                      f"console=ttyS0 panic=-1 {COMMAND_LINE[which]} -- cpus"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          errors="replace") as qemu:
        for line in qemu.stdout:
            word = re.sub(r"^.*\x1b\[[0-9;?]*[A-Za-z]", "", line).split()
            if len(word) == 3 and word[0] == "begin":
                before = cpu_time(qemu.pid)
            elif len(word) == 5 and word[0] == "end":
                used, workers, operations = cpu_time(qemu.pid) - before, int(word[2]), int(word[3])
                if smp > 1 and workers != smp:
                    continue  # as one CPU does it is seen where there is no other
                best = table.setdefault(word[1], {}).setdefault(workers, [0, 0])
                best[0] = max(best[0], operations / float(word[4]))
                best[1] = max(best[1], operations * workers / used)


def show(title, table):
    print(f"\n{title:28} {'1 CPU, /s':>12} {'2 CPUs':>14} {'4 CPUs':>14}")
    for row, rate in table.items():
        more = "".join(f" {rate[n][0] / rate[1][0]:6.2f} ({rate[n][1] / rate[1][1]:.2f})" if n in rate else " " * 14
                       for n in SMP[1:])
        print(f"{row:28} {rate[1][0]:12.0f}{more}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--kernel", help="Linux to compare with")
    parser.add_argument("--boots", type=int, default=2)
    parser.add_argument("--only", choices=KERNELS + ("host",), help="one of the parts")
    options = parser.parse_args()
    result = {"about": about()}
    bench = Bench(options.build, "x86_64", options.kernel, {}, {}, {})
    with tempfile.TemporaryDirectory() as bench.work:
        bench.prepare()
        for which in KERNELS:
            if options.only in (None, which):
                table = result[which] = {}
                for smp in SMP:
                    for _ in range(options.boots):
                        boot(bench, which, smp, table)
                show(which, table)
    if options.only in (None, "host"):
        table = result["host"] = {}
        for _ in range(options.boots):
            lines = subprocess.run([os.path.join(options.build, "bench/scale")], capture_output=True, text=True,
                                   check=True).stdout.splitlines()
            for name, cpus, rate in (line.split()[1:] for line in lines):
                best = table.setdefault(name, {}).setdefault(int(cpus), [0, 0])
                best[0] = best[1] = max(best[1], float(rate))
        show("allocators (processor time)", table)
    with open(os.path.join(options.build, "bench/cpus.json"), "w") as f:
        json.dump(result, f, indent=1)


main()
