# What the kernel must not be able to do by mistake ends in a panic that says so: each of
# them is tried (provoke-crash of the debug build), and what the CPU forbids is tried once more on a
# CPU that does not, to see that the trial is one.
. "$(dirname "$0")/lib.sh"

if [ -n "${KERNEL-}" ]; then
	ok "protection # skip another kernel"
	finish
fi

try() { # ACT [OPTION...]
	local act=$1
	shift
	guest --debug "$@" -- sh -c "mkdir -p /sys/kernel/debug
		mount -t debugfs none /sys/kernel/debug
		echo $act >/sys/kernel/debug/provoke-crash/DIRECT
		echo survived" </dev/null
}

forbidden() { # ACT MESSAGE
	try "$1"
	expect_match "protection-$1" "$status $(out) $(err | grep BUG:)" "^125 .*BUG: $2"
}

forbidden EXEC_USERSPACE 'execution of user memory'
forbidden ACCESS_USERSPACE 'user memory touched with the gate closed'
forbidden EXEC_NULL 'execution of user memory, address or code 0'
forbidden ACCESS_NULL 'user memory touched with the gate closed, address or code 0'
for act in EXEC_DATA EXEC_RODATA EXEC_STACK EXEC_KMALLOC EXEC_VMALLOC; do
	forbidden $act 'execution of memory that is no code'
done
for act in WRITE_RO WRITE_KERN WRITE_ALIAS; do
	forbidden $act 'write to read-only kernel memory'
done

allowed() { # ACT CPU
	try "$1" --qemu-args "-cpu $2" --append loglevel=7
	expect_match "protection-$1-without" "$status $(out) $(err | grep provoke:)" \
		"^0 survived .*provoke: $1 went through"
}
allowed EXEC_USERSPACE max,-smep
allowed ACCESS_USERSPACE max,-smap
allowed EXEC_DATA max,-nx
finish
