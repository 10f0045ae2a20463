"""Showing: tables, comparison with what was kept, the plot."""
import collections
import re
import subprocess

import parts
import swap

Row = collections.namedtuple("Row", "part goal what")
LOSS = 1.05
SWAP_LOSS = 1.25  # the disk's interrupts come when the host likes
ALLOCATORS = ("Pagoda", "mimalloc", "jemalloc", "tcmalloc", "glibc")


def rows():
    found = {}
    with open("bench/rows") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                name, part, goal, what = (field.strip() for field in line.split("|"))
                found[name] = Row(part, goal, what)
    return found


def goal_of(row, unit=None):
    """A number, or None: of a host row's goal, "5 ns, 75 instructions", that in one unit."""
    match = re.search(r"([\d.]+)" + (" " + unit if unit else "$"), row.goal)
    return float(match[1]) if match else None


# ---- figures ----

def figure(x):
    if x is None:
        return "-"
    return f"{x:.0f}" if x >= 1000 else f"{x:.4g}"


def ratio(a, b):
    return f"{a / b:.3f}" if a is not None and b else "-"


def change(new, old):
    if new is None or not old:
        return "-"
    return "=" if abs(new / old - 1) < 0.005 else f"{100 * (new / old - 1):+.1f} %"


def guest_table(result, kept):
    """Rows beside Linux: lists of cells."""
    dishonest = {rule["row"] for rule in result["rules"] if rule["kernel"] == "Pagoda" and not rule["holds"]}
    table = [["", "Linux 6.1", "Pagoda", "ratio", "goal", "of goal", "wall ratio", "since kept"]]
    for name, row in rows().items():
        if row.part in ("host", "swap"):
            continue
        cells, wall = ((result.get(part) or {}).get(name, {}) for part in (row.part, "wall"))
        if not cells and not wall:
            continue
        linux, pagoda, goal = cells.get("Linux"), cells.get("Pagoda"), goal_of(row)
        before = ((kept or {}).get(row.part) or {}).get(name, {}).get("Pagoda")
        table.append([row.what, figure(linux), figure(pagoda),
                      "BROKEN" if name in dishonest else ratio(pagoda, linux), figure(goal), ratio(pagoda, goal),
                      ratio(wall.get("Pagoda"), wall.get("Linux")), change(pagoda, before)])
    return table


def host_table(result, kept):
    """One line a row and unit."""
    columns = [a for a in ALLOCATORS if any(a in cells for cells in (result.get("host") or {}).values())]
    table = [["", "unit", *columns, "goal", "since kept"]]
    for name, cells in (result.get("host") or {}).items():
        row, what = rows()[name], rows()[name].what
        for unit in ("ns", "bytes", "instructions", "atomics", "shared lines"):
            if not any(unit in cell for cell in cells.values()):
                continue
            now, before = (((r or {}).get("host") or {}).get(name, {}).get("Pagoda", {}).get(unit)
                           for r in (result, kept))
            table.append([what, unit, *(f"{cells[a][unit]:.3g}" if unit in cells.get(a, {}) else "-" for a in columns),
                          figure(goal_of(row, unit)), change(now, before)])
            what = ""
    pair = [(result.get("host") or {}).get(name, {}).get("Pagoda") for name in ("vmalloc_16k", "kmalloc_16k")]
    for unit in ("ns", "instructions"):
        if all(cell and unit in cell for cell in pair):
            table.append(["vmalloc over kmalloc, 16 KiB", "ratio of " + unit, f"{pair[0][unit] / pair[1][unit]:.2f}"] +
                         ["-"] * (len(columns) + 1))
    return table


def swap_table(result, kept):
    """One line a row and unit."""
    table = [["", "unit", "Linux 6.1", swap.SAME_FREE, "Pagoda", "ratio", "goal", "since kept"]]
    for name, cells in (result.get("swap") or {}).items():
        row, pagoda = rows()[name], cells.get("Pagoda", {})
        before = ((kept or {}).get("swap") or {}).get(name, {}).get("Pagoda", {})
        for n, unit in enumerate(pagoda):
            linux, same = (cells.get(column, {}).get(unit) for column in ("Linux", swap.SAME_FREE))
            table.append(["" if n else row.what, unit, figure(linux), figure(same), figure(pagoda[unit]),
                          ratio(pagoda[unit], linux), figure(goal_of(row, unit)),
                          change(pagoda[unit], before.get(unit))])
    return table


