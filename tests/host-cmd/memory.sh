# The 512 MiB malloc program (X4): what procps' ps shows of memory that was asked for and of memory
# that was touched, and the refusal where there is not as much. And all processes by their RSS (X5).
. "$(dirname "$0")/lib.sh"

hog=${BUILD:-build}/guest-tests/programs/hog
ps=$(command -v ps)
cat >"$work/script" <<'SCRIPT'
#!/bin/sh
mkfifo /tmp/hold
/bin/hog "$@" </tmp/hold >/tmp/says &
exec 3>/tmp/hold
until grep -q touched /tmp/says; do usleep 20000; done
/bin/ps -Ao user,args,rss,vsize --sort rss | sed 's/^/all /'
/bin/ps axu | awk '$11 == "/bin/hog" { print "ps", $5, $6 }'
awk '/^VmSize|^VmRSS/ { print $1, $2 }' /proc/$!/status
exec 3>&-
wait $!
SCRIPT
chmod +x "$work/script"

# figures ASK TOUCH: "VSZ RSS" in KiB, as ps says and as status does.
figures() {
	guest --ram 1G --add "$hog:/bin/hog" --add "$ps:/bin/ps" -- "$work/script" "$1" "$2" </dev/null
	vsz=$(awk '$1 == "ps" { print $2 }' "$work/out")
	rss=$(awk '$1 == "ps" { print $3 }' "$work/out")
	expect "memory-$1-$2-status" "$(awk '$1 ~ /^Vm/ { printf "%s ", $2 }' "$work/out")" "$vsz $rss "
}
within() { # NAME FOUND LOW HIGH
	if [ -n "$2" ] && [ "$2" -ge "$3" ] && [ "$2" -le "$4" ]; then
		ok "$1"
	else
		not_ok "$1" "$2 is not from $3 to $4; $(out | tr '\n' ' ') $(err | head -n 3)"
	fi
}

figures 512 0
within memory-asked-vsz "$vsz" 524288 526000
within memory-asked-rss "$rss" 1 1500
figures 512 256
within memory-touched-vsz "$vsz" 524288 526000
within memory-touched-rss "$rss" 262144 264000

# Kernel threads come first, in brackets, with no memory; the others by what they have, hog last.
expect memory-by-rss "$(awk '
	$1 != "all" || $3 == "COMMAND" { next }
	{ rss = $(NF - 1); vsz = $NF }
	rss < last { print "not sorted: " $0 }
	$3 ~ /^\[.*\]$/ ? rss + vsz > 0 || seen : vsz == 0 { print "out of place: " $0 }
	$3 !~ /^\[/ { seen = 1 }
	{ last = rss; name = $3; n += $3 ~ /^\[/ }
	END { print (n > 1 ? "threads" : "no threads"), name }' "$work/out")" "threads /bin/hog"

guest --ram 256M -- "$hog" 512 0 </dev/null
expect memory-refused "$status $(err)" '1 refused: Out of memory' # musl's words for ENOMEM
finish
