/*
 * The end of a process's half (S13): 128 TiB less one page. A mapping at the last
 * page works, one above is refused.
 */
#include <string.h>
#include <sys/mman.h>

#include "lib/check.h"
#include "lib/fault.h"
#include "lib/procfs.h"

#define LAST ((char *)0x7fffffffe000) /* the last page below 128 TiB - 4 KiB */

static void last_page_is_usable(void)
{
	struct mapping mapping;

	expect(mmap(LAST, page_size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == LAST);
	memset(LAST, 'l', page_size);
	expect(find_mapping(LAST, &mapping));
	expect_equal(mapping.end, 0x7ffffffff000);
	expect_fault(LAST + page_size, READ, SIGSEGV, SEGV_MAPERR);
	must(munmap(LAST, page_size));
}

static void above_is_refused(void)
{
	static const unsigned long places[] = {0x7ffffffff000, 0x800000000000, 0xffff800000000000,
					       0xffffffffff600000};

	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		expect_errno(mmap((void *)places[i], page_size, PROT_READ,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			     ENOMEM);
	expect_errno(mmap(LAST, 2 * page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
			  -1, 0),
		     ENOMEM);
}

static void hint_above_is_only_a_hint(void)
{
	char *area = must(mmap((void *)0xffff800000000000, page_size, PROT_READ,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	expect((unsigned long)area < 0x800000000000);
	must(munmap(area, page_size));
}

static void all_of_it_is_too_much(void)
{
	expect_errno(mmap(NULL, 0x7ffffffff000, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		     ENOMEM);
	/* A large reservation without access is granted. */
	char *area = must(mmap(NULL, 1L << 45, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	must(mprotect(area + (1L << 44), page_size, PROT_READ | PROT_WRITE));
	area[1L << 44] = 1;
	must(munmap(area, 1L << 45));
}

int main(void)
{
	run("last-page", last_page_is_usable);
	run("last-page-above", above_is_refused);
	run("last-page-hint", hint_above_is_only_a_hint);
	run("last-page-reserve", all_of_it_is_too_much);
	return finish();
}
