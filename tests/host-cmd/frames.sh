# The machine from outside: a frame that /proc/self/pagemap names holds what the program wrote
# there, and the CPU's protections are on -- both seen by QEMU's monitor.
. "$(dirname "$0")/lib.sh"

here=$(dirname "$0")
built=${BUILD:-build}/guest-tests/programs

ask() { # COMMAND...
	python3 "$here/monitor.py" "$work/monitor" "$@"
}

mkfifo "$work/in"
"$pagoda" run --timeout 60 "${kernel[@]}" \
	--qemu-args "-chardev socket,id=look,path=$work/monitor,server=on,wait=off -mon look" \
	-- "$built/frames" <"$work/in" >"$work/out" 2>"$work/err" &
machine=$!
exec 4>"$work/in"
if ! eventually grep -q ready "$work/out"; then
	not_ok frames-ready "$(cat "$work/out" "$work/err")"
fi

while read -r kind frame text; do
	[ "$kind" = ready ] && continue
	# "0000000001234000: '3' '4' ..." or the bytes as numbers
	found=$(ask "xp /8xb $((frame * 4096))" | sed 's/^[^:]*://' |
		while read -r -a bytes; do printf '%b' "${bytes[@]/#0x/\\x}"; done)
	expect "frames-$kind" "$found" "$text"
done <"$work/out"
expect frames-kinds "$(cut -d' ' -f1 "$work/out" | sort | tr '\n' ' ')" \
	'copied file locked private ready shared '
expect frames-apart "$(cut -d' ' -f2 "$work/out" | grep -c .)" \
	"$(cut -d' ' -f2 "$work/out" | grep . | sort -u | wc -l)"

# Write protection holds for the kernel, pages can be no code, and neither runs nor reaches
# programs' memory unasked.
registers=$(ask 'info registers')
bit() { # REGISTER NUMBER
	local value
	value=$(sed -n "s/.*\<$1=\([0-9a-f]*\).*/\1/p" <<<"$registers" | head -n 1)
	echo $((0x$value >> $2 & 1))
}
expect cpu-write-protect "$(bit CR0 16)" 1
expect cpu-no-execute "$(bit EFER 11)" 1
expect cpu-smep "$(bit CR4 20)" 1
expect cpu-smap "$(bit CR4 21)" 1
expect cpu-umip "$(bit CR4 11)" 1

exec 4>&-
wait $machine
expect frames-end $? 0
finish
