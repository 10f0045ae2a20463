"""More memory in use than there is: the part "swap" of the benchmark.

Pagoda and Linux, each with the same memory and the same disk (virtio, cache=unsafe, a file of the host), and Linux once
more with so much memory that as much of it is free when the program starts: its kernel takes that much more
for itself. The patterns (bench/guest/swap.c) use half as many pages again as the machine has. Of each: seconds, in boots
in turn (BOOTS of the environment, or three), the median; pages moved; and the smallest machine that gets through with SMALL_SET. The machine's
counts of pages and QEMU's must agree: a rule like those of rules.c.

`locality`: nine of ten accesses go to as many pages as half of memory has, and each page that is accessed is hashed;
the time by that on a machine where all of it fits.

What a page's way out costs is counted, under -icount, and Linux's remembered.
"""
import os
import re
import socket
import statistics
import struct
import subprocess
import sys
import threading

RAM = 192
SET = RAM * 3 // 2
ROOMY = 2 * SET + RAM  # where all of it fits
DISK = 2 * SET
SMALL_SET = 48
PATTERNS = ("sequential", "random", "skewed")
PAGES = ("pages in", "pages out")
COSTS = ("reclaim_scanned", "reclaim_freed", "pageout_dirty", "pageout_clean")
SAME_FREE = "Linux, as much free"
MODULES = ("virtio/virtio_ring", "virtio/virtio", "virtio/virtio_pci_modern_dev", "virtio/virtio_pci_legacy_dev",
           "virtio/virtio_pci", "block/virtio_blk")  # each after those it needs
BOOTS = int(os.environ.get("BOOTS", "3"))
SLACK = 64  # pages that QEMU has seen besides: headers, and what is read to know the disk


COUNTED = ("instructions", "MiB")  # what repeats: more of it than before is a loss


def needed(row):
    """Pairs (column, unit) that a complete run has."""
    if row in COSTS:
        units = ("instructions",)
    elif row.startswith("smallest"):
        units = ("MiB",)
    else:
        units = ("times",) if row == "swap_locality" else ("seconds", *PAGES)
    return [(column, unit) for column in ("Linux", "Pagoda") for unit in units]


def ratios(cells):
    """Of a row to Linux's, for the plot."""
    linux, pagoda = cells.get("Linux", {}), cells.get("Pagoda", {})
    found = {what: [pagoda[unit] / linux[unit]] for what, unit in (("instructions", "instructions"), ("time", "seconds"))
             if linux.get(unit) and unit in pagoda}
    moved = [with_moved(cell).get("pages moved") for cell in (pagoda, linux)]
    if all(moved):
        found["pages moved"] = [moved[0] / moved[1]]
    return found


def with_moved(cell):
    """And pages moved, either way."""
    return {**cell, "pages moved": sum(cell[unit] for unit in PAGES)} if all(unit in cell for unit in PAGES) else cell


def modules(kernel):
    """Of a Linux beside whose boot/vmlinuz-VERSION there is lib/modules/VERSION."""
    boot, name = os.path.split(os.path.abspath(kernel))
    drivers = os.path.join(os.path.dirname(boot), "lib/modules", name.partition("-")[2], "kernel/drivers")
    return [os.path.join(drivers, module + ".ko") for module in MODULES]


def make_disk(path, mib):
    """With the header of a swap area (docs/swap.md)."""
    page = bytearray(4096)
    struct.pack_into("<III", page, 1024, 1, mib * 256 - 1, 0)
    page[-10:] = b"SWAPSPACE2"
    with open(path, "wb") as f:
        f.write(page)
        f.truncate(mib << 20)


def ask_monitor(path, command):
    """The answer of QEMU's human monitor, which ends with its prompt."""
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.settimeout(20)
        monitor.connect(path)
        text = b""
        for line in ("", command + "\n"):
            monitor.sendall(line.encode())
            text = b""
            while not text.endswith(b"(qemu) "):
                part = monitor.recv(65536)
                if not part:
                    break
                text += part
    return text.decode(errors="replace")


class Machine:
    """One boot: what the program says, and then what QEMU has counted."""

    def __init__(self, bench, which, mib, words, qemu=(), limit=600):
        disk, path = os.path.join(bench.work, "disk"), os.path.join(bench.work, "monitor")
        make_disk(disk, DISK)
        command = bench.command(which, words, mib, [*qemu,
            "-no-shutdown", "-chardev", f"socket,id=look,path={path},server=on,wait=off", "-mon", "look",
            "-drive", f"file={disk},format=raw,if=none,id=swap,cache=unsafe", "-device", "virtio-blk-pci,drive=swap"])
        self.lines, self.moved = [], None
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as qemu:
            late = threading.Timer(limit, qemu.kill)
            late.start()
            for line in qemu.stdout:
                self.lines.append(re.sub(r"^.*\x1b\[[0-9;?]*[A-Za-z]", "", line.decode(errors="replace")).strip())
                if self.lines[-1] == "done":
                    said = re.search(r"rd_bytes=(\d+) wr_bytes=(\d+)", ask_monitor(path, "info blockstats"))
                    self.moved = tuple(int(bytes_) / 4096 for bytes_ in said.groups())
                    break
                if re.search("panic|^failed", self.lines[-1], re.I):
                    break
            qemu.kill()
            late.cancel()
        self.ended = self.moved is not None
        if not self.ended:
            self.lines.append("failed: " + " / ".join(self.lines[-3:]))

    def words(self, first):
        """Of the lines that begin so, what follows."""
        return [line.split()[1:] for line in self.lines if line.startswith(first + " ")]


