/*
 * /proc/PID/page_tables: a process's page tables, all of them, as `pagoda walk --tables` reads
 * them (docs/walk.md), so that a running machine's addresses can be followed step by step:
 *
 *     machine 4level
 *     cr3 0x1a2b000
 *     0x1a2b000: 0x1a2c067 0 0 0          words of tables, by physical address
 *
 * On i386 descriptor tables follow (proc/segments). Lines of zeros alone are left out, but for the
 * first of each table: memory that is named is there.
 *
 * The tables are the hardware's own, read under mmap_lock: the space keeps its shape meanwhile, but pages
 * come and go and bits are set as ever. For those with CAP_SYS_ADMIN: frames are told.
 */
#include "mm/pgtable/pgtable.h"
#include "mm/space/space.h"
#include "proc/proc.h"
#include <linux/capability.h>

#define WORDS 8u /* on a line */

void (*pid_show_segment_words)(struct seq_file *m, struct task_struct *task, struct mm_struct *mm);

static const char *machine_name(void)
{
	if (sizeof(pte_t) == 4)
		return "pse36";
	if (PT_BITS(PT_PGD) == 2)
		return "pae";
	return PT_BITS(PT_P4D) ? "5level" : "4level";
}

/* What the hardware sees: with PAE, top entries without the bits that they must not have there. */
static pte_value_t word_at(const pte_t *entry, enum pt_level level)
{
	const pte_value_t word = pte_get(entry).v;

	return PT_BITS(level) == 2 ? word & (PTE_FRAME | PTE_P) : word;
}

static void show_line(struct seq_file *m, const pte_t *table, unsigned at, enum pt_level level,
		      unsigned entries)
{
	bool any = at == 0;

	for (unsigned i = at; i < at + WORDS && i < entries; i++)
		any |= table[i].v;
	if (!any)
		return;
	seq_printf(m, "%#llx:", (unsigned long long)virt_to_phys(table + at).v);
	for (unsigned i = at; i < at + WORDS && i < entries; i++)
		seq_printf(m, " %#llx", (unsigned long long)word_at(table + i, level));
	seq_putc(m, '\n');
}

static void show_table(struct seq_file *m, const pte_t *table, enum pt_level level)
{
	const unsigned entries = 1u << PT_BITS(level);

	for (unsigned at = 0; at < entries && !m->overflow; at += WORDS)
		show_line(m, table, at, level, entries);
	for (unsigned i = 0; level > PT_PTE && i < entries && !m->overflow; i++) {
		const pte_t e = pte_get(table + i);

		if (pte_is_table(e))
			show_table(m, pt_table(e), pt_below(level));
	}
}

int pid_show_page_tables(struct seq_file *m, struct task_struct *task, struct mm_struct *mm)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	seq_printf(m, "machine %s\ncr3 %#llx\n", machine_name(),
		   (unsigned long long)virt_to_phys(mm->arch.root).v);
	down_read(&mm->mmap_lock);
	show_table(m, mm->arch.root, pt_top());
	up_read(&mm->mmap_lock);
	if (pid_show_segment_words)
		pid_show_segment_words(m, task, mm);
	return 0;
}
