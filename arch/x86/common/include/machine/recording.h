/*
 * Is the event stream recorded?  A branch that stands in the hottest paths, and is never
 * taken unless the machine was started with `record`: so it is an instruction that does
 * nothing, of five bytes, and a row in the section `recordsite` says where it is and where it
 * would go.  record_sites_patch() makes jumps of them while kernel text can still be
 * written (arch/x86/common/alternative.c).
 */
#pragma once

#include "lib/types.h"

static __always_inline bool machine_recording(void)
{
	__asm__ inline goto("771:\t.byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n\t"
			    ".pushsection recordsite, \"a\"\n\t.balign 4\n\t"
			    ".long 771b - ., %l[on] - .\n\t.popsection"
			    :
			    :
			    :
			    : on);
	return false;
on:
	return true;
}
