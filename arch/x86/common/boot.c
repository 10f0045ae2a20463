/*
 * From the loader's hand-over to start_kernel().
 *
 * Two loaders speak two languages and are translated to one: the command line,
 * the initrd's place, the ACPI root pointer and a list of memory ranges
 * (ram_add).  Their structures lie anywhere below 4 GiB, so they are read by
 * phys_read(), which maps what it reads; lengths and counts in them are not
 * trusted.
 *
 *   PVH (Xen's public headers, start_info.h)    Multiboot2 (its specification, 3.6)
 *   hvm_start_info: command line, modules,      tags: 1 command line, 3 module,
 *   RSDP, memory map of 24-byte entries         6 memory map, 14 and 15 RSDP
 */
#include "arch/x86/common/internal.h"
#include "arch/x86/common/smp.h"
#include "drivers/serial.h"
#include "lib/assert.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "machine/boot.h"
#include "machine/power.h"
#include "machine/upcall.h"
#include "mm/frame/frame.h"

#define BOOT_BY_PVH        1
#define BOOT_BY_MULTIBOOT2 2
#define PVH_MAGIC          0x336ec578

phys_addr_t initrd_start;
u64 initrd_bytes;
u64 boot_rsdp;

struct pvh_start_info {
	u32 magic, version, flags, modules;
	u64 module_list, command_line, rsdp;
	u64 memory_map; /* from version 1 on */
	u32 memory_entries, reserved;
};
struct pvh_module {
	u64 start, bytes, command_line, reserved;
};
struct pvh_memory {
	u64 start, bytes;
	u32 type, reserved;
};
struct multiboot_tag {
	u32 type, size;
};
struct multiboot_memory { /* in the tag: entry size, entry version, then entries */
	u64 start, bytes;
	u32 type, reserved;
};

/* E820's types are what both loaders use. */
static void add_firmware_range(u64 start, u64 bytes, u32 type)
{
	if (bytes == 0 || start + bytes < start)
		return;
	ram_add(start, start + bytes, type >= 1 && type <= 5 ? (enum ram_kind)type : RAM_RESERVED);
}

static void read_command_line(u64 from, size_t bytes)
{
	size_t n = min(bytes, sizeof(boot_command_line) - 1);

	/* A string near the end of what is readable: byte by byte, up to its NUL. */
	for (size_t i = 0; i < n; i++) {
		if (!phys_read(&boot_command_line[i], from + i, 1) || !boot_command_line[i]) {
			boot_command_line[i] = '\0';
			break;
		}
		if (boot_command_line[i] < ' ')
			boot_command_line[i] = ' ';
	}
}

static void read_pvh(u64 at)
{
	struct pvh_start_info info;

	if (!phys_read(&info, at, sizeof(info)) || info.magic != PVH_MAGIC)
		return;
	boot_rsdp = info.rsdp;
	if (info.command_line)
		read_command_line(info.command_line, sizeof(boot_command_line));
	if (info.modules >= 1) {
		struct pvh_module module;

		if (phys_read(&module, info.module_list, sizeof(module))) {
			initrd_start = PHYS(module.start);
			initrd_bytes = module.bytes;
		}
	}
	if (info.version < 1)
		return;
	for (u32 i = 0; i < min(info.memory_entries, 1024u); i++) {
		struct pvh_memory entry;

		if (phys_read(&entry, info.memory_map + i * sizeof(entry), sizeof(entry)))
			add_firmware_range(entry.start, entry.bytes, entry.type);
	}
}

static void read_multiboot_memory(u64 at, u32 size)
{
	u32 entry_size;

	if (!phys_read(&entry_size, at + 8, sizeof(entry_size)) ||
	    entry_size < sizeof(struct multiboot_memory))
		return;
	for (u32 offset = 16; offset + entry_size <= size; offset += entry_size) {
		struct multiboot_memory entry;

		if (phys_read(&entry, at + offset, sizeof(entry)))
			add_firmware_range(entry.start, entry.bytes, entry.type);
	}
}

static void read_multiboot2(u64 at)
{
	struct multiboot_tag tag;
	u32 total;

	if (!phys_read(&total, at, sizeof(total)))
		return;
	for (u64 offset = 8; offset + sizeof(tag) <= total; offset += ALIGN_UP(tag.size, 8u)) {
		if (!phys_read(&tag, at + offset, sizeof(tag)) || tag.size < sizeof(tag) ||
		    tag.type == 0)
			break;
		switch (tag.type) {
		case 1: read_command_line(at + offset + 8, tag.size - 8); break;
		case 3: { /* the first module is the initrd */
			u32 bounds[2];

			if (!initrd_bytes && phys_read(bounds, at + offset + 8, sizeof(bounds)) &&
			    bounds[1] > bounds[0]) {
				initrd_start = PHYS(bounds[0]);
				initrd_bytes = bounds[1] - bounds[0];
			}
			break;
		}
		case 6: read_multiboot_memory(at + offset, tag.size); break;
		case 14:
		case 15: boot_rsdp = at + offset + 8; break; /* a copy of the RSDP itself */
		}
	}
}

