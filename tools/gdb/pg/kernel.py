"""The kernel's data from outside: symbols, lists, per-CPU copies, pages, tasks.

Values are gdb.Value as long as they are structures, and Python integers as soon as they are
numbers.  The numbers that are macros in C, which the debugger does not know, stand here.
"""
import struct

import gdb

PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT
TASK_SIZE = 0x00007FFFFFFFF000
DIRECT_MAP_BASE = 0xFFFF888000000000
VMALLOC_START = 0xFFFFC90000000000
MEM_MAP_BASE = 0xFFFFEA0000000000
MEM_MAP_END = 0xFFFFEB0000000000
KERNEL_BASE = 0xFFFFFFFF80000000
MODULES_START = 0xFFFFFFFFA0000000
MAX_ORDER = 11
PAGE_LIST_ID = 0xFFFFF000
PAGE_UNLINKED = 0xFFFFFFFF
PCP_RING = 256
LRU_BATCH = 15


def value(expression):
    """The value of a C expression; a gdb.GdbError that a user understands if there is none."""
    try:
        return gdb.parse_and_eval(expression)
    except gdb.error as error:
        raise gdb.GdbError(str(error))


def number(expression):
    """An argument of a command as an unsigned number; of a structure, its address."""
    result = value(expression)
    if result.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT:
        result = result.address
    return int(result.cast(gdb.lookup_type("unsigned long")))


def pointer(address, type_name):
    return gdb.Value(address).cast(gdb.lookup_type(type_name).pointer())


def at(address, type_name):
    return pointer(address, type_name).dereference()


def address_of(thing):
    return int(thing.address)


def has_field(thing, name):
    return any(field.name == name for field in thing.type.fields())


def enum_names(type_name, prefix=""):
    """{value: name} of an enum, without the prefix of its names."""
    fields = gdb.lookup_type(type_name).fields()
    return {field.enumval: field.name[len(prefix):] for field in fields}


def field_offset(type_name, field_name):
    for field in gdb.lookup_type(type_name).fields():
        if field.name == field_name:
            return field.bitpos // 8
    raise gdb.GdbError("no field %s in %s" % (field_name, type_name))


def read(address, size):
    try:
        return bytes(gdb.selected_inferior().read_memory(address, size))
    except gdb.MemoryError:
        raise gdb.GdbError("no memory at %#x" % address)


def read_physical(address, size):
    """Memory by its physical address, mapped or not: QEMU's stub has a mode for it."""
    gdb.execute("maintenance packet Qqemu.PhyMemMode:1", to_string=True)
    try:
        return read(address, size)
    finally:
        gdb.execute("maintenance packet Qqemu.PhyMemMode:0", to_string=True)


def read_word(address):
    """A word, or None where there is no memory."""
    try:
        return struct.unpack("<Q", bytes(gdb.selected_inferior().read_memory(address, 8)))[0]
    except gdb.MemoryError:
        return None


def text(char_array):
    return char_array.string("utf-8", "replace")


def list_entries(head, type_name, member):
    """The structures on a struct list_head."""
    offset = field_offset(type_name, member)
    link = int(head["next"])
    while link != address_of(head):
        if link == 0:  # before it was set up
            return
        yield at(link - offset, type_name)
        link = int(at(link, "struct list_head")["next"])


def cpus():
    mask = int(value("cpu_online_mask"))
    return [cpu for cpu in range(64) if mask >> cpu & 1]


def this_cpu():
    """The CPU of gdb's selected thread: QEMU numbers them from 1."""
    thread = gdb.selected_thread()
    if thread is None:
        raise gdb.GdbError("no machine: attach one with `pagoda gdb'")
    return thread.num - 1


def per_cpu(name, cpu):
    variable = value(name)
    offset = int(value("percpu_offset")[cpu])
    address = (address_of(variable) + offset) % (1 << 64)
    return gdb.Value(address).cast(variable.type.pointer()).dereference()


# ---- Pages ----


def page_of(frame):
    return at(MEM_MAP_BASE + frame * 32, "struct page")


def frame_of(page):
    return (address_of(page) - MEM_MAP_BASE) // 32


def frame_at(virtual):
    """The frame behind a kernel address, of the direct map or the image."""
    if KERNEL_BASE <= virtual < MODULES_START:
        return (virtual - KERNEL_BASE) >> PAGE_SHIFT
    return (virtual - DIRECT_MAP_BASE) >> PAGE_SHIFT


def frame_address(frame):
    return DIRECT_MAP_BASE + (frame << PAGE_SHIFT)


