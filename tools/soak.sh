#!/bin/bash
# soak.sh: the tests that draw random numbers, for hours: one machine after the other, each time
# with another seed. One line for each run goes to build/soak.log: when, which commit,
# machine, seed, tests, result; what a failed run said follows it, indented.
#
# The machines whose name has "swaps" run swap_storm instead: twice as much memory in use as there is.
#
# From the environment: SOAK_MINUTES (60), MACHINES (all but the ones of other kernels),
# SOAK_TESTS (below), SOAK_SEED (the first; the time), TEST_SECONDS of fuzzing in a run (120).
# A line can be had again: make guest-test TEST_SEED=.. MACHINES=.. TESTS=..
set -u
cd "$(dirname "$0")/.." || exit 2

log=${BUILD:-build}/soak.log
tests=${SOAK_TESTS:-fuzz_calls random_maps random_forks storm}
seed=${SOAK_SEED:-$(date +%s)}
end=$(($(date +%s) + ${SOAK_MINUTES:-60} * 60))
commit=$(git describe --always --dirty 2>/dev/null || echo unknown)
failed=0
runs=0

export TEST_SECONDS=${TEST_SECONDS:-120}
while [ "$(date +%s)" -lt $end ]; do
	for machine in ${MACHINES:-plain cpus debug-cpus small nodes debug swaps-1 swaps swaps-4 debug-swaps i386-swaps}; do
		[ "$(date +%s)" -lt $end ] || break
		case $machine in
		*swaps*) now=swap_storm TEST_PATIENCE=$((TEST_SECONDS + 60)) ;; # it says little
		*) now=$tests TEST_PATIENCE=120 ;;
		esac
		export TEST_PATIENCE
		output=$(TEST_SEED=$seed MACHINES=$machine TESTS=$now tests/guest/machines.sh 2>&1)
		if [ $? = 0 ] && ! grep -q '^not ok' <<<"$output"; then
			result=ok
		else
			result=FAILED
			failed=$((failed + 1))
		fi
		runs=$((runs + 1))
		echo "$(date '+%F %T') $commit $machine TEST_SEED=$seed TESTS=\"$now\" $result" |
			tee -a "$log"
		[ $result = ok ] || sed 's/^/    /' <<<"$output" | tee -a "$log"
		seed=$((seed + 1000)) # a run of fuzz_calls uses up one for each generation
	done
done
echo "soak: $runs runs, $failed failed"
[ $failed = 0 ]