void boot_info_read(u32 loader, u32 info)
{
	if (loader == BOOT_BY_PVH)
		read_pvh(info);
	else
		read_multiboot2(info);
}

/*
 * The initrd may lie where mem= took the RAM away, or in high memory: then it is moved to where the
 * direct map shows it.
 */
static void keep_initrd(void)
{
	u64 start = initrd_start.v, end = start + initrd_bytes;
	u8 *copy;

	if (initrd_bytes == 0)
		return;
	if (end < start || initrd_bytes >> 32) {
		initrd_bytes = 0;
		pr_warn("initrd: its bounds make no sense, ignored\n");
		return;
	}
	if (end <= LOW_MEMORY_END &&
	    ram_is_usable(ALIGN_DOWN(start, PAGE_SIZE), ALIGN_UP(end, PAGE_SIZE)))
		return; /* reserved by reserve_memory() */
	copy = early_alloc(ALIGN_UP(initrd_bytes, PAGE_SIZE), PAGE_SIZE, 0);
	for (u64 done = 0; done < initrd_bytes;) {
		size_t n = min(initrd_bytes - done, PAGE_SIZE);

		if (!phys_read(copy + done, start + done, n))
			panic("initrd: cannot be read at %#llx",
			      (unsigned long long)(start + done));
		done += n;
	}
	initrd_start = virt_to_phys(copy);
}

static void reserve_memory(void)
{
	u64 end = ALIGN_UP(initrd_start.v + initrd_bytes, PAGE_SIZE);
	u64 start = ALIGN_DOWN(initrd_start.v, PAGE_SIZE);

	early_reserve(PHYS(0), PAGE_SIZE, "BIOS data");
	early_reserve(virt_to_phys(_image), _text - _image, "Kernel boot tables");
	early_reserve(virt_to_phys(_text), _rodata - _text, "Kernel code");
	early_reserve(virt_to_phys(_rodata), _data - _rodata, "Kernel rodata");
	early_reserve(virt_to_phys(_data), _bss - _data, "Kernel data");
	early_reserve(virt_to_phys(_bss), _end - _bss, "Kernel bss");
	trampoline_reserve();
	if (initrd_bytes && end > start && end <= LOW_MEMORY_END && ram_is_usable(start, end))
		early_reserve(PHYS(start), end - start, "Initrd");
}

static void print_ram_map(void)
{
	static const char *const kinds[] = {"?",         "usable",   "reserved",
					    "ACPI data", "ACPI NVS", "unusable"};

	for (unsigned i = 0; i < ram_map.ranges; i++) {
		const struct ram_range *r = &ram_map.range[i];

		pr_info("RAM map: [mem 0x%016llx-0x%016llx] %s\n", (unsigned long long)r->start.v,
			(unsigned long long)(r->start.v + r->bytes - 1), kinds[r->kind]);
	}
}

/* What matters before the kernel reads its own options. */
static void read_options(void)
{
	char text[12];

	if (boot_option("panic", text, sizeof(text)))
		panic_timeout = text[0] == '-' ? -1 : (int)min(parse_number(text, NULL), 86400ULL);
	if (boot_option("record", NULL, 0))
		record_sites_patch();
	if (boot_option("quiet", NULL, 0))
		console_loglevel = 4;
	if (boot_option("loglevel", text, sizeof(text)))
		console_loglevel = (int)min(parse_number(text, NULL), 8ULL);
}

void __noreturn machine_boot(u32 loader, u32 info)
{
	cpu_detect();
	alternatives_patch();
	cpu_apic_id[0] = cpuid_count(1, 0).ebx >> 24;
	cpu_setup(0);
	boot_info_read(loader, info);
	read_options();
	serial_early_init();
	pr_info("Pagoda on %s\n", cpu_features.model_name);
	pr_info("Command line: %s\n", boot_command_line);
	ram_map_build();
	print_ram_map();
	reserve_memory();
	acpi_init();
	ram_fake_nodes();
	paging_init();
	keep_initrd();
	paging_protect_image();
	irq_init();
	clock_init();
	tick_init();
	start_kernel();
}
