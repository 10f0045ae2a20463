# X3: /proc/slabinfo can be written, "NAME LIMIT BATCHCOUNT SHARED" sets a cache's
# tunables, and the CPUs' arrays follow. (Linux has SLUB: its slabinfo is read-only.)
. ./check.sh

if ! is_pagoda; then
	skip slabinfo-tunables "only where the slab allocator has tunables"
	finish
fi

tunables() { # NAME: its limit, batchcount, shared
	awk -v name="$1" '$1 == name { print $9, $10, $11 }' /proc/slabinfo
}

set_tunables() { # "NAME LIMIT BATCHCOUNT SHARED"
	echo "$1" 2>/dev/null >/proc/slabinfo
}

expect slabinfo-mode "$(stat -c %a /proc/slabinfo)" 600
before=$(tunables kmalloc-64)
expect_true slabinfo-write set_tunables "kmalloc-64 40 10 4"
expect slabinfo-changed "$(tunables kmalloc-64)" "40 10 4"
expect_true slabinfo-write-back set_tunables "kmalloc-64 $before"
expect slabinfo-back "$(tunables kmalloc-64)" "$before"

refused() { # NAME LINE: writing LINE fails and changes nothing
	if set_tunables "$2"; then
		not_ok "$1" "\"$2\" was taken"
	else
		expect "$1" "$(tunables kmalloc-64)" "$before"
	fi
}
refused slabinfo-no-limit "kmalloc-64 0 0 0"
refused slabinfo-batch-over-limit "kmalloc-64 10 20 0"
refused slabinfo-unknown "no-such-cache 40 10 4"
refused slabinfo-words "kmalloc-64 many few none"
refused slabinfo-short "kmalloc-64 40"

# Objects in use follow what the system does: a hundred files are a hundred inodes.
active() {
	awk -v name="$1" '$1 == name { print $2 }' /proc/slabinfo
}
start=$(active dentry)
mkdir /tmp/many
i=0
while [ $i -lt 100 ]; do
	: >/tmp/many/file$i
	i=$((i + 1))
done
grown=$(($(active dentry) - start))
expect_true slabinfo-counts test $grown -ge 90
rm -r /tmp/many
finish
