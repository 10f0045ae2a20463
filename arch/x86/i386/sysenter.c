/*
 * SYSENTER, the quick door for system calls (Intel SDM 2B, SYSENTER and SYSEXIT; 3A, 5.8.7).
 *
 * It takes cs, eip and esp from three registers of the CPU, ss from the descriptor behind that of cs;
 * SYSEXIT takes the two descriptors behind those: so kernel code, kernel data, user code and user data
 * follow each other in the GDT. Nothing is read from memory, nothing is saved: the vDSO's code
 * (vdso/vdso.S) keeps what is needed, entry.S makes a struct pt_regs of it.
 *
 * What is different from a gate's way:
 *   - the stack is the one in MSR_SYSENTER_ESP, which therefore is written at each switch of tasks, as
 *     the TSS's esp0 is: so there is a whole stack from the first instruction on, for an NMI, too
 *   - TF stays set: #DB comes at the first instruction, in the kernel. Its row in the exception table
 *     leads to the same door for programs that step
 *   - NT, AC, ID, DF stay set: they are put off, and the way back is IRET, which brings them again. SYSEXIT
 *     leaves flags as they are, so that what a plain call has in its arithmetic ones afterwards is chance
 */
#include "arch/x86/i386/sysenter.h"
#include "arch/x86/common/internal.h"
#include "lib/string.h"
#include "machine/mmu.h"
#include "machine/vdso.h"

#define MSR_SYSENTER_CS  0x174
#define MSR_SYSENTER_EIP 0x176
#define NOP              0x90

static_assert(KERNEL_DS == KERNEL_CS + 8 && USER_CS == KERNEL_CS + 16 + 3 &&
		      USER_DS == KERNEL_CS + 24 + 3,
	      "as SYSENTER and SYSEXIT have them");
static_assert(offsetof(struct arch_mm, segments.vdso) == SPACE_VDSO, "entry.S");

extern char sysenter_entry[];

void sysenter_setup(unsigned cpu)
{
	if (cpu_features.sep) {
		write_msr(MSR_SYSENTER_CS, KERNEL_CS);
		write_msr(MSR_SYSENTER_EIP, (unsigned long)sysenter_entry);
		sysenter_stack(this_cpu(kernel_stack_top));
	} else if (cpu == 0) {
		char *from = vdso_image + (unsigned long)vdso_sysenter;

		/* On to the INT 0x80, with ebp as it is. */
		memset(from, NOP, vdso_landing - vdso_sysenter - 2);
	}
}
