/*
 * The segmentation unit (machine/segment.h).
 *
 *     selector  | index 13 | TI | RPL |           descriptor, 8 bytes
 *                    |       |                     63..56  55 54 . 52 51..48  47 46-45 44 43..40 39..16 15..0
 *                    |       `- 0 GDT, 1 LDT       base    G  D  . A  limit   P  DPL   S  type   base   limit
 *                    v                             31..24         V  19..16                     23..0  15..0
 *     table:  base + index * 8  ------------------>|
 *                                                  v     at the load, never after
 *     register: selector | hidden part: base, limit, rights
 *                                        |
 *     offset -- within the limit? -----> base + offset = linear address
 *
 * A load does all checks that depend on who asks (privilege, type, present); an access has only the
 * hidden part's type and limit left to check.  That is why an entry may be changed under a loaded
 * register without effect (S1).
 *
 * Error codes are the selector without its RPL; EXT and IDT are clear, since nothing here is
 * delivered by an interrupt.
 */
#include "machine/segment.h"

#define OK                        ((struct segment_fault){SEGMENT_OK, 0, 0, NULL})
#define FAULT(vector, sel, words) ((struct segment_fault){vector, (u16)((sel)&0xfffc), 0, words})

static bool is_code(const struct segment *segment)
{
	return segment->s && (segment->type & SEGMENT_CODE);
}
static bool is_writable_data(const struct segment *segment)
{
	return segment->s &&
	       (segment->type & (SEGMENT_CODE | SEGMENT_WRITABLE)) == SEGMENT_WRITABLE;
}
static bool is_conforming(const struct segment *segment)
{
	return is_code(segment) && (segment->type & SEGMENT_CONFORMING);
}

struct segment_fault segment_entry(const struct segment_unit *unit, u16 selector, u32 *linear)
{
	const u32 offset = selector_index(selector) * SEGMENT_ENTRY_BYTES;
	u32 base = unit->gdtr.base, limit = unit->gdtr.limit;

	if (selector_ldt(selector)) {
		if (!unit->ldtr.usable)
			return FAULT(SEGMENT_GP, selector, "there is no LDT");
		base = unit->ldtr.hidden.base;
		limit = segment_limit(&unit->ldtr.hidden);
	}
	if (offset + SEGMENT_ENTRY_BYTES - 1 > limit)
		return FAULT(SEGMENT_GP, selector, "the selector is beyond its table's limit");
	*linear = base + offset;
	return OK;
}

/* A selector's entry as it is in its table; and where. */
static struct segment_fault fetch(struct segment_unit *unit, u16 selector, u32 *linear,
				  struct segment *segment)
{
	struct segment_fault fault = segment_entry(unit, selector, linear);
	u64 descriptor;

	if (fault.vector)
		return fault;
	if (!unit->read(unit->owner, *linear, &descriptor, sizeof(descriptor)))
		return (struct segment_fault){SEGMENT_PF, 0, *linear, "the table is not mapped"};
	*segment = segment_decode(descriptor);
	return OK;
}

/* The register takes the entry with these bits of the type set, in the table, too. */
static struct segment_fault take(struct segment_unit *unit, struct segment_register *reg,
				 u16 selector, u32 linear, struct segment *segment, u8 type_bits)
{
	if ((segment->type & type_bits) != type_bits) {
		u64 descriptor;

		segment->type |= type_bits;
		descriptor = segment_encode(segment);
		if (!unit->write(unit->owner, linear, &descriptor, sizeof(descriptor)))
			return (struct segment_fault){SEGMENT_PF, 0, linear,
						      "the table cannot be written"};
	}
	*reg = (struct segment_register){selector, true, *segment};
	return OK;
}

/* What SS asks of a segment, and #TS of one from a TSS. */
static struct segment_fault check_stack(const struct segment *segment, u16 selector, unsigned ring,
					enum segment_vector vector)
{
	if (selector_rpl(selector) != ring)
		return FAULT(vector, selector, "a stack selector's RPL is not the CPL");
	if (!is_writable_data(segment))
		return FAULT(vector, selector, "a stack is no writable data segment");
	if (segment->dpl != ring)
		return FAULT(vector, selector, "a stack segment's DPL is not the CPL");
	if (!segment->p)
		return FAULT(SEGMENT_SS, selector, "the stack segment is not present");
	return OK;
}

