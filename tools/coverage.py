#!/usr/bin/env python3
"""coverage.py BUILD FOLDER PAGE: a table of the lines of FOLDER's files that were executed.

Reads what gcov says of every object in BUILD. A line of a header counts as executed if it was
in any object. PAGE gets the table; the sum is printed, too.
"""
import os
import re
import subprocess
import sys


def counts_of(gcda, lines):
    """Add an object's lines: lines[file][number] is True if it was executed."""
    text = subprocess.run(["gcov", "-t", gcda], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=True).stdout.decode(errors="replace")
    name = None
    for line in text.split("\n"):
        found = re.match(r"\s*-:\s+0:Source:(.*)", line)
        if found:
            name = os.path.normpath(found.group(1))
            continue
        found = re.match(r"\s*(-|#####|=====|\d+\*?):\s*(\d+):", line)
        if found and name and found.group(1) != "-":
            of_file, number = lines.setdefault(name, {}), int(found.group(2))
            of_file[number] = of_file.get(number, False) or found.group(1)[0].isdigit()


def ranges(numbers):
    """"3-5, 9" """
    parts = []
    for n in sorted(numbers):
        if parts and parts[-1][1] == n - 1:
            parts[-1][1] = n
        else:
            parts.append([n, n])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def main():
    build, folder, page = sys.argv[1:]
    lines = {}
    for path, _, names in os.walk(build):
        for name in names:
            if name.endswith(".gcda"):
                counts_of(os.path.join(path, name), lines)
    rows, reached, there = [], 0, 0
    for name in sorted(lines):
        if not name.startswith(folder + "/"):
            continue
        hit = sum(lines[name].values())
        missing = [n for n, executed in lines[name].items() if not executed]
        rows.append(f"| `{name}` | {len(lines[name])} | {100 * hit / len(lines[name]):.0f} % | {ranges(missing)} |")
        reached, there = reached + hit, there + len(lines[name])
    total = f"{reached} of {there} lines of {folder}/ executed: {100 * reached / max(there, 1):.1f} %"
    with open(page, "w") as f:
        f.write("# Lines reached by the tests on the host\n\n"
                "`make coverage` writes this page: the lines of mm/ that compile to something, and those that\n"
                "no host test and no fuzz corpus executes on the soft machine. What stays out of its library\n"
                "(mm/cache/iter.c and rw.c copy to a program's memory) the guest tests reach.\n\n"
                f"{total}.\n\n| file | lines | reached | not reached |\n| --- | --- | --- | --- |\n")
        f.write("\n".join(rows) + "\n")
    print(total)


if __name__ == "__main__":
    main()
