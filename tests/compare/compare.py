#!/usr/bin/env python3
"""Runs the comparator (tests/compare/lib/compare.h) and looks at what it prints.

compare.py check [NAME...]           on Pagoda, release and debug, against golden/*.txt:
                                     one line `ok' or `not ok' for each case
compare.py record KERNEL [NAME...]   on a Linux, to make golden/*.txt
compare.py show KERNEL [NAME...]     prints what a kernel says; KERNEL - is Pagoda

NAME is FILE or FILE/CASE. PAGODA (build/pagoda) and BUILD (build) say where things are.

Where Pagoda differs on purpose, differences.txt has the case again, as Pagoda has it,
with the reason in lines that begin with #. Such a case passes only if it says just that.
"""

import glob
import os
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
PAGODA = os.environ.get("PAGODA", "build/pagoda")
PROGRAM = os.path.join(os.environ.get("BUILD", "build"), "tests/compare/compare")
PATIENCE = 120  # seconds without a line: the kernel hangs
LINUX = ["--append", "transparent_hugepage=never no5lvl nopku"]  # what Pagoda does not use


def boot(options, arguments):
    """One boot. Yields (case, lines, ended): what each case printed."""
    command = [PAGODA, "run", "--ram", "256M", "--timeout", "1800", *options,
               "--", PROGRAM, *arguments]
    machine = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               stdin=subprocess.DEVNULL, text=True, errors="replace")
    errors = []
    threading.Thread(target=lambda: errors.extend(machine.stderr), daemon=True).start()
    case, lines = None, []
    while True:
        watch = threading.Timer(PATIENCE, machine.terminate)
        watch.start()
        line = machine.stdout.readline()
        watch.cancel()
        if not line:
            break
        line = line.rstrip("\n")
        if line == "== end":
            yield case, lines, True
            case = None
        elif line.startswith("== "):
            case, lines = line[3:], []
        elif case:
            lines.append(line)
    machine.stdout.close()
    status = machine.wait()
    if status or case:
        print(*("# " + e.rstrip("\n") for e in errors), sep="\n", file=sys.stderr)
    if case:
        yield case, lines + [f"the machine ended with status {status}"], False


def run(options, names):
    """Boots until all cases have run: {case: lines}."""
    found, arguments = {}, list(names)
    while True:
        last = None
        for case, lines, ended in boot(options, arguments):
            found[case] = lines
            last = None if ended else case
        if last is None or names:
            return found
        arguments = ["--after", last]


def parse(file):
    """{case: lines} of a golden file, comments left out."""
    cases, lines = {}, None
    with open(file, encoding="utf-8") as text:
        for line in text.read().splitlines():
            if line.startswith("== "):
                lines = cases[line[3:]] = []
            elif lines is not None and line and not line.startswith("#"):
                lines.append(line)
    return cases


def chosen(case, names):
    return not names or any(case == n or case.startswith(n + "/") for n in names)


def expected(names):
    wanted = {}
    for file in sorted(glob.glob(os.path.join(HERE, "golden", "*.txt"))):
        wanted.update(parse(file))
    different = parse(os.path.join(HERE, "differences.txt"))
    for case in different:
        if case not in wanted:
            print(f"not ok compare: {case}: in differences.txt, but Linux has no such case")
        elif wanted[case] == different[case]:
            print(f"not ok compare: {case}: in differences.txt, but Linux says the same")
    wanted.update(different)
    return {case: lines for case, lines in wanted.items() if chosen(case, names)}


def difference(wanted, found):
    """Lines of a unified diff (by diff(1), for a minimal Python has no difflib)."""
    with tempfile.NamedTemporaryFile("w", suffix=".linux") as file:
        print(*wanted, sep="\n", file=file, flush=True)
        return subprocess.run(["diff", "-U2", file.name, "-"], input="\n".join(found) + "\n",
                              stdout=subprocess.PIPE, text=True,
                              check=False).stdout.splitlines()


def compare(machine, found, wanted):
    for case in [*wanted, *(c for c in found if c not in wanted)]:
        if case not in wanted:
            print(f"not ok {machine}: {case}: golden/ does not have it (make compare-record)")
        elif case not in found:
            print(f"not ok {machine}: {case}: it did not run")
        elif found[case] == wanted[case]:
            print(f"ok {machine}: {case}")
        else:
            print(f"not ok {machine}: {case}: Linux -, Pagoda +; make compare CASES={case}")
            for line in difference(wanted[case], found[case])[2:42]:
                print("#   " + line)
    sys.stdout.flush()


def write(file, cases):
    with open(file, "w", encoding="utf-8") as out:
        for case, lines in cases.items():
            print(f"== {case}", *lines, "", sep="\n", file=out)


def record(kernel, names):
    found = run(["--kernel", kernel, *LINUX], names)
    for name in sorted({case.split("/")[0] for case in found}):
        file = os.path.join(HERE, "golden", name + ".txt")
        cases = {c: l for c, l in found.items() if c.startswith(name + "/")}
        if any("/" in n for n in names) and os.path.exists(file):
            cases = {**parse(file), **cases}
        write(file, cases)
        print(f"{file}: {len(cases)} cases")


def main():
    what, arguments = sys.argv[1], sys.argv[2:]
    if what == "check":
        wanted = expected(arguments)
        for machine, options in (("compare", []), ("compare-debug", ["--debug"])):
            compare(machine, run(options, arguments), wanted)
    elif what == "record":
        record(arguments[0], arguments[1:])
    elif what == "show":
        options = [] if arguments[0] == "-" else ["--kernel", arguments[0], *LINUX]
        for case, lines in run(options, ["--full", *arguments[1:]]).items():
            print(f"== {case}", *lines, "", sep="\n")
    else:
        sys.exit(__doc__)


main()
