#!/bin/bash
# experiments.sh: the experiments of docs/experiments.md that are about memory running out (X6, X10, X11), on machines of
# several sizes, with one to four CPUs, of both architectures; on i386 a part of memory is high.
# `make test` does them on one machine each.
#
# From the environment: RAMS (16 64 256, MiB), CPUS (1 2 4), ARCHES (x86_64 i386).
set -u
cd "$(dirname "$0")/.." || exit 2

failures=0
for arch in ${ARCHES:-x86_64 i386}; do
	for ram in ${RAMS:-16 64 256}; do
		for cpus in ${CPUS:-1 2 4}; do
			machine="--arch $arch --cpus $cpus"
			[ "$arch" = x86_64 ] || machine+=" --append highmem=$((ram * 3 / 8))M"
			for experiment in vmstat stripes oom; do
				output=$(RAM=$ram MACHINE=$machine bash tests/host-cmd/$experiment.sh) ||
					failures=$((failures + 1))
				sed "s/ok /&$arch-${ram}M-$cpus: /" <<<"$output"
			done
		done
	done
done
[ $failures = 0 ]
