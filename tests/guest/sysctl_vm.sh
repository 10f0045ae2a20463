# The knobs in /proc/sys/vm: which there are, what values they take (golden/sys_vm_writes
# says what Linux 6.1 does with each), and that those which act do.
. ./check.sh

cd /proc/sys/vm || exit 1
values='-1 0 1 2 3 7 8 31 32 33 100 101 200 201 1000 1001 3000 3001 4096 8192 65536 2147483647
2147483648 abc 1x'

# probe NAME: each value that it takes, or "value!" where the write fails with EINVAL.
probe() {
	old=$(cat "$1" 2>/dev/null)
	line="$1:"
	for value in $values; do
		if echo "$value" 2>/dev/null >"$1"; then
			now=$(cat "$1")
			[ "$now" = "$value" ] && line="$line $value" || line="$line $value=>[$now]"
		else
			line="$line $value!"
		fi
	done
	[ -n "$old" ] && echo "$old" 2>/dev/null >"$1"
	echo "$line"
}

# What to write to get the old value of these back.
ratio=$(cat dirty_ratio) background=$(cat dirty_background_ratio)
while read -r name rest; do
	found=$(probe "${name%:}")
	expect "sysctl-${name%:}" "$found" "$name $rest"
done <"$(golden sys_vm_writes)"
echo "$ratio" >dirty_ratio
echo "$background" >dirty_background_ratio
echo 50 >overcommit_ratio

expect sysctl-names "$(ls | tr '\n' ' ')" "$(cut -d' ' -f1 "$(golden sys_vm)" | tr '\n' ' ')"
secret=$(find . -type f -perm 0600 | sort | tr '\n' ' ')
compat=' ./mmap_rnd_compat_bits'
is_i386 && compat=
expect sysctl-secret "$secret" "./mmap_rnd_bits$compat ./stat_refresh "
buttons=$(find . -type f -perm 0200 | sort | tr '\n' ' ')
expect sysctl-buttons "$buttons" './compact_memory ./drop_caches '
expect sysctl-unreadable "$(cat drop_caches 2>&1)" "cat: can't open 'drop_caches': Permission denied"

# refused NAME VALUE: EINVAL, and nothing has changed.
refused() {
	before=$(cat "$1" 2>/dev/null)
	if echo "$2" 2>/dev/null >"$1"; then
		not_ok "sysctl-$1-refuses" "\"$2\" is taken"
	else
		expect "sysctl-$1-refuses" "$(cat "$1" 2>/dev/null)" "$before"
	fi
}
refused drop_caches 0
refused drop_caches 7
refused overcommit_memory 3
refused overcommit_memory -1
refused min_free_kbytes -5
refused min_free_kbytes many
refused numa_zonelist_order Zone
refused swappiness ''
refused swappiness 99999999999999999999

# written VALUE: what comes of writing it to swappiness.
written() {
	echo 60 >swappiness
	printf "$1" 2>/dev/null >swappiness
	cat swappiness
}
expect sysctl-text "$(for v in ' 7' '0x10' '010' '+5' 9 '4 5\n' '\n'; do written "$v"; done |
	tr '\n' ' ')" '7 16 8 60 9 4 60 '
echo 60 >swappiness

# Of a ratio and a number of bytes one rules.
echo 8192 >dirty_bytes
expect sysctl-dirty-bytes "$(cat dirty_bytes dirty_ratio | tr '\n' ' ')" '8192 0 '
echo 20 >dirty_ratio
expect sysctl-dirty-ratio "$(cat dirty_bytes dirty_ratio | tr '\n' ' ')" '0 20 '
echo 4096 >overcommit_kbytes
limit=$(awk '/^CommitLimit/ { print $2 }' /proc/meminfo)
expect sysctl-overcommit-kbytes "$(cat overcommit_ratio) $limit" '0 4096'
echo 50 >overcommit_ratio
expect sysctl-overcommit-ratio "$(cat overcommit_kbytes overcommit_ratio | tr '\n' ' ')" '0 50 '

