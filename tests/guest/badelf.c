/*
 * Programs that are none: exec fails with the right error, or the process is
 * killed when it is too late to return; nothing is leaked in either case.
 */
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/procfs.h"

#define FILE_NAME "/tmp/badelf"

#ifdef __i386__
typedef Elf32_Ehdr elf_header;
typedef Elf32_Phdr elf_segment;
#define CLASS   ELFCLASS32
#define MACHINE EM_386
/* mov $1, %eax; mov $42, %ebx; int $0x80 */
#define CODE                                                    \
	{                                                       \
		0xb8, 1, 0, 0, 0, 0xbb, 42, 0, 0, 0, 0xcd, 0x80 \
	}
#define FAR_AWAY 0x40000000UL /* neither in the file nor in the address space */
static const unsigned long nowhere[] = {0xc0000000, 0xc8000000, 0xbffff000, 0xfffff000};
#else
typedef Elf64_Ehdr elf_header;
typedef Elf64_Phdr elf_segment;
#define CLASS   ELFCLASS64
#define MACHINE EM_X86_64
/* mov $60, %eax; mov $42, %edi; syscall */
#define CODE                                                     \
	{                                                        \
		0xb8, 60, 0, 0, 0, 0xbf, 42, 0, 0, 0, 0x0f, 0x05 \
	}
#define FAR_AWAY (1UL << 62)
static const unsigned long nowhere[] = {0x800000000000, 0xffff800000000000, 0x7ffffffff000,
					0xfffffffffffff000};
#endif

/* A whole program: header, one segment, and code that exits with 42. */
static struct image {
	elf_header header;
	elf_segment segment;
	unsigned char code[16];
} good = {
	.header =
		{
			.e_ident = {0x7f, 'E', 'L', 'F', CLASS, ELFDATA2LSB, EV_CURRENT},
			.e_type = ET_EXEC,
			.e_machine = MACHINE,
			.e_version = EV_CURRENT,
			.e_entry = 0x400000 + offsetof(struct image, code),
			.e_phoff = offsetof(struct image, segment),
			.e_ehsize = sizeof(elf_header),
			.e_phentsize = sizeof(elf_segment),
			.e_phnum = 1,
		},
	.segment =
		{
			.p_type = PT_LOAD,
			.p_flags = PF_R | PF_X,
			.p_vaddr = 0x400000,
			.p_filesz = sizeof(struct image),
			.p_memsz = sizeof(struct image),
			.p_align = 0x1000,
		},
	.code = CODE,
};

static void write_file(const void *bytes, size_t length)
{
	unlink(FILE_NAME);
	int fd = must(open(FILE_NAME, O_WRONLY | O_CREAT | O_TRUNC, 0700));

	expect_equal(write(fd, bytes, length), length);
	close(fd);
}

/*
 * Executes FILE_NAME in a child. Gives its exit status, 128 + the signal that killed
 * it, or minus the errno of execve.
 */
static int execute(void)
{
	pid_t child = must(vfork());

	if (child == 0) {
		execl(FILE_NAME, FILE_NAME, NULL);
		_exit(200 + (errno == ENOEXEC ? 0 : errno));
	}
	int status = wait_child(child);
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	if (WEXITSTATUS(status) >= 200)
		return WEXITSTATUS(status) == 200 ? -ENOEXEC : 200 - WEXITSTATUS(status);
	return WEXITSTATUS(status);
}

static int execute_image(struct image image)
{
	write_file(&image, sizeof(image));
	return execute();
}

static void good_one_runs(void)
{
	expect_equal(execute_image(good), 42);
}

static void no_program_at_all(void)
{
	write_file("", 0);
	expect_equal(execute(), -ENOEXEC);
	write_file("hello, world\n", 13);
	expect_equal(execute(), -ENOEXEC);
	write_file("\177ELF", 4);
	expect_equal(execute(), -ENOEXEC);
	chmod(FILE_NAME, 0600);
	expect_equal(execute(), -EACCES);
	unlink(FILE_NAME);
	expect_equal(execute(), -ENOENT);
	must(mkdir(FILE_NAME, 0700));
	expect_equal(execute(), -EACCES);
	must(rmdir(FILE_NAME));
}

static void headers_cut_short(void)
{
	write_file(&good, sizeof(good.header) - 1);
	expect_equal(execute(), -ENOEXEC);
	write_file(&good, sizeof(good.header));
	expect(execute() < 0);
	write_file(&good, sizeof(good.header) + 20);
	expect(execute() < 0);
}

static void wrong_kind(void)
{
	struct image image = good;

	image.header.e_machine = EM_ALPHA;
	expect_equal(execute_image(image), -ENOEXEC);
	image = good;
	image.header.e_type = ET_REL;
	expect_equal(execute_image(image), -ENOEXEC);
	image = good;
	image.header.e_phentsize = 1;
	expect_equal(execute_image(image), -ENOEXEC);
	image = good;
	image.header.e_phnum = 0;
	expect_equal(execute_image(image), -ENOEXEC);
	image = good;
	image.header.e_phnum = 0xffff;
	expect_equal(execute_image(image), -ENOEXEC);
	image = good;
	image.header.e_phoff = FAR_AWAY;
	expect(execute_image(image) != 42);
}

