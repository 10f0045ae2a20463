#!/bin/sh
# Debug the kernel: QEMU in the background on a socket of its own, its console in a file, gdb here.
#   tools/gdb.sh KERNEL INITRD COMMAND-LINE
set -eu
kernel=$1 initrd=$2 cmdline=$3
tools/need.sh gdb=gdb qemu-system-x86_64=qemu-system-x86
dir=$(mktemp -d)
qemu-system-x86_64 -kernel "$kernel" -initrd "$initrd" -append "$cmdline" -m "${MEM:-256}" \
	-cpu "${CPU:-max}" -display none -serial "file:$dir/console" \
	-chardev "socket,path=$dir/gdb,server=on,wait=off,id=gdb" -gdb chardev:gdb -S &
qemu=$!
trap 'kill $qemu 2>/dev/null; rm -rf "$dir"' EXIT
while [ ! -S "$dir/gdb" ]; do sleep 0.1; done
echo "console output: $dir/console"
gdb -q "$kernel" -ex "target remote $dir/gdb" -ex "hbreak start_kernel" -ex continue
