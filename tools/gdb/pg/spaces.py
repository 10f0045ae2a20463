"""Address spaces: pg vmas, pg tables; who maps a page."""
import gdb

from .kernel import (PAGE_SHIFT, PAGE_SIZE, TASK_SIZE, address_of, at, command, find_task,
                     frame_address, frame_of, has_flag, number, read_word, spaces, symbol,
                     task_name, text, value)

VM_READ, VM_WRITE, VM_EXEC, VM_MAYSHARE = 1, 2, 4, 0x80

PTE_P, PTE_PS, PTE_PROTNONE = 1 << 0, 1 << 7, 1 << 62
PTE_FRAME = 0x000FFFFFFFFFF000
PTE_BITS = [(0, "P"), (1, "W"), (2, "U"), (3, "PWT"), (4, "PCD"), (5, "A"), (6, "D"), (7, "PS"),
            (8, "G"), (9, "SOFT_DIRTY"), (10, "SPECIAL"), (62, "PROTNONE"), (63, "NX")]
LEVELS = [("pgd", 39), ("pud", 30), ("pmd", 21), ("pte", 12)]


def entry_text(entry):
    """A page-table entry in words."""
    if entry == 0:
        return "empty"
    if not entry & (PTE_P | PTE_PROTNONE):
        return "not present, payload %#x" % (entry >> 1)
    bits = " ".join(name for bit, name in PTE_BITS if entry >> bit & 1)
    return "frame %#x %s" % ((entry & PTE_FRAME) >> PAGE_SHIFT, bits)


def walk(root, address):
    """(level's name, index, address of the entry, entry) from the root to where it ends."""
    table = root
    for name, shift in LEVELS:
        index = address >> shift & 511
        entry = read_word(table + 8 * index)
        if entry is None:
            raise gdb.GdbError("the table at %#x cannot be read" % table)
        yield name, index, table + 8 * index, entry
        if name == "pte" or not entry & PTE_P or entry & PTE_PS:
            return
        table = frame_address((entry & PTE_FRAME) >> PAGE_SHIFT)


def leaf(root, address):
    """The entry that translates a program's address, or 0."""
    for name, _, _, entry in walk(root, address):
        if name == "pte" and entry & (PTE_P | PTE_PROTNONE):
            return entry
    return 0


def root_of(space):
    return int(space["arch"]["root"])


# ---- Areas ----


def areas_of_node(node):
    for i in range(int(node["n"])):
        slot = int(node["slot"][i])
        if int(node["level"]) == 0:
            yield at(slot, "struct vm_area_struct")
        else:
            yield from areas_of_node(at(slot, "struct vma_node"))


def areas(space):
    """The areas of a space in order of address."""
    if int(space["vmas"]["root"]):
        yield from areas_of_node(space["vmas"]["root"].dereference())


def path_name(path):
    """The name of an open file, as /proc prints it."""
    mount, entry, name = path["mnt"], path["dentry"], ""
    deleted = not int(entry["hashed"]) and int(entry) != int(entry["parent"])
    if int(entry) == int(entry["parent"]) and not int(mount):
        return text(entry["name"])
    while True:
        if int(mount) and int(entry) == int(mount["root"]):
            if not int(mount["parent"]):
                break
            entry, mount = mount["mountpoint"], mount["parent"]
            continue
        if int(entry) == int(entry["parent"]):
            break
        name = "/" + text(entry["name"]) + name
        entry = entry["parent"]
    return (name or "/") + (" (deleted)" if deleted else "")


def area_name(space, area):
    if int(area["vm_file"]):
        return path_name(area["vm_file"]["path"])
    if int(area["vm_ops"]) and int(area["vm_ops"]["name"]):
        return "[%s]" % symbol(int(area["vm_ops"]["name"]))
    start, end = int(area["vm_start"]), int(area["vm_end"])
    if start <= int(space["brk"]) and end >= int(space["start_brk"]):
        return "[heap]"
    if start <= int(space["start_stack"]) <= end:
        return "[stack]"
    return ""


