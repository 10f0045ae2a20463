/*
 * /proc/PID/maps, smaps, numa_maps and pagemap: a program's memory, area by area and page by page;
 * and mem, its bytes.
 *
 * One pass over the areas with the space's lock held shared; page tables are read in mm/space.
 */
#include "proc/proc.h"

#include "lib/string.h"

static void put_column_name(struct seq_file *m, const char *name, size_t line_start)
{
	/* Names begin at column 73, as they always did. */
	while (m->count - line_start < 73 && !m->overflow)
		seq_putc(m, ' ');
	seq_puts(m, name);
}

static bool is_heap(const struct mm_struct *mm, const struct vm_area_struct *vma)
{
	return vma->vm_start <= mm->brk && vma->vm_end >= mm->start_brk;
}

static bool is_stack(const struct mm_struct *mm, const struct vm_area_struct *vma)
{
	return vma->vm_start <= mm->start_stack && vma->vm_end >= mm->start_stack;
}

static void show_area(struct seq_file *m, struct mm_struct *mm, struct vm_area_struct *vma)
{
	size_t line_start = m->count;
	const struct file *file = vma->vm_file;
	const char *name = NULL;

	seq_printf(m, "%08lx-%08lx %c%c%c%c %08llx %02x:%02x %llu ", vma->vm_start, vma->vm_end,
		   vma->vm_flags & VM_READ ? 'r' : '-', vma->vm_flags & VM_WRITE ? 'w' : '-',
		   vma->vm_flags & VM_EXEC ? 'x' : '-', vma->vm_flags & VM_MAYSHARE ? 's' : 'p',
		   file ? (unsigned long long)vma->vm_pgoff << PAGE_SHIFT : 0ULL,
		   file ? MAJOR(file->inode->sb->dev) : 0, file ? MINOR(file->inode->sb->dev) : 0,
		   file ? (unsigned long long)file->inode->ino : 0ULL);
	if (file) {
		put_column_name(m, "", line_start);
		seq_path(m, &file->path, "\n");
	} else if (vma->vm_ops && vma->vm_ops->name && (name = vma->vm_ops->name(vma))) {
		put_column_name(m, name, line_start);
	} else if (is_heap(mm, vma)) {
		put_column_name(m, "[heap]", line_start);
	} else if (is_stack(mm, vma)) {
		put_column_name(m, "[stack]", line_start);
	}
	seq_putc(m, '\n');
}

/* With the space's lock, call fn for each area. */
static int each_area(struct seq_file *m, struct mm_struct *mm,
		     void (*fn)(struct seq_file *m, struct mm_struct *mm,
				struct vm_area_struct *vma))
{
	struct vm_area_struct *vma;

	down_read(&mm->mmap_lock);
	for_each_vma(mm, vma)
	{
		/* What does not fit will be made anew; and nobody waits for a text he will not read. */
		if (m->overflow || fatal_signal_pending())
			break;
		fn(m, mm, vma);
	}
	up_read(&mm->mmap_lock);
	return 0;
}

int pid_show_maps(struct seq_file *m, struct task_struct *task, struct mm_struct *mm)
{
	return each_area(m, mm, show_area);
}

static void show_kb(struct seq_file *m, const char *name, u64 bytes)
{
	seq_printf(m, "%s%8llu kB\n", name, (unsigned long long)bytes >> 10);
}

