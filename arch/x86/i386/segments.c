/*
 * Descriptor tables (SYSTEM.md S2-S4): flat segments, as Linux uses them.
 *
 *   GDT of each CPU   0      null
 *                     6..8   TLS: the running task's own (tls.c)
 *                    12, 13  kernel code, data        base 0, limit 4 GiB, DPL 0
 *                    14, 15  user code, data          base 0, limit 4 GiB, DPL 3
 *                    16      TSS of the CPU           236 bytes
 *                    17      LDT: the default one, or the process's own
 *                    27      per-CPU data             base: distance from the template
 *                    31      TSS of the double fault
 *
 * The TSS names the stack for traps from user mode (esp0, set at each task switch) and
 * denies ports by a bitmap of its own. A double fault cannot trust the stack it happened
 * on, so its gate is a task gate: the processor saves all registers in the
 * CPU's TSS and loads others from the second one, with a stack of its own.
 *
 * The default LDT has three entries (null, user code, user data); all processes that
 * have none of their own share it (machine/segments.h).
 *
 * With "task_model=2.2" the GDT is another one, which begins like this one (hardware_tasks.c).
 */
#include "arch/x86/i386/segments.h"
#include "arch/x86/i386/hardware_tasks.h"
#include "arch/x86/i386/sysenter.h"
#include "arch/x86/common/internal.h"
#include "arch/x86/common/segments.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "machine/mmu.h"
#include "machine/tls.h"
#include "x86/ldt.h"

#define FATAL_STACK  8192
#define TASK_GATE    0x85
#define VECTOR_CALL  0x80
#define VECTOR_FATAL 8

struct descriptor_pointer {
	u16 limit;
	u32 base;
} __packed;

struct gate {
	u16 low, selector;
	u8 unused, type;
	u16 high;
};

struct cpu_tables {
	u64 gdt[GDT_ENTRIES];
	struct tss tss, fatal_tss;
	u8 fatal_stack[FATAL_STACK] __aligned(16);
};
static DEFINE_PER_CPU(struct cpu_tables, cpu_tables) __aligned(64);
DEFINE_PER_CPU(u64 *, gdt);
DEFINE_PER_CPU(unsigned, gdt_entries);

DEFINE_PER_CPU(unsigned long, kernel_stack_top) = (unsigned long)_boot_stack_end;

static struct gate idt[256] __section(".ro_after_init") __aligned(16);

/* Not constant: the CPU sets the accessed bit of what a program loads. */
static u64 default_table[3] __aligned(8) = {
	0,
	SEGMENT(0, 0xfffff, SEGMENT_CODE | SEGMENT_USER | SEGMENT_FLAT),
	SEGMENT(0, 0xfffff, SEGMENT_DATA | SEGMENT_USER | SEGMENT_FLAT),
};
const struct ldt default_ldt = {default_table, ARRAY_SIZE(default_table)};
DEFINE_PER_CPU(const struct ldt *, loaded_ldt);

extern char syscall_entry[];

void set_trap_stack(unsigned long top)
{
	this_cpu(kernel_stack_top) = top;
	this_cpu(cpu_tables).tss.sp0 = top;
	sysenter_stack(top);
}

void load_tls(const struct arch_tls *tls)
{
	u64 *table = this_cpu(gdt);

	for (unsigned i = 0; i < GDT_TLS_ENTRIES; i++)
		table[GDT_TLS + i] = tls->descriptor[i];
}

u64 ldt_descriptor(const struct ldt *ldt)
{
	return SEGMENT((u32)ldt->descriptor, ldt->entries * sizeof(u64) - 1, SEGMENT_LDT);
}

void load_ldt(const struct ldt *ldt)
{
	this_cpu(gdt)[LDT_SELECTOR / 8] = ldt_descriptor(ldt ? ldt : &default_ldt);
	__asm__ volatile("lldt %w0" ::"r"(LDT_SELECTOR) : "memory");
	this_cpu(loaded_ldt) = ldt;
}

void arch_mm_reload_ldt(struct arch_mm *mm)
{
	if (hardware_tasks)
		hardware_task_reload_ldt();
	else
		space_segments_load(&mm->segments);
}

static void load_gdt(u64 *table, unsigned entries)
{
	struct descriptor_pointer pointer = {(u16)(entries * sizeof(u64) - 1), (u32)table};

	__asm__ volatile("lgdt %0" ::"m"(pointer));
	this_cpu(gdt) = table;
	this_cpu(gdt_entries) = entries;
}

void gdt_replace(u64 *table, unsigned entries)
{
	memcpy(table, this_cpu(gdt), GDT_ENTRIES * sizeof(u64));
	table[TSS_SELECTOR / 8] = table[LDT_SELECTOR / 8] = 0;
	load_gdt(table, entries);
}

struct descriptor_table machine_gdt(unsigned cpu)
{
	return (struct descriptor_table){per_cpu(gdt, cpu), per_cpu(gdt_entries, cpu)};
}

struct descriptor_table machine_idt(void)
{
	return (struct descriptor_table){idt, ARRAY_SIZE(idt)};
}

const struct ldt_ops *ldt_ops; /* set at boot */

int arch_mm_fork(struct arch_mm *child, const struct arch_mm *parent)
{
	return READ_ONCE(parent->segments.ldt) ? ldt_ops->copy(child, parent) : 0;
}

