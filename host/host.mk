# The command `pagoda` for the host, and the guest's init that is linked into it.

HOSTCC ?= gcc
HOST_CFLAGS ?= -O2 -g
GUEST_CC ?= musl-gcc

host_cflags := -std=gnu11 -I. -pthread -Wall -Wextra -Werror -D_GNU_SOURCE $(HOST_CFLAGS)
host_sources := main command run gdb options program initramfs machine swap_disk session recorder buffer terminal \
                check events stream table model model_frames model_slabs model_lists model_spaces \
                walk walk_machine walk_pages walk_memory walk_pagemap walk_print
host_objects := $(host_sources:%=$(B)/host/%.o) $(B)/host/segment.o $(B)/host/descriptor.o

.PHONY: host-need
tools: $(B)/pagoda

# What building and running `pagoda` takes; an order-only prerequisite of it all.
host-need:
	@tools/need.sh $(HOSTCC)=gcc $(GUEST_CC)=musl-tools qemu-system-x86_64=qemu-system-x86 \
		/bin/busybox=busybox-static /usr/include/archive.h=libarchive-dev

$(B)/pagoda: $(host_objects) $(B)/host/guest-init.o
	@echo "  LD    $@"
	@$(HOSTCC) $(HOST_CFLAGS) -o $@ $^ -larchive -pthread

$(B)/host/%.o: host/%.c | host-need
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(HOSTCC) $(host_cflags) -MMD -MP -c -o $@ $<

# The soft machine's segmentation unit stands by itself.
$(B)/host/segment.o: arch/soft/segment.c | host-need
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(HOSTCC) $(host_cflags) -Iarch/soft/include -MMD -MP -c -o $@ $<

$(B)/host/descriptor.o: lib/segment.c | host-need
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(HOSTCC) $(host_cflags) -MMD -MP -c -o $@ $<

$(B)/host/guest-init.o: host/guest-init.S $(B)/guest/init
	@mkdir -p $(@D)
	@$(HOSTCC) -DGUEST_INIT='"$(B)/guest/init"' -c -o $@ $<

$(B)/guest/init: host/guest-init/init.c host/wire.h | host-need
	@mkdir -p $(@D)
	@echo "  CC    guest $<"
	@$(GUEST_CC) -static -Os -s -std=gnu11 -Wall -Wextra -Werror -o $@ $<

-include $(host_objects:.o=.d)
