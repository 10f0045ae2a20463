# Sourced by the scripts among the guest tests: the counterpart of check.h.

failures=0

ok() { # NAME
	echo "ok $1"
}

not_ok() { # NAME WHY
	echo "not ok $1: $2"
	failures=$((failures + 1))
}

skip() { # NAME WHY
	echo "ok $1 # skip $2"
}

# expect NAME FOUND WANTED: the two texts are the same.
expect() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "found \"$2\", not \"$3\""
	fi
}

# expect_true NAME COMMAND...: the command succeeds.
expect_true() {
	name=$1
	shift
	if "$@"; then
		ok "$name"
	else
		not_ok "$name" "not so: $*"
	fi
}

# The other PC: 32 bits, HIGHMEM.
is_i386() {
	case $(uname -m) in i?86) ;; *) return 1 ;; esac
}

# golden NAME: where Linux's text for this machine lies. Some are the other PC's own.
golden() {
	if is_i386 && [ -e /tests/golden/i386/"$1" ]; then
		echo /tests/golden/i386/"$1"
	else
		echo /tests/golden/"$1"
	fi
}

is_pagoda() {
	case $(uname -r) in *pagoda*) ;; *) return 1 ;; esac
}

finish() {
	[ $failures = 0 ]
	exit
}
