# X10: two swap areas on two disks, each of which does 8 MiB a second. With one priority they take turns and are twice as
# fast as one; with two the higher one is filled first, and is as slow as if it were alone.
. "$(dirname "$0")/lib.sh"

swapon=$(PATH=$PATH:/sbin:/usr/sbin command -v swapon) # Debian's busybox leaves out priorities

cat >"$work/script" <<'SCRIPT'
#!/bin/sh
mkdir /t
mkswap /dev/vda >/dev/null
mkswap /dev/vdb >/dev/null
used() { # DEVICE: KiB
	awk -v device="$1" '$1 == device { print $4 }' /proc/swaps
}
now() { # 1/100 s
	awk '{ print int($1 * 100) }' /proc/uptime
}
fill() { # NAME, with the areas of /etc/fstab
	swapon.util-linux -a
	mount -t tmpfs -o size=80M none /t
	start=$(now)
	dd if=/dev/zero of=/t/file bs=1M count=68 2>/dev/null
	echo "$1" $(($(now) - start)) "$(used /dev/vda)" "$(used /dev/vdb)"
	umount /t
	swapoff -a
}
area() { # DEVICE PRIORITY: a line of fstab
	echo "/dev/$1 none swap sw,pri=$2 0 0"
}
mkdir -p /etc
(area vda 1; area vdb 1) >/etc/fstab
fill equal
(area vda 5; area vdb 1) >/etc/fstab
fill unequal
area vda 1 >/etc/fstab
fill alone
SCRIPT
chmod +x "$work/script"
drives=
for disk in a b; do
	truncate -s 64M "$work/$disk"
	drives+=" -drive file=$work/$disk,format=raw,if=none,id=$disk,cache=unsafe,throttling.bps-total=8388608"
	drives+=" -device virtio-blk-pci,drive=$disk"
done
LIMIT=120 guest --ram 32M --add "$swapon:/bin/swapon.util-linux" --qemu-args "$drives" -- "$work/script" </dev/null

read -r _ equal a b <<<"$(grep '^equal' "$work/out")"
read -r _ unequal first second <<<"$(grep '^unequal' "$work/out")"
read -r _ alone _ <<<"$(grep '^alone' "$work/out")"
expect stripes-ends "$status $(wc -l <"$work/out")" "0 3"
holds() { # NAME CONDITION
	if (($2)); then ok "$1"; else not_ok "$1" "$2; $(tr '\n' '|' <"$work/out")"; fi
}
holds stripes-share "${a:-0} > 8192 && ${b:-0} > 8192 && $((${a:-0} - ${b:-0})) ** 2 < 4096 ** 2"
holds stripes-higher-first "${first:-0} > 24576 && ${second:-1} == 0"
holds stripes-faster "10 * ${alone:-0} > 16 * ${equal:-1}"
holds stripes-higher-alone "10 * ${unequal:-0} > 16 * ${equal:-1}"
finish
