/*
 * The model of Linux 2.2 (SYSTEM.md S5; Intel SDM 3A, chapter 8): "task_model=2.2".
 *
 * Every task has a TSS and an LDT descriptor of its own in the GDT, and the processor itself
 * switches between tasks: a far jump to a TSS's selector saves all registers in the TSS that TR
 * names, loads all of them from the other, cr3 and LDTR, too, and exchanges the two descriptors'
 * busy bits.
 *
 *     GDT      0 .. 31    the fixed entries, 12 of them, in their usual places (segments.c); between
 *                         them, in the 20 free ones, the pairs of slots 0 to 9
 *              12 + 2n    TSS of slot n, from n = 10 on
 *              13 + 2n    LDT of slot n
 *
 *     GDT entries = 12 + 2 * NR_TASKS <= 8192, so NR_TASKS <= 4090 ("nr_tasks=", 512 by default)
 *
 * A fork that finds no slot fails with EAGAIN. That limit is why 2.4 came to switch by software:
 * one TSS a CPU, of which only the kernel stack changes (thread.c).
 *
 * cr3 of a TSS is written when its task gets a space (fork, exec) or loses it (exit), never by the
 * processor, which only loads it. A kernel thread's is the kernel's own root. The LDT
 * descriptor is refreshed before each switch, since threads share a table that any of them may replace.
 *
 * %gs is the program's own in the kernel, too, and may hold anything: it is null during the
 * switch, in which a selector that cannot be loaded would be a fault in the midst of two tasks, and is
 * loaded afterwards. The switch sets CR0.TS, which is cleared at once: FPU state is exchanged
 * by thread.c, as ever.
 *
 * One processor, two levels of page tables, as it was then. Slots are taken and given back in the
 * kernel, which is not preempted: with one CPU that is all the locking there is.
 */
#include "arch/x86/i386/hardware_tasks.h"
#include "arch/x86/common/internal.h"
#include "arch/x86/i386/segments.h"
#include "arch/x86/i386/tls.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/printk.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "machine/boot.h"
#include "machine/mmu.h"
#include "machine/thread.h"
#include "machine/upcall.h"
#include "mm/frame/frame.h"
#include "x86/ldt.h"

#define NR_TASKS_DEFAULT 512u
#define NR_TASKS_LEAST   32u
#define NR_TASKS_MOST    ((8192u - FIXED_ENTRIES) / 2)
#define FIXED_ENTRIES    12u
#define TSS_STRIDE       256u /* a TSS must not cross pages */

bool hardware_tasks;
static unsigned nr_tasks;           /* constant after boot */
static u8 *states;                  /* nr_tasks TSSs */
static u16 *free_slots;             /* a stack of them */
static unsigned nr_free;            /* (one CPU) */
static struct arch_thread *running; /* (one CPU) whose TSS is in TR */

struct task_struct *switch_tasks(struct task_struct *prev, unsigned long *prev_sp,
				 unsigned selector);
extern char hardware_task_start[];
DEFINE_PER_CPU(struct task_struct *, switched_from); /* entry.S: handed from one task to the next */

/* The n-th entry that is not a fixed one. */
static unsigned free_entry(unsigned n)
{
	static const u8 low[] = {1,  2,  3,  4,  5,  9,  10, 11, 18, 19,
				 20, 21, 22, 23, 24, 25, 26, 28, 29, 30};

	static_assert(ARRAY_SIZE(low) == GDT_ENTRIES - FIXED_ENTRIES, "see segments.c");
	return n < ARRAY_SIZE(low) ? low[n] : FIXED_ENTRIES + n;
}

static u16 tss_selector(const struct arch_thread *t)
{
	return (u16)(free_entry(2 * t->segments.slot) * 8);
}

static u16 ldt_selector(const struct arch_thread *t)
{
	return (u16)(free_entry(2 * t->segments.slot + 1) * 8);
}

static struct tss *tss_of(const struct arch_thread *t)
{
	return (struct tss *)(states + t->segments.slot * TSS_STRIDE);
}

u16 machine_tss_selector(const struct arch_thread *t)
{
	return hardware_tasks ? tss_selector(t) : TSS_SELECTOR;
}

u16 machine_ldt_selector(const struct arch_thread *t)
{
	return hardware_tasks ? ldt_selector(t) : LDT_SELECTOR;
}

static u64 *entry(u16 selector)
{
	return &this_cpu(gdt)[selector / 8];
}

static void describe_ldt(struct arch_thread *t)
{
	const struct arch_mm *mm = t->segments.space;
	const struct ldt *own = mm ? READ_ONCE(mm->segments.ldt) : NULL;
	const struct ldt *ldt = own ? own : &default_ldt;

	*entry(ldt_selector(t)) = ldt_descriptor(ldt);
}

static void load_own_ldt(void)
{
	describe_ldt(running);
	__asm__ volatile("lldt %w0" ::"r"((unsigned)ldt_selector(running)) : "memory");
}

