# The event stream: `run --record', `check', `events'. What is rebuilt from the events is what the
# machine says of itself, on one CPU and on four, under load; what was tampered with is noticed.
. "$(dirname "$0")/lib.sh"

[ -n "${KERNEL-}" ] && { echo "# record: only with our own kernel"; finish; }

header=16384
record=48

# Forks, pipes, files that come and go, all at once; marks in the midst.
load='
for i in 1 2 3 4; do
	(for j in 1 2 3 4; do ls -lR /bin >/tmp/list$i; sh -c "cat /tmp/list* | sort | wc -l"; done) &
done >/dev/null
echo 1 >/proc/mm_mark
dd if=/dev/zero of=/tmp/big bs=1M count=8 2>/dev/null
echo 1 >/proc/mm_mark
rm /tmp/big
wait
echo 3 >/proc/sys/vm/drop_caches
echo done'

check() { # FILE: what the checker says; leaves $verdict
	"$pagoda" check "$1" >"$work/verdict" 2>&1
	verdict=$?
}

for cpus in 1 4; do
	guest --ram 128M --cpus $cpus --record "$work/events$cpus" -- sh -c "$load"
	expect "record-$cpus-cpus" "$status $(out) $(err)" '0 done '
	check "$work/events$cpus"
	expect "record-$cpus-cpus-check" "$verdict $(grep -vE '^[0-9]+ events' "$work/verdict")" '0 '
	expect_match "record-$cpus-cpus-marks" "$(cat "$work/verdict")" ', 3 marks: the state they make'
done

guest --ram 64M --icount --record "$work/events" -- sh -c 'ls /bin >/dev/null; exit 3'
expect record-status "$status" 3
check "$work/events"
expect record-icount-check "$verdict" 0
guest --ram 64M --icount --record "$work/again" -- sh -c 'ls /bin >/dev/null; exit 3'
expect record-repeats "$(cmp "$work/events" "$work/again")" ''
guest --ram 64M --debug --record "$work/debug" -- true
check "$work/debug"
expect record-debug-check "$verdict" 0

# From the first: the zones, then all their memory is given to the buddy system.
first=$("$pagoda" events --to 3 "$work/events" | awk '{ print $1, $6 }' | tr '\n' ' ')
expect record-from-the-first "$first" '1 zone_open 2 zone_open 3 buddy_give '
last=$("$pagoda" events "$work/events" | tail -n 1 | awk '{ print $6 }')
expect record-to-the-last "$last" stream_end

# What a task did, by the name it had.
pid=$("$pagoda" events --type task_name "$work/events" | sed -n 's/.*pid=\([0-9a-fx]*\) name=ls$/\1/p')
expect_match record-task-name "$pid" '^[0-9a-fx]+$'
faults=$("$pagoda" events --pid $((pid)) --type fault --count "$work/events" | awk '{ print $2 }')
expect record-faults-counted "$("$pagoda" events --pid $((pid)) --type fault "$work/events" | wc -l)" "$faults"
expect_match record-has-faults "$faults" '^[1-9]'

# Tampered with: a record is missing, or one byte is another.
events=$((($(stat -c %s "$work/events") - header) / record))
at=$((header + events / 2 * record))
{ head -c $at "$work/events"; tail -c +$((at + record + 1)) "$work/events"; } >"$work/dropped"
check "$work/dropped"
expect record-dropped "$verdict" 1
expect_match record-dropped-said "$(cat "$work/verdict")" 'records are missing'
for byte in 0 9 13 14 20; do
	cp "$work/events" "$work/changed"
	old=$(od -An -tu1 -j $((at + byte)) -N 1 "$work/events")
	printf "\\$(printf %o $((old ^ 1)))" |
		dd of="$work/changed" bs=1 seek=$((at + byte)) conv=notrunc 2>/dev/null
	check "$work/changed"
	expect "record-changed-$byte" "$verdict" 1
done
head -c $((at + 10)) "$work/events" >"$work/cut"
check "$work/cut"
expect record-cut "$verdict" 1

# The other PC.
for arch in i386 i386-pae; do
	guest --ram 128M --arch $arch --record "$work/$arch" -- sh -c "$load"
	expect record-$arch "$status $(out | tail -n 1)" '0 done'
	check "$work/$arch"
	expect check-$arch "$verdict" 0
done

# A machine that is not switched off: what there is can be read, and is not taken for whole.
LIMIT=2 guest --ram 64M --record "$work/killed" -- sh -c 'while :; do :; done'
expect record-killed "$status" 124
expect_match record-killed-said "$(err)" 'was not switched off'
check "$work/killed"
expect record-killed-check "$verdict" 1
expect_match record-killed-verdict "$(cat "$work/verdict")" 'ends in the middle'

# docs/events.md explains every event.
events=$(sed -n 's/^EVENT(\([a-z_]*\),.*/\1/p' "$(dirname "$0")/../../mm/trace/events.def")
for event in $events; do
	grep -q "^|.*\<$event\>.*|.*|" "$(dirname "$0")/../../docs/events.md" || echo "$event"
done >"$work/unexplained"
expect record-all-explained "$(cat "$work/unexplained")" ''

# Mistakes, and a kernel that is not asked to record.
guest --record /no/such/file -- true
expect record-no-file "$status" 2
expect_match record-no-file-said "$(err)" '/no/such/file: No such file'
guest --record /dev/full -- true
expect record-full "$status" 125
expect_match record-full-said "$(err)" 'No space left'
check "$0"
expect check-no-stream "$verdict" 2
guest -- sh -c 'echo 1 >/proc/mm_mark'
expect_match mark-unrecorded "$status $(err)" '^1 .*No such device'
finish
