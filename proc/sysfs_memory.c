/*
 * /sys/devices/system/memory: memory in blocks of 128 MiB, as lsmem lists it.
 *
 * A block is there if any of it is RAM.  None can be taken out of use: nothing can move all that
 * lies in one away (writing "offline" says EBUSY).
 */
#include "lib/printf.h"
#include "lib/string.h"
#include "proc/procfs_int.h"

#define BLOCK_PAGES (MEMORY_BLOCK_BYTES / PAGE_SIZE)

unsigned memory_blocks(void)
{
	return (unsigned)DIV_ROUND_UP(frames_end(), BLOCK_PAGES);
}

/* Its node is that of its first frame. */
bool memory_block_present(unsigned n, int *nid)
{
	const pfn_t start = n * BLOCK_PAGES;

	for (pfn_t pfn = start; pfn < start + BLOCK_PAGES; pfn++) {
		if (!frames_present(pfn, 1))
			continue;
		*nid = page_to_nid(pfn_to_page(pfn));
		return true;
	}
	return false;
}

static int show_block_bytes(struct seq_file *m, void *unused)
{
	seq_printf(m, "%lx\n", MEMORY_BLOCK_BYTES);
	return 0;
}

/* --- one block; the private pointer is its number --- */

static int show_state(struct seq_file *m, void *unused)
{
	seq_puts(m, "online\n");
	return 0;
}

static int write_state(char *text, size_t bytes, void *unused)
{
	if (!strncmp(text, "online", 6))
		return 0;
	return strcmp(text, "offline") && strcmp(text, "offline\n") ? -EINVAL : -EBUSY;
}

static int show_index(struct seq_file *m, void *private)
{
	seq_printf(m, "%08lx\n", (unsigned long)private);
	return 0;
}

static int show_number(struct seq_file *m, void *number)
{
	seq_printf(m, "%lu\n", (unsigned long)number);
	return 0;
}

/* The zone that all of the block is in; "none" if it is in several or has holes. */
static int show_zones(struct seq_file *m, void *private)
{
	const pfn_t start = (unsigned long)private * BLOCK_PAGES;
	const struct zone *zone;

	if (!frames_present(start, BLOCK_PAGES)) {
		seq_puts(m, "none\n");
		return 0;
	}
	zone = page_zone(pfn_to_page(start));
	seq_printf(m, "%s\n",
		   start >= zone->start_pfn &&
				   start + BLOCK_PAGES <= zone->start_pfn + zone->spanned_pages
			   ? zone->name
			   : "none");
	return 0;
}

static void create_block(unsigned n, int nid)
{
	static const struct {
		const char *name;
		u32 mode;
		int (*show)(struct seq_file *m, void *private);
		unsigned long private; /* ~0: the block's number */
	} files[] = {
		{"state", 0644, show_state},
		{"online", 0444, show_number, 1},
		{"phys_index", 0444, show_index, ~0UL},
		{"removable", 0444, show_number, 1}, /* what Linux says of every block since 5.6 */
		{"phys_device", 0444, show_number, 0},
		{"valid_zones", 0444, show_zones, ~0UL},
	};
	char path[64], target[32];

	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		const unsigned long private = files[i].private == ~0UL ? n : files[i].private;
		struct proc_entry *e;

		scnprintf(path, sizeof(path), "devices/system/memory/memory%u/%s", n,
			  files[i].name);
		e = sysfs_create(path, files[i].mode, files[i].show, (void *)private);
		if (files[i].show == show_state)
			e->write = write_state;
	}
	scnprintf(path, sizeof(path), "devices/system/memory/memory%u/node%d", n, nid);
	scnprintf(target, sizeof(target), "../../node/node%d", nid);
	sysfs_create_link(path, target);
}

void sysfs_memory_init(void)
{
	int nid;

	sysfs_create("devices/system/memory/block_size_bytes", 0444, show_block_bytes, NULL);
	for (unsigned n = 0; n < memory_blocks(); n++)
		if (memory_block_present(n, &nid))
			create_block(n, nid);
}
