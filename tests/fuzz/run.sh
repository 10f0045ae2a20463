#!/bin/sh
# run.sh PROGRAM SECONDS: replays the corpus of a fuzz target, then lets it look for more.
#
# Prints `ok fuzz/NAME.corpus`, `ok fuzz/NAME.search` or `not ok ...` with what repeats it. What
# fails is kept in build/fuzz/crashes; new inputs in build/fuzz/found/NAME. With FUZZ_GO_ON the
# search begins with what others found there, which takes its time, too. FUZZ_SEED (else 1) is
# the seed of the search; FUZZ_FLAGS are libFuzzer's.
set -u
program=$1
seconds=$2
name=${program##*/fuzz_}
corpus=tests/fuzz/corpus/$name
found=build/fuzz/found/$name
crashes=build/fuzz/crashes
mkdir -p "$found" "$crashes"

# Host memory that a target keeps from input to input is no leak; mm/ counts its own.
ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:handle_abort=2
UBSAN_OPTIONS=print_stacktrace=1
export ASAN_OPTIONS UBSAN_OPTIONS
flags="-artifact_prefix=$crashes/$name- -timeout=60 -rss_limit_mb=1024 -print_final_stats=1"
limit=$((2 * seconds + 300))

report() { # WHAT STATUS LOG
	if [ "$2" = 0 ]; then
		echo "ok fuzz/$name.$1"
		return
	fi
	cat "$3"
	input=$(sed -n 's/.*Test unit written to //p' "$3" | tail -1)
	[ -n "$input" ] || input=$(sed -n 's/^Running: //p' "$3" | tail -1)
	echo "  repeat: $program $input"
	echo "not ok fuzz/$name.$1 (exit status $2; repeat: $program $input)"
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Given as files, not as a directory, each is run just once.
timeout "$limit" "$program" $flags "$corpus"/* >"$log" 2>&1
report corpus $? "$log"
if [ "$seconds" != 0 ]; then
	new=$found
	if [ -z "${FUZZ_GO_ON-}" ]; then
		new=$(mktemp -d)
		trap 'rm -rf "$log" "$new"' EXIT
	fi
	timeout "$limit" "$program" $flags ${FUZZ_FLAGS:-} -seed="${FUZZ_SEED:-1}" \
		-max_total_time="$seconds" -max_len="$(cat "tests/fuzz/$name.len" 2>/dev/null || echo 800)" \
		-len_control=0 -verbosity=0 "$new" "$corpus" >"$log" 2>&1
	status=$?
	[ "$new" = "$found" ] || mv -n "$new"/* "$found"/ 2>/dev/null
	sed -n 's/^stat::number_of_executed_units: */  inputs tried: /p' "$log"
	report search $status "$log"
fi
