#!/bin/bash
# gdb.sh PAGODA [PROGRAM [ARGUMENT...]]: a machine that waits, and gdb on it, in one terminal.
#
# The program's output goes to a file. For a program that reads from a terminal use two of them:
# `pagoda run --gdb' in one, `pagoda gdb' in the other. From the environment: GDB_OPTIONS, more
# options of `pagoda run' (GDB_OPTIONS="--cpus 2"); KERNEL_OPTION, --debug or nothing.
set -eu
pagoda=$1
shift
[ $# -gt 0 ] || set -- sh -c 'cat /proc/meminfo; while :; do sleep 1; done'
tools/need.sh gdb=gdb qemu-system-x86_64=qemu-system-x86
dir=$(mktemp -d)
# A session of its own: ^C is meant for gdb.
# shellcheck disable=SC2086 # options are words
setsid "$pagoda" run ${KERNEL_OPTION---debug} ${GDB_OPTIONS-} --append loglevel=7 --gdb="$dir/gdb" \
	-- "$@" >"$dir/out" 2>&1 </dev/null &
machine=$!
trap 'kill -KILL $machine 2>/dev/null || true; rm -rf "$dir"' EXIT
for ((i = 0; i < 200; i++)); do
	[ -S "$dir/gdb" ] && break
	sleep 0.05
done
echo "The program's output and the kernel's messages: $dir/out.  \`help pg' lists the commands."
"$pagoda" gdb ${KERNEL_OPTION---debug} "$dir/gdb" -- -ex "hbreak start_kernel" -ex continue
