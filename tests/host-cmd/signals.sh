# Signals and the end of things: what is sent to `pagoda run` reaches the program, and
# no QEMU stays behind, however it ends.
. "$(dirname "$0")/lib.sh"

# Starts pagoda in the background and waits for the program's "ready".
start() {
	: >"$work/out"
	"$pagoda" run --timeout 60 "${kernel[@]}" "$@" >"$work/out" 2>"$work/err" </dev/null &
	pid=$!
	eventually grep -q ready "$work/out"
	# QEMU is its only child.
	qemu=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null)
	qemu=${qemu% }
	[ -n "$qemu" ] || not_ok signals-start "no QEMU runs: $(err)"
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

start -- sh -c 'trap "echo got TERM; exit 9" TERM; echo ready; while :; do sleep 0.1; done'
kill -TERM $pid
wait $pid
expect signals-handled "$? $(tail -n 1 "$work/out")" '9 got TERM'

start -- sh -c 'echo ready; sleep 100'
kill -INT $pid
wait $pid
expect signals-default $? 130

start -- sh -c 'trap "echo got USR1" USR1; echo ready; sleep 1; sleep 1; exit 4'
kill -USR1 $pid
wait $pid
expect signals-usr1 "$? $(tail -n 1 "$work/out")" '4 got USR1'

# A program that ignores it; the third one in a row ends the machine.
start -- sh -c 'trap "" TERM; echo ready; while :; do sleep 1; done'
kill -TERM $pid
sleep 0.1
kill -TERM $pid
sleep 0.1
kill -TERM $pid
wait $pid
expect signals-insist $? 143
expect_match signals-insist-qemu "$(eventually gone "$qemu" && echo gone)" gone

# Stopped, the machine stops as well.
start -- sh -c 'echo ready; sleep 5; echo done'
kill -TSTP $pid
state() { [ "$(awk '{ print $3 }' "/proc/$1/stat" 2>/dev/null)" = "$2" ]; }
if [ -n "$qemu" ] && eventually state $pid T && eventually state "$qemu" T; then
	ok signals-stop
else
	not_ok signals-stop "pagoda or QEMU goes on"
fi
kill -CONT $pid
wait $pid
expect signals-continue "$? $(tail -n 1 "$work/out")" '0 done'

for signal in KILL TERM HUP; do
	start --ram 128M -- sh -c 'echo ready; sleep 100'
	kill -$signal $pid
	wait $pid 2>/dev/null
	if eventually gone "$qemu"; then
		ok signals-no-qemu-after-$signal
	else
		not_ok signals-no-qemu-after-$signal "QEMU $qemu lives on"
		kill -KILL "$qemu"
	fi
done

# Killed at any moment of its start.
left= had_qemu=
for delay in 0 0.005 0.01 0.02 0.04 0.08; do
	"$pagoda" run --timeout 60 "${kernel[@]}" --qemu-args "-name left-$$" -- sleep 100 \
		>/dev/null 2>&1 </dev/null &
	pid=$!
	sleep $delay
	[ -n "$(cat "/proc/$pid/task/$pid/children" 2>/dev/null)" ] && had_qemu=yes
	kill -KILL $pid
	wait $pid 2>/dev/null
done
sleep 0.3
for process in /proc/[0-9]*; do
	grep -qz "^left-$$\$" "$process/cmdline" 2>/dev/null && left="$left ${process#/proc/}"
done
expect signals-no-qemu-early "$had_qemu$left" yes

SECONDS=0
"$pagoda" run --timeout 8 "${kernel[@]}" -- sleep 100 >"$work/out" 2>"$work/err" </dev/null
expect_match timeout-status "$? $(tail -n 1 "$work/err")" '^124 pagoda: timeout after 8(\.[0-9]*)? s$'
[ $SECONDS -le 12 ] || not_ok timeout-on-time "took $SECONDS s"
finish
