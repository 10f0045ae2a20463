# make coverage: which lines of mm/ the tests on the host reach, by file; docs/coverage.md anew.
#
# A flavour of the soft machine that counts (gcc's --coverage); every host test and every corpus
# of the fuzz targets runs once. Counts are added up by the tests themselves as they end.

SOFT_CFLAGS_soft-cover := -O1 -DPAGODA_DEBUG -w --coverage
$(eval $(call soft_rules,soft-cover))
cover_logs := $(filter-out $(B)/soft-cover/%,$(HOST_TEST_LOGS))
$(foreach t,$(SANITIZER_TESTS),$(eval $(call host_test_rules,soft-cover,$(basename $(notdir $(t))))))
HOST_TEST_LOGS := $(cover_logs)
cover_replays := $(FUZZ_TARGETS:%=$(B)/soft-cover/replay_%)

define cover_replay_rules # $(1): fuzz target
$$(B)/soft-cover/tests/fuzz/fuzz_$(1).o: SOFT_CFLAGS += $$(call host_test_flags,tests/fuzz/fuzz_$(1).c)
$$(B)/soft-cover/replay_$(1): $$(B)/soft-cover/tests/fuzz/fuzz_$(1).o $$(B)/soft-cover/tests/fuzz/replay.o \
		$$(B)/soft-cover/tests/fuzz/world.o \
		$$(patsubst %.c,$$(B)/soft-cover/%.o,$$(call host_test_needs,tests/fuzz/fuzz_$(1).c)) \
		$$(B)/soft-cover/libpagoda.a
	@echo "  LD    $$@"
	@$$(CC) -pthread -no-pie -rdynamic --coverage -o $$@ $$^ \
		$$(shell sed -n '1,5s,^// libs: ,,p' tests/fuzz/fuzz_$(1).c)
endef
$(foreach t,$(FUZZ_TARGETS),$(eval $(call cover_replay_rules,$(t))))

coverage: host-test-tools
	@tools/need.sh gcov=gcc /usr/include/zlib.h=zlib1g-dev
	@$(MAKE) --no-print-directory $(SANITIZER_TESTS:tests/host/%.c=$(B)/soft-cover/%) $(cover_replays)
	@find $(B)/soft-cover -name '*.gcda' -delete
	@for t in $(SANITIZER_TESTS:tests/host/%.c=$(B)/soft-cover/%); do \
		echo "  TEST  $$t"; tools/run-test.sh $$t.log $$t; done
	@for t in $(FUZZ_TARGETS); do \
		echo "  FUZZ  $$t"; $(B)/soft-cover/replay_$$t tests/fuzz/corpus/$$t/* >$(B)/soft-cover/replay_$$t.log 2>&1 \
		|| echo "not ok replay_$$t"; done
	@tools/coverage.py $(B)/soft-cover mm docs/coverage.md

.PHONY: coverage
