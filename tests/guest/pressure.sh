# /proc/pressure/cpu: time that tasks wait for a CPU is counted, and time without is not.
. ./check.sh

total() {
	sed -n "s/^$2 .*total=//p" /proc/pressure/"$1"
}
average() { # over 10 s, in hundredths of a per cent
	sed -n 's/^some avg10=\([0-9]*\)\.\([0-9]*\) .*/\1\2/p' /proc/pressure/cpu
}

cpus=$(grep -c '^processor' /proc/cpuinfo)
before=$(total cpu some)
i=0
spinners=
while [ $i -le $((cpus * 2)) ]; do
	(while :; do :; done) &
	spinners="$spinners $!"
	i=$((i + 1))
done
sleep 5
kill $spinners
during=$(($(total cpu some) - before))
expect_true pressure-counted test $during -ge 1000000 -a $during -le 6500000
expect_true pressure-average test "$(average)" -gt 500
wait 2>/dev/null
sleep 3
before=$(total cpu some)
high=$(average)
sleep 5
expect_true pressure-idle test $(($(total cpu some) - before)) -le 400000
expect_true pressure-decays test "$(average)" -lt "$high"
expect pressure-cpu-full "$(total cpu full)" 0
finish
