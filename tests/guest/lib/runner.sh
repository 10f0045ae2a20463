#!/bin/sh
# runner.sh TEST...: runs tests inside the guest, one after the other.
#
# A TEST is LIBC/NAME, a case of the suite built with that C library, or
# NAME.sh, a script. Each runs for a minute at most
# (and TEST_SECONDS). Around each stand the lines
# "# begin TEST" and "# end TEST"; by them the host (tests/guest/harness.sh)
# knows which test a machine died in. After each the kernel checks itself,
# where it can.
cd /tests || exit 1
check=/proc/mm_check
limit=$((60 + ${TEST_SECONDS:-0}))

for test; do
	echo "# begin $test"
	case $test in
	*.sh) ./suite-musl alarm $limit /bin/sh "./$test" ;;
	*) ./suite-"${test%%/*}" alarm $limit "./suite-${test%%/*}" "${test#*/}" ;;
	esac </dev/null
	status=$?
	case $status in
	0 | 1) ;; # 1: it has said "not ok" itself
	142) echo "not ok $test: hung (killed after $limit s)" ;;
	*) echo "not ok $test: ended with status $status" ;;
	esac
	if [ -e $check ] && ! echo 1 >$check; then
		echo "not ok $test: $check: the kernel's state is inconsistent"
		dmesg | tail -n 20
	fi
	echo "# end $test"
done