/* What DS, ES, FS and GS ask. */
static struct segment_fault check_data(const struct segment *segment, u16 selector, unsigned cpl)
{
	if (!segment->s)
		return FAULT(SEGMENT_GP, selector, "a descriptor of the system's is no segment");
	if (is_code(segment) && !(segment->type & SEGMENT_READABLE))
		return FAULT(SEGMENT_GP, selector, "execute-only code cannot be read");
	if (!is_conforming(segment) && max(cpl, selector_rpl(selector)) > segment->dpl)
		return FAULT(SEGMENT_GP, selector, "the DPL is below CPL or RPL");
	if (!segment->p)
		return FAULT(SEGMENT_NP, selector, "the segment is not present");
	return OK;
}

struct segment_fault segment_load(struct segment_unit *unit, enum segment_name name, u16 selector)
{
	struct segment_fault fault;
	struct segment segment;
	u32 linear;

	if (name == SEG_CS)
		return FAULT(SEGMENT_GP, 0, "only far transfers load CS");
	if (selector_null(selector)) {
		if (name == SEG_SS)
			return FAULT(SEGMENT_GP, 0, "SS cannot be null");
		unit->reg[name] = (struct segment_register){.selector = selector};
		return OK;
	}
	fault = fetch(unit, selector, &linear, &segment);
	if (!fault.vector)
		fault = name == SEG_SS ? check_stack(&segment, selector, unit->cpl, SEGMENT_GP)
				       : check_data(&segment, selector, unit->cpl);
	if (!fault.vector)
		fault = take(unit, &unit->reg[name], selector, linear, &segment, SEGMENT_ACCESSED);
	return fault;
}

static struct segment_fault check_jump(const struct segment *segment, u16 selector, unsigned cpl,
				       u32 offset)
{
	if (!is_code(segment))
		return FAULT(SEGMENT_GP, selector, "a jump to what is no code segment");
	if (is_conforming(segment) && segment->dpl > cpl)
		return FAULT(SEGMENT_GP, selector, "conforming code of an outer ring");
	if (!is_conforming(segment) && (segment->dpl != cpl || selector_rpl(selector) > cpl))
		return FAULT(SEGMENT_GP, selector, "code of another ring");
	if (!segment->p)
		return FAULT(SEGMENT_NP, selector, "the segment is not present");
	if (offset > segment_limit(segment))
		return FAULT(SEGMENT_GP, 0, "the offset is beyond the limit");
	return OK;
}

struct segment_fault segment_far_jump(struct segment_unit *unit, u16 selector, u32 offset)
{
	struct segment_fault fault;
	struct segment segment;
	u32 linear;

	if (selector_null(selector))
		return FAULT(SEGMENT_GP, 0, "CS cannot be null");
	fault = fetch(unit, selector, &linear, &segment);
	if (!fault.vector)
		fault = check_jump(&segment, selector, unit->cpl, offset);
	if (!fault.vector)
		fault = take(unit, &unit->reg[SEG_CS], (u16)((selector & ~3) | unit->cpl), linear,
			     &segment, SEGMENT_ACCESSED);
	return fault;
}

/* LLDT and LTR: a descriptor of the system's, of this type, in the GDT. */
static struct segment_fault load_system(struct segment_unit *unit, struct segment_register *reg,
					u16 selector, u8 type, u8 type_bits)
{
	struct segment_fault fault;
	struct segment segment;
	u32 linear;

	if (selector_ldt(selector))
		return FAULT(SEGMENT_GP, selector, "LDTs and TSSs are in the GDT");
	fault = fetch(unit, selector, &linear, &segment);
	if (fault.vector)
		return fault;
	if (segment.s || segment.type != type)
		return FAULT(SEGMENT_GP, selector,
			     type == SYSTEM_LDT ? "the descriptor is no LDT's"
						: "the descriptor is no available TSS's");
	if (!segment.p)
		return FAULT(SEGMENT_NP, selector, "the segment is not present");
	return take(unit, reg, selector, linear, &segment, type_bits);
}

