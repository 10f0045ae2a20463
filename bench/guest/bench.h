/*
 * What the rows of the guest benchmark share: a clock, the lines that come out, and the
 * rules that keep them honest.
 *
 * Output, one line each:
 *
 *     row NAME FIGURE                    per operation, in the clock's unit
 *     rule NAME WHAT HAVE LEAST MOST     a claim about the row, and what was found
 *     done                               last: nothing is missing
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <limits.h>
#include <stddef.h>

#define PAGE         4096UL
#define MiB          (1UL << 20)
#define ANON         (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW           (PROT_READ | PROT_WRITE)
#define ANY          1000000000L
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The clock counts instructions: rules are checked, linear() and idle() measure. */
extern bool counting;
/* From here on a sixteenth of the pages. */
void set_short(void);
/* Pages that are `mib` MiB; fewer in the short run that only checks the rules. */
unsigned long pages_of(unsigned long mib);
/* This very program, to be executed. */
extern char self[PATH_MAX];

uint64_t now(void); /* instructions (the time stamp counter under -icount), or nanoseconds */
void row(const char *name, uint64_t total, unsigned long operations);

/* The row is honest if `have` is at least `least` and at most `most`. */
void rule(const char *row, const char *what, long have, long least, long most);
/*
 * What took `full` for n pages takes half for half of them: fn(pages) is the same again. A cost may
 * be less than linear where `any_less`.
 */
void linear(const char *row, uint64_t (*fn)(unsigned long pages), unsigned long pages,
	    uint64_t full, bool any_less);

long faults(void);   /* of this process so far, without I/O */
long free_kib(void); /* MemFree, and pages on the CPUs' lists */
void rest(void);     /* sleep, so that whatever is late can happen */
/* At rest some memory is free; `before` is that figure. All but `slack_kib` is free now. */
void rule_free(const char *row, long before, long slack_kib);

_Noreturn void die(const char *what);
void *map(size_t bytes, int prot, int flags, int fd); /* or dies; no huge pages */
void touch(volatile char *p, unsigned long pages);
unsigned long look(const volatile char *p, unsigned long pages);

void bench_syscall(void);
void bench_anon(void);
void bench_map(void);
void bench_vmas(void);
void bench_fork_0(void);
void bench_fork_16(void);
void bench_fork_128(void);
void bench_cow(void);
void bench_rewrite(void);
void bench_read(void);
void bench_file(void);
void bench_exec_static(void);
void bench_exec_busybox(void);
void bench_cpus(void);
/* `what`: names of patterns, or `costs`; MiB of the machine and of the working set. */
void bench_swap(const char *what, unsigned long ram, unsigned long set);