static void show_stats(struct seq_file *m, const struct vma_stats *s, bool rollup)
{
	show_kb(m, "Rss:            ", s->rss);
	show_kb(m, "Pss:            ", s->pss >> 12);
	show_kb(m, "Pss_Dirty:      ", s->pss_dirty >> 12);
	if (rollup) {
		show_kb(m, "Pss_Anon:       ", s->pss_anon >> 12);
		show_kb(m, "Pss_File:       ", s->pss_file >> 12);
		show_kb(m, "Pss_Shmem:      ", s->pss_shmem >> 12);
	}
	show_kb(m, "Shared_Clean:   ", s->shared_clean);
	show_kb(m, "Shared_Dirty:   ", s->shared_dirty);
	show_kb(m, "Private_Clean:  ", s->private_clean);
	show_kb(m, "Private_Dirty:  ", s->private_dirty);
	show_kb(m, "Referenced:     ", s->referenced);
	show_kb(m, "Anonymous:      ", s->anonymous);
	show_kb(m, "LazyFree:       ", s->lazyfree);
	/* There are no huge pages: these are truly nothing. */
	show_kb(m, "AnonHugePages:  ", 0);
	show_kb(m, "ShmemPmdMapped: ", 0);
	show_kb(m, "FilePmdMapped:  ", 0);
	show_kb(m, "Shared_Hugetlb: ", 0);
	show_kb(m, "Private_Hugetlb:", 0);
	show_kb(m, "Swap:           ", s->swap);
	show_kb(m, "SwapPss:        ", s->swap_pss >> 12);
	show_kb(m, "Locked:         ", s->pss_locked >> 12);
}

static void show_flags(struct seq_file *m, vm_flags_t flags)
{
	static const struct {
		vm_flags_t flag;
		char name[4];
	} names[] = {
		{VM_READ, "rd"},       {VM_WRITE, "wr"},       {VM_EXEC, "ex"},
		{VM_SHARED, "sh"},     {VM_MAYREAD, "mr"},     {VM_MAYWRITE, "mw"},
		{VM_MAYEXEC, "me"},    {VM_MAYSHARE, "ms"},    {VM_GROWSDOWN, "gd"},
		{VM_PFNMAP, "pf"},     {VM_LOCKED, "lo"},      {VM_IO, "io"},
		{VM_SEQ_READ, "sr"},   {VM_RAND_READ, "rr"},   {VM_DONTCOPY, "dc"},
		{VM_DONTEXPAND, "de"}, {VM_LOCKONFAULT, "??"}, {VM_ACCOUNT, "ac"},
		{VM_NORESERVE, "nr"},  {VM_HUGETLB, "ht"},     {VM_SYNC, "sf"},
		{VM_WIPEONFORK, "wf"}, {VM_DONTDUMP, "dd"},    {VM_SOFTDIRTY, "sd"},
		{VM_MIXEDMAP, "mm"},   {VM_HUGEPAGE, "hg"},    {VM_NOHUGEPAGE, "nh"},
		{VM_MERGEABLE, "mg"},
	};

	seq_puts(m, "VmFlags: ");
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (flags & names[i].flag)
			seq_printf(m, "%s ", names[i].name);
	seq_putc(m, '\n');
}

static void show_smap(struct seq_file *m, struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct vma_stats s = {};

	show_area(m, mm, vma);
	vma_stats(vma, &s);
	show_kb(m, "Size:           ", vma->vm_end - vma->vm_start);
	show_kb(m, "KernelPageSize: ", PAGE_SIZE);
	show_kb(m, "MMUPageSize:    ", PAGE_SIZE);
	show_stats(m, &s, false);
	seq_puts(m, "THPeligible:    0\nProtectionKey:         0\n");
	show_flags(m, vma->vm_flags);
}

int pid_show_smaps(struct seq_file *m, struct task_struct *task, struct mm_struct *mm)
{
	return each_area(m, mm, show_smap);
}

int pid_show_smaps_rollup(struct seq_file *m, struct task_struct *task, struct mm_struct *mm)
{
	struct vma_stats s = {};
	struct vm_area_struct *vma;
	unsigned long first = 0, last = 0;

	down_read(&mm->mmap_lock);
	for_each_vma(mm, vma)
	{
		if (!last)
			first = vma->vm_start;
		last = vma->vm_end;
		vma_stats(vma, &s);
	}
	up_read(&mm->mmap_lock);
	size_t line_start = m->count;

	seq_printf(m, "%08lx-%08lx ---p 00000000 00:00 0 ", first, last);
	put_column_name(m, "[rollup]\n", line_start);
	show_stats(m, &s, true);
	return 0;
}

