#!/usr/bin/env python3
"""run.py [--places | NAME ...]: breaks mm/ in one place after the other; the tests must notice each.

The places stand in tests/mutants/list. Each mutant is made in a copy of the tree
(build/mutants/tree), where only what it changes is built again. First the test that the list names
runs, then, should it notice nothing, every host test and every fuzz corpus. A mutant that
survives means that a test is missing. With --places nothing is built: only whether the list's lines are
where it says is looked at. Results are kept in build/mutants/results; docs/mutants.md is
written anew from them when every mutant of the list has one.
"""
import os
import re
import shutil
import subprocess
import sys
import time

TREE = "build/mutants/tree"
LIST = "tests/mutants/list"
RESULTS = "build/mutants/results"  # name, tab, what noticed
SECONDS = 120  # for one test: who hangs is noticed as well


class Mutant:
    def __init__(self, name):
        self.name, self.what, self.file, self.test = name, "", "", ""
        self.old, self.new = [], []

    def text(self, path):
        """The file's text with the mutation; ValueError if its place is not there just once."""
        with open(path) as f:
            text = f.read()
        old = "".join(line + "\n" for line in self.old)
        if text.count("\n" + old) != 1:
            raise ValueError(f"{self.name}: its lines stand {text.count(old)} times in {self.file}")
        return text.replace("\n" + old, "\n" + "".join(line + "\n" for line in self.new))


def read_list():
    mutants = []
    with open(LIST) as f:
        for line in f.read().split("\n"):
            key, _, value = line.partition(" ")
            if key == "mutant":
                mutants.append(Mutant(value))
            elif key == "what":
                mutants[-1].what = value.strip()
            elif key == "in":
                mutants[-1].file = value.strip()
            elif line.startswith("seen by "):
                mutants[-1].test = line[8:]
            elif line.startswith("-"):
                mutants[-1].old.append(line[1:])
            elif line.startswith("+"):
                mutants[-1].new.append(line[1:])
            elif line and not line.startswith("#"):
                raise ValueError(f"{LIST}: what is '{line}'?")
    return mutants


def copy_tree():
    """The tree as it is here, without touching what has not changed."""
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], check=True,
                           stdout=subprocess.PIPE, text=True).stdout.split()
    for name in names:
        to = os.path.join(TREE, name)
        if not os.path.exists(name):
            continue
        with open(name, "rb") as f:
            data = f.read()
        if os.path.exists(to):
            with open(to, "rb") as f:
                if f.read() == data:
                    continue
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copyfile(name, to)
        shutil.copymode(name, to)
    for name in os.listdir(TREE + "/tests/host"):
        if not os.path.exists("tests/host/" + name):
            os.remove(TREE + "/tests/host/" + name)