/* These are found out when the old program is gone: the process is killed. */
static void segments_where_none_can_be(void)
{
	struct image image = good;

	for (unsigned i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		image.segment.p_vaddr = nowhere[i];
		expect_equal(execute_image(image), 128 + SIGSEGV);
	}
	image = good;
	image.segment.p_memsz = 3 * FAR_AWAY;
	expect_equal(execute_image(image), 128 + SIGSEGV);
	image = good;
	image.segment.p_filesz = image.segment.p_memsz + 1;
	expect_equal(execute_image(image), 128 + SIGSEGV);
	image = good;
	image.header.e_entry = 0x10;
	expect_equal(execute_image(image), 128 + SIGSEGV);
}

/* A segment longer than the file: what lies beyond its last page is SIGBUS. */
static void file_shorter_than_segment(void)
{
	struct image image = good;

	image.segment.p_filesz = image.segment.p_memsz = 5 * 4096;
	expect_equal(execute_image(image), 42);
	image.header.e_entry = 0x400000 + 2 * 4096;
	expect_equal(execute_image(image), 128 + SIGBUS);
}

static void missing_interpreter(void)
{
	struct {
		struct image image;
		elf_segment interpreter;
		char name[16];
	} dynamic = {.image = good, .name = "/no/such/ld.so"};

	dynamic.interpreter = (elf_segment){
		.p_type = PT_INTERP,
		.p_offset = (char *)dynamic.name - (char *)&dynamic,
		.p_filesz = 15,
		.p_memsz = 15,
	};
	/* The table of segments has to be in one piece: put it behind the code. */
	struct {
		struct image image;
		elf_segment table[2];
		char name[16];
	} file = {.image = good, .table = {good.segment, dynamic.interpreter}};
	file.image.header.e_phoff = (char *)file.table - (char *)&file;
	file.image.header.e_phnum = 2;
	file.table[1].p_offset = (char *)file.name - (char *)&file;
	memcpy(file.name, dynamic.name, sizeof(file.name));
	write_file(&file, sizeof(file));
	expect_equal(execute(), -ENOENT);
	memset(file.name, 'x', sizeof(file.name)); /* no NUL at its end */
	write_file(&file, sizeof(file));
	expect_equal(execute(), -ENOEXEC);
}

static void scripts(void)
{
	static const char script[] = "#!/bin/sh\nexit 33\n", lost[] = "#!/no/such/shell\n",
			  empty[] = "#!\n";

	write_file(script, sizeof(script) - 1);
	expect_equal(execute(), 33);
	write_file(lost, sizeof(lost) - 1);
	expect_equal(execute(), -ENOENT);
	write_file(empty, sizeof(empty) - 1);
	expect_equal(execute(), -ENOEXEC);
}

static void being_written(void)
{
	write_file(&good, sizeof(good));
	int fd = must(open(FILE_NAME, O_WRONLY));
	expect_equal(execute(), -ETXTBSY);
	close(fd);
	expect_equal(execute(), 42);
}

/* Random damage to the header: any outcome but a hang or harm to others is fine. */
static void damaged(void)
{
	unsigned long state = random_seed();

	for (int i = 0; i < 300; i++) {
		struct image image = good;
		unsigned char *bytes = (unsigned char *)&image;

		for (int j = random_next(&state) % 4; j >= 0; j--)
			bytes[random_next(&state) % offsetof(struct image, code)] =
				random_next(&state) % 3 ? random_next(&state) : 0xff;
		execute_image(image);
	}
	good_one_runs();
}

static void nothing_leaks(void)
{
	damaged();
	segments_where_none_can_be();
	usleep(50000);
	long free = read_number("/proc/meminfo", "MemFree");
	long tables = read_number("/proc/meminfo", "PageTables");
	damaged();
	for (int i = 0; i < 20; i++)
		segments_where_none_can_be();
	usleep(50000);
	expect_between(free - read_number("/proc/meminfo", "MemFree"), -100000,
		       500 * sysconf(_SC_NPROCESSORS_ONLN));
	expect_between(read_number("/proc/meminfo", "PageTables") - tables, -100000, 40);
	unlink(FILE_NAME);
}

int main(void)
{
	run("badelf-good", good_one_runs);
	run("badelf-none", no_program_at_all);
	run("badelf-short", headers_cut_short);
	run("badelf-kind", wrong_kind);
	run("badelf-segments", segments_where_none_can_be);
	run("badelf-shorter", file_shorter_than_segment);
	run("badelf-interpreter", missing_interpreter);
	run("badelf-script", scripts);
	run("badelf-busy", being_written);
	run("badelf-damaged", damaged);
	run("badelf-leaks", nothing_leaks);
	return finish();
}
