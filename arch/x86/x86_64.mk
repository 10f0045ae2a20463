# The x86-64 kernel: build/x86_64/pagoda.elf (release) and build/x86_64-debug/pagoda.elf.

KERNEL_DIRS := lib sync mm mm/trace mm/frame mm/pgtable mm/slab mm/kva mm/lru mm/swap mm/cache mm/space mm/reclaim \
               kernel fs drivers proc arch/x86/common arch/x86/x86_64
KERNEL_SRC  := $(wildcard $(addsuffix /*.c,$(KERNEL_DIRS)) $(addsuffix /*.S,$(KERNEL_DIRS)))

KFLAGS := -std=gnu11 -ffreestanding -fno-builtin-printf -nostdlib -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone \
          -mno-sse -mno-mmx -mno-80387 -fno-stack-protector -fno-strict-aliasing -fno-omit-frame-pointer \
          -fno-asynchronous-unwind-tables -fno-common -fcf-protection=none -g \
          $(if $(findstring clang,$(CC)),-mstack-alignment=8,-mpreferred-stack-boundary=3) \
          -ffunction-sections -I. -Iarch/x86/x86_64/include -Iarch/x86/common/include -Iarch/include $(WARN)
KFLAGS_x86_64       := $(KFLAGS) -O2
KFLAGS_x86_64-debug := $(KFLAGS) -O1 -DPAGODA_DEBUG -DPAGODA_FAKE_HIGHMEM

define kernel_rules # $(1): flavour, $(2): sources, $(3): linker script, $(4): what the linker must be told
OBJ_$(1) := $$(patsubst %,$$(B)/$(1)/%.o,$(2))
$$(B)/$(1)/%.o: %
	@mkdir -p $$(@D)
	@echo "  CC    $(1) $$<"
	@$$(CC) $$(KFLAGS_$(1)) -MMD -MP -c -o $$@ $$<
$$(B)/$(1)/pagoda.elf: $$(OBJ_$(1)) $(3) tools/link.sh tools/symbols.py
	@echo "  LD    $$@"
	@tools/link.sh "$$(CC) $(4)" $(3) $$@ $$(OBJ_$(1))
	@ln -sfr tools/gdb/pagoda.py $$@-gdb.py
-include $$(OBJ_$(1):.o=.d)
endef
$(eval $(call kernel_rules,x86_64,$(KERNEL_SRC),arch/x86/x86_64/kernel.lds))
$(eval $(call kernel_rules,x86_64-debug,$(KERNEL_SRC),arch/x86/x86_64/kernel.lds))

kernel: $(B)/x86_64/pagoda.elf
debug-kernel: $(B)/x86_64-debug/pagoda.elf
.PHONY: kernel debug-kernel

# A CD that GRUB boots: kernel, and INITRD as its module. CMDLINE is the kernel command line.
INITRD  ?= $(B)/initramfs.cpio.gz
CMDLINE ?= console=ttyS0

iso: $(B)/pagoda.iso
$(B)/pagoda.iso: $(B)/x86_64/pagoda.elf $(INITRD) tools/iso.sh
	@tools/iso.sh $@ $(B)/x86_64/pagoda.elf $(INITRD) "$(CMDLINE)"
$(B)/initramfs.cpio.gz: tools/initramfs.sh
	@tools/initramfs.sh $@

# A machine that waits for the debugger, and gdb: PROGRAM, GDB_OPTIONS (tools/gdb.sh).
gdb: tools debug-kernel
	@tools/gdb.sh $(B)/pagoda $(PROGRAM)
.PHONY: iso gdb