def aligned(table):
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    return "\n".join("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in table)


def markdown(table):
    lines = ["| " + " | ".join(line) + " |" for line in table]
    return "\n".join([lines[0], "| --- |" + " ---: |" * (len(table[0]) - 1)] + lines[1:])


def text(result, kept):
    shown = [aligned(table) for table in (guest_table(result, kept), host_table(result, kept),
                                              swap_table(result, kept)) if len(table) > 1]
    rules = [rule for rule in result["rules"] if rule["kernel"] == "Pagoda"]
    if rules:
        shown.append(f"rules of honesty: {sum(rule['holds'] for rule in rules)} of {len(rules)} hold")
        other = [rule for rule in result["rules"] if rule["kernel"] != "Pagoda" and not rule["holds"]]
        if other:
            shown.append("(not on Linux: " + ", ".join(f"{r['row']} {r['what']} {r['have']}" for r in other) + ")")
    return "\n\n".join(shown)


# ---- what is wrong ----

def missing(result, chosen, wanted):
    found = []
    for name, row in rows().items():
        for part in chosen:
            if name not in wanted or part != row.part and not (part == "wall" and row.part == "instructions"):
                continue
            cells = (result.get(part) or {}).get(name, {})
            if part == "swap":
                found += [f"MISSING: {name} ({unit}) of {column}" for column, unit in swap.needed(name)
                          if unit not in cells.get(column, {})]
                continue
            needed = ("Pagoda",) if part == "host" else ("Linux", "Pagoda")
            if name.startswith("object"):
                needed = ALLOCATORS
            found += [f"MISSING: {name} ({part}) of {column}" for column in needed if column not in cells]
            if part == "host" and "ns" in cells.get("Pagoda", {}):
                units = {"instructions", "atomics"} | ({"shared lines"} if name in parts.SHARED else set())
                found += [f"MISSING: {name} ({unit})" for unit in sorted(units - cells["Pagoda"].keys())]
    return found


def broken(result):
    return [f"BROKEN RULE: {rule['row']}: {rule['what']} {rule['have']}, should be {rule['least']} to {rule['most']}"
            for rule in result["rules"] if rule["kernel"] == "Pagoda" and not rule["holds"]]


def losses(result, kept):
    """Counted figures more than 5 % above the kept ones. Times are not held to that."""
    found = []
    for part in ("instructions", "boot", "host"):
        for name, cells in ((kept or {}).get(part) or {}).items():
            before, now = cells.get("Pagoda"), ((result.get(part) or {}).get(name) or {}).get("Pagoda")
            if part == "host":
                unit = "bytes" if "bytes" in (before or {}) else "instructions"
                before, now = (cell.get(unit) if cell else None for cell in (before, now))
            if before and now and now > before * LOSS:
                found.append(f"LOST: {name}: {figure(now)}, was {figure(before)} ({change(now, before)}): "
                             "mend or explain")
    for name, cells in ((kept or {}).get("swap") or {}).items():
        for unit in swap.COUNTED:
            before, now = (((of.get("swap") or {}).get(name, {}).get("Pagoda", {})).get(unit) for of in (kept, result))
            if before and now and now > before * SWAP_LOSS:
                found.append(f"LOST: {name}: {figure(now)} {unit}, was {figure(before)}: mend or explain")
    return found


def slower(result):
    """Counted rows that cost more than on Linux."""
    return [f"SLOWER: {name}: {figure(cells['Pagoda'])}, on Linux {figure(cells['Linux'])}"
            for part in ("instructions", "boot") for name, cells in (result.get(part) or {}).items()
            if cells.get("Linux") and cells.get("Pagoda", 0) > cells["Linux"]]


def swaps_more(result):
    """Rows of the part swap that are slower than Linux's with the same memory, move more pages, or miss their goal."""
    found = []
    for name, cells in (result.get("swap") or {}).items():
        linux, pagoda = (swap.with_moved(cells.get(column, {})) for column in ("Linux", "Pagoda"))
        for unit in pagoda.keys() - set(swap.PAGES):
            limit = min((x for x in (linux.get(unit), goal_of(rows()[name], unit)) if x), default=None)
            if limit is not None and pagoda[unit] > limit:
                found.append(f"MORE: {name}: {figure(pagoda[unit])} {unit}, should be at most {figure(limit)}")
    return found


# ---- pages ----

def write_tables(result, arch, path):
    """Between the markers <!-- guest --> and <!-- /guest -->, and so on; of other machines <!-- i386 -->."""
    with open(path) as f:
        page = f.read()
    about = result["about"]
    guest, host = ([line[:-1] for line in table] for table in (guest_table(result, None), host_table(result, None)))
    if arch != "x86_64":
        short = [line[:4] + [line[6]] for line in guest]  # goals are the other machine's
        pieces = {arch: markdown(short)}
    else:
        swapped = [line[:-1] for line in swap_table(result, None)]
        pieces = {"guest": markdown(guest), "host": markdown(host), "swap": markdown(swapped),
                  "about": f"Kept on {about['date']} at {about['commit']}: {about['qemu']}, {about['compiler']}, "
                           f"{about['host']}."}
    for mark, piece in pieces.items():
        page = re.sub(f"(?<=<!-- {mark} -->\n).*?(?=<!-- /{mark} -->)", lambda _, piece=piece: piece + "\n", page,
                      flags=re.S)
    with open(path, "w") as f:
        f.write(page)


def plot(result, path):
    """Left the guest's rows as a part of Linux's cost, right nanoseconds of the allocators."""
    guest, labels = {"instructions": [], "time": [], "pages moved": [], "goal": []}, []
    for name, row in rows().items():
        cells, wall = ((result.get(part) or {}).get(name, {}) for part in (row.part, "wall"))
        if row.part == "swap" and cells:
            for what, ratios in swap.ratios(cells).items():
                guest[what] += [(x, -len(labels)) for x in ratios]
            labels.append((row.what, -len(labels)))
            continue
        if row.part == "host" or not cells.get("Linux") or "Pagoda" not in cells:
            continue
        y = -len(labels)
        labels.append((row.what, y))
        guest["instructions"].append((cells["Pagoda"] / cells["Linux"], y))
        guest["goal"].append((goal_of(row) / cells["Linux"], y))
        if wall.get("Linux") and "Pagoda" in wall:
            guest["time"].append((wall["Pagoda"] / wall["Linux"], y))
    host, host_labels = {a: [] for a in ALLOCATORS + ("goal",)}, []
    for name, cells in (result.get("host") or {}).items():
        if "ns" not in cells.get("Pagoda", {}):
            continue
        y = -len(host_labels)
        host_labels.append((rows()[name].what, y))
        for allocator, cell in cells.items():
            host[allocator].append((cell["ns"], y))
        if goal_of(rows()[name], "ns"):
            host["goal"].append((goal_of(rows()[name], "ns"), y))

    def block(name, points):
        return f"${name} << END\n" + "".join(f"{x:.6g} {y}\n" for x, y in points) + "END\n"

    def tics(names):
        return ", ".join(f'"{what.replace("%", "%%")}" {y}' for what, y in names)

    style = {"instructions": "pt 7 ps 0.7 lc rgb '#1f4e99'", "pages moved": "pt 4 ps 0.7 lc rgb '#1f4e99'", "time": "pt 6 ps 0.7 lc rgb '#1f4e99'",
             "goal": "pt 2 ps 0.6 lc rgb '#c03020'", "Pagoda": "pt 7 ps 0.8 lc rgb '#1f4e99'",
             "mimalloc": "pt 4 ps 0.6 lc rgb '#2a8a3a'", "jemalloc": "pt 8 ps 0.6 lc rgb '#8a5a00'",
             "tcmalloc": "pt 10 ps 0.6 lc rgb '#7a3a9a'", "glibc": "pt 12 ps 0.6 lc rgb '#666666'"}
    script = "set terminal svg size 1400,760 font 'sans,11' background '#ffffff'\n" + f"set output '{path}'\n"
    series = [("g_" + n.replace(" ", "_"), n, p) for n, p in guest.items() if p], [("h_" + n, n, p) for n, p in host.items() if p]
    for name, _, points in series[0] + series[1]:
        script += block(name, points)
    script += "set multiplot\nset logscale x\nset grid\nset tics font ',9'\nset bmargin screen 0.12\n"
    script += "set tmargin screen 0.95\nset key at screen 0, 0.03 left bottom horizontal samplen 1 width -3 font ',9'\n"
    for title, left, names, these in (("Pagoda's cost as a part of Linux's (1: the same)", 0.24, labels, series[0]),
                                      ("nanoseconds an operation, on the host", 0.74, host_labels, series[1])):
        if these:
            script += f'set lmargin screen {left}\nset rmargin screen {left + 0.24}\n'
            script += f'set key at screen {left}, 0.03 left bottom\nset title "{title}"\n'
            script += f'set ytics ({tics(names)})\nset yrange [{-len(names) + 0.5}:0.5]\n'
            script += "plot " + ", ".join(f"${name} using 1:2 with points {style[what]} title '{what}'"
                                          for name, what, _ in these) + "\n"
    subprocess.run(["gnuplot"], input=script + "unset multiplot\n", text=True, check=True)
