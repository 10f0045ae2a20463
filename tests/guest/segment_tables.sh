# The tables of segments, read back decoded: /proc/segments, /proc/PID/ldt, with every figure of SYSTEM.md S2-S5.
. ./check.sh

if ! is_i386 || ! is_pagoda; then
	skip segment-tables 'only our i386 shows them'
	finish
fi
dir=/proc/segments
cat $dir/gdt >/tmp/gdt
cat $dir/tss >/tmp/tss
cat $dir/idt >/tmp/idt
cpus=$(grep -c ^processor /proc/cpuinfo)
model22=$(grep -c 'task_model=2.2' /proc/cmdline)

# The line of a selector in the first CPU's GDT, without its descriptor.
entry() { # SELECTOR
	sed -n "s/^ *[0-9]*  selector $1  0x[0-9a-f]*  //p" /tmp/gdt | head -n 1
}
# The same, with the accessed bit off: QEMU sets it when data is loaded, not when code is.
flat() { # SELECTOR
	entry "$1" | sed 's/type 0xb/type 0xa/; s/type 0x3/type 0x2/; s/, accessed//'
}
all='base 0x00000000 limit 0xfffff G 1 S 1'

# S2: 8 bytes each, in their places; the limit is the last byte.
expect segment-tables-cpus "$(grep -c '^GDT of CPU' /tmp/gdt)" "$cpus"
head -n 1 /tmp/gdt | sed 's/.*limit \(0x[0-9a-f]*\): \([0-9]*\) entries/\1 \2/' >/tmp/head
read -r limit entries </tmp/head
expect segment-tables-limit $((limit)) $((entries * 8 - 1))
expect_true segment-tables-most [ "$entries" -le 8192 ]
expect segment-tables-selectors "$(sed -n 's/^ *\([0-9]*\)  selector \(0x[0-9a-f]*\) .*/\1 \2/p' /tmp/gdt |
	while read -r index selector; do [ $((selector)) = $((index * 8)) ] || echo "$index $selector"; done)" ''

# S3: Linux's flat segments under Linux's selectors.
expect segment-tables-kernel-code "$(flat 0x0060)" "$all type 0xa DPL 0 P 1 D/B 1  code, readable"
expect segment-tables-kernel-data "$(flat 0x0068)" "$all type 0x2 DPL 0 P 1 D/B 1  data, writable"
expect segment-tables-user-code "$(flat 0x0070)" "$all type 0xa DPL 3 P 1 D/B 1  code, readable"
expect segment-tables-user-data "$(flat 0x0078)" "$all type 0x2 DPL 3 P 1 D/B 1  data, writable"
expect segment-tables-accessed "$(entry 0x0078 | sed 's/.*type \(0x[0-9a-f]*\).*/\1/')" 0x3

# The default LDT: 24 bytes, three entries, the first of them null.
ldt() { # FILE: its head and its lines, without addresses and descriptors
	sed 's/ at linear 0x[0-9a-f]*//; s/0x[0-9a-f]\{16\}  //' "$1" | sed 's/type 0xb/type 0xa/; s/type 0x3/type 0x2/; s/, accessed//'
}
expect segment-tables-default-ldt "$(ldt /proc/self/ldt)" "LDT by default, limit 0x17: 3 entries
     1  selector 0x000c  $all type 0xa DPL 3 P 1 D/B 1  code, readable
     2  selector 0x0014  $all type 0x2 DPL 3 P 1 D/B 1  data, writable"
expect segment-tables-shared "$(cat /proc/1/ldt)" "$(cat /proc/self/ldt)"
base=$(sed -n 's/.*linear \(0x[0-9a-f]*\).*/\1/p' /proc/self/ldt)
if [ "$model22" = 0 ]; then
	expect segment-tables-ldt "$(entry 0x0088)" "base $base limit 0x00017 G 0 S 0 type 0x2 DPL 0 P 1 D/B 0  LDT"
fi

# S4: the TSS is 236 bytes; the one that runs is busy; the stack for ring 0 is in the kernel's data.
tss() { # SELECTOR: "base limit type"
	sed -n "s/^TSS of CPU 0, selector $1: base \(0x[0-9a-f]*\) limit \(0x[0-9a-f]*\) type \(0x[0-9a-f]*\) .*/\1 \2 \3/p" /tmp/tss
}
if [ "$model22" = 0 ]; then
	read -r tss_base tss_limit tss_type <<-EOF
	$(tss 0x0080)
	EOF
	expect segment-tables-tss "$(entry 0x0080)" \
		"base $tss_base limit 0x000eb G 0 S 0 type 0xb DPL 0 P 1 D/B 0  TSS, busy"
	expect segment-tables-tss-figures "$tss_limit $tss_type" "0x000eb 0xb"
fi
expect segment-tables-fatal "$(entry 0x00f8 | sed 's/base 0x[0-9a-f]* //')" \
	"limit 0x000eb G 0 S 0 type 0x9 DPL 0 P 1 D/B 0  TSS, available"
expect segment-tables-ss0 "$(grep -c 'ss0 0x0068 esp0 0x\([cf][0-9a-f]*\|00000000\) ' /tmp/tss)" \
	"$(grep -c 'ss0 0x0068' /tmp/tss)"
expect segment-tables-limits "$(grep '^TSS' /tmp/tss | grep -vc 'limit 0x000eb')" 0

# The gates: a task's for double faults, ring 3's doors, and nobody else's.
expect segment-tables-idt "$(head -n 1 /tmp/idt | sed 's/.*, //')" 'limit 0x7ff: 256 entries'
expect segment-tables-task-gate "$(sed -n 's/^ *8  0x[0-9a-f]*  //p' /tmp/idt)" \
	'selector 0x00f8 offset 0x00000000 type 0x5 DPL 0 P 1  task gate'
expect segment-tables-doors "$(sed -n 's/^ *\([0-9]*\)  .* DPL 3 .*/\1/p' /tmp/idt | tr '\n' ' ')" '3 4 128 '
expect segment-tables-gates "$(sed 1d /tmp/idt | grep -v 'task gate' | grep -vc 'selector 0x0060 offset 0xc[0-9a-f]* type 0xe')" 0

# Who may look.
expect segment-tables-mode "$(stat -c %a $dir/gdt $dir/tss $dir/idt /proc/self/ldt | tr '\n' ' ')" '400 400 400 400 '

# The words that `pagoda walk' reads: the same descriptors (user code, accessed or not), and all page tables.
cat /proc/self/page_tables >/tmp/words
expect segment-tables-machine "$(sed -n 1p /tmp/words | grep -cE '^machine (pse36|pae)$')" 1
expect segment-tables-words "$(grep -c '/8: 0xcff[ab]000000ffff$' /tmp/words)" 2
rm -f /tmp/gdt /tmp/tss /tmp/idt /tmp/words /tmp/head
finish
