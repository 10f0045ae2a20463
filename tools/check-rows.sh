#!/bin/sh
# check-rows.sh: docs/rows.md tells the truth about what exists.
#
# Each row of the table is `| S12 | what | files | test |`. Files and tests are separated
# by blanks or commas; a word with a slash is a path that must exist, and `path:name` also
# that the name occurs in it. "not yet" stands where there is nothing. Every row S1-S46 and
# X1-X15 must be there once.
set -u
cd "$(dirname "$0")/.." || exit 2
rows=docs/rows.md
bad=0

complain() {
	echo "$rows: $*"
	bad=1
}

for n in $(seq 46 | sed s/^/S/) $(seq 15 | sed s/^/X/); do
	count=$(grep -c "^| $n |" $rows)
	[ "$count" = 1 ] || complain "row $n stands there $count times"
done

list=$(mktemp)
trap 'rm -f "$list"' EXIT
grep -E '^\| [SX][0-9]+ \|' $rows | while IFS='|' read -r _ row _ files tests _; do
	for word in $(echo "$files $tests" | tr ',`' '  '); do
		case $word in
		*/*) echo "$row $word" ;;
		esac
	done
done >"$list"
while read -r row word; do
	path=${word%%:*}
	name=${word#"$path"}
	name=${name#:}
	if [ ! -e "$path" ]; then
		complain "$row names $path, which does not exist"
	elif [ -n "$name" ] && ! grep -q -- "$name" "$path"; then
		complain "$row names $name, which is not in $path"
	fi
done <"$list"
exit $bad
