/*
 * The processor's instructions, registers and numbers as C sees them: for the
 * machine's own files only.  (Intel SDM vol. 2 and 3A, AMD APM vol. 2.)
 */
#pragma once

#include "lib/types.h"
#include "machine/selectors.h"

#define CR0_WP             BIT(16)
#define CR0_AM             BIT(18)
#define CR0_NE             BIT(5)
#define CR0_TS             BIT(3)
#define CR0_EM             BIT(2)
#define CR0_MP             BIT(1)

#define CR4_PSE            BIT(4)
#define CR4_PAE            BIT(5)
#define CR4_PGE            BIT(7)
#define CR4_OSFXSR         BIT(9)
#define CR4_OSXMMEXCPT     BIT(10)
#define CR4_UMIP           BIT(11)
#define CR4_OSXSAVE        BIT(18)
#define CR4_SMEP           BIT(20)
#define CR4_SMAP           BIT(21)

#define EFLAGS_TF          BIT(8)
#define EFLAGS_DF          BIT(10)
#define EFLAGS_RF          BIT(16)
#define EFLAGS_AC          BIT(18)
/* What a program may set in its own flags: CF PF AF ZF SF TF DF OF AC ID. */
#define EFLAGS_USER        0x240dd5UL

#define MSR_APIC_BASE      0x1b
#define MSR_EFER           0xc0000080
#define MSR_STAR           0xc0000081
#define MSR_LSTAR          0xc0000082
#define MSR_CSTAR          0xc0000083
#define MSR_FMASK          0xc0000084
#define MSR_FS_BASE        0xc0000100
#define MSR_GS_BASE        0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define EFER_SCE           BIT(0)
#define EFER_LMA           BIT(10)
#define EFER_NXE           BIT(11)

/* Vectors. Devices' are 32 + line; these are the processor's own and between processors. */
#define VECTOR_IRQ         0x20
#define VECTOR_TICK        0x50
#define VECTOR_SHOOT       0x51 /* TLB shoot-down */
#define VECTOR_KICK        0x52 /* look at your work word */
#define VECTOR_STOP        0x53 /* panic, power off */
#define VECTOR_SPURIOUS    0x5f
#define VECTOR_END         0x60 /* entry.S has stubs up to here */

/* CPUID's answer in one piece. */
struct cpuid {
	u32 eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid_count(u32 leaf, u32 sub)
{
	struct cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(sub));
	return r;
}

static inline u64 read_msr(u32 msr)
{
	u32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return low | (u64)high << 32;
}

static inline void write_msr(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" ::"c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

#define CONTROL_REGISTER(name)                                                   \
	static inline unsigned long read_##name(void)                            \
	{                                                                        \
		unsigned long value;                                             \
                                                                                 \
		__asm__ volatile("mov %%" #name ", %0" : "=r"(value)::"memory"); \
		return value;                                                    \
	}                                                                        \
	static inline void write_##name(unsigned long value)                     \
	{                                                                        \
		__asm__ volatile("mov %0, %%" #name ::"r"(value) : "memory");    \
	}
CONTROL_REGISTER(cr0)
CONTROL_REGISTER(cr2)
CONTROL_REGISTER(cr3)
CONTROL_REGISTER(cr4)
CONTROL_REGISTER(dr6)

static inline void invlpg(unsigned long va)
{
	__asm__ volatile("invlpg (%0)" ::"r"(va) : "memory");
}

static inline void outb(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port) : "memory");
}
static inline void outw(u16 port, u16 value)
{
	__asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port) : "memory");
}
static inline void outl(u16 port, u32 value)
{
	__asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port) : "memory");
}
static inline u8 inb(u16 port)
{
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}
static inline u16 inw(u16 port)
{
	u16 value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}
static inline u32 inl(u16 port)
{
	u32 value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}