static void set_gate(unsigned vector, unsigned long handler, u8 privilege)
{
	idt[vector] = (struct gate){
		.low = (u16)handler,
		.selector = KERNEL_CS,
		.type = 0x8e | privilege << 5, /* present 32-bit interrupt gate */
		.high = (u16)(handler >> 16),
	};
}

static void fill_idt(void)
{
	for (unsigned vector = 0; vector < 32; vector++) {
		bool programs_may = vector == 3 || vector == 4; /* INT3, INTO */

		set_gate(vector, trap_stubs[vector], programs_may ? 3 : 0);
	}
	idt[VECTOR_FATAL] = (struct gate){.selector = FATAL_TSS_SELECTOR, .type = TASK_GATE};
	for (unsigned vector = VECTOR_IRQ; vector < VECTOR_END; vector++)
		set_gate(vector, (unsigned long)interrupt_stubs + (vector - VECTOR_IRQ) * 8, 0);
	set_gate(VECTOR_CALL, (unsigned long)syscall_entry, 3);
}

/* The task of a double fault. What was running is in the TSS that the processor has linked to this one. */
static void __noreturn double_fault(void)
{
	const u64 *was = this_cpu(gdt) + this_cpu(cpu_tables).fatal_tss.back_link / 8;
	const struct tss *tss = (const void *)SEGMENT_BASE(*was);
	unsigned long address = read_cr2();
	struct pt_regs regs = {
		.bx = tss->bx,
		.cx = tss->cx,
		.dx = tss->dx,
		.si = tss->si,
		.di = tss->di,
		.bp = tss->bp,
		.ax = tss->ax,
		.ds = tss->ds,
		.es = tss->es,
		.fs = tss->fs,
		.orig_ax = -1,
		.ip = tss->ip,
		.cs = tss->cs,
		.flags = tss->flags,
		.sp = tss->sp,
		.ss = tss->ss,
	};
	bool overflow = address - (regs.sp - PAGE_SIZE) < 2 * PAGE_SIZE;

	oops(&regs, overflow ? "kernel stack overflow" : "double fault", address);
	__builtin_unreachable();
}

static void fill_tss(struct cpu_tables *t)
{
	t->tss.sp0 = this_cpu(kernel_stack_top);
	t->tss.ss0 = KERNEL_DS;
	t->tss.io_map = offsetof(struct tss, io_bitmap);
	memset(t->tss.io_bitmap, 0xff, sizeof(t->tss.io_bitmap));

	t->fatal_tss.cr3 = (u32)kernel_root();
	t->fatal_tss.ip = (u32)double_fault;
	t->fatal_tss.sp = (u32)(t->fatal_stack + FATAL_STACK - sizeof(long));
	t->fatal_tss.flags = 2; /* a bit that is always set */
	t->fatal_tss.cs = KERNEL_CS;
	t->fatal_tss.ss = KERNEL_DS;
	t->fatal_tss.ds = t->fatal_tss.es = USER_DS;
	t->fatal_tss.fs = PERCPU_SELECTOR;
	t->fatal_tss.io_map = offsetof(struct tss, io_bitmap);
	memset(t->fatal_tss.io_bitmap, 0xff, sizeof(t->fatal_tss.io_bitmap));
}

void segments_setup(unsigned cpu)
{
	struct cpu_tables *t = &per_cpu(cpu_tables, cpu);
	struct descriptor_pointer pointer;

	t->gdt[KERNEL_CS / 8] = SEGMENT(0, 0xfffff, SEGMENT_CODE | SEGMENT_FLAT);
	t->gdt[KERNEL_DS / 8] = SEGMENT(0, 0xfffff, SEGMENT_DATA | SEGMENT_FLAT);
	t->gdt[USER_CS / 8] = SEGMENT(0, 0xfffff, SEGMENT_CODE | SEGMENT_USER | SEGMENT_FLAT);
	t->gdt[USER_DS / 8] = SEGMENT(0, 0xfffff, SEGMENT_DATA | SEGMENT_USER | SEGMENT_FLAT);
	t->gdt[TSS_SELECTOR / 8] = SEGMENT((u32)&t->tss, sizeof(struct tss) - 1, SEGMENT_TSS);
	t->gdt[PERCPU_SELECTOR / 8] =
		SEGMENT(percpu_offset[cpu], 0xfffff, SEGMENT_DATA | SEGMENT_FLAT);
	t->gdt[FATAL_TSS_SELECTOR / 8] =
		SEGMENT((u32)&t->fatal_tss, sizeof(struct tss) - 1, SEGMENT_TSS);

	load_gdt(t->gdt, GDT_ENTRIES);
	__asm__ volatile("ljmp %0, $1f; 1:" ::"i"(KERNEL_CS) : "memory");
	__asm__ volatile(
		"mov %0, %%ds; mov %0, %%es; mov %1, %%ss; mov %2, %%fs; mov %3, %%gs" ::"r"(
			USER_DS),
		"r"(KERNEL_DS), "r"(PERCPU_SELECTOR), "r"(0)
		: "memory");
	fill_tss(t);
	__asm__ volatile("ltr %w0" ::"r"(TSS_SELECTOR));
	load_ldt(NULL);
	if (cpu == 0)
		fill_idt();
	sysenter_setup(cpu);
	pointer = (struct descriptor_pointer){sizeof(idt) - 1, (u32)idt};
	__asm__ volatile("lidt %0" ::"m"(pointer));
}
