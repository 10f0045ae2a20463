# X2: the report of sysrq-m agrees with /proc/buddyinfo, and has the lines of a
# Linux 6.1.
. ./check.sh

work=/tmp/sysrq
mkdir -p $work
echo 1 >/proc/sys/kernel/sysrq

# Leaves in $seen "NODE ZONE blocks of order 0 ... 10" for each zone. By the shell
# alone: a process more would change what is looked at.
from_buddyinfo() {
	seen=
	while read -r _ node _ zone counts; do
		seen="$seen${node%,} $zone"
		for count in $counts; do
			seen="$seen $count"
		done
		seen="$seen
"
	done </proc/buddyinfo
}

from_report() {
	sed 's/^\[[^]]*\] *//' $work/report |
		awk '/^(Node [0-9]+ )?[A-Za-z0-9]+: [0-9]+\*4kB/ {
			sub("^Node ", "")
			if ($0 !~ /^[0-9]/) # a Linux without NUMA does not say
				$0 = "0 " $0
			line = $1 " " substr($2, 1, length($2) - 1)
			for (i = 3; i <= NF; i++)
				if ($i ~ /\*/) {
					split($i, part, "*")
					line = line " " part[1]
				}
			print line
		}'
}

# Looking takes memory itself: try until nothing moved in between.
agrees=no
for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	dmesg -c >/dev/null
	from_buddyinfo
	before=$seen
	echo m >/proc/sysrq-trigger
	from_buddyinfo
	echo "$before" >$work/before
	echo "$seen" >$work/after
	dmesg >$work/report
	from_report >$work/reported
	while read -r node zone counts; do
		grep -q "^$node $zone $counts\$" $work/before $work/after || echo "$zone $counts"
	done <$work/reported >$work/different
	if [ -s $work/reported ] && ! [ -s $work/different ]; then
		agrees=yes
		break
	fi
done
if [ $agrees = yes ]; then
	ok sysrq-agrees
else
	not_ok sysrq-agrees "$(head -n 1 $work/different) is not in buddyinfo: $(tr '\n' '|' <$work/after)"
fi

# The sum behind "=" is that of the blocks.
wrong=$(sed 's/^\[[^]]*\] *//' $work/report | awk '/^(Node [0-9]+ )?[A-Za-z0-9]+: [0-9]+\*4kB/ {
	sum = 0
	for (i = 2; i <= NF; i++)
		if ($i ~ /\*/) {
			split($i, part, "[*k]")
			sum += part[1] * part[2]
		}
	if (sum "kB" != $NF)
		print
}')
expect sysrq-sums "$wrong" ''

shapes() {
	sed -e 's/^\[[^]]*\] //' -e '/all_unreclaimable/d' -e 's/ ([A-Z]*)//g' \
		-e 's/Node [0-9]* [A-Z][A-Za-z0-9]*/Node N Z/' \
		-e 's/^DMA/Z/' -e 's/^Normal/Z/' -e 's/^HighMem/Z/' -e 's/[0-9][0-9]*/N/g' \
		-e 's/[ 	][ 	]*/ /g' | grep -v hugepages_ | awk '!seen[$0]++'
}
shapes <"$(golden sysrq_m)" >$work/wanted
shapes <$work/report >$work/found
if cmp -s $work/wanted $work/found; then
	ok sysrq-shape
else
	not_ok sysrq-shape "$(diff $work/wanted $work/found | grep '^[-+][^-+]' | head -n 5 | tr '\n' '|')"
fi
rm -r $work
finish
