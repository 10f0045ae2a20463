# Pagoda: build, run, test. Each target installs what it lacks on Debian.
#   make run | test | check | bench | soak | gdb | iso | clean

B      := build
ARCH   ?= x86_64
CC     ?= gcc
MAKEFLAGS += --no-builtin-rules

WARN   := -Wall -Wextra -Werror -Wno-unused-parameter -Wmissing-prototypes -Wstrict-prototypes \
          -Wno-missing-field-initializers -Wno-sign-compare -Wno-address-of-packed-member \
          -Wno-unknown-warning-option -Wno-gcc-compat -Wno-gnu-variable-sized-type-not-at-end

# What everything here is built with; the parts name what else they take.
ifneq ($(shell tools/need.sh $(CC)=$(CC) nm=binutils python3=python3-minimal \
                /usr/include/stdio.h=libc6-dev || echo missing),)
$(error something that the build needs is missing, see above)
endif

ifneq ($(filter i386%,$(ARCH)),)
all: i386
else
all: kernel tools
endif

include arch/x86/x86_64.mk
include arch/x86/i386.mk
include tests/host/host-tests.mk
include host/libpagoda/libpagoda.mk
include tests/fuzz/fuzz.mk
include tests/mutants/mutants.mk
include bench/bench.mk
include host/host.mk
include tests/compare/compare.mk
include tests/guest/guest.mk
include tools/check.mk
include tools/coverage.mk

# A machine of 512 MiB and a busybox shell in it (ARCH=i386 for the other PC); RUN_OPTIONS are those of `pagoda run`.
run: all
	@$(B)/pagoda run --arch $(ARCH) --ram 512M $(RUN_OPTIONS)

.PHONY: all run kernel tools clean

clean:
	rm -rf $(B)
