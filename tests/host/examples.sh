#!/bin/sh
# examples.sh BUILD-DIRECTORY: the libraries, as somebody outside uses them.
#
# Each program of docs/examples runs on every geometry, twice, alike; what it prints on 4level is what
# docs/soft.md says. And a library shows the names of its header, no others.
set -u
cd "$(dirname "$0")/../.." || exit 2
b=$1

say() { # NAME, with the status of the command before
	if [ $? = 0 ]; then echo "ok examples.$1"; else echo "not ok examples.$1 (repeat: tests/host/examples.sh $b)"; fi
}

for program in "$b"/examples/*-*[a-z0-9]; do
	case $program in *.[do]) continue ;; esac
	name=$(basename "$program")
	first=$(timeout 60 "$program") && [ "$first" = "$(timeout 60 "$program")" ]
	say "$name"
	case $name in
	*-4level)
		# The block of docs/soft.md that follows the line naming the program.
		told=$(sed -n "/build\/examples\/$name/,/^\$/p" docs/soft.md | sed -n 's/^    //p' | sed 1d)
		[ "$first" = "$told" ]
		say "$name-as-documented"
		;;
	esac
done

for library in "$b"/libpagoda-soft-*.a; do
	name=$(basename "$library" .a)
	nm -g --defined-only "$library" | sed -n 's/.* [A-Z] //p' | sort >"$b/$name.defined"
	grep -o '\bpagoda_[a-z_]*(' host/libpagoda/pagoda.h | tr -d '(' | sort -u | cmp -s - "$b/$name.defined"
	say "$name-names"
	rm -f "$b/$name.defined"
done
