# make bench: every row of bench/rows, on Pagoda and on Linux (bench/bench.py); build/bench has
# the result as JSON and as a plot.
#   make bench ARCH=i386	what runs in the guest, on that machine; ARCH=i386-pae
#   make bench KERNEL=/boot/vmlinuz-...	beside this kernel; without it Debian's is fetched
#   make bench ROWS="fork_128 frame_pair"	only these, within seconds
#   make bench PARTS="instructions host"	of: instructions boot wall host swap
#   make bench-cpus	how throughput grows with CPUs (bench/cpus.py)
#   make bench-keep WHY="..."	bench/kept.json is the last result from now on; WHY it lost, if it did

bench_programs := $(B)/bench/guest $(B)/bench/frame $(B)/bench/slab $(B)/bench/shared \
	$(B)/bench/malloc
bench_guest := $(patsubst bench/guest/%.c,$(B)/bench/objects/%.o,$(wildcard bench/guest/*.c))
bench_lib := /usr/lib/$(shell uname -m)-linux-gnu

bench: $(if $(filter i386%,$(ARCH)),i386-kernel $(B)/bench/guest-i386,kernel $(bench_programs)) bench-need
	@bench/bench.py run --arch $(ARCH) $(if $(KERNEL),--kernel $(KERNEL)) $(PARTS:%=--part %) $(ROWS:%=--row %)

bench-cpus: kernel bench-need $(B)/bench/guest $(B)/bench/scale
	@bench/cpus.py $(if $(KERNEL),--kernel $(KERNEL))

bench-keep:
	@bench/bench.py keep --arch $(ARCH) $(if $(WHY),--why "$(WHY)")

bench-need:
	@tools/need.sh python3=python3-minimal qemu-system-x86_64=qemu-system-x86 \
		busybox=busybox-static cpio=cpio valgrind=valgrind gnuplot=gnuplot-nox \
		$(bench_lib)/libjemalloc.so.2=libjemalloc2 $(bench_lib)/libmimalloc.so.2=libmimalloc2.0 \
		$(bench_lib)/libtcmalloc_minimal.so.4=libtcmalloc-minimal4

# With the C library of the distribution, whose programs are what runs.
$(B)/bench/guest: $(bench_guest)
	@echo "  LD    $@"
	@$(CC) -static -s -o $@ $^

$(B)/bench/objects/%.o: bench/guest/%.c bench/guest/bench.h
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) -O2 -Wall -Wextra -Werror -c -o $@ $<

# The same for i386.
$(B)/bench/guest-i386: $(bench_guest:$(B)/bench/objects/%=$(B)/bench/i386/%)
	@echo "  LD    $@"
	@tools/i386-cc.sh glibc -s -o $@ $^

$(B)/bench/i386/%.o: bench/guest/%.c bench/guest/bench.h | $(I386_PACKAGES)
	@mkdir -p $(@D)
	@echo "  CC    i386/glibc $<"
	@tools/i386-cc.sh glibc -O2 -Wall -Wextra -Werror -c -o $@ $<

# Over our allocators on the soft machine, and over malloc.
$(B)/soft/bench/host/%.o: | bench-need
$(B)/bench/frame $(B)/bench/slab $(B)/bench/shared $(B)/bench/scale: $(B)/bench/%: $(B)/soft/bench/host/%.o \
		$(B)/soft/bench/host/measure.o $(B)/soft/libpagoda.a
$(B)/bench/malloc: $(B)/soft/bench/host/malloc.o $(B)/soft/bench/host/measure.o
$(B)/bench/frame $(B)/bench/slab $(B)/bench/shared $(B)/bench/scale $(B)/bench/malloc:
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(call soft_cflags,soft) -no-pie -rdynamic -o $@ $^
-include $(patsubst %,$(B)/soft/bench/host/%.d,frame slab shared scale malloc measure)

.PHONY: bench bench-cpus bench-keep bench-need