struct segment_fault segment_load_ldt(struct segment_unit *unit, u16 selector)
{
	if (unit->cpl != 0)
		return FAULT(SEGMENT_GP, 0, "LLDT is ring 0's");
	if (selector_null(selector)) {
		unit->ldtr = (struct segment_register){.selector = selector};
		return OK;
	}
	return load_system(unit, &unit->ldtr, selector, SYSTEM_LDT, 0);
}

struct segment_fault segment_load_task(struct segment_unit *unit, u16 selector)
{
	if (unit->cpl != 0)
		return FAULT(SEGMENT_GP, 0, "LTR is ring 0's");
	if (selector_null(selector))
		return FAULT(SEGMENT_GP, 0, "TR cannot be null");
	return load_system(unit, &unit->tr, selector, SYSTEM_TSS, SYSTEM_TSS ^ SYSTEM_TSS_BUSY);
}

struct segment_fault segment_inner_stack(struct segment_unit *unit, unsigned ring, u16 *ss,
					 u32 *esp)
{
	const u32 offset = 4 + ring * 8; /* ESP0 at 4, SS0 at 8, ESP1 at 12, ... */
	const u32 at = unit->tr.hidden.base + offset;
	struct segment_fault fault;
	struct segment segment;
	u32 words[2], linear;

	if (!unit->tr.usable || offset + sizeof(words) - 1 > segment_limit(&unit->tr.hidden))
		return FAULT(SEGMENT_TS, unit->tr.selector, "the TSS ends before that stack");
	if (!unit->read(unit->owner, at, words, sizeof(words)))
		return (struct segment_fault){SEGMENT_PF, 0, at, "the TSS is not mapped"};
	*esp = words[0];
	*ss = (u16)words[1];
	if (selector_null(*ss))
		return FAULT(SEGMENT_TS, 0, "the TSS has no stack for that ring");
	fault = fetch(unit, *ss, &linear, &segment);
	if (fault.vector == SEGMENT_GP)
		fault.vector = SEGMENT_TS;
	return fault.vector ? fault : check_stack(&segment, *ss, ring, SEGMENT_TS);
}

static bool type_allows(const struct segment *segment, enum segment_access access)
{
	switch (access) {
	case SEGMENT_READ: return !is_code(segment) || (segment->type & SEGMENT_READABLE);
	case SEGMENT_WRITE: return is_writable_data(segment);
	case SEGMENT_EXEC: return is_code(segment);
	}
	return false;
}

/* An expand-down segment is what lies above its limit, up to 64 KiB or 4 GiB. */
static bool limit_allows(const struct segment *segment, u32 offset, u32 last)
{
	const u32 limit = segment_limit(segment);

	if (last < offset)
		return false;
	if (!is_code(segment) && (segment->type & SEGMENT_DOWN))
		return offset > limit && last <= (segment->db ? 0xffffffff : 0xffff);
	return last <= limit;
}

struct segment_fault segment_linear(const struct segment_unit *unit, enum segment_name name,
				    u32 offset, u32 bytes, enum segment_access access, u32 *linear)
{
	const struct segment_register *reg = &unit->reg[name];
	const enum segment_vector vector = name == SEG_SS ? SEGMENT_SS : SEGMENT_GP;

	if (!reg->usable)
		return FAULT(SEGMENT_GP, 0, "the register holds no segment");
	if (!type_allows(&reg->hidden, access))
		return FAULT(SEGMENT_GP, 0, "the segment's type does not allow that");
	if (!limit_allows(&reg->hidden, offset, offset + (bytes - 1)))
		return FAULT(vector, 0, "the offset is beyond the limit");
	*linear = reg->hidden.base + offset;
	return OK;
}
