# Fuzzing with libFuzzer: tests/fuzz/fuzz_NAME.c is a target, tests/fuzz/corpus/NAME its inputs.
#
#   make fuzz                          every target for FUZZ_SECONDS
#   make fuzz FUZZ="space elf"         these
#   make fuzz FUZZ_SECONDS=600         longer
#   make fuzz-test                     the corpora, and a few seconds of each
#   make fuzz-merge                    add what was found since to the corpora, as little as does
#
# The targets are built by clang with a flavour of the soft machine of their own. The first
# lines of a target may name flags and sources, as those of host tests do, and  // libs: -lname

FUZZ_CC      ?= clang-14
FUZZ_TARGETS := $(sort $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c)))
FUZZ         ?= $(FUZZ_TARGETS)
# A run that is long enough to find something, and the one that is a part of `make test`.
FUZZ_SECONDS      ?= 60
FUZZ_TEST_SECONDS ?= 3

fuzz_sanitizers := -fsanitize=address,undefined -fno-sanitize-recover=undefined \
                   -fno-sanitize=alignment # the end of list_for_each_entry is no object
# Compared values are traced in the targets and what they include only: in mm/'s loops that is slow.
SOFT_CFLAGS_soft-fuzz := -O2 -DPAGODA_DEBUG -fsanitize-coverage=inline-8bit-counters,pc-table \
                         $(fuzz_sanitizers)
$(B)/soft-fuzz/tests/fuzz/%.o: SOFT_CFLAGS += -fsanitize=fuzzer-no-link
$(B)/soft-fuzz/%: CC = $(FUZZ_CC)
$(eval $(call soft_rules,soft-fuzz))

define fuzz_rules # $(1): target
$$(B)/soft-fuzz/tests/fuzz/fuzz_$(1).o: SOFT_CFLAGS += $$(call host_test_flags,tests/fuzz/fuzz_$(1).c)
$$(B)/soft-fuzz/fuzz_$(1): $$(B)/soft-fuzz/tests/fuzz/fuzz_$(1).o $$(B)/soft-fuzz/tests/fuzz/world.o \
		$$(patsubst %.c,$$(B)/soft-fuzz/%.o,$$(call host_test_needs,tests/fuzz/fuzz_$(1).c)) \
		$$(B)/soft-fuzz/libpagoda.a
	@echo "  LD    $$@"
	@$$(FUZZ_CC) -pthread -no-pie -rdynamic -fsanitize=fuzzer $(fuzz_sanitizers) -o $$@ $$^ \
		$$(shell sed -n '1,5s,^// libs: ,,p' tests/fuzz/fuzz_$(1).c)
$$(B)/soft-fuzz/fuzz_$(1).log: $$(B)/soft-fuzz/fuzz_$(1) FORCE
	@echo "  FUZZ  $(1)"
	@tools/run-test.sh $$@ tests/fuzz/run.sh $$< $$(FUZZ_TEST_SECONDS)
FUZZ_LOGS += $$(B)/soft-fuzz/fuzz_$(1).log
-include $$(B)/soft-fuzz/tests/fuzz/fuzz_$(1).d $$(B)/soft-fuzz/tests/fuzz/world.d \
	$$(patsubst %.c,$$(B)/soft-fuzz/%.d,$$(call host_test_needs,tests/fuzz/fuzz_$(1).c))
endef
$(foreach t,$(FUZZ_TARGETS),$(eval $(call fuzz_rules,$(t))))

fuzz-need:
	@tools/need.sh $(FUZZ_CC)=clang-14 /usr/include/zlib.h=zlib1g-dev \
		/usr/lib/llvm-14/lib/clang/14.0.6/lib/linux=libclang-rt-14-dev

# The short runs that `make test` has, too: each corpus, and a few seconds of looking for more.
fuzz-test: fuzz-need
	@$(MAKE) --no-print-directory $(FUZZ_LOGS)
	@tools/count-tests.sh $(FUZZ_LOGS)

fuzz: fuzz-need
	@$(MAKE) --no-print-directory $(FUZZ:%=$(B)/soft-fuzz/fuzz_%)
	@for t in $(FUZZ); do \
		FUZZ_GO_ON=1 tools/run-test.sh $(B)/soft-fuzz/long_$$t.log \
			tests/fuzz/run.sh $(B)/soft-fuzz/fuzz_$$t $(FUZZ_SECONDS); \
		grep -E '^(ok|not ok|  )' $(B)/soft-fuzz/long_$$t.log; \
	done
	@tools/count-tests.sh $(FUZZ:%=$(B)/soft-fuzz/long_%.log)

# What has been found since goes into the corpora, as far as it reaches code that nothing there does.
fuzz-merge: fuzz-need
	@$(MAKE) --no-print-directory $(FUZZ:%=$(B)/soft-fuzz/fuzz_%)
	@for t in $(FUZZ); do tests/fuzz/merge.sh $(B)/soft-fuzz/fuzz_$$t; done

.PHONY: fuzz fuzz-need fuzz-test fuzz-merge
