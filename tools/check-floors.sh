#!/bin/sh
# check-floors.sh: an #include goes down the floors of the house, or stays on one.
#
# The floors, lowest first, are in the table below; a file belongs to the first prefix
# that fits. Headers under machine/ are part of every floor's ground: they may include
# lib/ only, and everybody may include them. Where a floor needs something of a
# higher one, that one registers it (docs/port.md, STYLE); the few includes that
# are agreed on in spite of the order are the exceptions below, each with its reason.
# Also refused: a circle among the headers of one floor.
set -u
cd "$(dirname "$0")/.." || exit 2

git ls-files -co --exclude-standard 'lib/*.[ch]' 'sync/*.[ch]' 'arch/*.[ch]' 'mm/*.[ch]' 'mm/*/*.[ch]' \
	'kernel/*.[ch]' 'fs/*.[ch]' 'drivers/*.[ch]' 'proc/*.[ch]' |
	sort -u | while read -r f; do [ -f "$f" ] && echo "$f"; done |
	xargs grep -Hn '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' |
	sed 's/^\([^:]*\):\([0-9]*\):[^"]*"\([^"]*\)".*/\1 \2 \3/' |
	awk '
	BEGIN {
		n = split("lib/ machine/ sync/ arch/ mm/trace/ mm/check mm/mark mm/frame/ mm/pgtable/ mm/slab/ mm/kva/ " \
			"mm/lru/ mm/swap/ mm/cache/ mm/space/ mm/reclaim/ kernel/ fs/ drivers/ proc/", floors, " ")
		for (i = 1; i <= n; i++)
			level[floors[i]] = i
		level["drivers/"] = level["fs/"] # one floor

		# Agreed exceptions: includer prefix, included.
		allowed["arch/ mm/frame/frame.h"] # early memory for the tables and copies made at boot
		allowed["arch/ mm/frame/page.h"]  # mem_map is mapped by the machine
		allowed["arch/ drivers/serial.h"] # the console before there are consoles
	}
	function floor_of(path,  i) {
		if (path ~ /^arch\/.*\/include\/machine\// || path ~ /^arch\/.*\/machine\//)
			return 2
		for (i = 1; i <= n; i++)
			if (index(path, floors[i]) == 1)
				return level[floors[i]]
		return 0
	}
	function exception(from, to,  key, part) {
		for (key in allowed) {
			split(key, part, " ")
			if (index(from, part[1]) == 1 && to == part[2])
				return 1
		}
		return 0
	}
	{
		from = floor_of($1)
		to = floor_of($3)
		if (to == 0) # beside the file itself, or the system
			next
		if ($1 ~ /\.h$/ && $3 ~ /\.h$/ && $1 != $3)
			includes[$1] = includes[$1] " " $3
		if (to == 2) {
			next # the machine contract: everybody
		}
		if (to > from && !exception($1, $3)) {
			printf "%s:%s: includes %s, which is on a higher floor\n", $1, $2, $3
			bad++
		}
	}
	function visit(header,  parts, k, i) {
		if (state[header] == 2)
			return
		if (state[header] == 1) {
			printf "circle of includes through %s\n", header
			bad++
			return
		}
		state[header] = 1
		k = split(includes[header], parts, " ")
		for (i = 1; i <= k; i++)
			if (parts[i] in includes)
				visit(parts[i])
		state[header] = 2
	}
	END {
		for (h in includes)
			visit(h)
		exit bad > 0
	}'
