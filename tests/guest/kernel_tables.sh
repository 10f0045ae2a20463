# The kernel's page tables, walked by itself: /sys/kernel/debug/page_tables/kernel.
. ./check.sh

if ! is_pagoda; then
	skip kernel-tables 'Debian has no page_tables'
	finish
fi
mkdir -p /sys/kernel/debug 2>/dev/null
mount -t debugfs none /sys/kernel/debug
tables=/sys/kernel/debug/page_tables/kernel
cat $tables >/tmp/tables
expect kernel-tables-lines "$(grep -cvE '^(---\[ .* \]---|0x[0-9a-f]{16}-0x[0-9a-f]{16} +[0-9]+[KMGT]     (RW|ro)     (NX|x ) (pte|pmd|pud|pgd))$' /tmp/tables)" 0
expect kernel-tables-user "$(grep -c USR /tmp/tables)" 0
if grep -q ' NX ' /tmp/tables || ! is_i386; then # two levels have no such bit
	expect kernel-tables-wx "$(grep -c 'RW  *x ' /tmp/tables)" 0
	expect kernel-tables-code "$(grep -c ' x ' /tmp/tables)" 1
fi

# Where the kernel's code and constants lie, the direct map is read-only and no more than that.
code=$(sed -n 's/^ *\([0-9a-f]*\)-.*Kernel code$/\1/p' /proc/iomem)
data=$(sed -n 's/^ *\([0-9a-f]*\)-.*Kernel data$/\1/p' /proc/iomem)
if is_i386; then
	# It is the only mapping: from 3 GiB on for 896 MiB, in large pages where RAM fills them.
	grep '^0x00000000[c-f]' /tmp/tables | awk '$1 < "0x00000000f8"' >/tmp/direct
	expect kernel-tables-3g "$(grep -c '^0x00000000[0-9ab]' /tmp/tables)" 0
	expect_true kernel-tables-large grep -qE ' RW .* (pmd|pgd)$' /tmp/direct
	expect kernel-tables-constant "$(awk -v code=$((0xc0000000 + 0x$code)) -v data=$((0xc0000000 + 0x$data)) '
		function number(hex, value, i) {
			for (i = 3; i <= length(hex); i++)
				value = value * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
			return value
		}
		{ split($1, ends, "-") }
		$3 != "ro" && number(ends[1]) < data && number(ends[2]) > code' /tmp/direct)" ''
	rm /tmp/direct
else
	alias=$(printf '0xffff8880%08x-0xffff8880%08x' 0x"$code" 0x"$data")
	expect kernel-tables-alias "$(sed -n "s/^$alias *[0-9]*K *//p" /tmp/tables)" 'ro     NX pte'
fi
umount /sys/kernel/debug
rm /tmp/tables
finish
