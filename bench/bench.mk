# make bench: guest instructions beside Linux's, in the same QEMU (bench/bench.sh), and the lower
# floors on the soft machine, release build.
#   make bench KERNEL=/boot/vmlinuz-...	beside this kernel; without it Debian's is fetched

bench: bench-guest bench-frame bench-slab

bench-guest: kernel $(B)/bench/guest
	@tools/need.sh qemu-system-x86_64=qemu-system-x86 busybox=busybox-static cpio=cpio
	@bench/bench.sh

# With the C library of the distribution, whose programs are what runs.
$(B)/bench/guest: bench/guest.c
	@mkdir -p $(@D)
	@echo "  CC    $@"
	@$(CC) -O2 -Wall -Wextra -static -o $@ $<

$(B)/soft/bench_%: $(B)/soft/bench/host/bench_%.o $(B)/soft/libpagoda.a
	@echo "  LD    $@"
	@$(CC) $(call soft_cflags,soft) -no-pie -rdynamic -o $@ $^

bench-slab: $(B)/soft/bench_slab
	@taskset -c 0 $<
bench-frame: $(B)/soft/bench_frame
	@taskset -c 0 $<
.PHONY: bench bench-guest bench-slab bench-frame
