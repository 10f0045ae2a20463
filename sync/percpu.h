/*
 * Per-CPU data.
 *
 * DEFINE_PER_CPU(type, name) puts one template into the section `percpu`; every
 * CPU has a copy at a fixed distance from it, which the machine keeps at hand
 * (%gs on x86, thread-local on soft).  CPU 0 may use the template itself, so
 * per-CPU data works from the first instruction; the others' copies are laid on
 * their own nodes before they start.  Every copy starts as zeros: a variable that
 * must start otherwise is set up by its floor for each CPU.
 *
 * The kernel is not preempted inside itself: a pointer from this_cpu() is good
 * until the next sleep and must not be kept across one.
 */
#pragma once

#include "lib/types.h"
#include "machine/cpu.h"    /* NR_CPUS, cpu_id() */
#include "machine/percpu.h" /* cpu_offset() */

#define DEFINE_PER_CPU(type, name)  __section("percpu") __used __aligned(8) type name
#define DECLARE_PER_CPU(type, name) extern type name

/* Bytes from the template to each CPU's copy. */
extern unsigned long percpu_offset[NR_CPUS];
extern char __start_percpu[], __stop_percpu[]; /* the template, by the linker */

/* The machine gives a CPU that has not started its copy: percpu_bytes() of zeros, 64-byte aligned. */
void percpu_attach(unsigned cpu, void *copy);
#define percpu_bytes()         ((size_t)(__stop_percpu - __start_percpu))

#define offset_ptr(ptr, bytes) ((typeof(ptr))((unsigned long)(ptr) + (bytes)))
#define this_cpu(name)         (*offset_ptr(&(name), cpu_offset()))
#define per_cpu(name, cpu)     (*offset_ptr(&(name), percpu_offset[cpu]))

/* CPUs that run, as bits by number; NR_CPUS is at most 64. */
extern u64 cpu_online_mask;
extern unsigned nr_cpu_ids; /* one more than the highest number in use */

#define for_each_online_cpu(cpu)                     \
	for ((cpu) = 0; (cpu) < nr_cpu_ids; (cpu)++) \
		if (cpu_online_mask & (1ULL << (cpu)))
