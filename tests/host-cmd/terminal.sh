# The interactive shell: a terminal from end to end. script(1) makes one here.
. "$(dirname "$0")/lib.sh"

if ! script -qec true /dev/null </dev/null >/dev/null 2>&1; then
	echo "ok terminal # skip script(1) is not here, or has no terminals to give"
	exit 0
fi

trap '' PIPE
log=$work/log
mkfifo "$work/keys"

# Runs pagoda in a terminal of 33 lines and 99 columns; it reads what is written to fd 3.
start() {
	: >"$log"
	script -qefc "stty rows 33 cols 99; stty -a >$work/before; \
		$pagoda run --timeout 60 ${kernel[*]}; echo \$? >$work/status; stty -a >$work/after" \
		/dev/null <"$work/keys" >"$log" 2>&1 &
	pid=$!
	exec 3>"$work/keys"
	eventually grep -q '# ' "$log"
	sleep 0.3
}

# shows NAME TEXT [KEYS]: types the keys, and waits for the text on the screen.
shows() {
	local at
	at=$(stat -c %s "$log")
	[ -n "${3-}" ] && printf '%b' "$3" >&3
	grown() { tail -c +$((at + 1)) "$log" | tr -d '\r' | grep -qF -- "$2"; }
	if eventually grown "$@"; then
		ok "$1"
	else
		not_ok "$1" "\"$2\" does not show; the end of the screen: $(tail -c 200 "$log" | tr -d '\r' | tr '\n' '|')"
	fi
}

start
shows terminal-size '33 99' 'stty size\r'
shows terminal-tty '/dev/ttyS0' 'tty\r'
shows terminal-echo 'sum is 42' 'echo sum is $((6 * 7))\r'
printf 'sleep 100\r' >&3
sleep 1
shows terminal-interrupt '^C' '\003'
shows terminal-interrupted 'status 130' 'echo status $?\r'
printf 'sleep 100\r' >&3
sleep 1
shows terminal-stop 'Stopped' '\032'
shows terminal-jobs '[1]+  Stopped' 'jobs\r'
shows terminal-kill-job 'killed it' 'kill -9 %1; wait %1; echo killed it\r'
printf 'echo lines: $(cat | wc -l)\r' >&3
sleep 1
shows terminal-eof 'lines: 2' 'one\rtwo\r\004'
printf 'exit 5\r' >&3
wait $pid
exec 3>&-
expect terminal-status "$(cat "$work/status")" 5
expect terminal-restored "$(cat "$work/after")" "$(cat "$work/before")"

# The way out of a guest that does not listen any more.
start
printf '\035\035\035' >&3
wait $pid
exec 3>&-
expect terminal-escape "$(cat "$work/status") $(tail -n 1 "$log" | tr -d '\r')" \
	'125 pagoda: machine ended by the user'
expect terminal-escape-restored "$(cat "$work/after")" "$(cat "$work/before")"
finish