def check_moved(bench, which, pattern, machine):
    """What the machine says it has moved, and what QEMU has seen. Pages (in, out)."""
    moved = tuple(int(word) for word in machine.words("moved")[0])
    for have, seen, what in zip(moved, machine.moved, ("read", "written")):
        bench.result["rules"].append({"kernel": which, "row": "swap_" + pattern, "what": what, "have": int(seen),
                                      "least": have, "most": have + SLACK, "holds": have <= seen <= have + SLACK})
    return moved


class Samples:
    """Of a pattern on a machine: seconds, pages in, pages out of each boot."""

    def __init__(self, bench):
        self.bench, self.of = bench, {}

    def add(self, column, pattern, mib):
        """One boot. KiB that were free before the program began; None: it did not come to an end."""
        which = column.partition(",")[0]
        machine = Machine(self.bench, which, mib, f"swap={pattern} ram={RAM} set={SET}")
        if not machine.ended:
            print(f"bench: {column}: {pattern}: {machine.lines[-1]}", file=sys.stderr)
            return None
        _, free, seconds = machine.words("swap")[0]
        print(f"bench: {column}, {mib} MiB: {pattern}: {seconds} s", file=sys.stderr, flush=True)
        self.of.setdefault((pattern, column, mib), []).append(
            (float(seconds), *check_moved(self.bench, which, pattern, machine)))
        return int(free)

    def medians(self, pattern, column, mib):
        samples = self.of.get((pattern, column, mib))
        return [statistics.median(figures) for figures in zip(*samples)] if samples else None


def roomier(bench):
    """MiB of a Linux that has as much free as Pagoda has with RAM."""
    free = [Samples(bench).add(which, "random", RAM) for which in ("Linux", "Pagoda")]
    return RAM + max(0, free[1] - free[0]) // 1024 if None not in free else RAM


def patterns(bench, wanted):
    columns = {"Linux": RAM, "Pagoda": RAM, SAME_FREE: roomier(bench)}
    samples = Samples(bench)
    for _ in range(BOOTS):
        for pattern in wanted:
            for column, mib in columns.items():
                samples.add(column, pattern, mib)
    for pattern in wanted:
        for column, mib in columns.items():
            found = samples.medians(pattern, column, mib)
            if found:
                bench.put("swap", "swap_" + pattern, column, dict(zip(("seconds", *PAGES), found)))


def locality(bench):
    samples = Samples(bench)
    for _ in range(BOOTS):
        for which in ("Linux", "Pagoda"):
            for mib in (RAM, ROOMY):
                samples.add(which, "locality", mib)
    for which in ("Linux", "Pagoda"):
        scarce, plenty = (samples.medians("locality", which, mib) for mib in (RAM, ROOMY))
        if scarce and plenty:
            bench.put("swap", "swap_locality", which, {"times": scarce[0] / plenty[0]})


def smallest(bench, which, pattern):
    """MiB of the smallest machine that gets through, by halving."""
    fails, runs = 1, 128
    while runs - fails > 1:
        mib = (fails + runs) // 2
        if Machine(bench, which, mib, f"swap={pattern} ram={SMALL_SET // 2} set={SMALL_SET}", limit=40).ended:
            runs = mib
        else:
            fails = mib
    return runs


def measure(bench, wanted):
    """The rows `wanted`, by name, into the result."""
    chosen = [pattern for pattern in PATTERNS if "swap_" + pattern in wanted]
    if chosen:
        patterns(bench, chosen)
    for pattern in PATTERNS:
        row = "smallest_" + pattern
        for which in ("Linux", "Pagoda") if row in wanted else ():
            mib = bench.remembered(which, lambda: smallest(bench, which, pattern), row, SMALL_SET)
            bench.put("swap", row, which, {"MiB": mib})
    if "swap_locality" in wanted:
        locality(bench)
    if wanted & set(COSTS):
        for which in ("Linux", "Pagoda"):
            lines = bench.remembered(which, lambda: Machine(bench, which, RAM, f"swap=costs ram={RAM} set={SET}",
                                                            bench.counting).lines, "costs", RAM)
            for name, figure in (line.split()[1:] for line in lines if line.startswith("cost ")):
                bench.put("swap", name, which, {"instructions": float(figure)})
