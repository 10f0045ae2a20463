#!/bin/bash
# machines.sh: runs the guest tests on every machine they are meant for.
#
# From the environment: TESTS, names of tests (default all); MACHINES, names of
# machines below (default all); KERNEL, another kernel than ours, to see what it
# does; ORDER, a number that shuffles the tests (`random`: another one each time; it is
# printed); REPEAT, how often all of them run; BUILD and PAGODA as in harness.sh.
set -u

here=$(dirname "$0")
failed=0

# Every test of the C suite with each C library, then the scripts.
all_tests() {
	local test
	for test in "$here"/*.c; do
		test=$(basename "$test" .c)
		echo "musl/$test"
		[ "${1-}" = musl ] || echo "glibc/$test"
	done
	for test in "$here"/*.sh; do
		test=$(basename "$test")
		case $test in harness.sh | machines.sh) ;; *) echo "$test" ;; esac
	done
}

# Only those of $TESTS, where it is set.
chosen() {
	while read -r test; do
		local name=${test#*/}
		case " ${TESTS-$name} " in *" ${name%.sh} "* | *" $name "* | *" $test "*) echo "$test" ;; esac
	done
}

# As often, and in the order, that are asked for.
ordered() {
	local tests i
	tests=$(cat)
	for ((i = 1; i <= ${REPEAT:-1}; i++)); do
		if [ -n "${ORDER-}" ]; then
			echo "$tests" | awk -v seed="$((ORDER * 7919 + i * 104729))" \
				'BEGIN { srand(seed) } { print rand() "\t" $0 }' | sort | cut -f 2
		else
			echo "$tests"
		fi
	done
}

# Without those that only the other machine's suites have (guest.mk).
for_arch() {
	case $1 in
	i386* | linux-i386*) cat ;;
	*) grep -vE '/(segments|tasks|old_stat|vdso)$' ;;
	esac
}

# machine NAME LIBC PAGODA-OPTION...: LIBC is musl, or both. As many run at once as there are
# processors here; what each says comes when it has ended, or as it goes if it is the only one.
machine() {
	local name=$1 libc=$2 tests
	shift 2
	case " ${MACHINES-$name} " in *" $name "*) ;; *) return ;; esac
	mapfile -t tests < <(all_tests "$libc" | chosen | for_arch "$name" | grep . | ordered)
	[ ${#tests[@]} = 0 ] && return
	set -- "$here/harness.sh" "$name" "${tests[@]}" -- "${kernel[@]}" "$@"
	if [ "${MACHINES-}" = "$name" ]; then
		"$@" || failed=1
		return
	fi
	[ "$(jobs -pr | wc -l)" -lt "$(nproc)" ] || wait_for_one
	("$@" >"$said/$name" 2>&1; status=$?; cat "$said/$name"; exit $status) &
}

# The same for what is about disks: the others have been tested without any.
disks_only() {
	local TESTS=${TESTS-blockdev swap audit}

	machine "$@"
}

wait_for_one() {
	wait -n
	case $? in
	0 | 127) ;; # 127: there is none
	*) failed=1 ;;
	esac
}

if [ "${ORDER-}" = random ]; then
	ORDER=$RANDOM
	echo "# ORDER=$ORDER"
fi
said=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$said"' EXIT
trap 'exit 143' TERM INT HUP

# And for what is about too little memory.
pressure_only() {
	local TESTS=${TESTS-reclaim oom swap audit}

	machine "$@"
}

# And for two swap areas that come and go.
swaps_only() {
	local TESTS=${TESTS-swap_storm}

	machine "$@"
}

# disk NAME: the options for disks of its own for this machine: one with partitions, two for swap.
disk() {
	"$here/lib/disk.py" "$said/$1.disk"
	truncate -s 32M "$said/$1.swap1"
	truncate -s 16M "$said/$1.swap2"
	echo "--disk $said/$1.disk --disk $said/$1.swap1 --disk $said/$1.swap2"
}

nodes=(--qemu-args "-object memory-backend-ram,size=128M,id=m0
	-object memory-backend-ram,size=128M,id=m1
	-numa node,nodeid=0,memdev=m0,cpus=0 -numa node,nodeid=1,memdev=m1,cpus=1")

if [ -n "${KERNEL-}" ]; then
	# Without what would make the figures of Linux differ from the plain rules.
	kernel=(--kernel "$KERNEL" --append "transparent_hugepage=never no5lvl")
	machine linux both --ram 512M
	disks_only linux-disks musl --ram 128M $(disk linux-disks)
	machine linux-nodes musl --ram 256M --cpus 2 "${nodes[@]}"
	[ -z "${MACHINES-}" ] || machine linux-i386 both --arch i386 --ram 512M --cpus 2
else
	kernel=()
	machine plain both --ram 512M
	machine small both --ram 64M
	machine tiny musl --ram 16M
	disks_only disks both --ram 128M --cpus 2 $(disk disks)
	machine cpus musl --ram 256M --cpus 4
	machine nodes musl --ram 256M --cpus 2 "${nodes[@]}"
	kernel=(--debug)
	machine debug both --ram 256M
	machine debug-cpus musl --ram 256M --cpus 2
	disks_only debug-disks musl --ram 128M --cpus 2 $(disk debug-disks)
	pressure_only debug-pressure musl --ram 48M --cpus 2 --swap 128M
	kernel=()
	pressure_only pressure musl --ram 40M --cpus 2 --swap 64M
	pressure_only fifo musl --ram 40M --cpus 2 --swap 64M --append reclaim_policy=fifo
	swaps_only swaps musl --ram 40M --cpus 2 --swap 64M:1 --swap 64M:1
	if [ -n "${MACHINES-}" ]; then # by name alone: for tools/soak.sh
		swaps_only swaps-1 musl --ram 40M --swap 64M:1 --swap 64M:1
		swaps_only swaps-4 both --ram 96M --cpus 4 --swap 160M:1 --swap 160M:2
		swaps_only i386-swaps musl --arch i386 --ram 56M --append highmem=24M --cpus 2 --swap 96M:1 --swap 96M:1
		swaps_only debug-swaps musl --debug --ram 48M --cpus 2 --swap 80M:1 --swap 80M
	fi

	# The other PC: two levels of page tables, then three; HIGHMEM from 1 GiB on.
	kernel=(--arch i386)
	machine i386 both --ram 512M
	machine i386-tiny musl --ram 16M
	machine i386-cpus musl --ram 256M --cpus 4
	machine i386-2.2 musl --ram 256M --append "task_model=2.2"
	disks_only i386-disks musl --ram 128M --cpus 2 $(disk i386-disks)
	pressure_only i386-pressure musl --ram 48M --cpus 2 --swap 128M --append highmem=20M
	kernel=(--arch i386 --debug)
	machine i386-debug musl --ram 1G
	kernel=(--arch i386-pae)
	machine i386-pae musl --ram 1536M
	if [ -n "${MACHINES-}" ]; then # by name alone: they tell little that the others do not
		machine i386-pae-tiny musl --ram 16M
		machine i386-pae-cpus both --ram 5G --cpus 2
		disks_only i386-pae-disks musl --ram 5G --cpus 2 $(disk i386-pae-disks)
		kernel=(--arch i386)
		machine i386-high both --ram 2G
		machine i386-2.2-most musl --ram 1G --append "task_model=2.2 nr_tasks=10000"
		kernel=(--arch i386 --debug)
		machine i386-2.2-debug musl --ram 256M --append "task_model=2.2"
		kernel=(--arch i386-pae --debug)
		machine i386-pae-debug musl --ram 1G
	fi
fi
while [ -n "$(jobs -pr)" ]; do
	wait_for_one
done
exit $failed
