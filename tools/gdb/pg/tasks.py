"""Tasks and what the kernel says: pg tasks, bt, dmesg, events."""
import struct

import gdb

from .kernel import (DIRECT_MAP_BASE, address_of, all_tasks, at, command, cpus, enum_names,
                     exception_labels, find_task, inlined, label, page_of, per_cpu, pointer, read,
                     read_word, running_task, symbol, task_name, text, this_cpu, value)

PF_KTHREAD = 1
FRAMES = 40


def state_letter(task):
    """As ps shows it."""
    state = int(task["state"])
    for name, letter in (("DEAD", "X"), ("ZOMBIE", "Z"), ("STOPPED", "T"),
                         ("UNINTERRUPTIBLE", "D"), ("KILLABLE", "D"), ("INTERRUPTIBLE", "S")):
        if state & int(value("TASK_" + name)):
            return letter
    return "R"


def sleeping_calls(task):
    """Return addresses on the stack of a task that does not run, innermost first."""
    # switch_stacks() left: r15 r14 r13 r12 rbx rbp, return address.
    sp = int(task["thread"]["kernel_sp"])
    frame, ip = read_word(sp + 40), read_word(sp + 48)
    last = label("syscall_called")
    count = 0
    while ip and ip >= DIRECT_MAP_BASE and count < FRAMES:
        yield ip - 1
        count += 1
        if ip == last or frame is None:
            return
        caller = read_word(frame + 8)
        following = read_word(frame)
        if caller in exception_labels():
            regs = at(frame + 16, "struct pt_regs")
            yield None  # an exception came in between
            if int(regs["cs"]) & 3:
                return
            ip, frame = int(regs["ip"]) + 1, int(regs["bp"])
            continue
        if following is None or following <= frame:
            if caller and caller >= DIRECT_MAP_BASE:
                yield caller - 1
            return
        ip, frame = caller, following


def place(address):
    """"function+0x12 (functions in line there) at file:line" """
    where = gdb.find_pc_line(address)
    name = symbol(address)
    if inlined(address):
        name += " (%s)" % ", ".join(inlined(address))
    if where.symtab:
        name += " at %s:%d" % (where.symtab.filename, where.line)
    return name


def user_state(task):
    if int(task["pf"]) & PF_KTHREAD:
        return None
    regs = (pointer(int(task["thread"]["stack_top"]), "struct pt_regs") - 1).dereference()
    return "user mode: ip %#x sp %#x" % (int(regs["ip"]), int(regs["sp"]))


def cpu_of(task):
    """The CPU that runs the task now, or None."""
    for cpu in cpus():
        if address_of(running_task(cpu)) == address_of(task):
            return cpu
    return None


def show_running(cpu):
    """gdb's own backtrace, on the CPU's thread."""
    selected = gdb.selected_thread()
    for thread in gdb.selected_inferior().threads():
        if thread.num == cpu + 1:
            thread.switch()
            if int(gdb.parse_and_eval("$cs")) & 3:
                print("  user mode: ip %#x sp %#x" % (
                    int(gdb.parse_and_eval("(unsigned long)$rip")),
                    int(gdb.parse_and_eval("(unsigned long)$rsp"))))
            else:
                gdb.execute("backtrace")
    selected.switch()


def show_backtrace(task):
    cpu = cpu_of(task)
    print("task %s, state %s%s" % (task_name(task), state_letter(task),
                                   ", on CPU %d" % cpu if cpu is not None else ""))
    if cpu is not None:
        show_running(cpu)
        return
    if state_letter(task) in "XZ":
        return
    for n, address in enumerate(sleeping_calls(task)):
        print("  <exception>" if address is None else "  #%-2d %s" % (n, place(address)))
    if user_state(task):
        print("  " + user_state(task))


@command("tasks")
def show_tasks():
    """Every task: pg tasks

With the CPU it runs on, or the function in which it sleeps; its struct task_struct is
$task(PID)."""
    print("%5s %5s %3s %s %-16s %-18s %s" % ("PID", "PPID", "CPU", "S", "COMM", "TASK_STRUCT",
                                           "WHERE"))
    for task in all_tasks():
        cpu = cpu_of(task)
        where = "running"
        if cpu is None:
            calls = sleeping_calls(task) if state_letter(task) not in "XZ" else []
            names = [symbol(c).split("+")[0] for c in calls if c is not None]
            where = next((name for name in names
                          if not name.startswith(("schedule", "arch_switch_to"))), "-")
        parent = int(task["real_parent"]["tgid"]) if int(task["real_parent"]) else 0
        print("%5d %5d %3s %s %-16s %#x %s" % (
            int(task["pid"]), parent, cpu if cpu is not None else "-", state_letter(task),
            text(task["comm"]), address_of(task), where))


@command("bt")
def show_bt(pid=""):
    """The calls that led a task to where it is: pg bt [PID | all]

Of a task that sleeps or waits for a CPU, from its saved stack; of one that runs, gdb's own
backtrace on that CPU."""
    if pid == "all":
        for task in all_tasks():
            show_backtrace(task)
    else:
        show_backtrace(find_task(pid))


@command("dmesg")
def show_dmesg():
    """The kernel's log: pg dmesg"""
    base = address_of(value("'lib/printk.c'::ring"))
    ring = read(base, 1 << 16)
    offset = int(value("'lib/printk.c'::first_at"))
    count = int(value("'lib/printk.c'::next_seq")) - int(value("'lib/printk.c'::first_seq"))
    header = struct.calcsize("<QHB5x")

    def skip_end(offset):
        if len(ring) - offset < header or struct.unpack_from("<QH", ring, offset)[1] == 0xFFFF:
            return 0
        return offset

    for _ in range(count):
        offset = skip_end(offset)
        time_us, length, _level = struct.unpack_from("<QHB", ring, offset)
        line = ring[offset + header:offset + header + length].decode("utf-8", "replace")
        print("[%5d.%06d] %s" % (time_us // 1000000, time_us % 1000000, line))
        offset += (header + length + 7) & ~7


@command("events")
def show_events(part=""):
    """How often each event of memory management has happened: pg events [PART-OF-NAME]

docs/events.md says what they are; counts of pages where an event says so. Those of the unit `none`
in mm/trace/events.def are recorded, not counted."""
    names = enum_names("enum trace_event", "TRACE_")
    for number_, name in sorted(names.items()):
        if name == "CE_EVENTS" or name.startswith("NR_") or part not in name:
            continue
        total = sum(int(per_cpu("trace_counters", cpu)["count"][number_]) for cpu in cpus())
        if total:
            print("%-16s %d" % (name, total))


class Task(gdb.Function):
    """$task(PID): that task, a struct task_struct *."""

    def __init__(self):
        super().__init__("task")

    def invoke(self, pid):
        return find_task(str(int(pid))).address


class Page(gdb.Function):
    """$page(FRAME): a frame's descriptor, a struct page *."""

    def __init__(self):
        super().__init__("page")

    def invoke(self, frame):
        return page_of(int(frame)).address


class PerCpu(gdb.Function):
    """$percpu("name", CPU): that CPU's copy of a per-CPU variable; without CPU, the selected one."""

    def __init__(self):
        super().__init__("percpu")

    def invoke(self, name, cpu=None):
        return per_cpu(name.string(), this_cpu() if cpu is None else int(cpu))


Task()
Page()
PerCpu()
