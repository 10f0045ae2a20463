/*
 * The kernel address ranges' part of a mark.  (mm/mark.h)
 */
#include "mm/kva/kva_int.h"
#include "mm/mark.h"
#include "mm/trace/trace.h"

void kva_mark(void)
{
	unsigned long areas = 0, pages = 0;

	for (unsigned i = 0; i < KVA_REGIONS; i++) {
		const struct kva_area *area = NULL;

		spin_lock(&kva_lock);
		while ((area = kva_next_used(&kva_regions[i], area ? area->start : 0))) {
			areas++;
			pages += area->pages;
		}
		spin_unlock(&kva_lock);
	}
	trace_mark_vmap(areas, pages, 0, 0);
}