/* Documentation/admin-guide/mm/numa_memory_policy.rst and proc(5): counts are of pages. */
static void show_numa_area(struct seq_file *m, struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct vma_numa_stats s = {};
	int nid;

	seq_printf(m, "%08lx default", vma->vm_start);
	if (vma->vm_file) {
		seq_puts(m, " file=");
		seq_path(m, &vma->vm_file->path, "\n\t= ");
	} else if (is_heap(mm, vma)) {
		seq_puts(m, " heap");
	} else if (is_stack(mm, vma)) {
		seq_puts(m, " stack");
	}
	vma_numa_stats(vma, &s);
	if (s.anon)
		seq_printf(m, " anon=%lu", s.anon);
	if (s.dirty)
		seq_printf(m, " dirty=%lu", s.dirty);
	if (s.pages && s.pages != s.anon && s.pages != s.dirty)
		seq_printf(m, " mapped=%lu", s.pages);
	if (s.mapmax > 1)
		seq_printf(m, " mapmax=%u", s.mapmax);
	if (s.swapcache)
		seq_printf(m, " swapcache=%lu", s.swapcache);
	if (s.active < s.pages)
		seq_printf(m, " active=%lu", s.active);
	if (s.writeback)
		seq_printf(m, " writeback=%lu", s.writeback);
	for_each_node (nid)
		if (s.node[nid])
			seq_printf(m, " N%d=%lu", nid, s.node[nid]);
	if (s.pages)
		seq_printf(m, " kernelpagesize_kB=%lu", PAGE_SIZE >> 10);
	seq_putc(m, '\n');
}

int pid_show_numa_maps(struct seq_file *m, struct task_struct *task, struct mm_struct *mm)
{
	return each_area(m, mm, show_numa_area);
}

struct pagemap_reader {
	struct mm_struct *mm;
	bool see_frames;
};

static void fill_pagemap(void *arg, u64 first, unsigned n, u64 *entries)
{
	const struct pagemap_reader *reader = arg;

	down_read(&reader->mm->mmap_lock);
	pagemap_range(reader->mm, first << PAGE_SHIFT, n, entries);
	up_read(&reader->mm->mmap_lock);
	for (unsigned i = 0; i < n && !reader->see_frames; i++)
		entries[i] &= ~PAGEMAP_FRAME;
}

/*
 * One entry of 64 bits a page (Documentation: pagemap). Frame numbers are for those who may
 * see physical addresses; others read zeros in their place.
 */
long pid_read_pagemap(struct mm_struct *mm, bool see_frames, struct iov_iter *to, u64 *pos)
{
	struct pagemap_reader reader = {mm, see_frames};

	return proc_read_entries(to, pos, TASK_SIZE >> PAGE_SHIFT, fill_pagemap, &reader);
}

/*
 * The bytes at an address, as a debugger wants them: whatever the program's own rights are
 * (mm/space/remote.c). What cannot be had ends the copy; EIO if that was the first byte.
 */
#define MEM_PART 512

long pid_read_mem(struct mm_struct *mm, bool see_frames, struct iov_iter *to, u64 *pos)
{
	char part[MEM_PART];
	long done = 0;

	while (to->count) {
		const size_t wanted = min(to->count, sizeof(part));
		size_t n = *pos < TASK_SIZE ? access_remote_vm(mm, *pos, part, wanted,
							       ACCESS_READ | ACCESS_FORCE)
					    : 0;
		size_t copied = copy_to_iter(part, n, to);

		done += copied;
		*pos += copied;
		if (copied < n)
			return done ? done : -EFAULT;
		if (n < wanted)
			return done ? done : -EIO;
		if (fatal_signal_pending())
			break;
		cond_resched();
	}
	return done;
}

long pid_write_mem(struct mm_struct *mm, struct iov_iter *from, u64 *pos)
{
	char part[MEM_PART];
	long done = 0;

	while (from->count) {
		const size_t wanted = min(from->count, sizeof(part));
		const size_t n = copy_from_iter(part, wanted, from);
		const size_t written =
			*pos < TASK_SIZE
				? access_remote_vm(mm, *pos, part, n, ACCESS_WRITE | ACCESS_FORCE)
				: 0;

		done += written;
		*pos += written;
		if (n < wanted && written == n)
			return done ? done : -EFAULT;
		if (written < n)
			return done ? done : -EIO;
		if (fatal_signal_pending())
			break;
		cond_resched();
	}
	return done;
}
