# The text of /proc: keys, their order and the shape of each line are those of a
# Linux 6.1 on the same machine (golden/ has its text, word for word).
#
# Shapes are compared: numbers become N and runs of blanks one, and each shape
# counts once, so that more zones, nodes or CPUs do not matter.
. ./check.sh

work=/tmp/formats
mkdir -p $work

shapes() {
	sed -e 's/-\{0,1\}[0-9][0-9]*/N/g' -e 's/[ 	][ 	]*/ /g' | awk '!seen[$0]++'
}

# same NAME FILE GOLDEN [FILTER]: the shapes of FILE are those of golden/GOLDEN.
same() {
	filter=${4:-cat}
	eval "$filter" <"$2" | shapes >$work/found
	eval "$filter" <"$(golden "$3")" | shapes >$work/wanted
	if cmp -s $work/found $work/wanted; then
		ok "$1"
	else
		not_ok "$1" "$2: $(diff $work/wanted $work/found | grep '^[-+][^-+]' | head -n 5 |
			tr '\n' '|')"
	fi
}

# every NAME FILE REGEXP: FILE is there and every line of it matches.
every() {
	wrong=$(grep -vE "$3" "$2" 2>&1 | head -n 1)
	if [ -n "$wrong" ] || ! [ -e "$2" ]; then
		not_ok "$1" "$2: $wrong"
	else
		ok "$1"
	fi
}

# has NAME FILE REGEXP...: FILE has a line for each of them.
has() {
	name=$1 file=$2
	shift 2
	for pattern; do
		if ! grep -qE "$pattern" "$file"; then
			not_ok "$name" "$file: no line like $pattern"
			return
		fi
	done
	ok "$name"
}

n='[0-9]+'
hex='[0-9a-f]+'

same meminfo-shape /proc/meminfo meminfo "sed '/^DirectMap1G/d; s/^DirectMap4M/DirectMap2M/'"
every meminfo-columns /proc/meminfo '^([A-Za-z0-9_()]+: +[0-9]+( kB)?)$'
same vmstat-shape /proc/vmstat vmstat
same zoneinfo-shape /proc/zoneinfo zoneinfo "sed -e 's/zone *[A-Z][A-Za-z0-9]*/zone Z/' -e 's/protection: .*/protection/'"
second_zone='^Node 0, zone    DMA32$'
is_i386 && second_zone='^Node 0, zone  HighMem$'
has zoneinfo-zones /proc/zoneinfo '^Node 0, zone      DMA$' "$second_zone" \
	'^Node 0, zone   Normal$' '^Node 0, zone  Movable$'
every buddyinfo-lines /proc/buddyinfo "^Node $n, zone +[A-Za-z0-9]+( +$n){11} \$"
same pagetypeinfo-shape /proc/pagetypeinfo pagetypeinfo \
	"sed -e 's/zone *[A-Z][A-Za-z0-9]*/zone Z/' -e '/type *CMA/d' -e 's/ *CMA *$/ /'"
expect slabinfo-version "$(head -n 1 /proc/slabinfo)" 'slabinfo - version: 2.1'
expect slabinfo-header "$(sed -n 2p /proc/slabinfo)" "# name            <active_objs> \
<num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> <batchcount> \
<sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>"
tail -n +3 /proc/slabinfo >$work/slabs
every slabinfo-lines $work/slabs \
	"^[^ ]+( +$n){5} : tunables( +$n){3} : slabdata( +$n){3}\$"
has slabinfo-caches /proc/slabinfo '^kmalloc-32 ' '^kmalloc-4k ' '^task_struct ' '^mm_struct ' \
	'^vm_area_struct ' '^anon_vma '
for what in cpu io memory; do
	every pressure-$what /proc/pressure/$what "^(some|full) avg10=$n\.[0-9]{2} avg60=$n\.[0-9]{2} \
avg300=$n\.[0-9]{2} total=$n\$"
done
every diskstats-lines /proc/diskstats "^ *$n +$n [^ ]+( $n){17}\$"
expect kpage-files "$(stat -c '%n %a' /proc/kpageflags /proc/kpagecount | tr '\n' ' ')" \
	'/proc/kpageflags 400 /proc/kpagecount 400 '
every swaps-header /proc/swaps '^Filename				Type		Size		Used		Priority$|^/'
every vmallocinfo-lines /proc/vmallocinfo "^0x$hex-0x$hex +$n "

same status-shape /proc/self/status self_status \
	"sed -e 's/^\\([A-Za-z_]*:	*\\).*/\\1/'"
has status-lines /proc/self/status '^Name:	grep$' '^State:	R \(running\)$' \
	"^VmRSS:	 *$n kB\$" "^VmSize:	 *$n kB\$" '^Threads:	1$' '^Uid:	0	0	0	0$'
every maps-lines /proc/self/maps \
	"^$hex-$hex [r-][w-][x-][ps] [0-9a-f]{8} [0-9a-f]{2,}:[0-9a-f]{2} $n( +[^ ].*| )\$"
