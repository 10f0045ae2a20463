# The kernel's check of itself while all CPUs work: it finds frames, slabs, lists, kernel
# ranges and spaces that come and go in order, and leaves them so.
. ./check.sh

if ! is_pagoda; then
	skip checks-under-load "only where the kernel checks itself"
	finish
fi

dmesg -c >/dev/null
failed=
round=0
while [ $round -lt 12 ]; do
	(seq 1 2000 | sort -n | tail -n 1 >/dev/null) &
	{ echo 1 >/proc/mm_check; } 2>/dev/null || failed="$failed $round"
	round=$((round + 1))
done
expect checks-under-load "$failed: $(dmesg | head -n 1)" ": "
wait
expect_true checks-afterwards eval "echo 1 >/proc/mm_check"
finish
