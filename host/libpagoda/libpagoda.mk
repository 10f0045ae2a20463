# libpagoda-soft-GEOMETRY.a: the soft machine and mm/ for programs on the host (docs/soft.md).
#
#   make soft        the libraries of all geometries, and the example of docs/soft.md for each
#
# All objects are linked into one, in which only what pagoda.h names stays visible: nothing
# of it can clash with the program's own names.

LIBRARY_GEOMETRIES := 2level pae 4level 5level alpha 64k
LIBRARIES          := $(LIBRARY_GEOMETRIES:%=$(B)/libpagoda-soft-%.a)
LIBRARY_SRC        := $(wildcard host/libpagoda/*.c)
EXAMPLES           := $(patsubst docs/examples/%.c,%,$(wildcard docs/examples/*.c))

library_programs = $(foreach e,$(EXAMPLES),$(foreach g,$(LIBRARY_GEOMETRIES),$(B)/examples/$(e)-$(g)))

define library_rules # $(1): geometry
$$(B)/libpagoda/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	@echo "  CC    $(1) $$<"
	@$$(CC) $$(SOFT_CFLAGS) -O2 -fPIE -Iarch/soft/geometry/$(1) -MMD -MP -c -o $$@ $$<
$$(B)/libpagoda-soft-$(1).a: $$(patsubst %.c,$$(B)/libpagoda/$(1)/%.o,$$(SOFT_SRC) $$(LIBRARY_SRC))
	@echo "  AR    $$@"
	@ld -r -o $$(B)/libpagoda/$(1)/all.o $$^
	@objcopy --wildcard --keep-global-symbol='pagoda_*' --rename-section percpu=pagoda_percpu \
		--redefine-sym __start_percpu=__start_pagoda_percpu \
		--redefine-sym __stop_percpu=__stop_pagoda_percpu $$(B)/libpagoda/$(1)/all.o
	@rm -f $$@ && ar rcs $$@ $$(B)/libpagoda/$(1)/all.o
# As docs/soft.md says it: the header, the library, threads, and nothing else.
$$(B)/examples/%-$(1): docs/examples/%.c host/libpagoda/pagoda.h $$(B)/libpagoda-soft-$(1).a
	@mkdir -p $$(@D)
	@echo "  CC    $$@"
	@$$(CC) -O2 -Wall -Wextra -Werror -Ihost/libpagoda -o $$@ $$< $$(B)/libpagoda-soft-$(1).a -pthread
-include $$(patsubst %.c,$$(B)/libpagoda/$(1)/%.d,$$(SOFT_SRC) $$(LIBRARY_SRC))
endef
$(foreach g,$(LIBRARY_GEOMETRIES),$(eval $(call library_rules,$(g))))

soft: $(LIBRARIES) $(library_programs)
.PHONY: soft

$(B)/libpagoda/examples.log: $(LIBRARIES) $(library_programs) FORCE
	@echo "  TEST  examples"
	@tools/run-test.sh $@ tests/host/examples.sh $(B)
HOST_TEST_LOGS += $(B)/libpagoda/examples.log
