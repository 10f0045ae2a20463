#!/bin/bash
# run.sh [NAME...]: the tests of `pagoda run` itself (each NAME.sh here, or all).
# They print ok and not ok lines. KERNEL boots another kernel than ours.
here=$(dirname "$0")
failed=0

[ $# -gt 0 ] || set -- usage program streams signals boot reboot terminal frames protection memory \
	gdb backtrace bench record walk i386 highmem cpus disk swap stripes vmstat policy oom
for name; do
	if [ "$name" != usage ] && [ -z "${boots-}" ]; then
		boots=$("${PAGODA:-build/pagoda}" run --timeout 60 ${KERNEL:+--kernel "$KERNEL"} \
			-- echo yes 2>&1 </dev/null)
		if [ "$boots" != yes ]; then
			echo "not ok host-cmd: the kernel does not boot, no tests that need it: $boots"
			exit 1
		fi
	fi
	bash "$here/$name.sh"
	case $? in
	0) ;;
	1) failed=1 ;; # it has said what
	*)
		echo "not ok $name: the script itself failed"
		failed=1
		;;
	esac
done
exit $failed
