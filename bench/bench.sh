#!/bin/bash
# bench.sh: guest instructions of the rows in bench/goals, on Pagoda and on Linux, in the same
# QEMU with the same initramfs.  KERNEL: the Linux kernel; without it Debian's is fetched.
set -u
here=$(dirname "$0")
built=${BUILD:-build}
kernel=${KERNEL:-$(tools/linux.sh "$built/linux")}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/root/bin" "$work/root/dev"
cp "$built/bench/guest" "$work/root/init"
cp "$(command -v busybox)" "$work/root/bin/busybox"
(cd "$work/root" && find . | LC_ALL=C sort | cpio -o -H newc --quiet) >"$work/cpio"
gzip -9n <"$work/cpio" >"$work/cpio.gz"

# machine KERNEL INITRD MEMORY COMMAND-LINE: what the program says.
machine() {
	timeout "${LIMIT:-600}" qemu-system-x86_64 -kernel "$1" -initrd "$2" -m "$3" -append "console=ttyS0 panic=-1 $4" \
		-cpu max,-erms,-fsrm -icount shift=0,sleep=off -display none -serial stdio \
		-no-reboot -monitor none </dev/null 2>"$work/qemu" | tr -d '\r' |
		sed 's/^.*\x1b\[[0-9;?]*[A-Za-z]//' | grep -aE '^([a-z0-9_]+ [0-9]+|meminfo .*)$'
}

# figures KERNEL COMMAND-LINE: all rows of one kernel, "name figure".
figures() {
	machine "$1" "$work/cpio.gz" 1024 "$2"
	machine "$1" "$work/cpio.gz" 256 "$2 -- boot" >"$work/boot"
	grep boot_to_init "$work/boot"
	awk '$1 == "meminfo" { print "kib_used_with_shell", 262144 - $3 }' "$work/boot"
	machine "$1" "$work/cpio" 256 "$2 -- boot" | sed -n 's/^boot_to_init/boot_to_init_plain_cpio/p'
}

figures "$built/x86_64/pagoda.elf" "quiet" >"$work/pagoda"
figures "$kernel" "quiet mitigations=off init_on_alloc=0 cgroup_disable=memory audit=0 transparent_hugepage=never" \
	>"$work/linux"
if ! [ -s "$work/pagoda" ]; then
	cat "$work/qemu" >&2
	echo "bench.sh: nothing was measured" >&2
	exit 1
fi

printf '%-28s %12s %12s %8s %12s\n' "guest instructions" Linux Pagoda ratio goal
awk -v linux="$work/linux" -v goals="$here/goals" '
	BEGIN {
		while ((getline <linux) > 0) there[$1] = $2
		while ((getline <goals) > 0) goal[$1] = $3
	}
	{
		printf "%-28s %12s %12s %8s %12s\n", $1, ($1 in there ? there[$1] : "-"), $2,
			(there[$1] ? sprintf("%.3f", $2 / there[$1]) : "-"), ($1 in goal ? goal[$1] : "-")
	}' "$work/pagoda"
