/*
 * The vDSO in a program's space (machine/vdso.h).
 *
 * It is a file of one page without a name: page cache that is read from the kernel's image, mapped
 * privately, so that a debugger may write breakpoints into it. exec maps it and tells the program by
 * the auxiliary vector; fork takes it along. A program may move it and unmap it like any other area:
 * the machine, which leads it back there from SYSENTER and signal handlers, is told by the area's
 * own operations.
 */
#include "kernel/exec.h"
#include "kernel/initcall.h"
#include "lib/string.h"
#include "machine/vdso.h"
#include "mm/frame/kmap.h"
#include "mm/space/space.h"
#include <linux/mman.h>

static int read_image(struct address_space *mapping, struct page *page)
{
	char *window = kmap_local_page(page);

	memset(window, 0, PAGE_SIZE);
	memcpy(window, vdso_image, vdso_image_end - vdso_image);
	kunmap_local(window);
	page_set(page, PG_uptodate);
	return 0;
}

static u64 image_size(const struct address_space *mapping)
{
	return PAGE_SIZE;
}

static struct address_space image; /* constant after boot, but for its page */
static const struct address_space_ops image_ops = {.read_page = read_image};

static void opened(struct vm_area_struct *vma)
{
	vma->vm_mm->arch.segments.vdso = vma->vm_start;
}

static void closed(struct vm_area_struct *vma)
{
	unsigned long *vdso = &vma->vm_mm->arch.segments.vdso;

	if (*vdso == vma->vm_start) /* it was not moved */
		*vdso = 0;
}

static const char *area_name(struct vm_area_struct *vma)
{
	return "[vdso]";
}

static const struct vm_operations vdso_vm_ops = {
	.open = opened, .close = closed, .name = area_name};

static int map_area(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_flags |= VM_DONTEXPAND;
	opened(vma);
	return 0;
}

static int map_image(struct mm_struct *mm, struct vdso_place *place)
{
	const struct map_source source = {
		.mapping = &image, .ops = &vdso_vm_ops, .readable = true, .mmap = map_area};
	unsigned long at =
		do_mmap(mm, 0, PAGE_SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE, 0, &source);

	if (IS_ERR_VALUE(at))
		return (int)at;
	place->header = at;
	place->entry = at + (unsigned long)vdso___kernel_vsyscall;
	return 0;
}

static int vdso_init(void)
{
	mapping_init(&image, &image_ops, NULL, false);
	image.size = image_size;
	map_vdso = map_image;
	return 0;
}
INITCALL(INIT_EARLY, vdso_init);