def frame_exists(frame):
    return any(int(z["start_pfn"]) <= frame < int(z["start_pfn"]) + int(z["spanned_pages"])
               for z in zones()) and read_word(MEM_MAP_BASE + frame * 32) is not None


def flag_names(page):
    names = enum_names("enum page_flag", "PG_")
    flags = int(page["flags"])
    return [name for bit, name in sorted(names.items()) if bit < 20 and flags >> bit & 1]


def has_flag(page, name):
    return int(page["flags"]) >> int(value("PG_" + name)) & 1


def list_pages(page_list):
    """The pages on a struct page_list, first to last."""
    frame = int(page_list["first"])
    while frame < PAGE_LIST_ID:
        page = page_of(frame)
        yield page
        frame = int(page["next"])


# ---- Nodes and zones ----


def nodes():
    data = value("node_data")
    return [data[nid].dereference() for nid in range(int(value("nr_nodes")))]


def zones():
    """Those that have memory."""
    count = len(enum_names("enum zone_type")) - 1
    for node in nodes():
        for index in range(count):
            zone = node["zone"][index]
            if int(zone["present_pages"]):
                yield zone


def zone_name(zone):
    return text(zone["name"])


def page_zone(page):
    flags = int(page["flags"])
    return value("node_data")[flags >> 27]["zone"][flags >> 24 & 7]


# ---- Tasks ----


def processes():
    """Their leaders, by number."""
    chains = value("pid_hash")
    first, last = chains.type.range()
    found = []
    for n in range(first, last + 1):
        task = chains[n]
        while task:
            if task["group_leader"] == task:
                found.append(task.dereference())
            task = task["pid_next"]
    return sorted(found, key=lambda task: int(task["pid"]))


def threads(process):
    return list_entries(process["signal"]["threads"], "struct task_struct", "thread_node")


def all_tasks():
    """By number, without the idle tasks."""
    tasks = [thread for process in processes() for thread in threads(process)]
    return sorted((t for t in tasks if int(t["pid"])), key=lambda t: int(t["pid"]))


def running_task(cpu):
    return per_cpu("current_task", cpu).dereference()


def find_task(argument=""):
    """The task with the number that the argument says, or the running one."""
    if not argument:
        return running_task(this_cpu())
    pid = number(argument)
    for task in all_tasks():
        if int(task["pid"]) == pid:
            return task
    raise gdb.GdbError("there is no task %d" % pid)


def task_name(task):
    return "%d (%s)" % (int(task["pid"]), text(task["comm"]))


def spaces():
    """(address space, the first task that has it) for each space that a task has."""
    seen = set()
    for task in all_tasks():
        space = int(task["mm"])
        if space and space not in seen:
            seen.add(space)
            yield task["mm"].dereference(), task


def label(name):
    """The address of a label of entry.S."""
    return int(value("(unsigned long)&" + name))


def exception_labels():
    """Where C returns to when it was called for an exception or an interrupt."""
    return [label(name) for name in ("exception_return", "exception_called", "interrupt_called",
                                     "any_time_return")]


def symbol(address):
    """"function+0x12", or the number."""
    line = gdb.execute("info symbol %#x" % address, to_string=True)
    if line.startswith("No symbol"):
        return "%#x" % address
    name = line.split(" in section")[0].split(" + ")
    return name[0] + ("+%#x" % int(name[1]) if len(name) > 1 else "")


def inlined(address):
    """The functions that the compiler has put in line there, innermost first."""
    names = []
    try:
        block = gdb.block_for_pc(address)
    except RuntimeError:
        return names
    while block and not block.is_global and not block.is_static:
        if block.function:
            names.append(block.function.print_name)
        block = block.superblock
    return names[:-1]


class Command(gdb.Command):
    """A command `pg NAME`: its arguments are split at blanks outside of quotes."""

    def __init__(self, name):
        super().__init__("pg " + name, gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        this_cpu()
        self.run(*gdb.string_to_argv(argument))

    def run(self, *arguments):
        raise NotImplementedError


def command(name):
    """Make a function into `pg NAME`; its documentation is the help."""

    def make(function):
        def run(self, *arguments):
            try:
                function(*arguments)
            except TypeError as error:
                if "positional argument" not in str(error):
                    raise
                raise gdb.GdbError("usage: " + function.__doc__.split("\n")[0].split(": ")[-1])

        # gdb takes the class' documentation at the moment the command is made.
        type("Pg" + name, (Command,), {"__doc__": function.__doc__, "run": run})(name)
        return function

    return make
