#!/usr/bin/env python3
"""Does what a lab says, and compares: run.py docs/labs/LAB.md...

A lab is Markdown.  What counts are its fenced blocks:

    ```c NAME       a file of this name (any language)
    ```console      lines after `$ ' are typed on the host, after `~ # ' in the machine, after
                    `(gdb) ' in the debugger, and what follows them is what is to be seen

The host's commands run in the project's directory, with the lab's files beside (NAME is replaced by
where the file really is).  The one that starts `build/pagoda run' boots the machine; all that is
typed there from then on is one shell script, or one of gdb's; what is typed on the host after that,
when the machine has ended.  KERNEL boots another kernel, to see that Linux does the same: without a
record of its events and what is made of that.

Output must be as shown, except for empty lines, blanks at the ends of lines, and numbers that nobody
can know: those in hexadecimal (after 0x, or of eight digits) and decimal ones of five digits or
more.  They are names: the same number in the lab must be the same one in the machine, and different
ones different, through the whole lab.  Of what gdb says, places in the code (+0x1f, :123, a source
line) and arguments are not compared.  Nor is a block behind a line `<!-- varies -->': it is typed,
and that is all.
"""
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time

NUMBER = re.compile(r"0x[0-9a-f]+|\b[0-9]{5,}\b|\b[0-9a-f]{8,}\b")
PLACE = re.compile(r"\+0x[0-9a-f]+|(?<=\.[chS]):[0-9]+|\([^()]*=[^()]*\)|, line [0-9]+| at arch/\S*| +$")
SOURCE = re.compile(r"^[0-9]+\t")
PROMPTS = ("~ # ", "(gdb) ")
MARK = "== lab command"
failed = False


def result(name, why=None):
    global failed
    if why is None:
        print("ok " + name, flush=True)
    else:
        failed = True
        print("not ok %s: %s" % (name, why), flush=True)


def read_lab(path):
    """(files, host's commands, [(command in machine or debugger, output shown)], [(host's command
    afterwards, output shown)], is it gdb's)"""
    files, host, guest, after, gdb = {}, [], [], [], False
    info, varies = None, False
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        if line.startswith("```"):
            info = line[3:].split() if info is None else None
            if info and len(info) > 1:
                files[info[1]] = ""
            continue
        if info is None:
            varies = line == "<!-- varies -->"
            continue
        if len(info) > 1:
            files[info[1]] += line + "\n"
        elif info == ["console"]:
            if line.startswith("$ ") and guest and not gdb:
                after.append((line[2:], None if varies else []))
            elif line.startswith("$ "):
                host.append(line[2:])
            elif line.startswith(PROMPTS):
                prompt = next(p for p in PROMPTS if line.startswith(p))
                gdb |= prompt == PROMPTS[1]
                guest.append((line[len(prompt):], None if varies else []))
            elif guest:
                shown = (after or guest)[-1][1]
                if shown is not None:
                    shown.append(line)
    return files, host, guest, after, gdb


class Names:
    """Which number of the machine's stands for which of the lab's: one to one."""

    def __init__(self):
        self.of_lab, self.of_machine = {}, {}

    def same(self, shown, seen):
        shown, seen = PLACE.sub("", shown), PLACE.sub("", seen)
        lab, machine = NUMBER.findall(shown), NUMBER.findall(seen)
        if NUMBER.sub("N", shown).rstrip() != NUMBER.sub("N", seen).rstrip():
            return False
        for a, b in zip(lab, machine):
            if not a.strip("0x") or not b.strip("0x"):  # nothing stays nothing
                if a.strip("0x") != b.strip("0x"):
                    return False
            elif self.of_lab.setdefault(a, b) != b or self.of_machine.setdefault(b, a) != a:
                return False
        return True


def split_output(text):
    """What was said after each mark."""
    outputs, current = [], None
    for line in text.splitlines():
        if line.startswith(MARK):
            current = []
            outputs.append(current)
        elif current is not None and not SOURCE.match(line):
            current.append(line)
    return outputs


