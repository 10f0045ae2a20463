# The kernel's page tables, walked by itself: /sys/kernel/debug/page_tables/kernel.
. ./check.sh

if ! is_pagoda; then
	skip kernel-tables 'Debian has no page_tables'
	finish
fi
if is_i386; then
	skip kernel-tables "what is asked here is the layout of 64 bits; mm_check looks at the rights"
	finish
fi
mkdir -p /sys/kernel/debug 2>/dev/null
mount -t debugfs none /sys/kernel/debug
tables=/sys/kernel/debug/page_tables/kernel
cat $tables >/tmp/tables
expect kernel-tables-lines "$(grep -cvE '^(---\[ .* \]---|0x[0-9a-f]{16}-0x[0-9a-f]{16} +[0-9]+[KMGT]     (RW|ro)     (NX|x ) (pte|pmd|pud))$' /tmp/tables)" 0
expect kernel-tables-wx "$(grep -c 'RW  *x ' /tmp/tables)" 0
expect kernel-tables-user "$(grep -c USR /tmp/tables)" 0
expect kernel-tables-code "$(grep -c ' x ' /tmp/tables)" 1

# Where the kernel's code and constants lie, the direct map is read-only and no more than that.
code=$(sed -n 's/^ *\([0-9a-f]*\)-.*Kernel code$/\1/p' /proc/iomem)
data=$(sed -n 's/^ *\([0-9a-f]*\)-.*Kernel data$/\1/p' /proc/iomem)
alias=$(printf '0xffff8880%08x-0xffff8880%08x' 0x"$code" 0x"$data")
expect kernel-tables-alias "$(sed -n "s/^$alias *[0-9]*K *//p" /tmp/tables)" 'ro     NX pte'
umount /sys/kernel/debug
rm /tmp/tables
finish