def area_rights(area):
    flags = int(area["vm_flags"])
    return "".join(("r" if flags & VM_READ else "-", "w" if flags & VM_WRITE else "-",
                    "x" if flags & VM_EXEC else "-", "s" if flags & VM_MAYSHARE else "p"))


def area_line(space, area):
    """The line of /proc/PID/maps."""
    offset, device, inode = 0, 0, 0
    if int(area["vm_file"]):
        offset = int(area["vm_pgoff"]) << PAGE_SHIFT
        device = int(area["vm_file"]["inode"]["sb"]["dev"])
        inode = int(area["vm_file"]["inode"]["ino"])
    line = "%08x-%08x %s %08x %02x:%02x %d " % (
        int(area["vm_start"]), int(area["vm_end"]), area_rights(area), offset,
        device >> 8 & 0xFFF, device & 0xFF | device >> 12 & 0xFFF00, inode)
    name = area_name(space, area)
    return line.ljust(73) + name if name else line


def space_of(task):
    if not int(task["mm"]):
        raise gdb.GdbError("task %s has no address space: a kernel thread" % task_name(task))
    return task["mm"].dereference()


@command("vmas")
def show_vmas(pid=""):
    """The areas of a program's memory: pg vmas [PID]

As /proc/PID/maps; the struct vm_area_struct of an address is $vma(PID, ADDRESS)."""
    space = space_of(find_task(pid))
    for area in areas(space):
        print(area_line(space, area))


@command("tables")
def show_tables(address, pid=""):
    """The walk from the root to an address: pg tables ADDRESS [PID]

Each level's index, where the entry lies, what it holds.  Kernel addresses are looked up in the
kernel's own tables.  The frame that was found is left in $frame."""
    va = number(address)
    if va < TASK_SIZE:
        task = find_task(pid)
        root, whose = root_of(space_of(task)), "task " + task_name(task)
    else:
        root, whose = address_of(value("swapper_pg_dir")[0]), "the kernel"
    print("address %#x in the tables of %s, root %#x" % (va, whose, root))
    for name, index, where, entry in walk(root, va):
        print("  %s[%3d] at %#x: %#018x  %s" % (name, index, where, entry, entry_text(entry)))
    if not entry & (PTE_P | PTE_PROTNONE):
        print("  not mapped")
        return
    size = 1 << dict(LEVELS)[name]
    physical = entry & PTE_FRAME & ~(size - 1) | va & (size - 1)
    gdb.set_convenience_variable("frame", physical >> PAGE_SHIFT)
    print("  physical address %#x, in a page of %d KiB" % (physical, size >> 10))


# ---- From a page to those who map it ----


def mappings_of(page):
    """(task, address, entry, area's name) of each page-table entry that maps the page.

    An area maps a page of its family or file at one address only, so one walk for each area that
    could is enough.
    """
    frame = frame_of(page)
    index = int(page["index"]) | (int(page["mapping"]) & 0xE) << 31
    anonymous = int(page["mapping"]) & 1
    owner = int(page["mapping"]) & ~0xF
    for space, task in spaces():
        for area in areas(space):
            if not anonymous and int(area["vm_mapping"]) != owner:
                continue
            if anonymous and not int(area["anon_vma"]):
                continue
            start, end = int(area["vm_start"]), int(area["vm_end"])
            va = start + ((index - int(area["vm_pgoff"])) << PAGE_SHIFT)
            if not start <= va < end:
                continue
            entry = leaf(root_of(space), va)
            if entry and (entry & PTE_FRAME) >> PAGE_SHIFT == frame:
                bits = " ".join(name for bit, name in PTE_BITS if entry >> bit & 1)
                yield task_name(task), va, bits, area_name(space, area)


class Vma(gdb.Function):
    """$vma(PID, ADDRESS): the area of that task that holds the address, a vm_area_struct *."""

    def __init__(self):
        super().__init__("vma")

    def invoke(self, pid, address):
        for area in areas(space_of(find_task(str(int(pid))))):
            if int(area["vm_start"]) <= int(address) < int(area["vm_end"]):
                return area.address
        raise gdb.GdbError("nothing is mapped at %#x" % int(address))


Vma()