has maps-names /proc/self/maps '/bin/busybox$' '\[heap\]$' '\[stack\]$'
same smaps-shape /proc/self/smaps self_smaps \
	"sed -e 's/^[0-9a-f]*-[0-9a-f]* .*/HEADER/' -e 's/^VmFlags: [a-z ]* $/VmFlags: F /'"
same smaps-rollup-shape /proc/self/smaps_rollup self_smaps_rollup \
	"sed -e 's/^[0-9a-f]*-[0-9a-f]* ---p 00000000 00:00 0  *\\[rollup\\]/HEADER/'"
same io-shape /proc/self/io self_io
same limits-shape /proc/self/limits self_limits "cut -c1-26"
every stat-line /proc/self/stat "^$n \([^)]*\) [RSDZT]( -?$n){49}\$"
every statm-line /proc/self/statm "^$n $n $n $n 0 $n 0\$"
every mounts-lines /proc/self/mounts '^[^ ]+ /[^ ]* [a-z0-9]+ r[wo][^ ]* 0 0$'
has mounts-names /proc/self/mounts '^[^ ]+ / (rootfs|tmpfs|ramfs) ' '^[^ ]+ /proc proc ' \
	'^[^ ]+ /dev devtmpfs '
every mountinfo-lines /proc/self/mountinfo \
	"^$n $n $n:$n / /[^ ]* r[wo][^ ]* ([a-z]+:$n )*- [a-z0-9]+ [^ ]+ r[wo]"
every oom-score-adj /proc/self/oom_score_adj '^0$'
every oom-score /proc/self/oom_score "^$n\$"
every numa-maps-lines /proc/self/numa_maps "^$hex default( (file=[^ ]+|heap|stack|anon=$n|dirty=$n|\
mapped=$n|mapmax=$n|swapcache=$n|active=$n|writeback=$n|N$n=$n|kernelpagesize_kB=4))*\$"
has numa-maps-names /proc/self/numa_maps ' file=/bin/busybox .*N[0-9]*=' ' heap anon=' ' stack anon='
expect environ "$(env -i A=1 BC=two cat /proc/self/environ | tr '\0' ' ')" 'A=1 BC=two '
modes=
while read -r file mode; do
	[ "$(stat -c %a /proc/self/"$file")" = "$mode" ] || modes="$modes $file=$(stat -c %a /proc/self/"$file")"
done <<-MODES
	auxv 400
	cmdline 444
	comm 644
	environ 400
	exe 777
	fd 500
	io 400
	limits 444
	maps 444
	mountinfo 444
	mounts 444
	numa_maps 444
	oom_score 444
	oom_score_adj 644
	pagemap 400
	smaps 444
	smaps_rollup 444
	stat 444
	statm 444
	status 444
	task 555
	wchan 444
MODES
expect pid-modes "$modes" ''
expect cmdline "$(cat /proc/self/cmdline | xargs -0 echo)" 'cat /proc/self/cmdline'
expect comm "$(cat /proc/self/comm)" cat
expect exe "$(readlink /proc/self/exe)" /bin/busybox
expect cwd "$(cd /tmp && readlink /proc/self/cwd)" /tmp
expect_true fd-listing test -e /proc/self/fd/0

every stat-lines /proc/stat "^(cpu[0-9]* ( ?$n){10}|intr( $n)+|softirq( $n){11}|(ctxt|btime|\
processes|procs_running|procs_blocked) $n)\$"
has stat-keys /proc/stat '^cpu  ' '^cpu0 ' '^intr ' '^ctxt ' '^btime ' '^processes ' \
	'^procs_running ' '^procs_blocked '
every uptime-line /proc/uptime "^$n\.[0-9]{2} $n\.[0-9]{2}\$"
every loadavg-line /proc/loadavg "^($n\.[0-9]{2} ){3}$n/$n $n\$"
every filesystems-lines /proc/filesystems '^(nodev)?	[a-z0-9_]+$'
has filesystems-names /proc/filesystems '	tmpfs$' '	proc$' '	sysfs$' '	devtmpfs$'
every iomem-lines /proc/iomem "^ *[0-9a-f]{8,}-[0-9a-f]{8,} : .+\$"
has iomem-names /proc/iomem ': System RAM$' '^  .*: Kernel code$' '^  .*: Kernel data$' \
	'^  .*: Kernel bss$'
has cpuinfo-keys /proc/cpuinfo "^processor	: $n\$" '^model name	: ' '^flags		: .*fpu' '^cpu MHz		: '
has version-line /proc/version '^Linux version 6\.1'

# The files of /proc/sys/vm, and their values where those are plain defaults.
differing=
while read -r name value; do
	file=/proc/sys/vm/$name
	[ -e "$file" ] || differing="$differing no-$name"
	case $value in
	'*' | -) ;;
	*)
		found=$(cat "$file" | tr -d '\n')
		[ "$found" = "$value" ] || differing="$differing $name=$found"
		;;
	esac
done <"$(golden sys_vm)"
expect sys-vm-defaults "$differing" ''
rm -r $work
finish
