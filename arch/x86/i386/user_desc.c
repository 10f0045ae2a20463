/*
 * Between struct user_desc, in which a program describes a segment, and descriptors
 * (machine/user_desc.h). What may be described, and where it is put, is the calls' business.
 */
#include "machine/user_desc.h"
#include "arch/x86/i386/segments.h"

bool user_desc_empty(const struct user_desc *d)
{
	return !d->base_addr && !d->limit && !d->contents && d->read_exec_only && !d->seg_32bit &&
	       !d->limit_in_pages && d->seg_not_present && !d->useable;
}

u64 user_desc_encode(const struct user_desc *d)
{
	unsigned bits = SEGMENT_S | SEGMENT_USER | d->contents << 2 | !d->read_exec_only << 1 | 1;

	if (!d->seg_not_present)
		bits |= SEGMENT_P;
	if (d->useable)
		bits |= SEGMENT_A;
	if (d->seg_32bit)
		bits |= SEGMENT_D;
	if (d->limit_in_pages)
		bits |= SEGMENT_G;
	return SEGMENT(d->base_addr, d->limit, bits);
}

struct user_desc user_desc_decode(unsigned entry, u64 descriptor)
{
	const u32 low = (u32)descriptor, high = (u32)(descriptor >> 32);

	return (struct user_desc){
		.entry_number = entry,
		.base_addr = low >> 16 | (high & 0xff) << 16 | (high & 0xff000000),
		.limit = (low & 0xffff) | (high & 0xf0000),
		.seg_32bit = high >> 22 & 1,
		.contents = high >> 10 & 3,
		.read_exec_only = !(high >> 9 & 1),
		.limit_in_pages = high >> 23 & 1,
		.seg_not_present = !(high >> 15 & 1),
		.useable = high >> 20 & 1,
	};
}
