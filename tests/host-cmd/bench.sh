# What the benchmark claims of itself (bench/guest/rules.c), in small: each of its rules holds, and a broken
# one would be seen.
. "$(dirname "$0")/lib.sh"

guest --icount --ram 256M -- "${BUILD:-build}/bench/guest" check </dev/null
expect bench-ends "$status $(tail -n 1 "$work/out")" '0 done'
expect bench-rows "$(grep -c '^row ' "$work/out")" "$(grep -c '| instructions |' bench/rows)"
awk '$1 == "rule" { print "bench-" $2 "-" $3, ($4 >= $5 && $4 <= $6) ? "holds" : $4 " not " $5 ".." $6 }' \
	"$work/out" >"$work/rules"
# Pagoda's claims: Linux breaks some where so little is touched.
[ -n "${KERNEL-}" ] || while read -r name found; do
	expect "$name" "$found" holds
done <"$work/rules"

# What `make bench` would complain about.
complaints() { # RESULT KEPT
	PYTHONPATH=bench python3 -B -c 'import json, report, sys
result, kept = (json.loads(word) for word in sys.argv[1:])
print(*(report.missing(result, ["instructions"], {"cow_break"}) + report.broken(result) +
        report.losses(result, kept)), sep="; ")' "$1" "$2"
}
row() { # COUNT HAVE HOLDS
	echo '{"instructions": {"cow_break": {"Linux": 3000, "Pagoda": '"$1"'}}, "rules": [{"kernel": "Pagoda",
		"row": "cow_break", "what": "faults", "have": '"$2"', "least": 9, "most": 9, "holds": '"$3"'}]}'
}
expect bench-good "$(complaints "$(row 1040 9 true)" "$(row 1000 9 true)")" ""
expect bench-missing "$(complaints '{"rules": []}' null)" \
	"MISSING: cow_break (instructions) of Linux; MISSING: cow_break (instructions) of Pagoda"
expect bench-broken "$(complaints "$(row 1000 8 false)" null)" \
	"BROKEN RULE: cow_break: faults 8, should be 9 to 9"
expect_match bench-lost "$(complaints "$(row 1060 9 true)" "$(row 1000 9 true)")" '^LOST: cow_break: 1060, was 1000'
finish
