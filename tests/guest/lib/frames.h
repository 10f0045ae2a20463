/*
 * The machine frame by frame, as /proc/kpageflags, kpagecount and pagemap show it.
 */
#ifndef GUEST_FRAMES_H
#define GUEST_FRAMES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* <linux/kernel-page-flags.h>, which musl does not bring */
#define KPF_LOCKED        0
#define KPF_ERROR         1
#define KPF_REFERENCED    2
#define KPF_UPTODATE      3
#define KPF_DIRTY         4
#define KPF_LRU           5
#define KPF_ACTIVE        6
#define KPF_SLAB          7
#define KPF_WRITEBACK     8
#define KPF_RECLAIM       9
#define KPF_BUDDY         10
#define KPF_MMAP          11
#define KPF_ANON          12
#define KPF_SWAPCACHE     13
#define KPF_SWAPBACKED    14
#define KPF_COMPOUND_HEAD 15
#define KPF_COMPOUND_TAIL 16
#define KPF_HUGE          17
#define KPF_UNEVICTABLE   18
#define KPF_HWPOISON      19
#define KPF_NOPAGE        20
#define KPF_KSM           21
#define KPF_THP           22
#define KPF_OFFLINE       23
#define KPF_ZERO_PAGE     24
#define KPF_IDLE          25
#define KPF_PGTABLE       26
#define KPF_RESERVED      32
#define KPF_MLOCKED       33
#define KPF_CPU_LIST      47 /* Pagoda's own: free, on a CPU's list */

#define PM_FRAME          ((1ULL << 55) - 1)
#define PM_EXCLUSIVE      (1ULL << 56)
#define PM_FILE           (1ULL << 61)
#define PM_SWAPPED        (1ULL << 62)
#define PM_PRESENT        (1ULL << 63)

#define ORDERS            11

/* All frames, from number 0 on; filled by read_frames(). */
extern size_t frames;
extern uint64_t *frame_flags, *frame_mapped;

/* Makes room for them. What is read later allocates nothing more. */
void prepare_frames(void);
void read_frames(void);

static inline bool frame_is(size_t frame, int bit)
{
	return frame_flags[frame] >> bit & 1;
}

/*
 * How many free blocks of each order frames [@start, @end) make up: buddies that are both
 * free are one block, so which frames are BUDDY says it all.
 */
void count_free_blocks(size_t start, size_t end, unsigned long blocks[ORDERS]);

/* The pagemap entries of [@start, @end) of a process, by an open /proc/PID/pagemap. */
void read_pagemap(int fd, uintptr_t start, uintptr_t end, uint64_t *entries);

#endif
