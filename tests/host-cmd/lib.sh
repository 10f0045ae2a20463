# Sourced by the tests of `pagoda run`: how they run it and what they print.
#
# KERNEL: another kernel than ours. PAGODA, BUILD: where things are. MACHINE: more options for each machine
# ("--arch i386 --cpus 4"), and RAM, its MiB, for the tests that are experiments, too (tests/experiments.sh).

pagoda=${PAGODA:-build/pagoda}
kernel=()
[ -n "${KERNEL-}" ] && kernel=(--kernel "$KERNEL")
read -ra machine_options <<<"${MACHINE-}"
programs=${BUILD:-build}/guest-tests/programs
[[ ${MACHINE-} != *"--arch i386"* ]] || programs=${BUILD:-build}/guest-tests/i386/programs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

ok() { # NAME
	echo "ok $1"
}

not_ok() { # NAME WHY
	echo "not ok $1: $2"
	failures=$((failures + 1))
}

expect() { # NAME FOUND WANTED
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "found \"$2\", not \"$3\""
	fi
}

expect_match() { # NAME FOUND REGEXP
	if [[ $2 =~ $3 ]]; then
		ok "$1"
	else
		not_ok "$1" "found \"$2\", nothing like $3"
	fi
}

# guest ARGUMENT...: `pagoda run` with a bound; leaves $status, $work/out, $work/err.
guest() { # LIMIT: its bound in seconds
	"$pagoda" run --timeout "${LIMIT:-60}" "${kernel[@]}" "${machine_options[@]}" "$@" >"$work/out" 2>"$work/err"
	status=$?
}

out() {
	cat "$work/out"
}

err() {
	cat "$work/err"
}

# Programs of the distribution with their libraries: what a machine has no room for, or cannot run.
fits_programs() {
	[ "${RAM:-64}" -ge 32 ] && [[ ${MACHINE-} != *"--arch i386"* ]]
}

# Waits at most a minute for a command to succeed.
eventually() {
	local i
	for ((i = 0; i < 1200; i++)); do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}

finish() {
	[ $failures = 0 ]
	exit
}
