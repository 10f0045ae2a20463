/*
 * Descriptor tables, read back and decoded (SYSTEM.md S7; i386):
 *
 *     /proc/segments/gdt    the GDT of each CPU
 *     /proc/segments/tss    the task-state segments that are in it, and what they say
 *     /proc/segments/idt    the gates
 *     /proc/PID/ldt         the process's local table, its own or the default one
 *     /proc/PID/tss         the TSS of a CPU that runs it; in the 2.2 model, its own
 *
 * What is printed is what stands in memory at that moment, through nothing but the fields'
 * places in a descriptor: a line looks like those of `pagoda walk --segments`. The tables change
 * under the reader: TLS entries and the LDT's are those of whoever runs on the CPU.
 *
 * The addresses are the kernel's: for root alone.
 */
#include "kernel/abi32/ldt.h"
#include "kernel/initcall.h"
#include "lib/segment.h"
#include "machine/mmu.h"
#include "machine/selectors.h"
#include "mm/pgtable/pgtable.h"
#include "mm/slab/slab.h"
#include "mm/space/space.h"
#include "proc/proc.h"
#include "sync/percpu.h"

static void show_descriptor(struct seq_file *m, unsigned index, bool ldt, u64 descriptor)
{
	const struct segment s = segment_decode(descriptor);

	seq_printf(m, "  %4u  selector 0x%04x  0x%016llx  ", index, SELECTOR(index, ldt, 0),
		   (unsigned long long)descriptor);
	seq_printf(m, "base 0x%08x limit 0x%05x G %d S %d type 0x%x DPL %d P %d D/B %d  %s\n",
		   s.base, s.limit, s.g, s.s, s.type, s.dpl, s.p, s.db, segment_kind(&s));
}

/* Its head, but for the newline after the name, and every entry that is not zero. */
static void show_table(struct seq_file *m, bool ldt, const u64 *base, unsigned entries)
{
	seq_printf(m, " at linear 0x%08lx, limit 0x%x: %u entries\n", (unsigned long)base,
		   entries * SEGMENT_ENTRY_BYTES - 1, entries);
	for (unsigned i = 0; i < entries && !m->overflow; i++)
		if (base[i])
			show_descriptor(m, i, ldt, base[i]);
}

static int show_gdt(struct seq_file *m, void *unused)
{
	unsigned cpu;

	for_each_online_cpu (cpu) {
		const struct descriptor_table gdt = machine_gdt(cpu);

		seq_printf(m, "GDT of CPU %u", cpu);
		show_table(m, false, gdt.base, gdt.entries);
	}
	return 0;
}

static void show_tss(struct seq_file *m, unsigned index, const struct segment *s)
{
	const struct tss *tss = (const void *)(unsigned long)s->base;

	seq_printf(m, ", selector 0x%04x: base 0x%08x limit 0x%05x type 0x%x  %s\n",
		   SELECTOR(index, false, 0), s->base, s->limit, s->type, segment_kind(s));
	seq_printf(m, "  cr3 0x%08x ldt 0x%04x ss0 0x%04x esp0 0x%08x back_link 0x%04x\n", tss->cr3,
		   tss->ldt & 0xffff, tss->ss0 & 0xffff, tss->sp0, tss->back_link & 0xffff);
	seq_printf(m, "  cs 0x%04x eip 0x%08x ss 0x%04x esp 0x%08x eflags 0x%08x\n",
		   tss->cs & 0xffff, tss->ip, tss->ss & 0xffff, tss->sp, tss->flags);
	seq_printf(m, "  ds 0x%04x es 0x%04x fs 0x%04x gs 0x%04x io_map 0x%04x\n", tss->ds & 0xffff,
		   tss->es & 0xffff, tss->fs & 0xffff, tss->gs & 0xffff, tss->io_map);
}

static int show_all_tss(struct seq_file *m, void *unused)
{
	unsigned cpu;

	for_each_online_cpu (cpu) {
		const struct descriptor_table gdt = machine_gdt(cpu);
		const u64 *descriptor = gdt.base;

		for (unsigned i = 0; i < gdt.entries && !m->overflow; i++) {
			const struct segment s = segment_decode(descriptor[i]);

			if (s.p && !s.s && (s.type == SYSTEM_TSS || s.type == SYSTEM_TSS_BUSY)) {
				seq_printf(m, "TSS of CPU %u", cpu);
				show_tss(m, i, &s);
			}
		}
	}
	return 0;
}

