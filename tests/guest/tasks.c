/*
 * The model of Linux 2.2 (SYSTEM.md S5), on a machine booted with "task_model=2.2": each task has
 * a TSS and an LDT descriptor in the GDT, which bounds their number.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/procfs.h"
#include "lib/segment.h"

#define FIXED_ENTRIES 12
#define NR_TASKS_MOST 4090

static unsigned nr_tasks(void)
{
	const char *line = read_text("/proc/cmdline"), *option = strstr(line, "nr_tasks=");
	unsigned long n = option ? strtoul(option + 9, NULL, 10) : 512;

	if (!strstr(line, "task_model=2.2"))
		skip("another model");
	return n > NR_TASKS_MOST ? NR_TASKS_MOST : n;
}

/* Lines of the GDT that say so; there are too many for read_text(). */
static unsigned descriptors(const char *kind)
{
	FILE *from = fopen("/proc/segments/gdt", "r");
	unsigned n = 0;
	char line[200];

	expect(from != NULL);
	while (fgets(line, sizeof(line), from))
		n += strstr(line, kind) != NULL;
	fclose(from);
	return n;
}

/* The number that stands behind a word in the first TSS of the text. */
static unsigned long field(const char *text, const char *word)
{
	const char *at = strstr(text, word);

	if (!at)
		fail("there is no '%s' in %s", word, text);
	return strtoul(at + strlen(word), NULL, 16);
}

static void figures(void)
{
	const unsigned n = nr_tasks();
	unsigned entries;
	const char *head = read_text("/proc/segments/gdt"), *colon = strstr(head, ": ");

	expect(colon && sscanf(colon, ": %u entries", &entries) == 1);
	expect_equal(entries, FIXED_ENTRIES + 2 * n);
	expect_equal(field(head, "limit "), 8 * entries - 1);
	expect(entries <= 8192);
	/* One of them runs; all are 236 bytes. The last TSS is the double fault's. */
	expect_equal(descriptors("TSS, busy"), 1);
	expect_equal(descriptors("TSS, available") + 1, descriptors("  LDT") + 1);
	expect_equal(descriptors("limit 0x000eb G 0 S 0"), descriptors("TSS, "));
}

static unsigned long own_root(void)
{
	const char *text = read_text("/proc/self/page_tables");

	return field(text, "cr3 ");
}

static void own_state(void)
{
	const char *text;
	unsigned long cr3, tss, ldt;

	nr_tasks();
	text = read_text("/proc/self/tss");
	expect(strstr(text, "limit 0x000eb type 0xb  TSS, busy") != NULL);
	tss = field(text, "selector ");
	ldt = field(text, "ldt ");
	cr3 = field(text, "cr3 ");
	expect_equal(field(text, "ss0 "), 0x68);
	expect_equal(ldt > tss, true); /* beside each other, but for the fixed entries */
	expect_equal(cr3, own_root());
	text = read_text("/proc/1/tss");
	expect(strstr(text, "TSS, available") != NULL);
	expect(field(text, "selector ") != tss);
	expect(field(text, "ldt ") != ldt);
	expect(field(text, "cr3 ") != cr3);
	/* A kernel thread's root is the kernel's own. */
	text = read_text("/proc/2/tss");
	expect_equal(field(text, "cr3 "), 0x00101000);
}

/* The LDT descriptor of the task is that of its own table. */
static void own_ldt(void)
{
	static uint32_t words[2] = {1, 2};
	struct user_desc d = data_segment(10, words, 7, false);
	char wanted[80];
	unsigned long ldt;

	nr_tasks();
	ldt = field(read_text("/proc/self/tss"), "ldt ");
	write_ldt(&d);
	snprintf(wanted, sizeof(wanted), "selector 0x%04lx  ", ldt);
	expect(strstr(strstr(read_text("/proc/segments/gdt"), wanted), "limit 0x00057 ") != NULL);
}

static void limit(void)
{
	const unsigned n = nr_tasks(), before = descriptors("  LDT");
	pid_t *child = calloc(n, sizeof(*child)), one;
	unsigned forked = 0;

	while (forked < n && (child[forked] = fork()) > 0)
		forked++;
	if (forked < n && child[forked] == 0) {
		pause();
		_exit(0);
	}
	expect_equal(errno, EAGAIN);
	expect_equal(descriptors("  LDT"), n);
	expect_equal(forked, n - before);
	/* One less, one more. */
	must(kill(child[0], SIGKILL));
	must(waitpid(child[0], NULL, 0));
	one = fork();
	if (one == 0) {
		pause();
		_exit(0);
	}
	expect(one > 0);
	child[0] = one;
	expect_errno(fork(), EAGAIN);
	for (unsigned i = 0; i < forked; i++)
		must(kill(child[i], SIGKILL));
	for (unsigned i = 0; i < forked; i++)
		must(waitpid(child[i], NULL, 0));
	free(child);
	expect_equal(descriptors("  LDT"), before);
}

/* What the processor saves and what it does not, over some thousand switches. */
static void registers_last(void)
{
	int forth[2], back[2];
	double sum = 0;
	char byte = 0;
	pid_t child;

	nr_tasks();
	must(pipe(forth));
	must(pipe(back));
	child = must(fork());
	for (int i = 0; i < 2000; i++) {
		uint32_t fs = i % 3 ? 0x7b : 0, found;

		__asm__ volatile("mov %0, %%fs" ::"r"(fs));
		sum += child ? 0.5 : 0.25;
		if (child) {
			must(write(forth[1], &byte, 1));
			must(read(back[0], &byte, 1));
		} else {
			must(read(forth[0], &byte, 1));
			must(write(back[1], &byte, 1));
		}
		__asm__ volatile("mov %%fs, %0" : "=r"(found));
		expect_equal(found & 0xffff, fs);
	}
	__asm__ volatile("mov %0, %%fs" ::"r"(0));
	if (!child)
		_exit(sum == 500 ? 0 : CHILD_FAILED);
	expect(sum == 1000);
	expect_equal(wait_child(child), 0);
}

int main(void)
{
	run("tasks-figures", figures);
	run("tasks-own-state", own_state);
	run("tasks-own-ldt", own_ldt);
	run("tasks-registers", registers_last);
	run("tasks-limit", limit);
	return finish();
}
