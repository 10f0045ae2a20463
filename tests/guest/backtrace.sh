# sysrq l, t and w: what every CPU and every task is doing, by name.
. ./check.sh

work=/tmp/backtrace
mkdir -p $work
{ echo 1 >/proc/sys/kernel/sysrq; } 2>/dev/null # where there is such a switch

# report LETTER: the log that it makes, without time stamps, in $work/report.
report() {
	dmesg -c >/dev/null
	echo $1 >/proc/sysrq-trigger
	dmesg | sed -e 's/^\[[^]]*\] *//' >$work/report
}

sleep 1000 &
sleeper=$!
mkfifo $work/fifo
cat $work/fifo >/dev/null &
reader=$!
while :; do :; done &
busy=$!
sleep 1

report l
expect backtrace-cpus-told "$(grep -c 'sysrq: Show backtrace of all active CPUs' $work/report)" 1
cpus=$(grep -c ^processor /proc/cpuinfo)
seen=$(grep -c 'NMI backtrace for cpu' $work/report)
expect backtrace-cpus "$seen" "$cpus"
expect backtrace-own "$(grep -c 'write_sysrq' $work/report | sed 's/[1-9].*/some/')" some

report t
# calls PID: the functions on that task's stack, innermost first.
calls() {
	awk -v pid=$1 '/^task:/ { mine = index($0, " pid:" pid " ") } mine && /\+0x/ { print $1 }' \
		$work/report | sed 's/+0x.*//' | tr '\n' ' '
}
set -- /proc/[0-9]*/task/* # by the shell alone: no new tasks
expect backtrace-tasks "$(grep -c '^task:' $work/report)" $#
expect backtrace-sleeper "$(grep -c "^task:sleep  *state:S stack:.* pid:$sleeper  *ppid:$$ " $work/report)" 1
case $(calls $sleeper) in
*schedule\ *sleep*handle_syscall\ *) ok backtrace-sleeper-calls ;;
*) not_ok backtrace-sleeper-calls "$(calls $sleeper)" ;;
esac
case $(calls $reader) in
*schedule\ *open*handle_syscall\ *) ok backtrace-reader-calls ;;
*) not_ok backtrace-reader-calls "$(calls $reader)" ;;
esac

report w
expect backtrace-blocked-told "$(grep -c 'sysrq: Show Blocked State' $work/report)" 1
expect backtrace-blocked "$(grep '^task:' $work/report | grep -vc 'state:D')" 0

kill $sleeper $busy $reader
wait $sleeper $busy $reader 2>/dev/null
rm -r $work
finish
