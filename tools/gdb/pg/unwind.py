"""Backtraces across entry.S, which tells debuggers nothing of its stack.

A frame whose caller is one of entry.S' labels behind an exception's or interrupt's call to C
stands on a struct pt_regs: from there the walk goes on with what was interrupted.  A program's
own frames, for which there are no symbols, are cut off behind the first.
"""
import gdb
import gdb.unwinder

from .kernel import KERNEL_BASE, exception_labels, label, pointer

SAVED = [("rip", "ip"), ("rsp", "sp"), ("rbp", "bp"), ("rbx", "bx"), ("r12", "r12"),
         ("r13", "r13"), ("r14", "r14"), ("r15", "r15")]


class FrameId:
    def __init__(self, sp, pc):
        self.sp = sp
        self.pc = pc


class Unwinder(gdb.unwinder.Unwinder):
    def __init__(self):
        super().__init__("pagoda-entry")
        self.labels = None

    def __call__(self, frame):
        pc = int(frame.read_register("rip")) % (1 << 64)
        if pc < KERNEL_BASE:
            return None
        if self.labels is None:
            self.labels = {address: 0 for address in exception_labels()}
            self.labels[label("syscall_called")] = 8  # the seventh argument is in between
        if pc not in self.labels:
            return None
        sp = frame.read_register("rsp")
        at = int(sp) % (1 << 64) + self.labels[pc]
        regs = pointer(at, "struct pt_regs").dereference()
        info = frame.create_unwind_info(FrameId(sp, frame.read_register("rip")))
        for name, field in SAVED:
            info.add_saved_register(name, regs[field])
        return info


class CutPrograms:
    """A frame filter: nothing behind the first frame that is not the kernel's."""

    def __init__(self):
        self.name = "pagoda-programs"
        self.enabled = True
        self.priority = 100

    def filter(self, frames):
        for decorated in frames:
            yield decorated
            if decorated.inferior_frame().pc() < KERNEL_BASE:
                return


gdb.unwinder.register_unwinder(gdb.current_objfile(), Unwinder(), replace=True)
_filter = CutPrograms()
(gdb.current_objfile() or gdb).frame_filters[_filter.name] = _filter
