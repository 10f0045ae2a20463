/*
 * Descriptor tables: what is left of segmentation in long mode.
 *
 * The GDT has the selectors Linux has (x86.h), the TSS the stack for traps from
 * user mode (rsp0, set at each task switch) and two stacks of its own (IST) for
 * what may strike at any instruction:
 *
 *     ist[0]  #DF, #MC  fatal      ist[1]  NMI
 *
 * The word at the top of an IST stack holds the CPU's %gs base for entry.S.
 */
#include "arch/x86/common/internal.h"
#include "arch/x86/common/segments.h"
#include "lib/assert.h"

#define FATAL_STACK 8192
#define NMI_STACK   8192 /* a report is printed from there */

struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3, io_map;
} __packed;
static_assert(sizeof(struct tss) == 104, "Intel SDM 3A, 8.7");

struct descriptor_pointer {
	u16 limit;
	u64 base;
} __packed;

struct gate {
	u16 low;
	u16 selector;
	u8 ist, type;
	u16 middle;
	u32 high, reserved;
};

struct cpu_tables {
	u64 gdt[10];
	struct tss tss;
	u8 fatal_stack[FATAL_STACK] __aligned(16);
	u64 fatal_gs, pad0;
	u8 nmi_stack[NMI_STACK] __aligned(16);
	u64 nmi_gs, pad1;
};
static DEFINE_PER_CPU(struct cpu_tables, cpu_tables) __aligned(64);

DEFINE_PER_CPU(unsigned long, kernel_stack_top) = (unsigned long)_boot_stack_end;
DEFINE_PER_CPU(unsigned long, syscall_user_sp);

static struct gate idt[256] __section(".ro_after_init") __aligned(16);

extern char syscall_entry[];

void set_trap_stack(unsigned long top)
{
	this_cpu(kernel_stack_top) = top;
	this_cpu(cpu_tables).tss.rsp[0] = top;
}

static void set_gate(unsigned vector, unsigned long handler, u8 ist, u8 privilege)
{
	idt[vector] = (struct gate){
		.low = (u16)handler,
		.selector = KERNEL_CS,
		.ist = ist,
		.type = 0x8e | privilege << 5, /* present interrupt gate */
		.middle = (u16)(handler >> 16),
		.high = (u32)(handler >> 32),
	};
}

static void fill_idt(void)
{
	for (unsigned vector = 0; vector < 32; vector++) {
		bool fatal = vector == 8 || vector == 18;
		bool programs_may = vector == 3 || vector == 4; /* INT3, INTO */

		set_gate(vector, trap_stubs[vector],
			 fatal         ? 1
			 : vector == 2 ? 2
				       : 0,
			 programs_may ? 3 : 0);
	}
	for (unsigned vector = VECTOR_IRQ; vector < VECTOR_END; vector++)
		set_gate(vector, (unsigned long)interrupt_stubs + (vector - VECTOR_IRQ) * 8, 0, 0);
}

void segments_setup(unsigned cpu)
{
	struct cpu_tables *t = &this_cpu(cpu_tables);
	unsigned long tss = (unsigned long)&t->tss;
	struct descriptor_pointer pointer = {sizeof(t->gdt) - 1, (unsigned long)t->gdt};

	t->gdt[KERNEL_CS / 8] = 0x00af9b000000ffff;
	t->gdt[KERNEL_DS / 8] = 0x00cf93000000ffff;
	t->gdt[USER32_CS / 8] = 0x00cffb000000ffff;
	t->gdt[USER_DS / 8] = 0x00cff3000000ffff;
	t->gdt[USER_CS / 8] = 0x00affb000000ffff;
	t->gdt[TSS_SELECTOR / 8] = (sizeof(struct tss) - 1) | (tss & 0xffffff) << 16 |
				   0x89ULL << 40 | (tss >> 24 & 0xff) << 56;
	t->gdt[TSS_SELECTOR / 8 + 1] = tss >> 32;
	t->tss.io_map = sizeof(struct tss); /* none: IN and OUT are not for programs */
	t->tss.rsp[0] = this_cpu(kernel_stack_top);
	t->tss.ist[0] = (u64)&t->fatal_gs;
	t->tss.ist[1] = (u64)&t->nmi_gs;
	t->fatal_gs = t->nmi_gs = percpu_offset[cpu];

	__asm__ volatile("lgdt %0" ::"m"(pointer));
	__asm__ volatile("pushq %0; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1:" ::"i"(KERNEL_CS)
			 : "rax", "memory");
	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %1, %%ss" ::"r"(0), "r"(KERNEL_DS));
	__asm__ volatile("ltr %w0" ::"r"(TSS_SELECTOR));
	if (cpu == 0)
		fill_idt();
	pointer = (struct descriptor_pointer){sizeof(idt) - 1, (unsigned long)idt};
	__asm__ volatile("lidt %0" ::"m"(pointer));

	write_msr(MSR_STAR, (u64)USER32_CS << 48 | (u64)KERNEL_CS << 32);
	write_msr(MSR_LSTAR, (unsigned long)syscall_entry);
	write_msr(MSR_FMASK, EFLAGS_IF | EFLAGS_DF | EFLAGS_TF | EFLAGS_AC | BIT(14) /* NT */);
	write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_SCE);
	write_msr(MSR_GS_BASE, percpu_offset[cpu]);
	write_msr(MSR_KERNEL_GS_BASE, 0);
}
