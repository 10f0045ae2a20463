#!/bin/bash
# harness.sh MACHINE TEST... -- PAGODA-OPTION...: runs guest tests on one machine.
#
# Boots the machine by `pagoda run`, with lib/runner.sh as its program, and
# prints "ok MACHINE/LIBC: CASE" and "not ok MACHINE/LIBC: CASE: WHY" lines as they come.
# One boot runs all tests. When a machine dies or hangs, the test it was in has
# failed and the others go on in a new boot.
#
# PAGODA (default build/pagoda), BUILD (default build): where things are.
# TEST_SEED is passed on, for tests that draw random numbers; TEST_SECONDS, for those that
# can go on for longer (fuzz_calls), and a test may then take so much more.
# TEST_PATIENCE: seconds without a line after which a machine counts as hung.
# Exit status: 0 when all passed.
set -u

pagoda=${PAGODA:-build/pagoda}
built=${BUILD:-build}/guest-tests
here=$(dirname "$0")
patience=${TEST_PATIENCE:-120}

machine=$1
shift
tests=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	tests+=("$1")
	shift
done
[ $# -gt 0 ] && shift
options=("$@")
case " ${options[*]} " in *" --arch i386"*) built=$built/i386 ;; esac

add=(--add "$built/suite-musl:/tests/suite-musl"
	--add "$here/lib/runner.sh:/tests/runner.sh"
	--add "$here/lib/check.sh:/tests/check.sh" --add "$here/golden:/tests/golden")
for program in "$built"/programs/*; do
	add+=(--add "$program:/tests/$(basename "$program")")
done
case " ${tests[*]} " in *" glibc/"*) add+=(--add "$built/suite-glibc:/tests/suite-glibc") ;; esac
for test in "${tests[@]}"; do
	case $test in *.sh) add+=(--add "$here/$test:/tests/$test") ;; esac
done

work=$(mktemp -d)
pid=
trap 'rm -rf "$work"; [ -n "$pid" ] && kill -KILL "$pid" 2>/dev/null' EXIT
trap 'exit 143' TERM INT HUP
failed=0

# Copies the guest's report (descriptor 3) to ours; what ran is in $begun and $ended. A
# test has a minute (runner.sh): when nothing comes for much longer, the kernel hangs.
report() {
	local line where=$machine
	begun= ended=0
	while true; do
		IFS= read -r -t "$patience" line <&3
		case $? in
		0) ;;
		1) return 0 ;; # the end
		*) return 1 ;; # nothing came
		esac
		case $line in
		"# begin "*)
			begun=${line#\# begin }
			where=$machine
			case $begun in */*) where=$machine/${begun%%/*} ;; esac
			;;
		"# end "*) ended=$((ended + 1)) ;;
		"ok "*) echo "ok $where: ${line#ok }" ;;
		"not ok "*)
			echo "not ok $where: ${line#not ok }"
			failed=1
			;;
		"#"*) echo "$line" ;;
		*) echo "# $line" ;;
		esac
	done
}

while [ ${#tests[@]} -gt 0 ]; do
	exec 3< <(exec "$pagoda" run --timeout 3600 "${add[@]}" "${options[@]}" -- \
		env ${TEST_SEED+TEST_SEED="$TEST_SEED"} ${TEST_SECONDS+TEST_SECONDS="$TEST_SECONDS"} sh /tests/runner.sh "${tests[@]}" \
		2>"$work/errors" </dev/null)
	pid=$!
	report || kill -ALRM $pid # shows the console and ends the machine
	exec 3<&-
	wait $pid
	status=$?
	pid=
	sed 's/^/# /' "$work/errors"
	[ $ended = ${#tests[@]} ] && [ $status = 0 ] && break

	failed=1
	if [ $ended = ${#tests[@]} ]; then
		echo "not ok $machine: the machine ended with status $status after its last test"
		break
	fi
	if [ "$begun" != "${tests[ended]}" ]; then
		for test in "${tests[@]:ended}"; do
			echo "not ok $machine: $test: not run, the machine ended with status $status"
		done
		break
	fi
	echo "not ok $machine: $begun: the machine ended with status $status"
	tests=("${tests[@]:ended+1}")
done
exit $failed
