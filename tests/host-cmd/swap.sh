# pagoda run --swap: areas are there, in their order, and used; what the machine says it wrote and read is what
# QEMU has seen; errors of the disk hit those who need what cannot be read, and nobody else.
. "$(dirname "$0")/lib.sh"

here=$(dirname "$0")

guest --ram 64M --swap 40K --swap 32M:7 --swap 1M:7 -- sh -c 'tail -n +2 /proc/swaps | tr -s " \t" " "'
expect swap-areas "$(out)" "/dev/vda partition 36 0 -2
/dev/vdb partition 32764 0 7
/dev/vdc partition 1020 0 7"

# More than there is memory, in files in memory.
cat >"$work/much" <<'SH'
mkdir /tmp/much
mount -t tmpfs -o size=100M none /tmp/much
seq 1 200000 >/tmp/much/1
cat /tmp/much/1 /tmp/much/1 /tmp/much/1 /tmp/much/1 /tmp/much/1 >/tmp/much/5
cat /tmp/much/5 /tmp/much/5 /tmp/much/5 >/tmp/much/a
cp /tmp/much/a /tmp/much/b
cat /tmp/much/a /tmp/much/b | md5sum
rm /tmp/much/1 /tmp/much/5
awk '$1 == "pswpout" && $2 > 1000 { print "out" } $1 == "pswpin" && $2 > 1000 { print "in" }' /proc/vmstat
rm /tmp/much/b
for area in $(awk 'NR > 1 { print $1 }' /proc/swaps); do swapoff $area || echo swapoff fails; done
md5sum </tmp/much/a
tail -n +2 /proc/swaps
echo >/proc/mm_check || echo wrong
SH
chmod +x "$work/much"
fifteen() {
	for _ in {1..15}; do seq 1 200000; done
}
a=$(fifteen | md5sum)
LIMIT=120 guest --ram 48M --swap 48M:1 --swap 32M:1 --add "$work/much:/much" -- sh /much
expect swap-much "$(out)" "$( (fifteen; fifteen) | md5sum)
in
out
$a"

# Disks in memory, by the machine's own clock: under pressure it does the same thing twice.
cat >"$work/twice" <<'SH'
mkdir /tmp/much
mount -t tmpfs -o size=100M none /tmp/much
seq 1 200000 >/tmp/much/1
for i in $(seq 32); do cat /tmp/much/1; done >/tmp/much/a
md5sum /tmp/much/a
cat /proc/vmstat /proc/meminfo /proc/swaps /proc/uptime
SH
twice() {
	LIMIT=120 guest --icount --ram 40M --swap 64M --swap 8M:3 --add "$work/twice:/twice" -- sh /twice
	out >"$work/twice.$1"
}
twice 1
twice 2
expect_match swap-icount "$(cat "$work/twice.1")" 'pswpout [0-9]{4,}'
expect swap-icount-repeats "$(cat "$work/twice.2")" "$(cat "$work/twice.1")"

# What QEMU counts, and what the machine does.
cat >"$work/count" <<'SH'
mkdir /tmp/much
mount -t tmpfs -o size=100M none /tmp/much
dd if=/dev/urandom of=/tmp/much/a bs=1M count=60 2>/dev/null
md5sum </tmp/much/a >/dev/null
sync
sleep 1
awk '/^pswp/ { print $1, $2 * 4096 }' /proc/vmstat
echo done
read wait
SH
mkfifo "$work/stdin"
"$pagoda" run --timeout 100 "${kernel[@]}" --ram 48M --swap 96M --add "$work/count:/count" \
	--qemu-args "-chardev socket,id=look,path=$work/monitor,server=on,wait=off -mon look" \
	-- sh /count <"$work/stdin" >"$work/out" 2>"$work/err" &
exec 7>"$work/stdin"
eventually grep -q done "$work/out"
python3 "$here/monitor.py" "$work/monitor" 'info blockstats' >"$work/stats"
echo >&7
exec 7>&-
wait
written=$(sed -n 's/^swap0.* wr_bytes=\([0-9]*\).*/\1/p' "$work/stats")
read=$(sed -n 's/^swap0.* rd_bytes=\([0-9]*\).*/\1/p' "$work/stats")
pswpout=$(sed -n 's/^pswpout //p' "$work/out")
pswpin=$(sed -n 's/^pswpin //p' "$work/out")
# The machine has gone on for a moment since it said so.
close_to() { # NAME FOUND WANTED
	expect "$1" "$(($2 >= $3 && $2 - $3 <= 262144))" 1
}
close_to swap-written-counted "$written" "$pswpout"
# The header (a page) and the sector with the partition table have been read, too.
close_to swap-read-counted "$read" "$((pswpin + 4096 + 512))"

# Slot 101 cannot be read, slot 201 not be written once.
truncate -s 8M "$work/disk"
cat >"$work/bad" <<'CONF'
[inject-error]
event = "read_aio"
errno = "5"
sector = "808"
[inject-error]
event = "write_aio"
errno = "5"
sector = "1608"
once = "on"
CONF
guest --ram 64M --qemu-args "-drive file=blkdebug:$work/bad:$work/disk,format=raw,if=virtio,werror=report,rerror=report" \
	-- "$programs/swaperrors"
expect swap-errors "$(out)" "slots found
child: SIGBUS, others: 319 ok, 0 SIGBUS, 0 wrong
parent: SIGBUS, others: 319 ok, 0 SIGBUS, 0 wrong
swapoff ok
afterwards: SIGBUS, others: 319 ok, 0 SIGBUS, 0 wrong
new child: SIGBUS, others: 319 ok, 0 SIGBUS, 0 wrong"

# A slot of five hundred cannot be written, and never will: under pressure nobody has lost anything.
truncate -s 80M "$work/worn"
for slot in $(seq 300 501 20000); do
	printf '[inject-error]\nevent = "write_aio"\niotype = "write"\nerrno = "5"\nsector = "%d"\n' $((slot * 8))
done >"$work/bad"
cat >"$work/worn.sh" <<'SH'
mkswap /dev/vda >/dev/null && swapon /dev/vda && /suite reclaim | grep -v '^#' | sed 's/ # .*//'
[ "$(dmesg | grep -c 'swap: write error')" -gt 0 ] && echo errors
echo 1 >/proc/mm_check && echo sound
SH
LIMIT=120 guest --ram 40M --cpus 2 --add "${BUILD:-build}/guest-tests/suite-musl:/suite" --add "$work/worn.sh:/worn.sh" \
	--qemu-args "-drive file=blkdebug:$work/bad:$work/worn,format=raw,if=virtio,werror=report,rerror=report" \
	-- sh /worn.sh
expect swap-worn-disk "$(out | grep -v '^ok')" "errors
sound"
expect_match swap-worn-disk-done "$(out)" 'ok reclaim-in-order.*ok reclaim-forked'
finish
