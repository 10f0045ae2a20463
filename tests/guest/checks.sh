# The kernel's check of itself while all CPUs work: it finds frames, slabs, lists and kernel
# ranges in order, and leaves them so.
. ./check.sh

if ! is_pagoda; then
	skip checks-under-load "only where the kernel checks itself"
	finish
fi

dmesg -c >/dev/null
round=0
while [ $round -lt 12 ]; do
	(seq 1 2000 | sort -n | tail -n 1 >/dev/null) &
	{ echo 1 >/proc/mm_check; } 2>/dev/null # spaces come and go meanwhile: its word does not count
	round=$((round + 1))
done
wait
expect checks-under-load "$(dmesg | grep -E '(frame|slab|lru|kva)(_check)?:' | head -n 1)" ""

# What is still on its way out goes; then all of it must be right.
calm() {
	local tries=0
	until { echo 1 >/proc/mm_check; } 2>/dev/null; do
		[ $((tries += 1)) -lt 50 ] || return 1
		usleep 20000
	done
}
expect_true checks-afterwards calm
finish
