#!/bin/bash
# all.sh TARGET...: makes these targets, each a kind of test, and counts.
#
# Every test prints a line "ok NAME" or "not ok NAME ..." (cmocka's TAP is that
# too). A target that fails without a "not ok" counts as one failure. The last
# line is "N passed, N failed"; the exit status is 0 when none failed.
set -u

log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0

for target; do
	echo "# make $target"
	"${MAKE:-make}" --no-print-directory "$target" 2>&1 | tee "$log"
	status=${PIPESTATUS[0]}
	skips=$(grep -c '^ok .*# skip' "$log")
	oks=$(grep -c '^ok ' "$log")
	not_oks=$(grep -c '^not ok ' "$log")
	if [ "$status" != 0 ] && [ "$not_oks" = 0 ]; then
		echo "not ok $target: make failed with status $status"
		not_oks=1
	fi
	passed=$((passed + oks - skips))
	skipped=$((skipped + skips))
	failed=$((failed + not_oks))
done

[ $skipped -gt 0 ] && echo "# $skipped skipped"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
