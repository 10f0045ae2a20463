/*
 * The object floor on the soft machine, release build: objects of 64 bytes (objects.h), and
 * 16 KiB from vmalloc and kmalloc.
 */
#include "machine/soft.h"
#include "mm/frame/frame.h"
#include "mm/kva/kva.h"
#include "mm/lru/lru.h"
#include "mm/slab/slab.h"

static struct kmem_cache *cache;

static inline void *object_alloc(void)
{
	return kmem_cache_alloc(cache, GFP_KERNEL);
}

static inline void object_free(void *object)
{
	kmem_cache_free(cache, object);
}

#include "bench/host/objects.h"

static void kmalloc_pair(void)
{
	unsigned n = measure_size(10 * OBJECTS);

	measure_begin();
	for (unsigned i = 0; i < n; i++) {
		void *p = kmalloc(64, GFP_KERNEL);

		__asm__ volatile("" : "+r"(p)::"memory");
		kfree(p);
	}
	measure_end("kmalloc_pair", n);
}

static void large(void)
{
	const unsigned n = 1000;

	measure_begin();
	for (unsigned i = 0; i < n; i++)
		vfree(vmalloc(16384));
	measure_end("vmalloc_16k", n);
	measure_begin();
	for (unsigned i = 0; i < n; i++)
		kfree(kmalloc(16384, GFP_KERNEL));
	measure_end("kmalloc_16k", n);
}

int main(void)
{
	measure_init();
	soft_machine_init(&(struct soft_config){.ram = {{0, 256 << 20, 0}}});
	frame_init();
	lru_init();
	slab_init();
	kva_init();
	cache = kmem_cache_create("bench-64", 64, 0, 0, NULL);
	object_rows();
	for (unsigned round = 0; round < measure_rounds(); round++) {
		kmalloc_pair();
		large();
	}
	return 0;
}
