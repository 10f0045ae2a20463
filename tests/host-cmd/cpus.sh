# How many CPUs come up: --cpus, and the boot options maxcpus= and nosmp.
. "$(dirname "$0")/lib.sh"

count='grep -c ^processor /proc/cpuinfo; cat /sys/devices/system/cpu/online; grep -c ^cpu[0-9] /proc/stat'
run() { # NAME WANTED OPTION...
	local name=$1 wanted=$2
	shift 2
	guest --ram 64M "$@" -- sh -c "$count"
	expect "$name" "$(out | tr '\n' ' ')" "$wanted "
}

run cpus-four "4 0-3 4" --cpus 4
run cpus-maxcpus "2 0-1 2" --cpus 4 --append maxcpus=2
run cpus-maxcpus-one "1 0 1" --cpus 2 --append maxcpus=1
run cpus-nosmp "1 0 1" --cpus 4 --append nosmp
finish
