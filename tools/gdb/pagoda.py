"""Pagoda's memory as gdb sees it: the commands `pg ...` and printers for small types.

gdb loads this by itself for build/*/pagoda.elf (a link beside the kernel leads here) when
`pagoda gdb` starts it; by hand: `source tools/gdb/pagoda.py`.  Everything is read from the
stopped machine through the kernel's own symbols and types, so release and debug builds do,
and nothing is ever called or written there.

    pg/kernel.py     values, lists, per-CPU data, the address map
    pg/frames.py     pg page, dump, zones, buddy, meminfo
    pg/objects.py    pg slab
    pg/spaces.py     pg vmas, tables
    pg/tasks.py      pg tasks, bt, dmesg, events
    pg/unwind.py     gdb's own backtraces across the kernel's doors
    pg/printers.py   how pte_t, struct page and others look in `print`
"""
import os
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.realpath(os.path.expanduser(__file__))))


class Pg(gdb.Command):
    """Pagoda's memory: pages, zones, slabs, areas, page tables, tasks.

Numbers may be any expression gdb understands.  PID means a task of the guest; without it,
the one that runs on the selected thread's CPU.  Functions for expressions: $task(PID),
$page(FRAME), $vma(PID, ADDRESS), $percpu("name", CPU)."""

    def __init__(self):
        super().__init__("pg", gdb.COMMAND_USER, gdb.COMPLETE_NONE, True)


Pg()
from pg import frames, objects, printers, spaces, tasks, unwind  # noqa: E402,F401  (they add commands)