def run_debugger(command, typed, work):
    """The same for what is typed in gdb, while the machine runs the lab's command."""
    script, socket = os.path.join(work, "typed"), os.path.join(work, "socket")
    with open(script, "w", encoding="utf-8") as out:
        out.write("set width 0\nset confirm off\n")
        for number, (line, _) in enumerate(typed):
            out.write("echo %s %d\\n\n%s\n" % (MARK, number, line))
    words = shlex.split(command.replace(" --gdb", " --gdb=" + socket))
    words[0] = os.environ.get("PAGODA", words[0])
    words[2:2] = ["--timeout", "120"]
    subprocess.run(["tools/need.sh", "gdb=gdb"], check=True)
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as machine:
        for _ in range(200):
            if os.path.exists(socket):
                break
            time.sleep(0.05)
        run = subprocess.run([words[0], "gdb", socket, "--", "-batch", "-x", script],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        machine.wait()
    return run, split_output(run.stdout)


def run_machine(command, guest, work):
    """The outputs of the commands typed in the machine, each a list of lines."""
    script = os.path.join(work, "typed")
    with open(script, "w", encoding="utf-8") as out:
        for number, (typed, _) in enumerate(guest):
            out.write("echo '%s %d'\n%s\n" % (MARK, number, typed))
    words = shlex.split(command)
    words[0] = os.environ.get("PAGODA", words[0])
    words[2:2] = ["--timeout", "300", "--add", script + ":/typed"]
    if os.environ.get("KERNEL"):
        words[2:2] = ["--kernel", os.environ["KERNEL"]]
        if "--record" in words:
            del words[words.index("--record"):words.index("--record") + 2]
    run = subprocess.run(words + ["--", "sh", "/typed"], stdin=subprocess.DEVNULL,
                         capture_output=True, text=True, check=False)
    return run, split_output(run.stdout)


def in_work(command, files, work):
    """The command with the lab's files where they are."""
    for file in files:
        # cow.c, and cow and cow.events that are made of it
        stem = os.path.splitext(file)[0]
        command = re.sub(r"(?<![\w/.-])%s(?=[\s:.]|$)" % re.escape(stem),
                         os.path.join(work, stem), command)
    return command


def compare(name, typed, shown, seen, names):
    shown = [line for line in shown if line.strip() and not SOURCE.match(line)]
    seen = [line for line in seen if line.strip()]
    good = len(shown) == len(seen) and all(map(names.same, shown, seen))
    result("%s: %s" % (name, typed), None if good else "\"%s\" was to be seen, but it was \"%s\"" % (
        "|".join(shown), "|".join(seen)))


def run_lab(path):
    name = "lab-" + os.path.splitext(os.path.basename(path))[0]
    files, host, guest, after, gdb = read_lab(path)
    with tempfile.TemporaryDirectory() as work:
        for file, text in files.items():
            with open(os.path.join(work, file), "w", encoding="utf-8") as out:
                out.write(text)
        boot = None
        for command in host:
            command = in_work(command, files, work)
            if command.startswith("build/pagoda"):
                boot = boot or command
                continue
            run = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
            result("%s: %s" % (name, command.replace(work + "/", "")),
                   run.stderr.strip().replace("\n", "|") if run.returncode else None)
        if not boot:
            result(name, "the lab does not say how to start the machine")
            return
        run, outputs = (run_debugger if gdb else run_machine)(boot, guest, work)
        names = Names()
        for number, (typed, shown) in enumerate(guest):
            seen = outputs[number] if number < len(outputs) else ["(never typed)"]
            if shown is None:
                shown = seen if number < len(outputs) else []
            compare("%s %d" % (name, number + 1), typed, shown, seen, names)
        for typed, shown in after if not os.environ.get("KERNEL") else []:
            last = subprocess.run(in_work(typed, files, work), shell=True, capture_output=True,
                                  text=True, check=False)
            seen = (last.stdout + last.stderr).splitlines()
            compare(name, typed, seen if shown is None else shown, seen, names)
        result(name + ": status and errors", None if run.returncode == 0 and not run.stderr
               else "%d %s" % (run.returncode, run.stderr.strip().replace("\n", "|")))


for lab in sys.argv[1:]:
    run_lab(lab)
sys.exit(failed)