void hardware_task_reload_ldt(void)
{
	if (running->segments.space)
		load_own_ldt();
}

void hardware_task_space(struct arch_thread *t, const struct arch_mm *mm)
{
	const unsigned long flags = irq_save();

	t->segments.space = mm;
	tss_of(t)->cr3 = mm ? (u32)virt_to_phys(mm->root).v : (u32)kernel_root();
	if (t == running) {
		write_cr3(tss_of(t)->cr3);
		load_own_ldt();
	} else {
		describe_ldt(t);
	}
	irq_restore(flags);
}

/* A TSS with which nothing has run yet, and its descriptors. */
static void describe_task(struct arch_thread *t)
{
	struct tss *tss = tss_of(t);

	*tss = (struct tss){
		.ss0 = KERNEL_DS,
		.sp0 = t->stack_top,
		.cr3 = (u32)kernel_root(),
		.ip = (u32)hardware_task_start,
		.flags = 2, /* a bit that is always set; interrupts off */
		.cs = KERNEL_CS,
		.ss = KERNEL_DS,
		.ds = USER_DS,
		.es = USER_DS,
		.fs = PERCPU_SELECTOR,
		.ldt = ldt_selector(t),
		.io_map = offsetof(struct tss, io_bitmap),
	};
	memset(tss->io_bitmap, 0xff, sizeof(tss->io_bitmap));
	t->segments.space = NULL;
	describe_ldt(t);
	*entry(tss_selector(t)) = SEGMENT((u32)tss, sizeof(*tss) - 1, SEGMENT_TSS);
}

int hardware_task_new(struct arch_thread *t)
{
	const struct start_frame *frame = (const void *)t->kernel_sp;
	struct tss *tss;

	if (!nr_free)
		return -EAGAIN;
	t->segments.slot = free_slots[--nr_free];
	describe_task(t);
	tss = tss_of(t);
	tss->sp = (u32)(frame + 1);
	tss->bx = frame->bx;
	tss->si = frame->si;
	return 0;
}

void hardware_task_free(struct arch_thread *t)
{
	ASSERT(t != running && nr_free < nr_tasks);
	*entry(tss_selector(t)) = 0;
	*entry(ldt_selector(t)) = 0;
	t->segments.space = NULL;
	free_slots[nr_free++] = t->segments.slot;
}

struct task_struct *hardware_switch(struct task_struct *prev, struct arch_thread *prev_thread,
				    struct arch_thread *next_thread)
{
	load_gs(0);
	describe_ldt(next_thread);
	running = next_thread;
	prev = switch_tasks(prev, &prev_thread->kernel_sp, tss_selector(next_thread));
	if (prev_thread->user)
		load_gs(prev_thread->tls.gs);
	return prev;
}

/* A new task's first steps (entry.S): who ran before it. */
struct task_struct *hardware_task_begin(void);
struct task_struct *hardware_task_begin(void)
{
	if (running->user)
		load_gs(running->tls.gs);
	return this_cpu(switched_from);
}

/* The kernel's own task is in slot 0, and becomes the one that runs. */
static void begin(struct arch_thread *boot)
{
	running = boot;
	describe_task(boot);
	tss_of(boot)->sp0 = this_cpu(kernel_stack_top);
	__asm__ volatile("ltr %w0" ::"r"((unsigned)tss_selector(boot)) : "memory");
	load_own_ldt();
}

static void *zeroed(size_t bytes)
{
	void *memory = early_alloc(bytes, PAGE_SIZE, 0);

	memset(memory, 0, bytes);
	return memory;
}

void hardware_tasks_init(void)
{
	static struct arch_thread boot; /* slot 0, as init_task's own, which is all zeros still */
	char text[12];

	if (!boot_option("task_model", text, sizeof(text)) || strcmp(text, "2.2"))
		return;
	if (sizeof(pte_t) != 4) {
		pr_warn("task_model=2.2: not with PAE\n");
		return;
	}
	nr_tasks = NR_TASKS_DEFAULT;
	if (boot_option("nr_tasks", text, sizeof(text)))
		nr_tasks = (unsigned)min(
			max(parse_number(text, NULL), (unsigned long long)NR_TASKS_LEAST),
			(unsigned long long)NR_TASKS_MOST);
	states = zeroed(nr_tasks * TSS_STRIDE);
	free_slots = zeroed(nr_tasks * sizeof(*free_slots));
	while (nr_free < nr_tasks - 1) {
		free_slots[nr_free] = (u16)(nr_tasks - 1 - nr_free);
		nr_free++;
	}
	gdt_replace(zeroed((FIXED_ENTRIES + 2 * nr_tasks) * sizeof(u64)),
		    FIXED_ENTRIES + 2 * nr_tasks);
	hardware_tasks = true;
	nr_cpus_found = 1;
	begin(&boot);
	pr_info("Tasks as in Linux 2.2: NR_TASKS %u, GDT entries %u, one CPU\n", nr_tasks,
		FIXED_ENTRIES + 2 * nr_tasks);
}
