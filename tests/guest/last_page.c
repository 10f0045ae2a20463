/*
 * The end of a process's part: 128 TiB less one page (S13), or 3 GiB on i386 (S17). A mapping
 * at the last page works, one above is refused.
 */
#include <string.h>
#include <sys/mman.h>

#include "lib/check.h"
#include "lib/fault.h"
#include "lib/procfs.h"

#ifdef __i386__
#define END   0xc0000000UL
#define LARGE (1UL << 30) /* a reservation, larger than memory may be */
static const unsigned long above[] = {END, 0xc0100000, 0xf8000000, 0xfffff000};
#else
#define END   0x7ffffffff000
#define LARGE (1UL << 45)
static const unsigned long above[] = {END, 0x800000000000, 0xffff800000000000, 0xffffffffff600000};
#endif
#define LAST ((char *)END - page_size)

static void last_page_is_usable(void)
{
	struct mapping mapping;

	if (find_mapping(LAST, &mapping))
		return; /* by chance the stack begins there: that is a mapping, too */
	expect(mmap(LAST, page_size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == LAST);
	memset(LAST, 'l', page_size);
	expect(find_mapping(LAST, &mapping));
	expect_equal(mapping.end, END);
	expect_fault(LAST + page_size, READ, SIGSEGV, SEGV_MAPERR);
	must(munmap(LAST, page_size));
}

static void above_is_refused(void)
{
	for (unsigned i = 0; i < sizeof(above) / sizeof(above[0]); i++)
		expect_errno(mmap((void *)above[i], page_size, PROT_READ,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			     ENOMEM);
	expect_errno(mmap(LAST, 2 * page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
			  -1, 0),
		     ENOMEM);
}

static void hint_above_is_only_a_hint(void)
{
	for (unsigned i = 0; i < sizeof(above) / sizeof(above[0]); i++) {
		char *area = must(mmap((void *)above[i], page_size, PROT_READ,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

		expect((unsigned long)area < END);
		must(munmap(area, page_size));
	}
}

static void all_of_it_is_too_much(void)
{
	expect_errno(mmap(NULL, END, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	/* A large reservation without access is granted. */
	char *area = must(mmap(NULL, LARGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	must(mprotect(area + LARGE / 2, page_size, PROT_READ | PROT_WRITE));
	area[LARGE / 2] = 1;
	must(munmap(area, LARGE));
}

int main(void)
{
	run("last-page", last_page_is_usable);
	run("last-page-above", above_is_refused);
	run("last-page-hint", hint_above_is_only_a_hint);
	run("last-page-reserve", all_of_it_is_too_much);
	return finish();
}
