# X6: what procps' vmstat shows beside a program that takes memory step by step and then reads all of it again.
#
# Each line is of a new vmstat: that of procps 4.0.2 (Debian 12) reads memory's columns once and shows
# the same figures from then on, on Linux, too. A machine that has no room for it, or another architecture, reads the
# same columns out of /proc.
. "$(dirname "$0")/lib.sh"
ram=${RAM:-64}

head -c $((ram / 8))M /dev/urandom >"$work/disk"
cat >"$work/script" <<'SCRIPT'
#!/bin/sh
ram=$1
pages() {
	awk -v name="$1" '$1 == name { print $2 }' /proc/vmstat
}
type vmstat >/dev/null 2>&1 || vmstat() {
	in=$(pages pswpin) out=$(pages pswpout)
	sleep 1
	awk -v in_before="$in" -v out_before="$out" '
		{ v[$1] = $2 }
		END { print 0, 0, v["SwapTotal:"] - v["SwapFree:"], v["MemFree:"], v["Buffers:"],
			v["Cached:"] + v["SReclaimable:"], 4 * (v["pswpin"] - in_before),
			4 * (v["pswpout"] - out_before), 0, 0, 0, 0, 0, 0, 0, 0, 0 }' /proc/meminfo /proc/vmstat
}
mkdir /t
mount -t tmpfs none /t
dd if=/dev/zero of=/t/file bs=1M count=$((ram / 8)) 2>/dev/null
exec 3</dev/vda
cat <&3 >/dev/null
while :; do
	vmstat 1 2 | tail -n 1
done &
steps "$ram" $((ram / 8))
kill $!
SCRIPT
chmod +x "$work/script"
real=()
! fits_programs || real=(--add "$(command -v vmstat):/bin/vmstat")
LIMIT=120 guest --ram "${ram}M" --swap "$((3 * ram))M" --disk "$work/disk" "${real[@]}" \
	--add "$programs/steps:/bin/steps" -- "$work/script" "$ram" </dev/null

# column N WHAT: of the lines while memory was taken (`takes`) or read again (`reads`): first, last, least, most, sum.
column() {
	awk -v n="$1" -v phase="$2" '
		/^takes|^reads/ { now = $1 }
		now != phase || NF < 16 { next }
		!lines++ { first = least = most = $n }
		{ last = $n; sum += $n; if ($n < least) least = $n; if ($n > most) most = $n }
		END { print first, last, least, most, sum }' "$work/out"
}
at_least() { # NAME FOUND WANTED
	if [ -n "$2" ] && [ "$2" -ge "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "$2 is less than $3; $(tr '\n' '|' <"$work/out") $(err | head -n 3)"
	fi
}

read -r first _ least _ <<<"$(column 4 takes)"
at_least vmstat-free-falls "$((first - least))" $((ram * 128))
at_least vmstat-free-stays "$((ram * 64 - least))" 0
read -r first _ <<<"$(column 5 takes)"
read -r _ last _ <<<"$(column 5 reads)"
at_least vmstat-buff-shrinks "$((first - last))" $((ram * 64))
read -r first _ <<<"$(column 6 takes)"
read -r _ last _ <<<"$(column 6 reads)"
at_least vmstat-cache-shrinks "$((first - last))" $((ram * 64))
read -r first _ <<<"$(column 3 takes)"
read -r _ last _ <<<"$(column 3 reads)"
at_least vmstat-swpd-rises "$((last - first))" $((ram * 256))
read -r _ _ _ _ taken <<<"$(column 8 takes)"
read -r _ _ _ _ reread <<<"$(column 8 reads)"
at_least vmstat-so "$((taken + reread))" $((ram * 256))
read -r _ _ _ _ taken <<<"$(column 7 takes)"
read -r _ _ _ _ reread <<<"$(column 7 reads)"
at_least vmstat-si-later "$((reread - 8 * taken))" $((ram * 256))
finish
