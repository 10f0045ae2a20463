# The i386 kernel: build/i386/pagoda.elf (two levels of page tables) and build/i386-pae/pagoda.elf
# (three), release and debug.

I386_DIRS := $(filter-out arch/x86/x86_64,$(KERNEL_DIRS)) arch/x86/i386 kernel/abi32 fs/abi32 proc/segments
I386_SRC  := $(wildcard $(addsuffix /*.c,$(I386_DIRS)) $(addsuffix /*.S,$(I386_DIRS)))

PAE_SRC   := arch/x86/i386/pae/root.c

# Multiarch keeps the kernel's headers where gcc -m32 does not look; they serve both word sizes.
I386_FLAGS := -m32 -march=i686 -mregparm=3 -std=gnu11 -ffreestanding -fno-builtin-printf -nostdlib -fno-pic -fno-pie \
          -mno-sse -mno-mmx -mno-80387 -fno-stack-protector -fno-strict-aliasing -fno-omit-frame-pointer \
          -fno-asynchronous-unwind-tables -fno-common -fcf-protection=none -g \
          $(if $(findstring clang,$(CC)),-mstack-alignment=4 -Wno-atomic-alignment,-mpreferred-stack-boundary=2) \
          -ffunction-sections -I. -Iarch/x86/i386/include -Iarch/x86/common/include -Iarch/include -I$(B)/i386-vdso $(WARN) \
          -idirafter /usr/include/x86_64-linux-gnu -idirafter /usr/include
KFLAGS_i386 := -Iarch/x86/i386/2level $(I386_FLAGS) -O2
KFLAGS_i386-debug := -Iarch/x86/i386/2level $(I386_FLAGS) -O1 -DPAGODA_DEBUG

KFLAGS_i386-pae := -Iarch/x86/i386/pae $(I386_FLAGS) -O2
KFLAGS_i386-pae-debug := -Iarch/x86/i386/pae $(I386_FLAGS) -O1 -DPAGODA_DEBUG

$(eval $(call kernel_rules,i386,$(I386_SRC),arch/x86/i386/kernel.lds,-m32))
$(eval $(call kernel_rules,i386-debug,$(I386_SRC),arch/x86/i386/kernel.lds,-m32))

$(eval $(call kernel_rules,i386-pae,$(I386_SRC) $(PAE_SRC),arch/x86/i386/kernel.lds,-m32))
$(eval $(call kernel_rules,i386-pae-debug,$(I386_SRC) $(PAE_SRC),arch/x86/i386/kernel.lds,-m32))

# The code that every program gets a page of; its symbols become the kernel's, with a prefix.
VDSO := $(B)/i386-vdso/vdso
$(VDSO).so: arch/x86/i386/vdso/vdso.S arch/x86/i386/vdso/vdso.lds
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) -m32 -nostdlib -shared -idirafter /usr/include/x86_64-linux-gnu -Wl,-T,arch/x86/i386/vdso/vdso.lds \
		-Wl,-soname,linux-gate.so.1 -Wl,--hash-style=both -Wl,--eh-frame-hdr -Wl,--build-id=none \
		-Wl,-z,noexecstack -Wl,-z,max-page-size=4096 -o $@.all $<
	@nm $@.all | awk '$$2 ~ /[Tt]/ { print ".globl vdso_" $$3 "\nvdso_" $$3 " = 0x" $$1 }' >$(VDSO).symbols
	@objcopy -S $@.all $@
$(patsubst %,$(B)/%/arch/x86/i386/vdso_image.S.o,i386 i386-debug i386-pae i386-pae-debug): $(VDSO).so

i386-kernel: $(B)/i386/pagoda.elf $(B)/i386-pae/pagoda.elf
i386-debug-kernel: $(B)/i386-debug/pagoda.elf $(B)/i386-pae-debug/pagoda.elf
.PHONY: i386-kernel i386-debug-kernel i386

# What programs of i386 are built with and run beside, from Debian's packages; nothing is installed.
I386_PACKAGES := $(B)/i386-packages/bin/busybox
$(I386_PACKAGES): tools/i386-packages.sh
	@tools/i386-packages.sh $(B)/i386-packages busybox-static musl-dev libc6-dev linux-libc-dev \
		libgcc-12-dev
	@touch $@

# The guest's init of `pagoda run --arch i386'.
$(B)/guest/init-i386: host/guest-init/init.c host/wire.h $(I386_PACKAGES)
	@mkdir -p $(@D)
	@echo "  CC    guest i386 $<"
	@tools/i386-cc.sh musl -Os -s -std=gnu11 -Wall -Wextra -Werror -o $@ $<

i386: i386-kernel tools $(B)/guest/init-i386
