/*
 * /proc/slabinfo, which can be written ("name limit batchcount shared"), and
 * /proc/vmallocinfo.
 */
#include "kernel/initcall.h"
#include "lib/string.h"
#include "machine/symbols.h"
#include "mm/kva/kva.h"
#include "mm/slab/slab.h"
#include "proc/proc.h"

static int show_slabinfo(struct seq_file *m, void *unused)
{
	struct slabinfo s;

	seq_puts(m, "slabinfo - version: 2.1\n"
		    "# name            <active_objs> <num_objs> <objsize> <objperslab> "
		    "<pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata "
		    "<active_slabs> <num_slabs> <sharedavail>\n");
	for (unsigned n = 0; slabinfo_get(n, &s); n++)
		seq_printf(
			m,
			"%-17s %6lu %6lu %6u %4u %4u : tunables %4u %4u %4u : slabdata %6lu %6lu "
			"%6lu\n",
			s.name, s.active_objs, s.num_objs, s.objsize, s.objperslab, s.pagesperslab,
			s.limit, s.batchcount, s.shared, s.active_slabs, s.num_slabs,
			s.shared_avail);
	return 0;
}

/* A number and the blanks before it; false if there is none. */
static bool take_number(const char **at, unsigned *value)
{
	const char *end;

	while (**at == ' ')
		(*at)++;
	if (**at < '0' || **at > '9')
		return false;
	*value = parse_number(*at, &end);
	*at = end;
	return true;
}

static int write_slabinfo(char *text, size_t bytes, void *unused)
{
	unsigned limit, batchcount, shared;
	char *blank = strchr(text, ' ');
	const char *at = blank;

	if (!blank)
		return -EINVAL;
	if (!take_number(&at, &limit) || !take_number(&at, &batchcount) ||
	    !take_number(&at, &shared))
		return -EINVAL;
	*blank = 0;
	return slab_tune(text, limit, batchcount, shared);
}

static int show_vmallocinfo(struct seq_file *m, void *unused)
{
	struct vmalloc_info info;
	unsigned long after = 0;
	const bool see = may_see_kernel_addresses();

	while (vmalloc_info_get(after, &info)) {
		char caller[80];

		after = info.start;
		symbol_format((unsigned long)info.caller, caller, sizeof(caller));
		seq_printf(m, "0x%016lx-0x%016lx %7lu %s", see ? info.start : 0,
			   see ? info.start + info.bytes : 0, info.bytes, caller);
		if (info.pages)
			seq_printf(m, " pages=%lu", info.pages);
		if (info.phys.v)
			seq_printf(m, " phys=0x%016llx", (unsigned long long)info.phys.v);
		seq_printf(m, " %s\n", info.kind);
	}
	return 0;
}

static int slabinfo_init(void)
{
	proc_create("slabinfo", 0600, show_slabinfo, write_slabinfo, NULL);
	proc_create("vmallocinfo", 0400, show_vmallocinfo, NULL, NULL);
	return 0;
}
INITCALL(INIT_LATE, slabinfo_init);
