"""Measuring: the parts of the benchmark.

In the guest, the same static program (bench/guest) is init in the same initramfs of the same machine on
both kernels, Linux in its leanest form. Under -icount the time stamp counter counts instructions,
so these runs repeat within a percent whatever else the host does, and two go at once; Linux's are
remembered in build/bench/linux-*.json for as long as kernel, programs, machine and QEMU stay the same.
Nothing lies at addresses by lot (norandmaps): they decide how many page tables a mapping needs.
Times come from boots in turn, Linux, Pagoda, Linux, Pagoda, several rounds each: the median. The host has
given the machine all its memory before, so that its own page faults are not in them.

On the host each program runs alone on one processor, 21 rounds: the median; then once under
callgrind, which counts instructions and atomic operations (--collect-bus).

What is about swap: bench/swap.py.
"""
import concurrent.futures
import glob
import hashlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

import swap

PARTS = ("instructions", "boot", "wall", "host", "swap")
GUEST_PARTS = PARTS[:3]  # on another machine than x86-64: the host is the same, and swap needs modules
ARCHES = ("x86_64", "i386", "i386-pae")
KERNELS = ("Linux", "Pagoda")
COMMAND_LINE = {
    "Linux": "quiet norandmaps mitigations=off init_on_alloc=0 cgroup_disable=memory audit=0 transparent_hugepage=never",
    "Pagoda": "quiet norandmaps",
}
QEMU = ["-cpu", "max,-erms,-fsrm", "-nodefaults", "-display", "none", "-serial", "stdio",
        "-no-reboot"]
COUNTING = ["-icount", "shift=0,sleep=off"]
TIMING = ["-object", "memory-backend-ram,id=ram,size=1024M,prealloc=on", "-machine", "memory-backend=ram"]
WALL_BOOTS, WALL_ROUNDS = 2, 5
LIBRARIES = {"jemalloc": "libjemalloc.so.2", "mimalloc": "libmimalloc.so.2",
             "tcmalloc": "libtcmalloc_minimal.so.4"}
SHARED = ("frame_pair", "frame_take", "frame_give_random", "frame_mixed", "object_pair", "object_batch",
          "object_free_random", "object_replace")  # the order of bench/host/shared.c


