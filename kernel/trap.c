/*
 * What the machine calls when a program needs the kernel: page faults, other
 * exceptions, system calls.
 *
 * The table of system calls is made once at boot from the entries that SYSCALLn()
 * put into a section, wherever they stand; numbers nobody claimed lead to ENOSYS.
 * After that a call is one bound check, one indirect call, one store.
 */
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"
#include "lib/assert.h"
#include "lib/printf.h"
#include "lib/printk.h"
#include "machine/upcall.h"
#include "sync/epoch.h"
#include "sync/stall.h"

#define OOM_TRIES    100         /* faults at one address without memory */
#define OOM_PAUSE_NS 20000000ULL /* between them, after the first */

extern const struct syscall_entry __start_syscalls[], __stop_syscalls[];

syscall_fn syscall_table[NR_SYSCALLS];

static long no_such_call(unsigned long a, unsigned long b, unsigned long c, unsigned long d,
			 unsigned long e, unsigned long f)
{
	return -ENOSYS;
}

void syscalls_init(void)
{
	for (unsigned i = 0; i < NR_SYSCALLS; i++)
		syscall_table[i] = no_such_call;
	for (const struct syscall_entry *entry = __start_syscalls; entry < __stop_syscalls;
	     entry++) {
		BUG_ON(entry->nr >= NR_SYSCALLS || syscall_table[entry->nr] != no_such_call);
		if (entry->fn)
			syscall_table[entry->nr] = entry->fn;
	}
	for (const struct syscall_entry *entry = __start_syscalls; entry < __stop_syscalls; entry++)
		if (!entry->fn)
			syscall_table[entry->nr] = syscall_table[entry->same_as];
}

long handle_syscall(unsigned long a, unsigned long b, unsigned long c, unsigned long d,
		    unsigned long e, unsigned long f, unsigned long nr)
{
	long result = -ENOSYS;

	if (likely(nr < NR_SYSCALLS))
		result = syscall_table[nr](a, b, c, d, e, f);
	epoch_quiescent();
	return result;
}

/* --- Faults --- */

/*
 * No memory for a user page, after the allocator did all it could (the OOM killer included):
 * try again, more and more slowly, for memory may come free; and end when it never does.
 */
static void fault_out_of_memory(unsigned long address)
{
	struct task_struct *t = current;

	if (fatal_signal_pending())
		return; /* it ends before it can touch the page again */
	if (t->oom_address != address) {
		t->oom_address = address;
		t->oom_tries = 0;
	}
	if (t->oom_tries++ == OOM_TRIES) {
		pr_err("Out of memory: giving up on pid %d (%s)\n", t->tgid, t->comm);
		force_signal(SIGKILL, SI_KERNEL, 0);
		return;
	}
	if (t->oom_tries > OOM_TRIES / 10) {
		stall_begin(STALL_MEMORY);
		set_current_state(TASK_KILLABLE);
		schedule_timeout(OOM_PAUSE_NS);
		set_current_state(TASK_RUNNING);
		stall_end(STALL_MEMORY);
	}
}

static __noinline __cold void bad_fault(struct pt_regs *regs, const struct fault_info *fault,
					fault_t result)
{
	if (!fault->user) {
		machine_bad_access(regs, fault);
		return;
	}
	if (result & FAULT_OOM) {
		fault_out_of_memory(fault->address);
		return;
	}
	machine_note_fault(fault->address, fault->error, 14);
	if (result & FAULT_SIGBUS)
		force_signal(SIGBUS, BUS_ADRERR, fault->address);
	else
		force_signal(SIGSEGV, result & FAULT_SIGSEGV_ACCERR ? SEGV_ACCERR : SEGV_MAPERR,
			     fault->address);
}

void handle_page_fault(struct pt_regs *regs, const struct fault_info *fault)
{
	struct mm_struct *mm = current->mm;
	fault_t result = FAULT_SIGSEGV_MAPERR;
	unsigned access = fault->write ? ACCESS_WRITE : fault->exec ? ACCESS_EXEC : ACCESS_READ;

	if (fault->user)
		access |= ACCESS_USER;
	if (likely(mm && fault->address < TASK_SIZE))
		result = handle_mm_fault(mm, fault->address, access);
	if (unlikely(result & FAULT_ERROR)) {
		bad_fault(regs, fault, result);
		return;
	}
	if (unlikely(result & FAULT_MAJOR))
		current->maj_flt++;
	else
		current->min_flt++;
}

void user_trap(struct pt_regs *regs, int signo, int si_code, unsigned long address, int trapno,
	       unsigned long error)
{
	machine_note_fault(address, error, trapno);
	force_signal(signo, si_code, address);
}

void describe_current(char *text, size_t size)
{
	scnprintf(text, size, "PID: %d Comm: %s", current->pid, current->comm);
}
