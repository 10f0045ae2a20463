# High memory of the i386 kernels: how far each of them reaches, highmem=, and machines of many GiB
# with PAE, of which the host has to promise the addresses, not the memory (reserve=off).
. "$(dirname "$0")/lib.sh"

if [ -n "${KERNEL-}" ]; then
	finish # another kernel than ours, of one architecture
fi

# machine NAME ARCH RAM OPTION...: boots it, and leaves meminfo and the kernel's words in $work/out.
cat >"$work/script" <<'SCRIPT'
#!/bin/sh
cat /proc/meminfo
dmesg
free -m | awk '/^Mem:/ { print "free-says", $2 }'
head -c 20000000 /dev/zero >/tmp/file && wc -c </tmp/file | sed 's/^/wrote /'
SCRIPT
chmod +x "$work/script"
machine() {
	local name=$1 arch=$2 ram=$3
	shift 3
	LIMIT=200 guest --arch "$arch" --ram "$ram" "$@" \
		--qemu-args "-object memory-backend-ram,size=$ram,id=ram,reserve=off -machine memory-backend=ram" \
		-- "$work/script" </dev/null
	if [ $status != 0 ]; then
		not_ok "$name" "status $status: $(err | head -n 3)"
	else
		expect "$name" "$(grep ^wrote "$work/out")" 'wrote 20000000'
	fi
}

# mib KEY: of meminfo.
mib() {
	echo $(($(awk -v key="$1:" '$1 == key { print $2 }' "$work/out") / 1024))
}

within() { # NAME FOUND LOW HIGH
	if [ "$2" -ge "$3" ] && [ "$2" -le "$4" ]; then
		ok "$1"
	else
		not_ok "$1" "$2 is not from $3 to $4"
	fi
}

says() { # NAME REGEXP
	if grep -qE "$2" "$work/out"; then
		ok "$1"
	else
		not_ok "$1" "nothing in dmesg like $2"
	fi
}

machine highmem-none i386 2G --append highmem=0
within highmem-none-total "$(mib MemTotal)" 880 896
expect highmem-none-high "$(mib HighTotal)" 0
says highmem-none-warns 'Only 895 MiB of 2047 MiB of RAM are used'
machine highmem-some i386 2G --append highmem=256M
expect highmem-some-high "$(mib HighTotal)" 256
machine highmem-small i386 64M --append highmem=32M
expect highmem-small-high "$(mib HighTotal)" 32

# Two levels reach 4 GiB of addresses, of which the PC's devices have one.
machine highmem-two-levels i386 6G
within highmem-two-levels-total "$(mib MemTotal)" 3030 3072
says highmem-two-levels-warns 'Only 3071 MiB of 6143 MiB of RAM are used.*page tables'

for gib in 8 16 60; do
	machine highmem-pae-$gib i386-pae ${gib}G
	within highmem-pae-$gib-total "$(mib MemTotal)" $((gib * 1014)) $((gib * 1024))
	within highmem-pae-$gib-low "$(mib LowTotal)" $((880 - gib * 8 - gib / 4)) 896
	within highmem-pae-$gib-free "$(awk '/^free-says/ { print $2 }' "$work/out")" $((gib * 1014)) $((gib * 1024))
	if [ $gib = 60 ]; then
		says highmem-pae-$gib-warns 'More than 16 GiB'
	fi
done

# All windows open at once, by readers that sleep: who needs another one sleeps, too, and gets it. The disk
# takes 8 seconds for a page.
head -c 2M /dev/zero >"$work/disk"
LIMIT=200 guest --arch i386 --debug --ram 1280M --cpus 2 --qemu-args "-drive
	file=$work/disk,format=raw,if=virtio,throttling.iops-total=1,throttling.iops-size=512" \
	--add "${BUILD:-build}/guest-tests/i386/programs/windows:/bin/windows" \
	-- sh -c 'windows /dev/vda; echo 1 >/proc/mm_check && echo sound' </dev/null
expect highmem-windows "$(out | tr '\n' ' ')" 'alone 1 meanwhile 1 0 after 2 1150 wrong 0 sound '
finish
