#include "segment.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

int segment_fault_code;
void *segment_fault_address;

static sigjmp_buf back;

long modify_ldt(int func, void *at, unsigned long bytes)
{
	return syscall(SYS_modify_ldt, func, at, bytes);
}

struct user_desc data_segment(unsigned entry, const void *base, unsigned limit, bool pages)
{
	return (struct user_desc){
		.entry_number = entry,
		.base_addr = (uintptr_t)base,
		.limit = limit,
		.seg_32bit = 1,
		.limit_in_pages = pages,
	};
}

void write_ldt(const struct user_desc *d)
{
	must(modify_ldt(LDT_WRITE, (void *)d, sizeof(*d)));
}

bool segment_limit(uint16_t selector, uint32_t *limit)
{
	bool good;

	__asm__ volatile("lsl %2, %1; setz %0"
			 : "=q"(good), "=&r"(*limit)
			 : "r"((uint32_t)selector)
			 : "cc");
	return good;
}

bool segment_rights(uint16_t selector, uint32_t *rights)
{
	bool good;

	__asm__ volatile("lar %2, %1; setz %0"
			 : "=q"(good), "=&r"(*rights)
			 : "r"((uint32_t)selector)
			 : "cc");
	return good;
}

static void handler(int signo, siginfo_t *info, void *context)
{
	(void)context;
	segment_fault_code = info->si_code;
	segment_fault_address = info->si_addr;
	siglongjmp(back, signo);
}

/* Runs what may fault with handlers for what may come of it. */
#define GUARDED(code)                                                                        \
	({                                                                                   \
		static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};     \
		struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO}, \
				 old[5];                                                     \
		int signo;                                                                   \
                                                                                             \
		for (int i = 0; i < 5; i++)                                                  \
			must(sigaction(signals[i], &action, &old[i]));                       \
		signo = sigsetjmp(back, 1);                                                  \
		if (!signo)                                                                  \
			code;                                                                \
		for (int i = 0; i < 5; i++)                                                  \
			must(sigaction(signals[i], &old[i], NULL));                          \
		__asm__ volatile("mov %0, %%fs" ::"r"(0));                                   \
		signo;                                                                       \
	})

int load_fs(uint16_t selector)
{
	return GUARDED(__asm__ volatile("mov %0, %%fs" ::"r"((uint32_t)selector)));
}

int load_ss(uint16_t selector)
{
	return GUARDED(__asm__ volatile(
		"mov %%ss, %%ecx; mov %0, %%ss; mov %%ecx, %%ss" ::"r"((uint32_t)selector)
		: "ecx"));
}

int read_through_fs(uint16_t selector, uint32_t offset, uint32_t *value)
{
	return GUARDED(__asm__ volatile("mov %1, %%fs; mov %%fs:(%2), %0"
					: "=r"(*value)
					: "r"((uint32_t)selector), "r"(offset)));
}

int write_through_fs(uint16_t selector, uint32_t offset, uint32_t value)
{
	return GUARDED(__asm__ volatile("mov %0, %%fs; mov %2, %%fs:(%1)" ::"r"((uint32_t)selector),
					"r"(offset), "r"(value)
					: "memory"));
}

int jump_far(uint16_t selector, uint32_t offset, void *back_at, uint32_t *answer)
{
	struct {
		uint32_t offset;
		uint16_t selector;
	} __attribute__((packed)) to = {offset, selector};

	return GUARDED(__asm__ volatile("movl $771f, (%2)\n\t"
					"ljmp *%1\n\t"
					"771:"
					: "=a"(*answer)
					: "m"(to), "r"(back_at)
					: "memory", "cc"));
}
