/*
 * Segments as a program of i386 can reach them: entries of its LDT, selectors, what the
 * processor says of them. What faults gives the signal instead.
 */
#ifndef GUEST_SEGMENT_H
#define GUEST_SEGMENT_H

#include <asm/ldt.h>
#include <stdbool.h>
#include <stdint.h>

#define LDT_SELECTOR_OF(entry) ((uint16_t)((entry) << 3 | 7)) /* ring 3 */

enum { LDT_READ = 0, LDT_WRITE_OLD = 1, LDT_READ_DEFAULT = 2, LDT_WRITE = 0x11 };
long modify_ldt(int func, void *at, unsigned long bytes);

/* A data segment of 32 bits, writable; the limit in bytes, or pages if @pages. Fails the case. */
struct user_desc data_segment(unsigned entry, const void *base, unsigned limit, bool pages);
void write_ldt(const struct user_desc *d);

/* What the processor says, without loading it: false if there is no such segment for ring 3. */
bool segment_limit(uint16_t selector, uint32_t *limit);
/* Bits 8-23 of the descriptor's upper half, in place: type 8-11, S 12, DPL 13, P 15, AVL 20, D 22, G 23. */
bool segment_rights(uint16_t selector, uint32_t *rights);

/* Each gives 0, or the signal that came of it; %fs and %ss are as before afterwards. */
int load_fs(uint16_t selector);
int load_ss(uint16_t selector);
int read_through_fs(uint16_t selector, uint32_t offset, uint32_t *value);
int write_through_fs(uint16_t selector, uint32_t offset, uint32_t value);
/*
 * A far jump to code that leaves its answer in eax and comes back by a far jump to 0x73 and the address
 * that is put at @back_at beforehand. (Not a far call: QEMU pushes as if it were ring 0, which SMAP forbids.)
 */
int jump_far(uint16_t selector, uint32_t offset, void *back_at, uint32_t *answer);
/* The siginfo of the last that was not 0. */
extern int segment_fault_code;
extern void *segment_fault_address;

#endif
