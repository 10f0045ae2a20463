# pagoda run --disk: what the guest wrote and synced is in the file, and the next machine reads it; read-only
# disks stay as they are; what QEMU calls virtio without us works, too; errors of the disk are told.
. "$(dirname "$0")/lib.sh"

disk=$work/disk
"$(dirname "$0")/../guest/lib/disk.py" "$disk"
cp "$disk" "$work/other,disk"
before=$(md5sum <"$disk")

# Two disks, one of them not to be written, the name of the file with a comma in it.
guest --disk "$disk" --disk "$work/other,disk:ro" -- sh -c '
	cat /sys/block/vda/size /sys/block/vdb/ro
	cut -d" " -f2- /sys/class/block/vda1/stat | cut -c1-2
	md5sum </dev/vdb
	echo no >/dev/vdb; echo $?
	yes pagoda | dd of=/dev/vda2 bs=64k count=8 iflag=fullblock conv=fsync
	dd if=/dev/vda2 of=/dev/vda2 bs=4k count=16 seek=256 conv=notrunc
	sync'
expect disk-guest-sees "$(sed -n '1,2p;4,5p' "$work/out" | tr '\n' ' ')" "32768 1 $before 1 "
expect disk-read-only "$(md5sum <"$work/other,disk")" "$before"
expect disk-written "$(dd if="$disk" bs=512 skip=8192 count=1024 2>/dev/null | md5sum)" \
	"$(yes pagoda | head -c 524288 | md5sum)"

# After a reboot, so to say.
guest --disk "$disk" -- sh -c 'dd if=/dev/vda2 bs=64k count=8 | md5sum; dd if=/dev/vda2 bs=4k skip=256 count=16 | md5sum'
expect disk-read-again "$(out | tr '\n' ' ')" \
	"$(yes pagoda | head -c 524288 | md5sum) $(yes pagoda | head -c 65536 | md5sum) "

# A file that is not there, and one that cannot be written.
guest --disk "$work/none" -- true
expect disk-none "$status" 125
expect_match disk-none-why "$(err)" "none.*No such file"

# QEMU's own words: -drive if=virtio, a modern device, another machine (where lines of interrupts go elsewhere).
drive="-drive file=$disk,format=raw"
qemu() { # NAME QEMU-ARGUMENTS
	guest --qemu-args "$2" -- sh -c 'dd if=/dev/vda2 bs=64k count=8 | md5sum'
	expect "disk-qemu-$1" "$(out)" "$(yes pagoda | head -c 524288 | md5sum)"
}
qemu plain "$drive,if=virtio"
qemu modern "$drive,if=none,id=d -device virtio-blk-pci,drive=d,disable-legacy=on"
qemu line "$drive,if=none,id=d -device virtio-blk-pci,drive=d,vectors=0"
qemu q35 "-M q35 $drive,if=virtio"
guest --append nolapic --disk "$disk" -- sh -c 'dd if=/dev/vda2 bs=64k count=8 | md5sum'
expect disk-without-apic "$(out)" "$(yes pagoda | head -c 524288 | md5sum)"

# QEMU's blkdebug gives EIO: a read fails, a write that fails is told by fsync, once to each who asks.
cat >"$work/bad" <<'CONF'
[inject-error]
event = "read_aio"
errno = "5"
sector = "8300"
[inject-error]
event = "write_aio"
errno = "5"
sector = "8400"
CONF
guest --qemu-args "-drive file=blkdebug:$work/bad:$disk,format=raw,if=virtio,werror=report,rerror=report" \
	-- "${BUILD:-build}/guest-tests/programs/diskerrors"
expect disk-errors "$(out)" "read EIO
other read ok
write ok
fsync EIO
fsync again ok
other fsync EIO
direct EIO
later fsync ok"
finish
