#!/bin/sh
# count-tests.sh LOG ...: adds up what test suites said.
#
# A suite prints one line for each test, `ok NAME` or `not ok NAME (why)`, and
# whatever else it likes; `ok NAME # skip WHY` counts as neither. A log without any such line counts as one failure, for
# its suite did not get that far. Prints the failures and the line
# "N passed, N failed"; the exit status is 0 when some passed and none failed.
set -u

passed=0
failed=0
for log; do
	p=$(grep '^ok ' "$log" 2>/dev/null | grep -vc '# skip')
	f=$(grep -c '^not ok ' "$log" 2>/dev/null)
	grep '^not ok ' "$log" 2>/dev/null
	if ! grep -qE '^(not )?ok ' "$log" 2>/dev/null; then
		echo "not ok $log (no result)"
		f=1
	fi
	passed=$((passed + ${p:-0}))
	failed=$((failed + ${f:-0}))
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
