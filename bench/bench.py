#!/usr/bin/python3 -B
"""make bench: measure the rows of bench/rows, compare, and say what is wrong.

usage: bench/bench.py run [--arch ARCH] [--kernel VMLINUZ] [--part PART]... [--row ROW]...
       bench/bench.py keep [--arch ARCH] [--why REASON]

Five parts, in bench/parts.py: "instructions" of the guest program on Linux and on Pagoda, "wall", the
same rows timed, "boot", "host", our allocators in a process beside others, and "swap", more memory in use than there
is (bench/swap.py). What was found
is shown, kept as build/bench/result.json and drawn as build/bench/bench.svg (bench/report.py). A
run of some rows or parts only shows them, and is kept as build/bench/some.json.

Another ARCH than x86_64, that is i386 or i386-pae, has the parts that run in the guest, beside Debian's
kernel for that machine; its files have "-ARCH" in their names, and goals are x86-64's: what is asked of
it is that no row is slower than Linux.

The exit status is 1 when a row is missing, a rule of honesty is broken (bench/guest/rules.c), or a
row counts more than 5 % above bench/kept.json, or one of swap is slower or moves more pages than Linux. Such a loss is mended, or explained: "keep" makes the
last complete run the kept one, and takes a loss only with its reason.
"""
import argparse
import json
import os
import shutil
import sys

import parts
import report



def name_for(arch, name):
    """A file's name: bench/kept.json of x86-64, bench/kept-i386.json."""
    stem, suffix = os.path.splitext(name)
    return name if arch == "x86_64" else f"{stem}-{arch}{suffix}"


def its_parts(arch):
    return parts.PARTS if arch == "x86_64" else parts.GUEST_PARTS


def its_rows(arch):
    return {name: row for name, row in report.rows().items() if row.part in its_parts(arch)}


def load(path):
    try:
        with open(path) as f:
            return json.load(f)
    except FileNotFoundError:
        return None


def save(path, what):
    with open(path, "w") as f:
        json.dump(what, f, indent=1)
        f.write("\n")


def run(args):
    rows = its_rows(args.arch)
    unknown = [name for name in args.row if name not in rows]
    if unknown:
        sys.exit(f"bench: no such row: {' '.join(unknown)} (see bench/rows)")
    chosen = args.part or (sorted({rows[name].part for name in args.row}) if args.row else list(its_parts(args.arch)))
    wanted = set(args.row) or set(rows)
    result = {"about": parts.about(), "rules": []}
    bench = parts.Bench(os.environ.get("BUILD", "build"), args.arch, args.kernel, rows, wanted, result)
    for part in parts.PARTS:
        if part in chosen:
            print(f"bench: {part} ...", file=sys.stderr, flush=True)
            bench.measure(part)
    whole = not args.row and len(chosen) == len(its_parts(args.arch))
    path = os.path.join(bench.out, name_for(args.arch, "result.json") if whole else "some.json")
    save(path, result)
    kept = load(name_for(args.arch, "bench/kept.json"))
    print(report.text(result, kept))
    if whole:
        report.plot(result, os.path.join(bench.out, name_for(args.arch, "bench.svg")))
    wrong = report.missing(result, chosen, wanted) + report.broken(result) + report.losses(result, kept)
    wrong += report.swaps_more(result)
    if args.arch != "x86_64":
        wrong += report.slower(result)
    for line in wrong:
        print("bench: " + line)
    print(f"bench: {path}" + (f", {bench.out}/{name_for(args.arch, 'bench.svg')}" if whole else "") +
          (f"; {len(wrong)} complaints" if wrong else "; nothing to complain about"))
    return 1 if wrong else 0


def keep(args):
    out = os.path.join(os.environ.get("BUILD", "build"), "bench")
    result = load(os.path.join(out, name_for(args.arch, "result.json")))
    kept = name_for(args.arch, "bench/kept.json")
    if result is None:
        sys.exit("bench: there is no complete run to keep: make bench")
    wrong = report.missing(result, its_parts(args.arch), set(its_rows(args.arch))) + report.broken(result)
    lost = report.losses(result, load(kept))
    for line in wrong + lost:
        print("bench: " + line)
    if wrong or (lost and not args.why):
        sys.exit('bench: not kept' + ('; mend it, or explain: make bench-keep WHY="..."' if not wrong else ""))
    if lost:
        result["explained"] = {"why": args.why, "what": lost}
    save(kept, result)
    plot = name_for(args.arch, "bench.svg")
    shutil.copy(os.path.join(out, plot), os.path.join("docs", plot))
    report.write_tables(result, args.arch, "docs/bench.md")
    print(f"bench: kept as {kept}, docs/bench.md and docs/{plot}")
    return 0


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("run")
    one.add_argument("--kernel")
    one.add_argument("--part", action="append", default=[], choices=parts.PARTS)
    one.add_argument("--row", action="append", default=[])
    one = commands.add_parser("keep")
    one.add_argument("--why")
    for one in commands.choices.values():
        one.add_argument("--arch", choices=parts.ARCHES, default=parts.ARCHES[0])
    args = parser.parse_args()
    return run(args) if args.command == "run" else keep(args)


if __name__ == "__main__":
    sys.exit(main())