# mark NAME: pages, of the largest zone that has its share of min_free_kbytes (not HighMem).
mark() {
	awk -v key="$1" '/^Node/ { zone++; high = $NF == "HighMem" } $1 == "managed" && !high && $2 > most { most = $2; best = zone }
		$1 == key && !(zone in value) { value[zone] = $2 }
		END { print value[best] }' /proc/zoneinfo
}
free=$(cat min_free_kbytes)
min=$(mark min)
echo $((free * 3)) >min_free_kbytes
expect_true sysctl-min-free-min test "$(mark min)" -ge $((min * 3 - 9)) -a "$(mark min)" -le $((min * 3 + 9))
managed=$(mark managed)
echo 1000 >watermark_scale_factor
step=$(($(mark low) - $(mark min)))
expect_true sysctl-scale-factor test $step -ge $((managed / 10 - 2)) -a $step -le $((managed / 10 + 2))
expect_true sysctl-scale-factor-high test $(($(mark high) - $(mark low) - step)) -le 1
echo 10 >watermark_scale_factor
echo "$free" >min_free_kbytes
expect sysctl-min-free-back "$(mark min)" "$min"

# The reserve that DMA keeps against requests for more: what lies above, by the ratio.
protection() {
	sed -n '/zone *DMA$/,/zone *DMA32/s/ *protection: (0, \([0-9]*\),.*/\1/p' /proc/zoneinfo | head -n 1
}
ratios=$(cat lowmem_reserve_ratio)
echo 256 >lowmem_reserve_ratio # Linux counted before it gave back what only boot needs
if [ "$(protection)" -gt 0 ]; then
	reserve=$(protection)
	echo 128 >lowmem_reserve_ratio
	expect_true sysctl-lowmem-reserve test $(($(protection) - 2 * reserve)) -le 2 -a \
		$(($(protection) - 2 * reserve)) -ge 0
	echo 0 >lowmem_reserve_ratio
	expect sysctl-lowmem-none "$(protection)" 0
	echo 256 >lowmem_reserve_ratio
	expect sysctl-lowmem-back "$(protection)" "$reserve"
fi
echo '11 12 13 x 15' >lowmem_reserve_ratio
expect sysctl-lowmem-some "$(cut -f1-4 lowmem_reserve_ratio)" '11	12	13	0'
echo "$ratios" >lowmem_reserve_ratio

high=$(mark high:)
echo 8 >percpu_pagelist_high_fraction
expect_true sysctl-high-fraction test "$(mark high:)" -gt "$high"
echo 0 >percpu_pagelist_high_fraction
expect sysctl-high-fraction-back "$(mark high:)" "$high"

# mmap from below upwards. Addresses of 32 bits have eight digits; those of the program begin with 0.
mapped() {
	cat /proc/self/maps | awk -v least="$least" '$6 == "" && $2 == "rw-p" &&
		length($1) >= length(least) && $1 >= least { split($1, ends, "-"); print ends[1]; exit }'
}
# Where mappings begin: least, legacy from and to, else above.
least=100000000000 from=0x200000000000 to=0x600000000000 above=0x700000000000
is_i386 && least=10000000 from=0x3fffffff to=0x50000000 above=0xb0000000
echo 1 >legacy_va_layout
anon=$(mapped)
expect_true sysctl-legacy-layout test $((0x$anon)) -gt $((from)) -a $((0x$anon)) -lt $((to))
echo 0 >legacy_va_layout
anon=$(mapped)
expect_true sysctl-new-layout test $((0x$anon)) -gt $((above))

# drop_caches: what nothing would miss goes, what is nowhere else stays.
mkdir -p /tmp/dropped
mount -t tmpfs none /tmp/dropped
head -c 300000 /dev/urandom >/tmp/dropped/file
sum=$(md5sum </tmp/dropped/file)
i=0
while [ $i -lt 300 ]; do
	: >/tmp/dropped/$i
	i=$((i + 1))
done
rm /tmp/dropped/[0-9]*
drops() { awk '/^drop_(pagecache|slab)/ { printf "%s ", $2 }' /proc/vmstat; }
before=$(drops)
slab=$(awk '/^Slab:/ { print $2 }' /proc/meminfo)
echo 3 >drop_caches
expect_true sysctl-drop-slab test "$(awk '/^Slab:/ { print $2 }' /proc/meminfo)" -le "$slab"
expect sysctl-drop-counted "$(drops)" "$(echo "$before" | awk '{ print $1 + 1, $2 + 1, "" }')"
expect sysctl-drop-keeps "$(md5sum </tmp/dropped/file)" "$sum"
umount /tmp/dropped && rmdir /tmp/dropped
expect_true sysctl-sysrq test -w /proc/sys/kernel/sysrq
finish
