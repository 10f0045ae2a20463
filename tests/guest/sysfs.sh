# /sys/devices/system: CPUs, nodes and blocks of memory as Linux shows them, their figures, and how
# they agree with each other and with /proc.
. ./check.sh

work=/tmp/sysfs
mkdir -p $work
cd /sys/devices/system || exit 1

# i386 has a node, unlike Debian's Linux there, but does not count what is about several.
not_here=
is_i386 && not_here='/^pgpromote/d;'

# same NAME FILE GOLDEN: the same lines with other numbers.
same() {
	sed 's/[0-9][0-9]*/N/g; s/  */ /g' "$2" >$work/found
	sed "$not_here"'s/[0-9][0-9]*/N/g; s/  */ /g' /tests/golden/"$3" >$work/wanted
	if cmp -s $work/found $work/wanted; then
		ok "$1"
	else
		not_ok "$1" "$(diff $work/wanted $work/found | head -n 6 | tr '\n' '|')"
	fi
}


nodes=0
for node in node/node[0-9]*; do
	n=${node#node/node}
	nodes=$((nodes + 1))
	same sysfs-node$n-meminfo $node/meminfo node_meminfo
	grep kB $node/meminfo >$work/kb
	grep kB /tests/golden/node_meminfo >$work/wanted
	expect sysfs-node$n-width "$(awk '{ print length($0) }' $work/kb | sort -u)" \
		"$(awk '{ print length($0) }' $work/wanted | sort -u)"
	same sysfs-node$n-vmstat $node/vmstat node_vmstat
	same sysfs-node$n-numastat $node/numastat node_numastat
	expect sysfs-node$n-distance "$(wc -w <$node/distance) $(cut -d' ' -f$((n + 1)) $node/distance)" \
		"$(ls -d node/node[0-9]* | wc -l) 10"
	for cpu in $node/cpu[0-9]*; do
		[ -e "$cpu" ] || continue
		expect_true sysfs-node$n-cpu-link test -e "$cpu/topology/core_id"
		expect_true sysfs-node$n-cpu-back test -d "$cpu/node$n/../node$n"
	done
	for block in $node/memory[0-9]*; do
		[ -e "$block" ] || continue
		expect sysfs-node$n-${block##*/} "$(cat "$block/state")" online
		expect_true sysfs-node$n-${block##*/}-back test -d "$block/node$n"
	done
done
expect sysfs-node-online "$(cat node/online)" \
	"$([ $nodes = 1 ] && echo 0 || echo 0-$((nodes - 1)))"
expect sysfs-node-memory "$(cat node/has_memory node/has_normal_memory)" \
	"$(cat node/possible node/online)"
expect_true sysfs-node-initiator test -e node/has_generic_initiator

# Sums of what nodes have are what the machine has.
sums() { # FILE KEY-COLUMN VALUE-COLUMN
	cat node/node*/"$1" | awk -v k="$2" -v v="$3" '{ sum[$k] += $v } END { for (i in sum) print i, sum[i] }' |
		sort
}
of() { # KEY FILE
	awk -v key="$1" '$1 == key { print $2 }' "$2"
}
sums meminfo 3 4 >$work/sums
for key in MemTotal Mlocked Shmem PageTables SUnreclaim KernelStack AnonPages; do
	there=$(of $key: $work/sums)
	here=$(of $key: /proc/meminfo)
	# Something runs meanwhile: this script.
	expect_true sysfs-sum-$key test $((there - here)) -le 400 -a $((here - there)) -le 400
done
expect sysfs-sum-total "$(of MemTotal: $work/sums)" "$(of MemTotal: /proc/meminfo)"
sums vmstat 1 2 >$work/sums
expect sysfs-sum-mlock "$(of nr_mlock $work/sums)" "$(of nr_mlock /proc/vmstat)"

expect sysfs-block-size "$(cat memory/block_size_bytes)" 8000000
for block in memory/memory[0-9]*; do
	n=${block#memory/memory}
	expect sysfs-block-$n "$(cat $block/phys_index $block/online $block/removable \
		$block/phys_device | tr '\n' ' ')" "$(printf '%08x 1 1 0 ' "$n")"
	expect_true sysfs-block-$n-zone grep -qE '^(none|DMA|DMA32|Normal|HighMem|Movable)$' $block/valid_zones
	expect sysfs-block-$n-node "$(ls -d $block/node[0-9]* | wc -l)" 1
done
if is_pagoda; then
	expect sysfs-block-offline "$(echo offline 2>&1 >memory/memory0/state)" \
		'sh: write error: Device or resource busy'
	echo nonsense 2>/dev/null >memory/memory0/state
	expect sysfs-block-state "$(cat memory/memory0/state)" online
fi
for file in online possible present offline isolated kernel_max; do
	expect_true sysfs-cpu-$file test -r cpu/$file
done
expect sysfs-cpu-count "$(ls -d cpu/cpu[0-9]* | wc -l)" "$(grep -c '^processor' /proc/cpuinfo)"
expect sysfs-cpu-topology "$(cat cpu/cpu0/topology/core_id cpu/cpu0/topology/thread_siblings_list |
	tr '\n' ' ')" '0 0 '
rm -r $work
finish
