# The soft machine and the tests that run on the host.
#
#   make host-test          build every tests/host/test_*.c in three flavours and run them
#   make build/soft-asan/test_rbtree      one of them
#
# A flavour is one static library of lib/, sync/, mm/ and arch/soft (libpagoda.a) for
# one page geometry; a test links what it uses of it. A test that wants more, or other
# flags, says so in its first lines:   // needs: path/file.c ...   // flags: -Ipath ...
# With   // geometries: all   it is built and run for every page geometry, too; with
#        // geometries: pae ...   for those alone.

SANITIZER_FLAVOURS := soft-asan soft-tsan soft
GEOMETRY_FLAVOURS  := soft-2level soft-pae soft-5level soft-alpha soft-64k
SOFT_FLAVOURS      := $(SANITIZER_FLAVOURS) $(GEOMETRY_FLAVOURS)
SOFT_DIRS := lib sync mm mm/trace mm/frame mm/pgtable mm/slab mm/kva mm/lru mm/swap mm/cache mm/space mm/reclaim \
             arch/soft
# No program's memory to copy from or to: what does it stays out.
SOFT_NOT  := lib/string.c lib/printf.c mm/cache/iter.c mm/cache/rw.c
SOFT_SRC  := $(filter-out $(SOFT_NOT),$(wildcard $(addsuffix /*.c,$(SOFT_DIRS))))

SOFT_CFLAGS           := -std=gnu11 -g -fno-pie -fno-strict-aliasing -fno-common -fno-omit-frame-pointer \
                         -pthread $(WARN) -DPAGODA_SOFT -I. -Iarch/soft/include -Iarch/include
SOFT_CFLAGS_soft      := -O2
SOFT_CFLAGS_soft-asan := -O1 -DPAGODA_DEBUG -fsanitize=address,undefined -fno-sanitize-recover=undefined \
                         -fno-sanitize=alignment # the end of list_for_each_entry is no object
SOFT_CFLAGS_soft-tsan := -O1 -DPAGODA_DEBUG -fsanitize=thread -Wno-unknown-warning-option -Wno-tsan
$(foreach f,$(GEOMETRY_FLAVOURS),$(eval SOFT_CFLAGS_$(f) := $(SOFT_CFLAGS_soft-asan)))
soft_geometry = $(if $(filter $(1),$(GEOMETRY_FLAVOURS)),$(1:soft-%=%),4level)
soft_cflags = $(SOFT_CFLAGS) $(SOFT_CFLAGS_$(1)) -Iarch/soft/geometry/$(soft_geometry)

HOST_TESTS := $(wildcard tests/host/test_*.c)
# geometry:path pairs; the usual flavours are left out by a test that names its geometries
GEOMETRY_TESTS := $(shell for t in $(HOST_TESTS); do \
	for g in $$(sed -n '1,5s,^// geometries: ,,p' $$t); do echo $$g:$$t; done; done)
SANITIZER_TESTS := $(filter-out $(foreach g,$(GEOMETRY_FLAVOURS:soft-%=%),\
	$(patsubst $(g):%,%,$(filter $(g):%,$(GEOMETRY_TESTS)))),$(HOST_TESTS))
geometry_tests = $(patsubst all:%,%,$(patsubst $(1):%,%,$(filter all:% $(1):%,$(GEOMETRY_TESTS))))
host_test_needs = $(shell sed -n '1,5s,^// needs: ,,p' $(1))
host_test_flags = $(shell sed -n '1,5s,^// flags: ,,p' $(1))

define soft_rules # $(1): flavour
$$(B)/$(1)/host/%.o: SOFT_CFLAGS += -D_GNU_SOURCE
$$(B)/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	@echo "  CC    $(1) $$<"
	@$$(CC) $$(call soft_cflags,$(1)) -MMD -MP -c -o $$@ $$<
$$(B)/$(1)/libpagoda.a: $$(SOFT_SRC:%.c=$$(B)/$(1)/%.o)
	@echo "  AR    $$@"
	@rm -f $$@ && ar rcs $$@ $$^
-include $$(SOFT_SRC:%.c=$$(B)/$(1)/%.d) $$(B)/$(1)/tests/host/harness.d
endef

define host_test_rules # $(1): flavour, $(2): test's name
$$(B)/$(1)/tests/host/$(2).o: SOFT_CFLAGS += $$(call host_test_flags,tests/host/$(2).c)
$$(B)/$(1)/$(2): $$(B)/$(1)/tests/host/$(2).o $$(B)/$(1)/tests/host/harness.o \
		$$(patsubst %.c,$$(B)/$(1)/%.o,$$(call host_test_needs,tests/host/$(2).c)) \
		$$(B)/$(1)/libpagoda.a
	@echo "  LD    $$@"
	@$$(CC) $$(call soft_cflags,$(1)) -no-pie -rdynamic -o $$@ $$^ -lcmocka
$$(B)/$(1)/$(2).log: $$(B)/$(1)/$(2) FORCE
	@echo "  TEST  $$<"
	@TSAN_OPTIONS="suppressions=tests/host/tsan.supp $$$$TSAN_OPTIONS" tools/run-test.sh $$@ $$<
HOST_TEST_LOGS += $$(B)/$(1)/$(2).log
-include $$(B)/$(1)/tests/host/$(2).d $$(patsubst %.c,$$(B)/$(1)/%.d,\
	$$(call host_test_needs,tests/host/$(2).c))
endef

$(foreach f,$(SOFT_FLAVOURS),$(eval $(call soft_rules,$(f))))
$(foreach f,$(SANITIZER_FLAVOURS),$(foreach t,$(SANITIZER_TESTS),\
	$(eval $(call host_test_rules,$(f),$(basename $(notdir $(t)))))))
$(foreach f,$(GEOMETRY_FLAVOURS),$(foreach t,$(call geometry_tests,$(f:soft-%=%)),\
	$(eval $(call host_test_rules,$(f),$(basename $(notdir $(t)))))))

host-test: host-test-tools
	@$(MAKE) --no-print-directory $(HOST_TEST_LOGS)
	@tools/count-tests.sh $(HOST_TEST_LOGS)
host-test-tools:
	@tools/need.sh gcc=gcc /usr/include/cmocka.h=libcmocka-dev
FORCE:
.PHONY: host-test host-test-tools FORCE
.SECONDARY:
