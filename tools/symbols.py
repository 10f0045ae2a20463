#!/usr/bin/env python3
"""From `nm -n` of a linked kernel to the table of function names that
arch/x86/common/symbols.c reads (the format is described there).

usage: nm -n pagoda.elf | symbols.py > symbols.S
"""
import sys
from collections import Counter


def read_functions(lines):
    """(address, name) of text symbols, one for each address, and _text itself."""
    functions, base = {}, None
    for line in lines:
        address, kind, name = line.split()
        if name == "_text":
            base = int(address, 16)
        if kind in "tT" and not name.startswith((".", "_text", "_etext")):
            functions.setdefault(int(address, 16), name.encode())
    # Before _text is what starts the machine.
    return base, sorted(item for item in functions.items() if item[0] >= base)


def pack(names):
    """Byte pairs: 128 times the most frequent pair of neighbours becomes one byte."""
    pairs = []
    names = [list(name) for name in names]
    for code in range(128, 256):
        counts = Counter()
        for name in names:
            counts.update(zip(name, name[1:]))
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        pairs.append(best)
        for name in names:
            i = 0
            while i + 1 < len(name):
                if (name[i], name[i + 1]) == best:
                    name[i:i + 2] = [code]
                i += 1
    return pairs, names


def number(value):
    out = []
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return out + [value]


def main():
    base, functions = read_functions(sys.stdin)
    pairs, names = pack([name for _, name in functions])
    body, last = [], base
    for (address, _), name in zip(functions, names):
        body += number(address - last) + [len(name)] + name
        last = address
    print('\t.section .symbols, "a"\n\t.balign 8\n\t.globl symbol_table, symbol_pairs')
    print(f"symbol_table:\n\t.long {len(functions)}, {len(body)}")
    for i in range(0, len(body), 32):
        print("\t.byte " + ",".join(map(str, body[i:i + 32])))
    print("symbol_pairs:")
    for a, b in pairs + [(0, 0)] * (128 - len(pairs)):
        print(f"\t.byte {a},{b}")
    print('\t.section .note.GNU-stack, "", @progbits')


main()
