/*
 * What tests and host tools ask of the soft machine beyond the contract: which RAM
 * it has, how many CPUs, threads to run on them, and accesses through its MMU.
 *
 * One machine per process: mm/ keeps its state in static variables, as a kernel
 * does, so a fresh machine is a fresh process.  The test harness forks one per
 * test case; a tool makes one at its start.
 */
#pragma once

#include "lib/types.h"
#include "machine/cpu.h"
#include "machine/mmu.h"
#include "machine/ram.h"

struct soft_ram {
	u64 start, bytes; /* page aligned */
	int node;
};

struct soft_config {
	unsigned cpus;                       /* 0: one */
	struct soft_ram ram[RAM_MAP_RANGES]; /* ended by bytes == 0; none: 64 MiB at 0 on node 0 */
	unsigned nodes;                      /* 0: as many as `ram` names */
	u8 distance[MAX_NUMNODES][MAX_NUMNODES]; /* zeros: 10 and 20 */
	u8 cpu_node[NR_CPUS];                    /* node of each CPU */
	/*
	 * On geometries with HIGHMEM: the first physical address that the kernel has no direct map
	 * of, page aligned; 0: 896 MiB. On others it must be 0.
	 */
	u64 high_start;
	/*
	 * 0: CPUs run in parallel on the host's. Else one at a time, switching at points
	 * chosen by this seed (locks, waits, rescheduling points): the same seed repeats
	 * the same run, and time is virtual.
	 */
	u64 schedule_seed;
};

/* The calling thread becomes the boot CPU's first task. Once in a process. */
void soft_machine_init(const struct soft_config *config);

/* A kernel thread that runs only on CPUs of the mask. */
struct task_struct *soft_run(int (*fn)(void *), void *arg, const char *name, u64 cpus);
/* Sleep until the thread has ended; its result. Each thread may be joined once. */
int soft_join(struct task_struct *task);
/* Move the current task to a CPU. */
void soft_move_to_cpu(unsigned cpu);
/* Raise a signal: it ends interruptible sleeps, and killable ones when it is fatal. */
void soft_signal(struct task_struct *task, bool fatal);

/*
 * If fn(arg) panics, return the panic's message; NULL when it returns. Locks held at the
 * panic stay held: the machine is good for nothing afterwards but looking at.
 */
const char *soft_panic_of(void (*fn)(void *), void *arg);

/* --- a program's access through the MMU of the current CPU --- */
enum soft_access { SOFT_READ, SOFT_WRITE, SOFT_EXEC };
struct soft_fault {
	unsigned long address;
	enum soft_access access;
	bool present; /* the entry was there, its rights were not enough */
};
/*
 * Where the byte at va is, by TLB or tables; sets accessed and dirty bits as hardware does. False,
 * with *fault filled in (if not NULL), when the machine would raise a page fault.
 */
bool soft_translate(unsigned long va, enum soft_access access, void **host,
		    struct soft_fault *fault);
/*
 * The program's access itself: bytes at va, all within one page, are read into the buffer or
 * written from it. When a flush returns, no access by what it dropped is under way any more; with
 * soft_translate() the caller must see to that. Eight aligned bytes move at once.
 */
bool soft_access(unsigned long va, enum soft_access access, void *buffer, size_t bytes,
		 struct soft_fault *fault);
/* Load the kernel's space wherever this one is loaded: it is about to go. */
void soft_unload_mm(struct arch_mm *mm);
/* How often the current CPU's TLB was hit and missed. */
void soft_tlb_counts(u64 *hits, u64 *misses);