def first_line(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout.partition("\n")[0].strip()


def about():
    with open("/proc/cpuinfo") as f:
        models = re.findall(r"^model name\s*: (.*)", f.read(), re.M)
    return {"date": first_line("date", "-u", "+%Y-%m-%d"),
            "commit": first_line("git", "describe", "--always", "--dirty"),
            "qemu": first_line("qemu-system-x86_64", "--version"), "compiler": first_line("gcc", "--version"),
            "host": f"{len(models)} x {models[0] if models else 'unknown'}"}


class Bench:
    def __init__(self, build, arch, kernel, rows, wanted, result):
        self.build, self.out = build, os.path.join(build, "bench")
        self.arch, i386 = arch, arch != "x86_64"
        self.qemu = ["qemu-system-i386" if i386 else "qemu-system-x86_64"] + QEMU
        self.program = os.path.join(self.out, "guest-i386" if i386 else "guest")
        self.busybox = os.path.join(build, "i386-packages/bin/busybox") if i386 else shutil.which("busybox")
        self.in_guest = sorted(name for name in wanted if rows[name].part == "instructions")
        self.wanted, self.result = wanted, result
        self.linux = kernel
        self.counting = COUNTING
        self.work = None

    def measure(self, part):
        with tempfile.TemporaryDirectory() as self.work:
            if part != "host":
                self.prepare(part == "swap")
            if part == "swap":
                swap.measure(self, self.wanted)
            else:
                getattr(self, part)()

    # ---- machines ----

    def prepare(self, with_modules=False):
        """The initramfs, as cpio and gzip, the same bytes each time; and the kernels."""
        if not self.linux:
            where = "linux" if self.arch == "x86_64" else "linux-" + self.arch
            self.linux = first_line("tools/linux.sh", os.path.join(self.build, where), self.arch)
        if not self.linux:
            sys.exit("bench: no Linux kernel to compare with")
        root = os.path.join(self.work, "root")
        os.makedirs(os.path.join(root, "bin"))
        os.makedirs(os.path.join(root, "dev"))
        os.makedirs(os.path.join(root, "modules"))
        for n, module in enumerate(swap.modules(self.linux) if with_modules else ()):
            shutil.copy(module, os.path.join(root, "modules", f"{n}-{os.path.basename(module)}"))
        shutil.copy(self.program, os.path.join(root, "init"))
        shutil.copy(self.busybox, os.path.join(root, "bin/busybox"))
        subprocess.run("""find . -exec touch -d @0 {} + &&
            find . | LC_ALL=C sort | cpio -o -H newc --quiet --reproducible -R 0:0 >../cpio &&
            gzip -9n <../cpio >../gzip""", shell=True, check=True, cwd=root)
        self.kernel = {"Linux": self.linux, "Pagoda": os.path.join(self.build, self.arch, "pagoda.elf")}
        print(f"bench: initramfs of {os.path.getsize(os.path.join(self.work, 'gzip'))} bytes, "
              f"{os.path.getsize(os.path.join(self.work, 'cpio'))} unpacked", file=sys.stderr)

    def command(self, which, words, mib, qemu, initrd="gzip"):
        return self.qemu + qemu + ["-kernel", self.kernel[which], "-initrd", os.path.join(self.work, initrd),
                                   "-m", str(mib), "-append",
                                   f"console=ttyS0 panic=-1 {COMMAND_LINE[which]} -- {words}"]

    def machine(self, which, words, mib=1024, initrd="gzip", qemu=COUNTING, limit=600):
        """What the program says, as lines; also a boot that ends badly has said something."""
        command = self.command(which, words, mib, qemu, initrd)
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=limit)
            out, err = done.stdout, done.stderr
        except subprocess.TimeoutExpired as late:
            out, err = late.stdout or b"", b"no end after %d s" % limit
        lines = [re.sub(r"^.*\x1b\[[0-9;?]*[A-Za-z]", "", line).strip() for line in
                 out.decode(errors="replace").splitlines()]
        if "done" not in lines:
            lines.append("failed " + (err.decode(errors="replace").strip() or " / ".join(lines[-3:])))
        return lines

    def remembered(self, which, measure, *what):
        """What measure() finds; Linux's answer is kept for as long as nothing it depends on changes."""
        if which != "Linux":
            return measure()
        key = hashlib.sha256(repr((self.qemu, COUNTING, COMMAND_LINE, what, first_line(self.qemu[0], "--version"))).encode())
        for path in (self.linux, os.path.join(self.work, "cpio")):
            with open(path, "rb") as f:
                key.update(f.read())
        path = os.path.join(self.out, "linux-" + key.hexdigest()[:16] + ".json")
        if os.path.exists(path):
            with open(path) as f:
                return json.load(f)
        found = measure()
        if isinstance(found, int) or "done" in found:
            with open(path, "w") as f:
                json.dump(found, f)
        return found

    def counted(self, which, words, mib=1024, initrd="gzip"):
        return self.remembered(which, lambda: self.machine(which, words, mib, initrd), words, mib, initrd)

    def take(self, part, which, lines):
        """The rows and rules among the lines into the result."""
        for line in lines:
            word = line.split()
            if len(word) == 3 and word[0] == "row":
                self.put(part, word[1], which, float(word[2]))
            elif len(word) == 6 and word[0] == "rule" and (which == "Pagoda" or word[1] in self.wanted):
                have, least, most = (int(w) for w in word[3:])
                self.result["rules"].append({"kernel": which, "row": word[1], "what": word[2], "have": have,
                                             "least": least, "most": most, "holds": least <= have <= most})
            elif word and word[0] == "failed":
                print(f"bench: {which}: {line}", file=sys.stderr)

    def put(self, part, row, column, value):
        if row in self.wanted:
            self.result.setdefault(part, {}).setdefault(row, {})[column] = value

    def guest_rows(self, which="Pagoda"):
        """Linux counts them all, once."""
        return "" if which == "Linux" else "rows=" + ",".join(self.in_guest)

    # ---- the parts ----

    def instructions(self):
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            found = pool.map(lambda which: self.counted(which, self.guest_rows(which)), KERNELS)
            for which, lines in zip(KERNELS, found):
                self.take("instructions", which, lines)

    def wall(self):
        times = {}
        words = f"wall={WALL_ROUNDS} {self.guest_rows()}"
        for _ in range(WALL_BOOTS):
            for which in KERNELS:
                for line in self.machine(which, words, qemu=TIMING):
                    word = line.split()
                    if len(word) == 3 and word[0] == "row":
                        times.setdefault((word[1], which), []).append(float(word[2]))
                    elif word and word[0] == "failed":
                        print(f"bench: {which}: {line}", file=sys.stderr)
        for (row, which), all_of_them in times.items():
            self.put("wall", row, which, statistics.median(all_of_them))

    def boot(self):
        def booted(which):
            if self.wanted & {"boot_to_init", "used_with_shell_kib"}:
                lines = self.counted(which, "boot", 256)
                self.take("boot", which, lines)
                for line in lines:
                    word = line.split()
                    if word[:1] == ["meminfo"]:
                        self.put("boot", "used_with_shell_kib", which, 256 * 1024 - int(word[2]))
            if "boot_to_init_plain_cpio" in self.wanted:
                lines = self.counted(which, "boot", 256, "cpio")
                self.take("boot", which, [line.replace("boot_to_init", "boot_to_init_plain_cpio") for line in lines])
            if "smallest_mib" in self.wanted:
                self.put("boot", "smallest_mib", which,
                         self.remembered(which, lambda: self.smallest(which), "smallest"))
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(booted, KERNELS))

    def smallest(self, which):
        """MiB of the smallest machine whose shell runs, by halving."""
        fails, runs = 1, 128
        while runs - fails > 1:
            mib = (fails + runs) // 2
            said = self.machine(which, "boot", mib, qemu=[], limit=60)
            if any(line.startswith("meminfo") for line in said) and "done" in said:
                runs = mib
            else:
                fails = mib
        return runs

    def host(self):
        kinds = ("frame", "object", "kmalloc", "vmalloc")
        wanted = {name for name in self.wanted if name.split("_")[0] in kinds}
        if any(name.startswith("frame") for name in wanted):
            self.host_program("Pagoda", "frame")
        if any(not name.startswith("frame") for name in wanted):
            self.host_program("Pagoda", "slab")
        if any(name.startswith("object") for name in wanted):
            self.host_program("glibc", "malloc")
            for name, library in LIBRARIES.items():
                self.host_program(name, "malloc", library)

        if wanted & set(SHARED):
            self.shared_lines()

    def shared_lines(self):
        """Cache lines an operation touches that another CPU touches, too, and one of them writes."""
        program = os.path.join(self.out, "shared")
        symbols = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout
        mark = int(re.search(r"^(\w+) \w shared_mark$", symbols, re.M)[1], 16)
        operations = {}  # (row, cpu): a list of {line: was it written}
        touched = {}
        trace = subprocess.Popen(f"valgrind --tool=lackey --trace-mem=yes {program} 2>&1 | grep '^ [LSM]'",
                                 shell=True, stdout=subprocess.PIPE, text=True)
        for access in trace.stdout:
            address = int(access[3:access.index(",")], 16)
            if mark <= address <= mark + 2 * len(SHARED):
                row, cpu = divmod(address - mark, 2)
                touched = {}
                if row < len(SHARED):
                    operations.setdefault((row, cpu), []).append(touched)
            else:
                touched[address >> 6] = touched.get(address >> 6, False) or access[1] != "L"
        trace.wait()
        for row, name in enumerate(SHARED):
            mine, other = {}, {}
            for lines, cpu in ((mine, 0), (other, 1)):
                for operation in operations.get((row, cpu), ()):
                    for line, written in operation.items():
                        lines[line] = lines.get(line, False) or written
            shared = {line for line in mine if line in other and (mine[line] or other[line])}
            done = operations.get((row, 0), []) + operations.get((row, 1), [])
            if done and name in self.wanted:
                cells = self.result.setdefault("host", {}).setdefault(name, {}).setdefault("Pagoda", {})
                cells["shared lines"] = sum(len(shared & operation.keys()) for operation in done) / len(done)

    def host_program(self, column, name, library=None):
        program = os.path.join(self.out, name)
        environment = dict(os.environ, **({"LD_PRELOAD": library} if library else {}))
        times, counts = {}, {}
        said = subprocess.run([program], capture_output=True, text=True, env=environment)
        if said.returncode or "LD_PRELOAD" in said.stderr:
            print(f"bench: {column}: {said.stderr.strip()}", file=sys.stderr)
            return
        for line in said.stdout.splitlines():
            _, row, ns = line.split()
            times.setdefault(row, []).append(float(ns))
        dumps = os.path.join(self.work, f"callgrind.{column}.{name}")
        subprocess.run(["valgrind", "--tool=callgrind", "--collect-atstart=no", "--collect-bus=yes",
                        f"--callgrind-out-file={dumps}", program], capture_output=True, env=environment)
        for path in sorted(glob.glob(dumps + ".*"), key=lambda path: int(path.rsplit(".", 1)[1])):
            with open(path) as f:
                dump = f.read()
            trigger = re.search(r"^desc: Trigger: Client Request: (\w+) (\d+)$", dump, re.M)
            totals = re.search(r"^totals: (\d+)(?: (\d+))?$", dump, re.M)
            if trigger and totals: # the last one stays: the first round warms up
                n = int(trigger[2])
                counts[trigger[1]] = {"instructions": int(totals[1]) / n, "atomics": int(totals[2] or 0) / n}
        for row, ns in times.items():
            if row == "frame_metadata":
                self.put("host", row, column, {"bytes": ns[0]})
            else:
                self.put("host", row, column, {"ns": statistics.median(ns), "least ns": min(ns), **counts.get(row, {})})
