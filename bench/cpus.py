#!/usr/bin/env python3
"""How throughput grows with CPUs: make bench-cpus.

Pagoda and Linux in the same QEMU with multi-threaded TCG, on -smp 1, 2 and 4 (bench/guest/cpus.c says what the
rows do), and the allocators on CPUs of the soft machine (bench/host/scale.c). For each row: operations a second
on a machine with one CPU, and how many times that is done by two and by four workers of a machine with as many
CPUs as one of them does alone: the median of all rounds.

`compute` asks the kernel nothing: no more than that can be had. Two processors of a host may well be two threads
of one core, or somebody else's now and then. So a figure in brackets says what a host would show that gives each
CPU a processor of its own: the row's gain over compute's in the same round, times the CPUs.
build/bench/cpus.json has all samples.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from statistics import median

from parts import KERNELS, TIMING, Bench, about

SMP = (1, 2, 4)


def boot(bench, which, smp, samples):
    """Appends to samples[row][workers] the rate of each round."""
    for line in bench.machine(which, "cpus", qemu=TIMING + ["-smp", str(smp), "-accel", "tcg,thread=multi"]):
        word = line.split()
        if len(word) == 5 and word[0] == "ran":
            samples.setdefault(word[1], {}).setdefault(int(word[2]), []).append(float(word[3]) / float(word[4]))
        elif word and word[0] == "failed":
            sys.exit(f"bench: {which}: {line}")


def gains(rates, workers):
    return [many / one for one, many in zip(rates[1], rates[workers])]


def show(title, table):
    """table[smp][row][workers]: rates of all rounds."""
    print(f"\n{title:28} {'1 CPU, /s':>12} {'2 CPUs':>14} {'4 CPUs':>14}")
    for row, rates in table[1].items():
        line = f"{row:28} {median(rates[1]):12.0f}"
        for smp in SMP[1:]:
            gain, most = gains(table[smp][row], smp), gains(table[smp]["compute"], smp)
            line += f" {median(gain):6.2f} ({median(g / m * smp for g, m in zip(gain, most)):.2f})"
        print(line, flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--kernel", help="Linux to compare with")
    parser.add_argument("--boots", type=int, default=1)
    parser.add_argument("--only", choices=KERNELS + ("host",), help="one of the parts")
    options = parser.parse_args()
    result = {"about": about()}
    bench = Bench(options.build, "x86_64", options.kernel, {}, {}, {})
    with tempfile.TemporaryDirectory() as bench.work:
        bench.prepare()
        for which in KERNELS:
            if options.only in (None, which):
                table = result[which] = {smp: {} for smp in SMP}
                for smp in SMP:
                    for _ in range(options.boots):
                        boot(bench, which, smp, table[smp])
                show(which, table)
    if options.only in (None, "host"):
        samples = result["host"] = {}
        for _ in range(options.boots):
            lines = subprocess.run([os.path.join(options.build, "bench/scale")], capture_output=True, text=True,
                                   check=True).stdout.splitlines()
            for name, cpus, rate in (line.split()[1:] for line in lines):
                samples.setdefault(name, {}).setdefault(int(cpus), []).append(float(rate))
        show("allocators", dict.fromkeys(SMP, samples))
    with open(os.path.join(options.build, "bench/cpus.json"), "w") as f:
        json.dump(result, f, indent=1)


main()
