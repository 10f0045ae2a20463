# X1 over a reboot: /proc/buddyinfo of a fresh machine, when a load has fragmented its memory, and
# fresh again when the machine has rebooted itself. QEMU's own command line, a machine of busybox alone.
. "$(dirname "$0")/lib.sh"

image=${KERNEL:-${BUILD:-build}/x86_64/pagoda.elf}
mkdir -p "$work/root/bin" "$work/root/proc" "$work/root/dev" "$work/root/tmp"
cp "$(command -v busybox)" "$work/root/bin/busybox"
# Four thousand files of a page each, every second of which goes.
cat >"$work/root/init" <<'SCRIPT'
#!/bin/busybox sh
PATH=/bin
busybox mount -t devtmpfs dev /dev
busybox mount -t proc proc /proc
exec >/dev/ttyS0
busybox sed 's/^/fresh /' /proc/buddyinfo
cd /tmp
i=0
while [ $((i += 1)) -le 4000 ]; do echo $i >$i; done
busybox rm *[13579]
busybox sed 's/^/fragmented /' /proc/buddyinfo
busybox sleep 1
busybox reboot -f
SCRIPT
chmod +x "$work/root/init"
ln -s busybox "$work/root/bin/sh"
(cd "$work/root" && find . | sort | busybox cpio -o -H newc 2>/dev/null) >"$work/cpio"

: >"$work/serial"
timeout 120 qemu-system-x86_64 -kernel "$image" -initrd "$work/cpio" -append "console=ttyS0 panic=-1" \
	-m 128 -display none -serial "file:$work/serial" -monitor none 2>"$work/qemu" &
qemu=$!
boots() { # COUNT: so many boots have come to the end of their load
	[ "$(grep -ac '^fragmented .*DMA32' "$work/serial")" -ge "$1" ]
}
eventually boots 2
kill $qemu 2>/dev/null
wait $qemu 2>/dev/null

# pages WORD BOOT ORDER...: free pages in blocks of these orders, of all zones.
pages() {
	local word=$1 boot=$2
	shift 2
	tr -d '\r' <"$work/serial" | awk -v word="$word" -v boot="$boot" -v orders="$*" '
		$1 == word && $5 == "DMA" { seen++ }
		$1 == word && seen == boot {
			n = split(orders, order)
			for (i = 1; i <= n; i++) sum += $(6 + order[i]) * 2 ^ order[i]
		}
		END { print sum + 0 }'
}
large="7 8 9 10"
fresh=$(pages fresh 1 $large)
again=$(pages fresh 2 $large)
singles=$(($(pages fragmented 1 0) - $(pages fresh 1 0)))
expect_true() { # NAME COMMAND...
	local name=$1
	shift
	if "$@"; then ok "$name"; else not_ok "$name" "not so: $*"; fi
}
expect_true reboot-whole test "$fresh" -ge 10000
expect_true reboot-fragmented test "$singles" -ge 1500
expect_true reboot-whole-again test "$again" -ge $((fresh * 98 / 100))
finish
