#!/bin/bash
# harness.sh MACHINE TEST... -- PAGODA-OPTION...: runs guest tests on one machine.
#
# Boots the machine by `pagoda run`, with lib/runner.sh as its program, and
# prints "ok MACHINE/LIBC: CASE" and "not ok MACHINE/LIBC: CASE: WHY" lines as they come.
# One boot runs all tests. When a machine dies or hangs, the test it was in has
# failed and the others go on in a new boot.
#
# PAGODA (default build/pagoda), BUILD (default build): where things are.
# TEST_SEED is passed on, for tests that draw random numbers.
# Exit status: 0 when all passed.
set -u

pagoda=${PAGODA:-build/pagoda}
built=${BUILD:-build}/guest-tests
here=$(dirname "$0")
timeout=${TEST_TIMEOUT:-600}

machine=$1
shift
tests=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	tests+=("$1")
	shift
done
[ $# -gt 0 ] && shift
options=("$@")

add=(--add "$built/suite-glibc:/tests/suite-glibc" --add "$built/suite-musl:/tests/suite-musl"
	--add "$here/lib/runner.sh:/tests/runner.sh"
	--add "$here/lib/check.sh:/tests/check.sh" --add "$here/golden:/tests/golden")
for program in "$built"/programs/*; do
	add+=(--add "$program:/tests/$(basename "$program")")
done
for test in "${tests[@]}"; do
	case $test in *.sh) add+=(--add "$here/$test:/tests/$test") ;; esac
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# Copies the guest's report to ours and notes in $work/ended and $work/begun what ran.
report() {
	while IFS= read -r line; do
		case $line in
		"# begin "*)
			test=${line#\# begin }
			echo "$test" >"$work/begun"
			where=$machine
			case $test in */*) where=$machine/${test%%/*} ;; esac
			;;
		"# end "*) echo "${line#\# end }" >>"$work/ended" ;;
		"ok "*) echo "ok $where: ${line#ok }" ;;
		"not ok "*)
			echo "not ok $where: ${line#not ok }"
			touch "$work/failed"
			;;
		"#"*) echo "$line" ;;
		*) echo "# $line" ;;
		esac
	done
}

while [ ${#tests[@]} -gt 0 ]; do
	: >"$work/ended"
	: >"$work/begun"
	"$pagoda" run --timeout "$timeout" "${add[@]}" "${options[@]}" -- \
		env ${TEST_SEED+TEST_SEED="$TEST_SEED"} sh /tests/runner.sh "${tests[@]}" \
		2>"$work/errors" </dev/null | report
	status=${PIPESTATUS[0]}
	sed 's/^/# /' "$work/errors"
	ended=$(wc -l <"$work/ended")
	[ "$ended" = ${#tests[@]} ] && [ "$status" = 0 ] && break

	failed=1
	if [ "$ended" = ${#tests[@]} ]; then
		echo "not ok $machine: the machine ended with status $status after its last test"
		break
	fi
	if [ "$(cat "$work/begun")" != "${tests[ended]}" ]; then
		for test in "${tests[@]:ended}"; do
			echo "not ok $machine: $test: not run, the machine ended with status $status"
		done
		break
	fi
	echo "not ok $machine: ${tests[ended]}: the machine ended with status $status"
	tests=("${tests[@]:ended+1}")
done
[ -e "$work/failed" ] && failed=1
exit $failed
