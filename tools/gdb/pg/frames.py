"""Physical memory: pg page, dump, zones, buddy, meminfo."""
import gdb

from . import spaces
from .kernel import (DIRECT_MAP_BASE, LRU_BATCH, MAX_ORDER, MEM_MAP_BASE, MEM_MAP_END, PAGE_SHIFT,
                     PAGE_SIZE, PAGE_UNLINKED, PCP_RING, address_of, command, cpus, enum_names,
                     flag_names, frame_address, frame_at, frame_exists, frame_of, has_field,
                     has_flag, list_pages, nodes, number, page_of, page_zone, per_cpu,
                     pointer, read_physical, read_word, spaces as all_spaces, symbol, task_name, text,
                     value, zone_name, zones)

MAPPING_ANON = 1
MAPPING_HIGH = 0xE


def page_from(argument):
    """A frame's number, a kernel address in the frame, or the page's descriptor."""
    n = number(argument)
    if MEM_MAP_BASE <= n < MEM_MAP_END:
        n = (n - MEM_MAP_BASE) // 32
    elif n >= DIRECT_MAP_BASE:
        n = frame_at(n)
    if not frame_exists(n):
        raise gdb.GdbError("frame %#x has no page: no RAM there" % n)
    return page_of(n)


def page_index(page):
    return int(page["index"]) | (int(page["mapping"]) & MAPPING_HIGH) << 31


def page_owner(page):
    """The anon_vma or address_space, as a number."""
    return int(page["mapping"]) & ~0xF


def slab_use(page):
    cache = page["slab_cache"].cast(gdb.lookup_type("struct kmem_cache").pointer())
    objects = int(cache["objects"])
    if int(cache["bitmap_offset"]):
        used = int(page["slab_inuse"])
    else:
        used = objects - bin(int(page["slab_free"])).count("1")
    return "slab of %s: %d of %d objects taken" % (text(cache["name"]), used, objects)


def on_cpu_list(page):
    """Which CPU keeps this free page or block at hand, or None."""
    zone, frame = page_zone(page), frame_of(page)
    for cpu in cpus():
        pcp = zone["pcp"][cpu]
        if not int(pcp):
            continue
        for kind in range(3):
            ring = pcp["ring"][kind]
            for n in range(int(ring["tail"]), int(ring["head"])):
                if int(ring["pfn"][n % PCP_RING]) == frame:
                    return cpu
            for stack in (pcp["stack"][kind][i] for i in range(6)):
                if frame in [int(stack["pfn"][n]) for n in range(int(stack["count"]))]:
                    return cpu
    return None


def table_user(page):
    """Whose address space the table was made for, as far as a task still has it."""
    for space, task in all_spaces():
        if address_of(space) == int(page["pt_mm"]):
            return " of " + task_name(task)
    return ""


def page_use(page):
    """What the frame is used for, in words."""
    if has_flag(page, "reserved"):
        return "reserved: kernel image, firmware or boot memory"
    if has_flag(page, "buddy"):
        return "free: head of a block of order %d" % int(page["order"])
    if has_flag(page, "tail"):
        return "tail of the compound page of frame %#x" % frame_of(page["head"].dereference())
    if has_flag(page, "slab"):
        return slab_use(page)
    if has_flag(page, "table"):
        return "page table%s, %d entries in use" % (table_user(page), int(page["pt_present"]))
    if int(page["mapping"]) & MAPPING_ANON:
        return "anonymous memory, made for address %#x, anon_vma %#x" % (
            page_index(page) << PAGE_SHIFT, page_owner(page))
    if page_owner(page) and has_flag(page, "uptodate"):
        mapping = pointer(page_owner(page), "struct address_space")
        if not int(mapping["host"]):
            return "page %d of address_space %#x" % (page_index(page), page_owner(page))
        inode = mapping["host"].cast(gdb.lookup_type("struct inode").pointer())
        return "page %d of the file with inode %d on %s" % (
            page_index(page), int(inode["ino"]), text(inode["sb"]["type"]["name"]))
    if int(page["refcount"]["v"]) == 0:
        cpu = on_cpu_list(page)
        if cpu is not None:
            return "free: on the list of CPU %d" % cpu
        return "free: part of a larger block"
    return "taken by the kernel"


