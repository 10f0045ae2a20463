# Initramfs of all kinds, good and broken, and a kernel that panics.
. "$(dirname "$0")/lib.sh"

# An initramfs made with busybox alone, whose init is a script.
mkdir -p "$work/root/bin" "$work/root/proc" "$work/root/dev"
cp "$(command -v busybox)" "$work/root/bin/busybox"
ln -s busybox "$work/root/bin/sh"
cat >"$work/root/init" <<'SCRIPT'
#!/bin/sh
/bin/busybox mount -t devtmpfs dev /dev
echo init runs >/dev/ttyS0
/bin/busybox seq 1 3 >/dev/ttyS0
/bin/busybox sleep 1
/bin/busybox poweroff -f
SCRIPT
chmod +x "$work/root/init"
(cd "$work/root" && find . | sort | busybox cpio -o -H newc 2>/dev/null) >"$work/good.cpio"
gzip -9 <"$work/good.cpio" >"$work/good.gz"

boots() { # NAME FILE
	guest --initrd "$2" </dev/null
	expect_match "$1" "$status $(out | tr -d '\r' | grep -A3 'init runs' | tr '\n' ' ')" \
		'^0 .*init runs 1 2 3 '
}
boots boot-cpio "$work/good.cpio"
boots boot-gzip "$work/good.gz"
cat "$work/good.cpio" "$work/good.gz" >"$work/two"
boots boot-two-archives "$work/two"

# A later archive replaces names: a file where a link was leaves the link's target alone.
mkdir -p "$work/first/bin" "$work/second"
ln -s bin/busybox "$work/first/name"
ln -s nowhere "$work/first/link"
mkdir "$work/first/place"
echo file >"$work/second/name"
ln -s bin "$work/second/link"
echo file >"$work/second/place"
cat >"$work/second/init" <<'SCRIPT'
#!/bin/sh
/bin/busybox mount -t devtmpfs dev /dev
cd /
echo names "$(/bin/busybox cat name place)" $(/bin/busybox readlink link) >/dev/ttyS0
/bin/busybox sleep 1
/bin/busybox poweroff -f
SCRIPT
chmod +x "$work/second/init"
for part in first second; do
	(cd "$work/$part" && find . | sort | busybox cpio -o -H newc 2>/dev/null) >"$work/$part.cpio"
done
cat "$work/good.cpio" "$work/first.cpio" "$work/second.cpio" >"$work/three"
guest --initrd "$work/three" </dev/null
expect_match boot-names "$status $(out | tr -d '\r' | tr '\n' ' ')" '^0 .*names file file bin'

# Broken ones: the kernel says so and stops; the status is 125.
broken() { # NAME FILE
	guest --initrd "$2" </dev/null
	if [ $status != 125 ]; then
		not_ok "$1" "exit status $status, not 125"
	else
		expect_match "$1" "$(cat "$work/out" "$work/err")" \
			'([Ii]nitramfs|[Ii]nitrd|RAMDISK|mount root|[Nn]o .*init)'
	fi
}
size=$(stat -c %s "$work/good.cpio")
head -c $((size / 2)) "$work/good.cpio" >"$work/short.cpio"
broken boot-short-cpio "$work/short.cpio"
head -c 100000 "$work/good.gz" >"$work/short.gz"
broken boot-short-gzip "$work/short.gz"
{ head -c 300000 "$work/good.gz"; head -c 1000 /dev/zero; tail -c +301001 "$work/good.gz"; } >"$work/bad.gz"
broken boot-corrupt-gzip "$work/bad.gz"
{ head -c 120 "$work/good.cpio"; echo garbage; tail -c +200 "$work/good.cpio"; } >"$work/bad.cpio"
broken boot-corrupt-cpio "$work/bad.cpio"
head -c 50000 /dev/urandom >"$work/noise"
broken boot-noise "$work/noise"
: >"$work/empty"
broken boot-empty "$work/empty"

# The direct map (S18): pages as large as the CPU has them, little of it in small ones.
direct_map() { # NAME LARGEST OPTION...
	local name=$1 largest=$2
	shift 2
	guest --ram 2560M "$@" -- cat /proc/meminfo </dev/null
	expect "$name" "$(awk -v largest="$largest" '
		$1 == "MemTotal:" { total = $2 }
		/^DirectMap/ { sum += $2; size[$1] = $2 }
		END {
			good = sum >= total && size["DirectMap4k:"] < 8192 && size[largest] >= 1048576
			print good ? "right" : "wrong"
		}' "$work/out")" right
}
direct_map direct-map-1g DirectMap1G:
direct_map direct-map-2m DirectMap2M: --qemu-args '-cpu qemu64'

# A panic shows the kernel's console on stderr.
guest -- sh -c 'echo before; echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger' </dev/null
expect panic-status "$status $(out)" '125 before'
expect_match panic-console "$(err)" 'panic'
expect_match panic-told "$(tail -n 1 "$work/err")" '^pagoda: the kernel stopped without'

# The console comes along when it is asked for.
guest --append loglevel=7 -- echo program
expect console-stdout "$status $(out)" '0 program'
expect_match console-stderr "$(err)" 'Linux version|[Mm]emory'

# QEMU's own complaints are not lost.
guest --qemu-args '-device no-such-device' -- true
expect_match qemu-refuses "$status $(err)" '^125 .*no-such-device'
finish
