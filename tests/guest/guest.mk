# Tests that run inside the guest, and the tests of `pagoda run` itself.
#
#   make test			all there is, here and in guests; counts it
#   make host-cmd-test		`pagoda run' itself
#   make lab-test		docs/labs and docs/looking-inside.md: what they say, done
#   make guest-test			all tests on all machines (tests/guest/machines)
#   make guest-test TESTS="vma cow"	only these
#   make guest-test MACHINES=small	only on this machine
#   make guest-test ORDER=random REPEAT=2	shuffled (a number: that order again), twice
#   make guest-test KERNEL=/boot/vmlinuz	on another kernel: what Linux does
#   make soak			the random ones for hours: tools/soak.sh
#   make experiments		those about memory running out, on eighteen machines: tests/experiments.sh

GLIBC_CC ?= gcc

guest_cflags := -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wno-missing-field-initializers -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Itests/guest
guest_sources := $(sort $(patsubst tests/guest/%.c,%,$(wildcard tests/guest/*.c)))
# What is about segments: only for i386.
guest_names := $(filter-out segments tasks old_stat vdso,$(guest_sources))
i386_guest_names := $(guest_sources)
i386_guest_lib := $(patsubst tests/guest/lib/%.c,%,$(wildcard tests/guest/lib/*.c))
guest_lib := $(filter-out segment,$(i386_guest_lib))
guest_programs := $(patsubst tests/guest/programs/%.c,%,$(wildcard tests/guest/programs/*.c))
guest_dir := $(B)/guest-tests
guest_built := $(guest_dir)/suite-glibc $(guest_dir)/suite-musl \
	$(guest_programs:%=$(guest_dir)/programs/%)

i386_guest_built := $(guest_dir)/i386/suite-glibc $(guest_dir)/i386/suite-musl \
	$(guest_programs:%=$(guest_dir)/i386/programs/%)

.PHONY: guest-test soak experiments host-cmd-test lab-test test guest-tests i386-guest-tests

guest-tests: $(guest_built)
i386-guest-tests: i386 i386-debug-kernel $(i386_guest_built)

# Where Debian's packages of i386 cannot be had, its machines fail by name.
guest-test: $(if $(KERNEL),tools,all debug-kernel) $(guest_built)
	@$(if $(if $(findstring i386,$(MACHINES)),,$(KERNEL)),:,$(MAKE) --no-print-directory i386-guest-tests) || :
	@tests/guest/machines.sh | tee $(B)/guest-test.log
	@tools/count-tests.sh $(B)/guest-test.log

soak: all debug-kernel $(guest_built)
	@$(MAKE) --no-print-directory i386-guest-tests || :
	@tools/soak.sh

experiments: all $(guest_built)
	@$(MAKE) --no-print-directory i386-guest-tests
	@tests/experiments.sh | tee $(B)/experiments.log
	@tools/count-tests.sh $(B)/experiments.log

host-cmd-test: $(if $(KERNEL),tools,all debug-kernel) $(guest_built) $(B)/bench/guest
	@$(if $(KERNEL),:,$(MAKE) --no-print-directory i386) || :
	@tests/host-cmd/run.sh | tee $(B)/host-cmd-test.log
	@tools/count-tests.sh $(B)/host-cmd-test.log

# What the labs say, done and compared (tests/labs/run.py).
LABS := $(wildcard docs/labs/*.md) docs/looking-inside.md
lab-test: $(if $(KERNEL),tools,all)
	@tests/labs/run.py $(if $(KERNEL),$(filter docs/labs/%,$(LABS)),$(LABS)) | tee $(B)/lab-test.log
	@tools/count-tests.sh $(B)/lab-test.log

# All there are. What the suites said stands in the logs, what failed is shown.
test: all debug-kernel i386-kernel i386-debug-kernel $(guest_built) $(B)/bench/guest $(compare_program) host-test-tools fuzz-need
	@$(MAKE) --no-print-directory i386-guest-tests || :
	@$(MAKE) --no-print-directory $(HOST_TEST_LOGS) $(FUZZ_LOGS)
	@tools/run-test.sh $(B)/host-cmd-test.log tests/host-cmd/run.sh
	@tools/run-test.sh $(B)/compare.log tests/compare/compare.py check
	@tools/run-test.sh $(B)/lab-test.log tests/labs/run.py $(LABS)
	@tools/run-test.sh $(B)/guest-test.log tests/guest/machines.sh
	@tools/count-tests.sh $(HOST_TEST_LOGS) $(FUZZ_LOGS) $(B)/host-cmd-test.log $(B)/compare.log $(B)/lab-test.log \
		$(B)/guest-test.log

# One program a C library: tests/guest/lib/suite.c says why.
define guest_suite # $(1): directory, $(2): compiler, $(3): program, $(4): what must be there
$(guest_dir)/$(1)/%.o: tests/guest/%.c | $(4)
	@mkdir -p $$(@D)
	@echo "  CC    $(1) $$<"
	@$(2) $(guest_cflags) -Dmain=$$*_main -MMD -MP -c -o $$@ $$<

$(guest_dir)/$(1)/lib/%.o: tests/guest/lib/%.c | $(4)
	@mkdir -p $$(@D)
	@echo "  CC    $(1) $$<"
	@$(2) $(guest_cflags) -I$(guest_dir) -DSUITE_LIST='"$(5)suite-list.h"' -MMD -MP -c -o $$@ $$<

$(guest_dir)/$(1)/lib/suite.o: $(guest_dir)/$(5)suite-list.h

$(guest_dir)/$(3): $($(5)guest_names:%=$(guest_dir)/$(1)/%.o) $($(5)guest_lib:%=$(guest_dir)/$(1)/lib/%.o)
	@echo "  LD    $$@"
	@$(2) -static -s -o $$@ $$^ -lpthread
endef
$(eval $(call guest_suite,glibc,$(GLIBC_CC),suite-glibc,host-need))
$(eval $(call guest_suite,musl,$(GUEST_CC),suite-musl,host-need))
$(eval $(call guest_suite,i386/musl,tools/i386-cc.sh musl,i386/suite-musl,$(I386_PACKAGES),i386_))
$(eval $(call guest_suite,i386/glibc,tools/i386-cc.sh glibc,i386/suite-glibc,$(I386_PACKAGES),i386_))

$(guest_dir)/i386/programs/%: tests/guest/programs/%.c | $(I386_PACKAGES)
	@mkdir -p $(@D)
	@echo "  CC    i386/musl $<"
	@tools/i386-cc.sh musl $(guest_cflags) -s -o $@ $<

$(guest_dir)/programs/%: tests/guest/programs/%.c | host-need
	@mkdir -p $(@D)
	@echo "  CC    musl $<"
	@$(GUEST_CC) $(guest_cflags) -static -s -o $@ $<

# Written anew when a test comes or goes.
$(guest_dir)/suite-list.h: tests/guest $(guest_sources:%=tests/guest/%.c)
	@mkdir -p $(@D)
	@printf 'TEST(%s)\n' $(guest_names) >$@
$(guest_dir)/i386_suite-list.h: tests/guest $(guest_sources:%=tests/guest/%.c)
	@mkdir -p $(@D)
	@printf 'TEST(%s)\n' $(i386_guest_names) >$@

-include $(wildcard $(guest_dir)/*/*.d $(guest_dir)/*/lib/*.d)
