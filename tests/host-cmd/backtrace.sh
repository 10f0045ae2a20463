# What a panic or a hang leaves: the calls of every CPU.
. "$(dirname "$0")/lib.sh"

[ -n "${KERNEL-}" ] && { echo "# backtrace: only with our own kernel"; finish; }
build=${BUILD:-build}
tools/need.sh gdb=gdb || exit

# report: what the kernel said on its console, without time stamps, in one line.
report() {
	sed 's/^\[[^]]*\] //' "$work/err" | tr '\n' '|'
}

# A panic: its own calls, then each other CPU's, in the kernel and in a program.
panics() { # NAME OPTION...
	local name=$1
	shift
	guest "$@" --cpus 3 -- sh -c 'while :; do :; done & cat /dev/zero >/dev/null & sleep 1
		echo c >/proc/sysrq-trigger'
	expect "$name-status" $status 125
	expect "$name-cpus" "$(grep -c 'NMI backtrace for cpu [0-2]$' "$work/err")" 2
	expect_match "$name-own" "$(report)" \
		'Kernel panic - not syncing: sysrq triggered crash\|CPU: [0-2] PID: [0-9]+ Comm: [a-z]+\|Call trace:\| [^|]*write_sysrq'
	expect_match "$name-other" "$(report)" \
		'NMI backtrace for cpu [0-2]\|CPU: [0-2] PID: [0-9]+ Comm: [a-z]+\|RIP: 00(10|33):'
	expect_match "$name-end" "$(report)" \
		'NMI backtrace.*---\[ end Kernel panic - not syncing: sysrq triggered crash \]---\|pagoda: '
}
panics panic-backtrace
panics panic-backtrace-debug --debug

# A fault of the kernel's own, made by gdb: registers and all CPUs.
guest_with_gdb() { # LIMIT GDB-COMMAND... -- OPTION... PROGRAM...
	local limit=$1 commands=()
	shift
	while [ "$1" != -- ]; do
		commands+=(-ex "$1")
		shift
	done
	shift
	"$pagoda" run --timeout "$limit" --gdb="$work/socket" "$@" >"$work/out" 2>"$work/err" &
	eventually [ -S "$work/socket" ]
	timeout 60 "$pagoda" gdb "$work/socket" -- -batch "${commands[@]}" >"$work/gdb" 2>&1 </dev/null
	wait $!
	status=$?
}
guest_with_gdb 60 'hbreak entry_getppid' continue 'set var $rip = 0xffffffff00000000' 'delete' \
	detach -- --cpus 2 "$build/guest-tests/programs/still" /proc/buddyinfo
expect oops-status $status 125
expect_match oops-report "$(report)" \
	'BUG: execution of memory that is no code, [^|]*\|CPU: [01] PID: [0-9]+ Comm: still\|RIP: 0010:0xffffffff00000000\|.*NMI backtrace for cpu [01]\|CPU: [01] PID: 0 Comm: swapper/[01]\|.* cpu_idle\+.*Fatal exception'

# A program that never ends: the time is over, the kernel says where it was.
LIMIT=4 guest --cpus 2 -- sh -c 'while :; do :; done'
expect hang-program-status $status 124
expect "hang-program-cpus" "$(grep -c 'NMI backtrace for cpu [01]$' "$work/err")" 2
# In the program, or in an interrupt that it had just got.
expect_match hang-program-user "$(report)" \
	'CPU: [01] PID: [0-9]+ Comm: busybox\|RIP: (0033:0x|[^|]*\|([A-Z][^|]*\|)*Call trace:\|( [^<|]*\|)* <exception>\|[^ ])'
# The other CPU idles, or an interrupt had just woken it.
expect_match hang-program-idle "$(report)" \
	'Comm: swapper/[01]\|RIP: 0010:(cpu_idle\+|[^|]*\|([A-Z][^|]*\|)*Call trace:\|( [^|]*\|)* cpu_idle\+)'
expect_match hang-program-told "$(tail -n 1 "$work/err")" '^pagoda: timeout after 4'

# SIGALRM does the same, which is how tests/guest/harness.sh ends a machine that hangs.
"$pagoda" run -- sh -c 'echo begun; while :; do :; done' >"$work/out" 2>"$work/err" &
eventually grep -q begun "$work/out"
kill -ALRM $!
wait $!
expect_match hang-alarm "$? $(report)" '^124 .*NMI backtrace for cpu 0\|.*timeout after'

# A kernel that hangs: gdb takes a lock for good, that of the parent which a program needs to end, or the
# log's own, which is waited for with interrupts off and without which nothing can be printed.
guest_with_gdb 8 'hbreak entry_getppid' continue "set var 'kernel/family.c'::families[1].lock.raw.v = 1" delete detach -- \
	--cpus 2 "$build/guest-tests/programs/still" /proc/buddyinfo
expect hang-kernel-status $status 124
expect_match hang-kernel-calls "$(report)" \
	'Comm: still\|RIP: 0010:[^|]*\|.*Call trace:\|( [^|]*\|)* do_(group_)?exit\+[^|]*\|( [^|]*\|)* syscall_entry'
expect "hang-kernel-cpus" "$(grep -c 'NMI backtrace for cpu [01]$' "$work/err")" 2
guest_with_gdb 8 'hbreak entry_getppid' continue "set var 'lib/printk.c'::log_lock = 1" \
	"set var 'lib/printk.c'::console_lock = 1" delete detach -- \
	"$build/guest-tests/programs/still" /proc/buddyinfo
expect hang-log-status $status 124
expect_match hang-log-calls "$(report)" \
	'NMI backtrace for cpu 0\|.*RIP: 0010:[^|]*\|.*Call trace:\|.* printk\+[^|]*\|'
finish