static int show_idt(struct seq_file *m, void *unused)
{
	const struct descriptor_table idt = machine_idt();
	const u64 *entry = idt.base;

	seq_printf(m, "IDT at linear 0x%08lx, limit 0x%x: %u entries\n", (unsigned long)entry,
		   idt.entries * SEGMENT_ENTRY_BYTES - 1, idt.entries);
	for (unsigned i = 0; i < idt.entries && !m->overflow; i++) {
		const struct gate gate = gate_decode(entry[i]);
		const struct segment s = segment_decode(entry[i]);

		if (!entry[i])
			continue;
		seq_printf(m,
			   "  %4u  0x%016llx  selector 0x%04x offset 0x%08x type 0x%x DPL %d P %d  "
			   "%s\n",
			   i, (unsigned long long)entry[i], gate.selector, gate.offset, gate.type,
			   gate.dpl, gate.p, segment_kind(&s));
	}
	return 0;
}

/* --- of a process --- */

static int show_ldt(struct seq_file *m, struct task_struct *task, struct mm_struct *mm)
{
	const struct ldt *own = ldt_lock_of(mm), *ldt = own ? own : &default_ldt;

	seq_puts(m, own ? "LDT of its own" : "LDT by default");
	show_table(m, true, ldt->descriptor, ldt->entries);
	ldt_unlock();
	return 0;
}

/* The one that the first CPU has loaded while the task runs; only in the 2.2 model it is the task's own. */
static int show_task_tss(struct seq_file *m, struct task_struct *task)
{
	const u16 selector = machine_tss_selector(&task->thread);
	const u64 *gdt = machine_gdt(0).base;
	const struct segment s = segment_decode(gdt[selector_index(selector)]);

	if (!may_inspect(task))
		return -EACCES;
	if (!s.base) /* given back meanwhile */
		return -ESRCH;
	seq_printf(m, "TSS of task %d", task->pid);
	show_tss(m, selector_index(selector), &s);
	return 0;
}

/* For /proc/PID/page_tables: words by physical address. */
static void show_words(struct seq_file *m, const u64 *table, unsigned entries, const u64 *now)
{
	for (unsigned i = 0; i < entries && !m->overflow; i++)
		if (now[i] || i == 0)
			seq_printf(m, "%#llx/8: %#llx\n",
				   (unsigned long long)virt_to_phys(table + i).v,
				   (unsigned long long)now[i]);
}

/* The first CPU's GDT with what it has of the task's own while that runs, and the LDT. */
static void show_segment_words(struct seq_file *m, struct task_struct *task, struct mm_struct *mm)
{
	const struct descriptor_table gdt = machine_gdt(0);
	const u16 ldt_selector = machine_ldt_selector(&task->thread);
	const struct ldt *own, *ldt;
	u64 *copy = kmemdup(gdt.base, gdt.entries * sizeof(u64), GFP_KERNEL);

	if (!copy) {
		m->overflow = true;
		return;
	}
	own = ldt_lock_of(mm);
	ldt = own ? own : &default_ldt;
	for (unsigned i = 0; i < GDT_TLS_ENTRIES; i++)
		copy[GDT_TLS + i] = task->thread.tls.descriptor[i];
	copy[ldt_selector / 8] = segment_encode(&(struct segment){
		.base = (u32)(unsigned long)ldt->descriptor,
		.limit = ldt->entries * SEGMENT_ENTRY_BYTES - 1,
		.type = SYSTEM_LDT,
		.p = true,
	});
	seq_printf(m, "gdt 0x%lx 0x%x\nldt 0x%x\n", (unsigned long)gdt.base,
		   gdt.entries * SEGMENT_ENTRY_BYTES - 1, ldt_selector);
	show_words(m, gdt.base, gdt.entries, copy);
	show_words(m, ldt->descriptor, ldt->entries, ldt->descriptor);
	ldt_unlock();
	kfree(copy);
}

static const struct pid_file ldt_file = {"ldt", 0400, .show_mm = show_ldt},
			     tss_file = {"tss", 0400, show_task_tss};

static int segments_init(void)
{
	proc_create("segments/gdt", 0400, show_gdt, NULL, NULL);
	proc_create("segments/tss", 0400, show_all_tss, NULL, NULL);
	proc_create("segments/idt", 0400, show_idt, NULL, NULL);
	pid_file_add(&ldt_file);
	pid_file_add(&tss_file);
	pid_show_segment_words = show_segment_words;
	return 0;
}
INITCALL(INIT_LATE, segments_init);
