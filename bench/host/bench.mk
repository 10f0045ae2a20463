# Micro-benchmarks of the lower floors on the soft machine, release build.

$(B)/soft/bench_%: $(B)/soft/bench/host/bench_%.o $(B)/soft/libpagoda.a
	@echo "  LD    $@"
	@$(CC) $(call soft_cflags,soft) -no-pie -rdynamic -o $@ $^

bench-slab: $(B)/soft/bench_slab
	@taskset -c 0 $<
bench-frame: $(B)/soft/bench_frame
	@taskset -c 0 $<
.PHONY: bench-slab bench-frame
