# Standard input and output: every byte, its end, and who stops whom.
. "$(dirname "$0")/lib.sh"

head -c "${STREAM_BYTES:-1000000}" /dev/urandom >"$work/random"
LIMIT=300 guest -- cat <"$work/random"
expect streams-binary "$status $(cksum <"$work/out")" "0 $(cksum <"$work/random")"

guest -- sh -c 'readlink /proc/self/fd/0' </dev/null
expect streams-nothing "$(out)" /dev/null
guest -- cat </dev/null
expect streams-empty "$status$(out)" 0
printf 'no newline' | guest -- cat
expect streams-no-newline "$(printf 'no newline' | "$pagoda" run "${kernel[@]}" -- cat)" 'no newline'
guest -- cat <&-
expect streams-closed "$status$(out)" 0

# Input that nobody takes does not hold up the end, and is not taken from us.
{ "$pagoda" run --timeout 60 "${kernel[@]}" -- sh -c 'read line; echo "$line"' >"$work/out"; cat >"$work/rest"; } \
	< <(echo first; sleep 2; echo second)
expect streams-unread "$(out)" first

# A slow reader gets all of it.
"$pagoda" run --timeout 60 "${kernel[@]}" -- seq 1 20000 |
	{ sleep 3; cat >"$work/out"; }
expect streams-slow-reader "$(cksum <"$work/out")" "$(seq 1 20000 | cksum)"

# A reader that leaves ends the machine, as SIGPIPE ends a program.
"$pagoda" run --timeout 60 "${kernel[@]}" -- yes 2>"$work/err" | head -n 2 >"$work/out"
expect streams-sigpipe "${PIPESTATUS[0]} $(out | tr '\n' ' ')" '141 y y '

# stdout and stderr both long, each in order.
guest -- sh -c 'for i in $(seq 1 2000); do echo out $i; echo err $i >&2; done'
expect streams-both "$(cksum <"$work/out") $(cksum <"$work/err")" \
	"$(seq 1 2000 | sed 's/^/out /' | cksum) $(seq 1 2000 | sed 's/^/err /' | cksum)"

# What stands in the pipe when the program ends still comes; who inherited it does not delay.
SECONDS=0
guest -- sh -c 'sleep 30 & echo last words'
expect streams-background "$status $(out)" '0 last words'
[ $SECONDS -lt 25 ] || not_ok streams-background-waits "took $SECONDS s"
finish
