"""Object caches: pg slab."""
import gdb

from .kernel import (command, cpus, frame_of, list_entries, list_pages, nodes, text, value)


def caches():
    return list_entries(value("slab_chain"), "struct kmem_cache", "chain")


def figures(cache):
    """As slabinfo: objects taken, objects, slabs in use, slabs, objects in shared arrays."""
    free = active = slabs = shared = 0
    for nid in range(len(nodes())):
        node = cache["node"][nid]
        in_use = int(node["full"]["count"]) + int(node["partial"]["count"])
        active += in_use
        slabs += in_use + int(node["empty"]["count"])
        shared += int(node["shared"]["avail"]) if int(node["shared"]) else 0
        free += int(node["free_objects"])
    free += shared + sum(int(cache["cpu"][cpu]["avail"]) for cpu in cpus())
    objects = slabs * int(cache["objects"])
    return max(objects - free, 0), objects, active, slabs, shared


def show_one(cache):
    taken, objects, _, _, _ = figures(cache)
    print("%s: kmem_cache %#x, objects of %d bytes (%d asked for), %d in a slab of %d page%s" % (
        text(cache["name"]), int(cache.address), int(cache["size"]), int(cache["object_size"]),
        int(cache["objects"]), 1 << int(cache["order"]), "s" if int(cache["order"]) else ""))
    print("  %d of %d objects taken" % (taken, objects))
    for cpu in cpus():
        array = cache["cpu"][cpu]
        print("  cpu %d     %d at hand, limit %d" % (cpu, int(array["avail"]), int(array["limit"])))
    for nid in range(len(nodes())):
        node = cache["node"][nid]
        for name in ("full", "partial", "empty"):
            frames = [frame_of(page) for page in list_pages(node[name])]
            print("  node %d    %d %s: %s%s" % (
                nid, len(frames), name, " ".join("%#x" % f for f in frames[:16]),
                " ..." if len(frames) > 16 else ""))


@command("slab")
def show_slab(name=None):
    """Object caches: pg slab [CACHE]

Without a name the figures of /proc/slabinfo of every cache; with one, its slabs (frame numbers,
for `pg page') and how many objects each CPU has at hand."""
    if name is not None:
        for cache in caches():
            if text(cache["name"]) == name:
                show_one(cache)
                return
        raise gdb.GdbError("there is no cache %s; `pg slab' lists them" % name)
    print("# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> "
          ": slabdata <active_slabs> <num_slabs> <sharedavail>")
    for cache in caches():
        taken, objects, active, slabs, shared = figures(cache)
        print("%-17s %6d %6d %6d %4d %4d : slabdata %6d %6d %6d" % (
            text(cache["name"]), taken, objects, int(cache["size"]), int(cache["objects"]),
            1 << int(cache["order"]), active, slabs, shared))
