/*
 * What the machine's own files say to each other; nobody above includes it.
 */
#pragma once

#include "machine/irq.h"
#include "arch/x86/common/x86.h"
#include "machine/cpu.h"
#include "machine/pgtable.h"
#include "machine/ram.h"
#include "machine/regs.h"
#include "sync/percpu.h"

/* --- The processor (cpu.c, alternative.c) --- */

/* Found once on the boot CPU; constant afterwards. */
struct cpu_features {
	char vendor[13], model_name[49];
	u32 signature; /* CPUID 1, eax */
	u8 family, model, stepping;
	u8 phys_bits, virt_bits;
	bool nx, pse, pge, sep, gbpages, smep, smap, umip, erms, fsrm;
	bool fxsr, xsave, xsaveopt;
	bool tsc, tsc_steady, apic, rdrand, rdseed, hypervisor;
};
extern struct cpu_features cpu_features;

void cpu_detect(void);
/* Control registers, MSRs, descriptor tables of the CPU this runs on. */
void cpu_setup(unsigned cpu);
void segments_setup(unsigned cpu); /* GDT, TSS, IDT */
void alternatives_patch(void);
void record_sites_patch(void);

/* CPUs the firmware lists, the boot CPU first: their local APICs' ids. */
extern unsigned nr_cpus_found;
extern u32 cpu_apic_id[NR_CPUS];
extern u8 cpu_node[NR_CPUS];

/* --- Boot (boot.c, ram_map.c, acpi.c) --- */

void boot_info_read(u32 loader, u32 info); /* fills the command line, initrd and raw RAM map */
extern u64 boot_rsdp;                      /* physical address the loader told, or 0 */

void ram_add(u64 start, u64 end, enum ram_kind kind); /* as the firmware says, any order */
void ram_map_build(void);                             /* sorted and disjoint; mem= applied */
bool ram_is_usable(u64 start, u64 end);               /* all of it */
bool ram_touches(u64 start, u64 end);                 /* some of it */
/* Physical [start, end) belongs to the node; node numbers as in nr_nodes. */
void ram_set_node(u64 start, u64 end, int node);
void ram_fake_nodes(void); /* numa=fake= */

void acpi_init(void);
struct acpi_info {
	bool found;
	u64 lapic_base;
	struct {
		u64 base;
		u32 first; /* global interrupt of its first input */
	} ioapic;
	struct {
		u32 global; /* where ISA line n really arrives */
		u8 flags;   /* MADT: polarity, trigger */
	} isa[16];
	bool has_pic;
	u64 hpet_base;
	u32 pm_timer_port;
	u16 pm1a_control, pm1b_control;
	u32 smi_command;
	u8 acpi_enable;
	bool has_s5;
	u8 s5_a, s5_b; /* SLP_TYP values */
	struct {
		bool valid, memory;
		u64 address;
		u8 value;
	} reset;
	u8 century; /* CMOS index, or 0 */
};
extern struct acpi_info acpi;

/* --- Paging (paging.c of the machine) --- */

/* Copy physical memory that may not be mapped; false if it lies beyond what the CPU can address. */
bool phys_read(void *to, u64 from, size_t bytes);
/* Map one page of device registers for good; NULL when the slots are used up. */
volatile void *fixmap_device(u64 address);
/* Map memory of a device that is like RAM, where the direct map would have it; NULL. Before frame_init(). */
void *paging_map_shared(u64 start, u64 bytes);
void paging_init(void);                   /* the direct map, with large pages */
void paging_protect_image(void);          /* final rights; the boot mapping at 0 goes */
bool kernel_entry_sync(unsigned long va); /* a fault only for want of a top-level entry? */
extern char _image[], _text[], _etext[], _rodata[], _erodata[], _data[], _bss[], _end[];
extern char _boot_stack_guard[], _boot_stack[], _boot_stack_end[];

/* --- Traps and interrupts (traps.c, irq.c, apic.c) --- */

extern const unsigned long trap_stubs[32];
extern const char interrupt_stubs[];
bool fixup_exception(struct pt_regs *regs);

void irq_init(void); /* PIC masked; local APIC and IOAPIC where there are */
void irq_dispatch(unsigned irq);
void count_cpu_irq(enum cpu_irq which); /* interrupts off */
extern bool lapic_enabled;
void lapic_init(void);
void lapic_setup_cpu(void);
void lapic_eoi(void);
void lapic_send(unsigned cpu, u32 vector); /* waits until it has left */
void lapic_send_init(unsigned cpu);
void lapic_send_startup(unsigned cpu, u8 page); /* begin at page << 12 */
void lapic_send_others(u8 vector);
void lapic_send_nmi(unsigned cpu); /* any context, an NMI's handler included */
u32 lapic_id(void);
void lapic_timer_start(u32 period, u8 vector); /* period in timer ticks */
void lapic_timer_count(void);                  /* count, without interrupts */
u32 lapic_timer_elapsed(void);                 /* ticks since then */
bool ioapic_init(void);
void ioapic_route(unsigned irq, u8 vector);
void ioapic_mask(unsigned irq);
void pic_init(bool use);
void pic_mask(unsigned irq, bool masked);
void pic_eoi(unsigned irq);
bool pic_spurious(unsigned irq);

/* --- Time (clock.c, tick.c) --- */

void clock_init(void);
void clock_tick(void); /* at each tick on the boot CPU */
void tick_init(void);
bool hpet_init(void);
u32 hpet_read(void);
u32 hpet_femtoseconds(void);
void pit_start(u32 hz);
void pit_wait(u32 count); /* spin for that many periods of 1193182 Hz, at most 65535 */

/* --- TLB and other CPUs (tlb.c) --- */

struct arch_mm;
DECLARE_PER_CPU(struct arch_mm *, loaded_mm); /* while a program runs, its space */
void tlb_shoot_interrupt(void);
void stop_other_cpus(void);

/* --- Threads (fpu.c, thread.c of the machine) --- */

struct arch_thread;
DECLARE_PER_CPU(struct arch_thread *, current_thread); /* of the running task */
DECLARE_PER_CPU(unsigned long, kernel_stack_top);      /* its stack for traps of user mode */
void fpu_setup_cpu(void);
void fpu_save(void *area);
void fpu_restore(const void *area);
void fpu_init_area(void *area);
/* Make an area that a program supplied safe to restore. False if it is senseless. */
bool fpu_sanitize(void *area);
extern u64 fpu_features; /* XCR0, 0 without XSAVE */
extern u32 fpu_mxcsr_mask;

/* --- The end (panic.c, power.c) --- */

void __noreturn oops(struct pt_regs *regs, const char *what, unsigned long address);
void __noreturn machine_boot(u32 loader, u32 info);
