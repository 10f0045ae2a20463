# Out of memory: the one who takes it all is killed and the shell goes on; or, if that is wanted, nobody does. And short of it.
. "$(dirname "$0")/lib.sh"

guest --ram "${RAM:-32}M" -- sh -c 'tail /dev/zero; echo $?; echo alive; dmesg | grep -o "Out of memory: Killed process .*) total-vm"'
expect_match oom-kills "$(out)" '^137
alive
Out of memory: Killed process [0-9]+ \((tail|busybox)\) total-vm$'

guest --ram "${RAM:-32}M" -- sh -c 'echo 1 >/proc/sys/vm/panic_on_oom; tail /dev/zero; echo alive'
expect oom-panic-status $status 125
expect oom-panic-output "$(out)" ""
expect_match oom-panic "$(cat "$work/err")" 'Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled'

[ -z "${RAM-}" ] || finish

# Ten times memory, with room for it in swap: nobody is killed, and the shell answers all the while.
guest --ram 32M --cpus 2 --swap 400M --add "$programs/hog:/bin/hog" -- sh -c '
	hog 320 320 </dev/null >/tmp/said &
	n=0
	until grep -q touched /tmp/said; do ls /bin >/dev/null; n=$((n+1)); done
	wait $!
	echo "hog: $?, answered: $([ $n -gt 20 ] && echo yes || echo $n times)"
	grep oom_kill /proc/vmstat'
expect shell-answers "$(out)" "hog: 0, answered: yes
oom_kill 0"

finish
