# pagoda run --append reclaim_policy=NAME: which pages go first is chosen on the command line, and can be seen
# by what comes back.
. "$(dirname "$0")/lib.sh"

[ -z "${KERNEL-}" ] || finish # others have no such choice

policy=/sys/kernel/mm/reclaim/policy

guest -- cat $policy
expect policy-default "$(out)" "[two-lists] fifo"

guest --append reclaim_policy=fifo -- sh -c "cat $policy; dmesg | grep -o 'reclaim: policy.*'"
expect policy-chosen "$(out)" "two-lists [fifo]
reclaim: policy fifo"

guest --append reclaim_policy=best -- sh -c "cat $policy; dmesg | grep -o 'reclaim_policy=best: .*'"
expect policy-unknown "$(out)" "[two-lists] fifo
reclaim_policy=best: there is no such policy"

# Some memory that is read again and again beside more that is written once. How much of it comes back?
cat >"$work/hot" <<'SH'
mkdir /tmp/much
mount -t tmpfs -o size=100M none /tmp/much
cd /tmp/much
yes hot | head -c 6291456 >hot
for i in $(seq 20); do
	yes cold | head -c 3145728 >>cold
	cat hot hot >/dev/null
done
awk '$1 == "pswpin" { print $2 }' /proc/vmstat
{ md5sum <hot; md5sum <cold; echo >/proc/mm_check; echo $?; } >&2
SH
back() {
	LIMIT=120 guest --ram 40M --swap 96M --append "$1" --add "$work/hot:/hot" -- sh /hot
	out
	grep -v '^\[' "$work/err" >"$work/sums.$1"
}
two_lists=$(back reclaim_policy=two-lists)
fifo=$(back reclaim_policy=fifo)
echo "# $two_lists pages read from swap with two lists, $fifo first in, first out"
expect policy-second-chance "$((two_lists < fifo / 4))" 1
expect policy-nothing-lost "$(cat "$work/sums.reclaim_policy=fifo")" "$(yes hot | head -c 6291456 | md5sum)
$(for i in {1..20}; do yes cold | head -c 3145728; done | md5sum)
0"

finish
