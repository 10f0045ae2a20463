/*
 * Files and disks of the library.
 *
 * A file is a mapping of the page cache and a size, with a count of references: the caller's
 * and one for each area that maps it. The last one forgets the pages.  Shared anonymous
 * memory is such a file without a caller, as on any Pagoda.
 *
 *   area --- file --- mapping --- pages
 *   caller ---'          `-- fill(): what is not in the cache
 *
 * Locking: `bytes` changes under the mapping's invalidate_lock, held exclusively; who adds pages
 * holds it shared, so that none appears behind the end.
 */
#include "host/libpagoda/library.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "machine/soft_disk.h"
#include "mm/kva/kva.h"
#include "mm/lru/lru.h"
#include "mm/slab/slab.h"
#include "sync/task.h"

struct pagoda_file {
	struct address_space mapping;
	u64 bytes; /* (invalidate_lock; read without) */
	int (*fill)(void *arg, uint64_t page, void *to);
	void *arg;
	bool nameless; /* shared anonymous memory */
	atomic_t references;
};

static struct kmem_cache *file_cache;

static u64 size_of(const struct address_space *mapping)
{
	return READ_ONCE(((struct pagoda_file *)mapping->host)->bytes);
}

static int read_page(struct address_space *mapping, struct page *page)
{
	struct pagoda_file *file = mapping->host;
	void *window = kmap_local_page(page);
	int err = file->fill(file->arg, page_index(page), window);

	kunmap_local(window);
	if (err)
		return -EIO;
	page_set(page, PG_uptodate);
	return 0;
}

static const struct address_space_ops filled_ops = {.read_page = read_page};

struct pagoda_file *pagoda_file_new(uint64_t bytes, int (*fill)(void *arg, uint64_t page, void *to),
				    void *arg)
{
	struct pagoda_file *file = kmem_cache_alloc(file_cache, GFP_KERNEL);

	if (!file)
		return NULL;
	mapping_init(&file->mapping, fill ? &filled_ops : NULL, file, !fill);
	file->mapping.size = size_of;
	file->bytes = bytes;
	file->fill = fill;
	file->arg = arg;
	file->nameless = false;
	atomic_set(&file->references, 1);
	return file;
}

static void get_file(struct file *file)
{
	atomic_inc(&((struct pagoda_file *)file)->references);
}

static void put_file(struct file *opaque)
{
	struct pagoda_file *file = (struct pagoda_file *)opaque;

	if (!atomic_dec_and_test(&file->references))
		return;
	down_write(&file->mapping.invalidate_lock);
	cache_truncate(&file->mapping, 0, ~0ULL);
	up_write(&file->mapping.invalidate_lock);
	/* Who has just dropped the last page may still hold the tree's lock. */
	spin_lock(&file->mapping.tree_lock);
	spin_unlock(&file->mapping.tree_lock);
	kmem_cache_free(file_cache, file);
}

void pagoda_file_free(struct pagoda_file *file)
{
	if (file)
		put_file((struct file *)file);
	cond_resched();
}

static int shared_memory(u64 bytes, bool noreserve, struct map_source *source)
{
	struct pagoda_file *file = pagoda_file_new(bytes, NULL, NULL);

	if (!file)
		return -ENOMEM;
	file->nameless = true;
	*source = file_source(file);
	return 0;
}

struct map_source file_source(struct pagoda_file *file)
{
	return (struct map_source){.file = (struct file *)file,
				   .mapping = &file->mapping,
				   .readable = true,
				   .writable = true};
}

struct pagoda_file *file_of_area(const struct vm_area_struct *vma)
{
	struct pagoda_file *file = (struct pagoda_file *)vma->vm_file;

	return file && !file->nameless ? file : NULL;
}

void files_init(void)
{
	file_cache = kmem_cache_create("pagoda_file", sizeof(struct pagoda_file),
				       _Alignof(struct pagoda_file), SLAB_PANIC, NULL);
	vm_file_ops = (struct vm_file_ops){.get = get_file, .put = put_file};
	shmem_zero_setup = shared_memory;
}

int pagoda_file_resize(struct pagoda_file *file, uint64_t bytes)
{
	if (bytes >> (PAGE_SHIFT + 35)) /* as far as a page's index reaches */
		return -EFBIG;
	down_write(&file->mapping.invalidate_lock);
	if (bytes < file->bytes) {
		WRITE_ONCE(file->bytes, bytes);
		cache_truncate(&file->mapping, (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT, ~0ULL);
		if (bytes & ~PAGE_MASK)
			cache_zero_partial(&file->mapping, bytes, ALIGN_UP(bytes, PAGE_SIZE));
	}
	WRITE_ONCE(file->bytes, bytes);
	up_write(&file->mapping.invalidate_lock);
	return 0;
}

/* Move bytes within one page between the cache and a buffer. */
static int move_in_page(struct pagoda_file *file, u64 offset, void *to, const void *from, size_t n)
{
	bool major = false;
	struct page *page;
	char *window;

	page = cache_get_page(&file->mapping, offset >> PAGE_SHIFT, &major);
	if (IS_ERR(page))
		return (int)PTR_ERR(page);
	window = kmap_local_page(page);
	if (to)
		memcpy(to, window + (offset & ~PAGE_MASK), n);
	else
		memcpy(window + (offset & ~PAGE_MASK), from, n);
	kunmap_local(window);
	if (!to)
		set_page_dirty(page);
	put_page(page);
	return 0;
}

static int move(struct pagoda_file *file, u64 offset, char *to, const char *from, size_t bytes)
{
	int err = 0;

	down_read(&file->mapping.invalidate_lock);
	if (offset > file->bytes || bytes > file->bytes - offset)
		err = -EINVAL;
	up_read(&file->mapping.invalidate_lock);
	while (bytes > 0 && !err) {
		size_t n = min(bytes, PAGE_SIZE - (size_t)(offset & ~PAGE_MASK));

		err = move_in_page(file, offset, to, from, n);
		offset += n;
		bytes -= n;
		to += to ? n : 0;
		from += from ? n : 0;
		cond_resched();
	}
	return err;
}

int pagoda_file_read(struct pagoda_file *file, uint64_t offset, void *to, size_t bytes)
{
	return move(file, offset, to, NULL, bytes);
}

int pagoda_file_write(struct pagoda_file *file, uint64_t offset, const void *from, size_t bytes)
{
	return move(file, offset, NULL, from, bytes);
}

/* ---- Disks ---- */

struct pagoda_disk *pagoda_disk_new(uint64_t sectors, uint64_t latency_ns, uint64_t sector_ns)
{
	const struct soft_disk_model model = {.latency_ns = latency_ns, .sector_ns = sector_ns};

	return (struct pagoda_disk *)soft_disk_new(sectors, &model);
}

void pagoda_disk_free(struct pagoda_disk *disk)
{
	soft_disk_free((struct soft_disk *)disk);
}

int pagoda_disk_read(struct pagoda_disk *disk, uint64_t sector, void *to, uint64_t sectors)
{
	return soft_disk_read((struct soft_disk *)disk, sector, to, sectors);
}

int pagoda_disk_write(struct pagoda_disk *disk, uint64_t sector, const void *from, uint64_t sectors)
{
	return soft_disk_write((struct soft_disk *)disk, sector, from, sectors);
}
