"""How small types look in `print`; `print/r` shows their fields."""
import gdb
import gdb.printing

from .frames import page_use
from .kernel import MEM_MAP_BASE, PAGE_LIST_ID, address_of, flag_names, frame_of
from .spaces import entry_text


class Wrapped:
    """A struct around one number, `v`."""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        return str(int(self.value["v"]))


class Hexadecimal(Wrapped):
    def to_string(self):
        return "%#x" % int(self.value["v"])


class Entry(Wrapped):
    def to_string(self):
        entry = int(self.value["v"])
        return "%#x <%s>" % (entry, entry_text(entry))


class Page:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        page = self.value
        if page.address is None or address_of(page) < MEM_MAP_BASE:
            return "page that is not in mem_map"
        return "frame %#x: %s, refcount %d [%s]" % (
            frame_of(page), page_use(page), int(page["refcount"]["v"]), " ".join(flag_names(page)))


class PageList:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        pages = self.value
        if int(pages["first"]) >= PAGE_LIST_ID:
            return "page list %#x: empty" % int(pages["id"])
        return "page list %#x: %d pages, frames %#x ... %#x" % (
            int(pages["id"]), int(pages["count"]), int(pages["first"]), int(pages["last"]))


def build():
    printers = gdb.printing.RegexpCollectionPrettyPrinter("pagoda")
    printers.add_printer("atomic", "^atomic_(long_)?t$", Wrapped)
    printers.add_printer("phys_addr_t", "^phys_addr_t$", Hexadecimal)
    printers.add_printer("pte_t", "^pte_t$", Entry)
    printers.add_printer("pgprot_t", "^pgprot_t$", Hexadecimal)
    printers.add_printer("page", "^page$", Page)
    printers.add_printer("page_list", "^page_list$", PageList)
    return printers


gdb.printing.register_pretty_printer(gdb.current_objfile(), build(), replace=True)