def page_list_name(page):
    if not has_flag(page, "lru"):
        return None
    if int(page["next"]) == PAGE_UNLINKED:
        return "in the batch of CPU %d" % (int(page["prev"]) // LRU_BATCH)
    if has_flag(page, "unevictable"):
        return "unevictable"
    return ("active" if has_flag(page, "active") else "inactive") + (
        " anon" if has_flag(page, "swapbacked") else " file")


def in_direct_map(frame):
    return read_word(frame_address(frame)) is not None


def counts_mean_something(page):
    return not any(has_flag(page, f) for f in ("buddy", "slab", "table", "tail"))


@command("page")
def show_page(argument):
    """One page: pg page FRAME | ADDRESS | PAGE

FRAME is a frame number, ADDRESS a kernel address that lies in the frame, PAGE a pointer to a
struct page.  Shows flags, counts, use and, for memory of programs, who maps it where.  In a
debug build also who allocated it."""
    page = page_from(argument)
    frame, zone = frame_of(page), page_zone(page)
    print("page %#x: frame %#x, node %d, zone %s" % (
        address_of(page), frame, int(zone["node"]["nid"]), zone_name(zone)))
    print("  flags     %#010x %s" % (int(page["flags"]), " ".join(flag_names(page))))
    counts = "refcount %d" % int(page["refcount"]["v"])
    if counts_mean_something(page):
        counts += ", mapcount %d" % int(page["mapcount"]["v"])
    print("  counts    " + counts)
    print("  use       " + page_use(page))
    if page_list_name(page):
        print("  list      " + page_list_name(page))
    if has_field(zone, "owner"):
        owner = int(zone["owner"][frame - int(zone["start_pfn"])])
        if owner > 1:
            print("  owner     " + symbol(owner))
    print("  address   %#x%s" % (
        frame_address(frame), "" if in_direct_map(frame) else ", but not in the direct map"))
    if counts_mean_something(page) and int(page["mapcount"]["v"]) > 0:
        for task, address, entry, name in spaces.mappings_of(page):
            print("  mapped    by %s at %#x %s %s" % (task, address, entry, name))


@command("dump")
def dump(argument, offset="0", count="256"):
    """What a page holds: pg dump FRAME [OFFSET [BYTES]]

FRAME as for `pg page'.  Read by physical address, so it does not matter whether the kernel maps
the page."""
    page, at, size = page_from(argument), number(offset), number(count)
    size = min(size, PAGE_SIZE - at)
    if at >= PAGE_SIZE:
        raise gdb.GdbError("a page has %d bytes" % PAGE_SIZE)
    held = read_physical((frame_of(page) << PAGE_SHIFT) + at, size)
    for start in range(0, size, 16):
        row = held[start:start + 16]
        print("%03x  %-47s  %s" % (at + start, row.hex(" "), "".join(
            chr(byte) if 32 <= byte < 127 else "." for byte in row)))


def zone_pcp_pages(zone):
    pages = 0
    for cpu in cpus():
        pcp = zone["pcp"][cpu]
        if not int(pcp):
            continue
        for kind in range(3):
            pages += int(pcp["ring"][kind]["head"]) - int(pcp["ring"][kind]["tail"])
            pages += sum(int(pcp["stack"][kind][i]["count"]) << (i + 1) for i in range(6))
    return pages


@command("zones")
def show_zones():
    """Every zone's pages and watermarks: pg zones

free and cpus are pages in the buddy system and on the CPUs' lists; min, low and high are the
watermarks; all in pages."""
    print("%-14s %9s %6s %6s %6s %6s %9s %9s %9s  frames" % (
        "zone", "free", "cpus", "min", "low", "high", "spanned", "present", "managed"))
    for zone in zones():
        start, spanned = int(zone["start_pfn"]), int(zone["spanned_pages"])
        print("%-14s %9d %6d %6d %6d %6d %9d %9d %9d  %#x-%#x" % (
            "%d %s" % (int(zone["node"]["nid"]), zone_name(zone)), int(zone["free_pages"]),
            zone_pcp_pages(zone), *(int(zone["watermark"][i]) for i in range(3)), spanned,
            int(zone["present_pages"]), int(zone["managed_pages"]), start, start + spanned - 1))


@command("buddy")
def show_buddy(nid=None, name=None):
    """Free blocks: pg buddy [NODE ZONE]

Without arguments as /proc/buddyinfo: how many free blocks of 2^0 .. 2^10 pages each zone has,
counted by following the lists.  With a zone, e.g. `pg buddy 0 DMA32': the blocks, by order and
mobility type."""
    types = enum_names("enum migratetype", "MIGRATE_")
    count = max(types)
    found = False
    for zone in zones():
        if nid is None:
            blocks = [sum(sum(1 for _ in list_pages(zone["free_area"][order]["list"][kind]))
                          for kind in range(count)) for order in range(MAX_ORDER)]
            print("Node %d, zone %8s %s " % (int(zone["node"]["nid"]), zone_name(zone),
                                             " ".join("%6d" % n for n in blocks)))
            continue
        if int(zone["node"]["nid"]) != number(nid) or (name and zone_name(zone) != name):
            continue
        found = True
        for order in range(MAX_ORDER):
            for kind in range(count):
                frames = [frame_of(page)
                          for page in list_pages(zone["free_area"][order]["list"][kind])]
                if frames:
                    print("order %2d %-11s %4d: %s" % (
                        order, types[kind].lower(), len(frames),
                        " ".join("%#x" % frame for frame in frames)))
    if nid is not None and not found:
        raise gdb.GdbError("there is no such zone; `pg zones' lists them")


def node_gauge(name):
    """A gauge summed over nodes, in its own unit."""
    item = int(value(name))
    total = 0
    for node in nodes():
        nid = int(node["nid"])
        total += int(node["stat"][item]) + sum(
            int(per_cpu("node_stat_deltas", cpu)["delta"][nid][item]) for cpu in cpus())
    return max(total, 0)


MEMINFO = [  # the line's name, the gauges that it sums, in pages
    ("Cached", ["NR_FILE_PAGES"]),
    ("Active(anon)", ["NR_ACTIVE_ANON"]),
    ("Inactive(anon)", ["NR_INACTIVE_ANON"]),
    ("Active(file)", ["NR_ACTIVE_FILE"]),
    ("Inactive(file)", ["NR_INACTIVE_FILE"]),
    ("AnonPages", ["NR_ANON_MAPPED"]),
    ("Mapped", ["NR_FILE_MAPPED"]),
    ("Shmem", ["NR_SHMEM"]),
    ("Slab", ["NR_SLAB_RECLAIMABLE", "NR_SLAB_UNRECLAIMABLE"]),
    ("SReclaimable", ["NR_SLAB_RECLAIMABLE"]),
    ("SUnreclaim", ["NR_SLAB_UNRECLAIMABLE"]),
    ("PageTables", ["NR_PAGETABLE"]),
]


@command("meminfo")
def show_meminfo():
    """The main lines of /proc/meminfo: pg meminfo"""
    lines = [("MemTotal", 4 * sum(int(z["managed_pages"]) for z in zones())),
             ("MemFree", 4 * sum(int(z["free_pages"]) for z in zones()))]
    lines += [(name, 4 * sum(map(node_gauge, gauges))) for name, gauges in MEMINFO]
    lines.append(("KernelStack", node_gauge("NR_KERNEL_STACK_KB")))
    for name, kb in lines:
        print("%-15s %8d kB" % (name + ":", kb))