def run(command, seconds=SECONDS):
    """(status, output); a status of 124: it took too long."""
    with subprocess.Popen(["timeout", "-k", "5", str(seconds)] + command, cwd=TREE,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        output = process.communicate()[0].decode(errors="replace")
    return process.returncode, output


def make(*targets):
    status, output = run(["make", "-s", "-j2"] + list(targets), 1200)
    if status:
        raise RuntimeError("does not build:\n" + output[-2000:])


def is_for_all(path):
    """Not for some geometry alone?"""
    with open(path) as f:
        found = re.search(r"^// geometries: (.*)", f.read(1000), re.M)
    return not found or "all" in found.group(1)


def host_programs():
    return sorted(n[:-2] for n in os.listdir(TREE + "/tests/host")
                  if n.startswith("test_") and n.endswith(".c") and is_for_all(f"{TREE}/tests/host/{n}"))


def program_of(case):
    """The program that has a test case; `slab:case` names it. None: nobody has."""
    program, _, name = case.rpartition(":")
    for candidate in host_programs():
        with open(f"{TREE}/tests/host/{candidate}.c") as f:
            if (not program or candidate.startswith("test_" + program)) and \
               re.search(rf"cmocka_unit_test\w*\({name}\b", f.read()):
                return candidate, name
    return None, name


def first_failure(output, fallback):
    found = re.search(r"^not ok (.*?)( \(.*)?$", output, re.M)
    return found.group(1).strip() if found else fallback


def host_test(program, case=None):
    """What noticed the mutant, or None."""
    binary = f"build/soft-mutant/{program}"
    make(binary)
    status, output = run([binary] + ([case] if case else []))
    return first_failure(output, f"{program}.{case or '(crash)'}") if status else None


def fuzz_corpus(target):
    binary = f"build/soft-fuzz/fuzz_{target}"
    make(binary)
    return f"fuzz {target}" if "not ok" in run(["tests/fuzz/run.sh", binary, "0"])[1] else None


def guest_test(test):
    make("all", "guest-tests")
    status, output = run(["env", "MACHINES=plain", f"TESTS={test}", "tests/guest/machines.sh"], 600)
    return first_failure(output, f"guest {test}") if status or "not ok" in output else None


def named_test(mutant):
    kind, _, rest = mutant.test.partition(" ")
    if kind == "fuzz":
        return fuzz_corpus(rest)
    if kind == "guest":
        return guest_test(rest)
    program, case = program_of(mutant.test)
    return host_test(program, case) if program else None


def everything():
    make(*[f"build/soft-mutant/{p}" for p in host_programs()])
    for program in host_programs():
        noticed = host_test(program)
        if noticed:
            return noticed
    for target in sorted(os.listdir(TREE + "/tests/fuzz/corpus")):
        noticed = fuzz_corpus(target)
        if noticed:
            return noticed
    return None


def try_mutant(mutant):
    path = os.path.join(TREE, mutant.file)
    with open(path) as f:
        original = f.read()
    text = mutant.text(path)
    try:
        with open(path, "w") as f:
            f.write(text)
        return named_test(mutant) or everything()
    finally:
        with open(path, "w") as f:
            f.write(original)


def baseline(mutants):
    """Without a mutation every test named must pass."""
    for test in sorted({m.test for m in mutants}):
        mutant = Mutant("none")
        mutant.test = test
        noticed = named_test(mutant)
        if noticed:
            sys.exit(f"mutants: {noticed} fails as things are")


def known_results():
    if not os.path.exists(RESULTS):
        return {}
    with open(RESULTS) as f:
        return dict(line.split("\t") for line in f.read().splitlines())


def keep_result(mutant, noticed):
    results = known_results()
    results[mutant.name] = noticed or ""
    with open(RESULTS, "w") as f:
        f.writelines(f"{name}\t{by}\n" for name, by in results.items())


def write_page(mutants):
    results = known_results()
    if any(m.name not in results for m in mutants):
        return
    with open("docs/mutants.md", "w") as f:
        f.write("# Mutants\n\n"
                "mm/ broken in one place at a time, and the test that noticed. `make mutants` runs\n"
                "[tests/mutants/list](../tests/mutants/list), where each stands as the lines it changes, and\n"
                "writes this page. A mutant that survives means that a test is missing.\n\n"
                "| mutant | in | what is wrong then | noticed by |\n| --- | --- | --- | --- |\n")
        for m in mutants:
            f.write(f"| {m.name} | `{m.file}` | {m.what} | {results[m.name] or '**nobody**'} |\n")
        killed = sum(1 for m in mutants if results[m.name])
        f.write(f"\n{killed} noticed, {len(mutants) - killed} survived.\n")


def main():
    mutants = read_list()
    for mutant in mutants:
        mutant.text(mutant.file)
    if sys.argv[1:] == ["--places"]:
        return 0
    chosen = [m for m in mutants if not sys.argv[1:] or m.name in sys.argv[1:]]
    copy_tree()
    baseline(chosen)
    results = []
    for mutant in chosen:
        began = time.time()
        try:
            noticed = try_mutant(mutant)
        except RuntimeError as error:
            print(f"{mutant.name}: {error}")
            noticed = None
        results.append(noticed)
        keep_result(mutant, noticed)
        print(f"{'killed  ' if noticed else 'SURVIVED'} {mutant.name}: {noticed or 'nobody noticed'}"
              f" ({time.time() - began:.0f} s)", flush=True)
    survived = sum(1 for noticed in results if not noticed)
    print(f"{len(results) - survived} mutants killed, {survived} survived")
    write_page(mutants)
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
