/*
 * Descriptors, taken apart and put together (segment.h).
 */
#include "lib/segment.h"

u64 segment_encode(const struct segment *s)
{
	return (u64)(s->limit & 0xffff) | (u64)(s->base & 0xffffff) << 16 |
	       (u64)(s->type & 15) << 40 | (u64)s->s << 44 | (u64)(s->dpl & 3) << 45 |
	       (u64)s->p << 47 | (u64)(s->limit >> 16 & 15) << 48 | (u64)s->avl << 52 |
	       (u64)s->db << 54 | (u64)s->g << 55 | (u64)(s->base >> 24) << 56;
}

struct segment segment_decode(u64 d)
{
	return (struct segment){
		.base = (u32)((d >> 16 & 0xffffff) | (d >> 56) << 24),
		.limit = (u32)((d & 0xffff) | (d >> 48 & 15) << 16),
		.type = d >> 40 & 15,
		.s = d >> 44 & 1,
		.dpl = d >> 45 & 3,
		.p = d >> 47 & 1,
		.avl = d >> 52 & 1,
		.db = d >> 54 & 1,
		.g = d >> 55 & 1,
	};
}

u32 segment_limit(const struct segment *segment)
{
	return segment->g ? segment->limit << 12 | 0xfff : segment->limit;
}

const char *segment_kind(const struct segment *segment)
{
	static const char *const kinds[32] = {
		/* the system's */
		"reserved", "TSS of 16 bits, available", "LDT", "TSS of 16 bits, busy",
		"call gate of 16 bits", "task gate", "interrupt gate of 16 bits",
		"trap gate of 16 bits", "reserved", "TSS, available", "reserved", "TSS, busy",
		"call gate", "reserved", "interrupt gate", "trap gate",
		/* data and code */
		"data, read-only", "data, read-only, accessed", "data, writable",
		"data, writable, accessed", "data, read-only, expand-down",
		"data, read-only, expand-down, accessed", "data, writable, expand-down",
		"data, writable, expand-down, accessed", "code, execute-only",
		"code, execute-only, accessed", "code, readable", "code, readable, accessed",
		"code, execute-only, conforming", "code, execute-only, conforming, accessed",
		"code, readable, conforming", "code, readable, conforming, accessed"};

	return kinds[segment->s << 4 | (segment->type & 15)];
}

struct gate gate_decode(u64 d)
{
	return (struct gate){
		.offset = (u32)((d & 0xffff) | (d >> 48) << 16),
		.selector = (u16)(d >> 16),
		.type = d >> 40 & 15,
		.dpl = d >> 45 & 3,
		.p = d >> 47 & 1,
	};
}
