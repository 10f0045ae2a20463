/*
 * The soft machine's disk: what is written is read, time passes as the model says, one
 * request after the other.
 */
#include "harness.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "machine/soft.h"
#include "machine/soft_disk.h"
#include "sync/task.h"

#define SECTORS 64

static void against_a_model(void **state)
{
	static u8 model[SECTORS * SECTOR_BYTES], buffer[SECTORS * SECTOR_BYTES];
	struct random random = {test_seed()};
	struct soft_disk *disk;
	u64 written = 0;

	soft_machine_init(&(struct soft_config){0});
	disk = soft_disk_new(SECTORS, NULL);
	assert_int_equal(soft_disk_sectors(disk), SECTORS);
	for (int i = 0; i < 2000; i++) {
		u64 sector = random_below(&random, SECTORS);
		u64 n = random_below(&random, SECTORS - sector + 1);
		u8 *place = model + sector * SECTOR_BYTES;

		if (random_below(&random, 2)) {
			for (u64 b = 0; b < n * SECTOR_BYTES; b++)
				place[b] = (u8)random_u64(&random);
			assert_int_equal(soft_disk_write(disk, sector, place, n), 0);
			written += n;
		} else {
			assert_int_equal(soft_disk_read(disk, sector, buffer, n), 0);
			assert_memory_equal(buffer, place, n * SECTOR_BYTES);
		}
	}
	assert_int_equal(soft_disk_stats(disk).sectors_written, written);
	assert_int_equal(soft_disk_stats(disk).busy_ns, 0);
	soft_disk_free(disk);
}

static void what_it_refuses(void **state)
{
	u8 buffer[3 * SECTOR_BYTES] = {0};
	struct soft_disk *disk;

	soft_machine_init(&(struct soft_config){0});
	assert_null(soft_disk_new(0, NULL));
	disk = soft_disk_new(SECTORS, &(struct soft_disk_model){.bad_sector = 10});
	assert_int_equal(soft_disk_read(disk, SECTORS - 2, buffer, 3), -EIO);
	assert_int_equal(soft_disk_read(disk, ~0ULL, buffer, 2), -EIO);
	assert_int_equal(soft_disk_write(disk, 8, buffer, 3), -EIO);
	assert_int_equal(soft_disk_read(disk, 10, buffer, 1), -EIO);
	assert_int_equal(soft_disk_write(disk, 7, buffer, 3), 0);
	assert_int_equal(soft_disk_write(disk, 11, buffer, 3), 0);
	assert_int_equal(soft_disk_stats(disk).writes, 2);
	soft_disk_free(disk);
}

static struct soft_disk *shared;

static int read_once(void *arg)
{
	u8 buffer[2 * SECTOR_BYTES];

	assert_int_equal(soft_disk_read(shared, 0, buffer, 2), 0);
	return 0;
}

/* Five requests at once are done one after the other. */
static void one_at_a_time(void **state)
{
	struct task_struct *task[5];
	u64 start, took;

	soft_machine_init(&(struct soft_config){.cpus = 3, .schedule_seed = 1});
	shared = soft_disk_new(
		SECTORS, &(struct soft_disk_model){.latency_ns = 4000000, .sector_ns = 500000});
	start = ktime_ns();
	for (unsigned i = 0; i < ARRAY_SIZE(task); i++)
		task[i] = kthread_run(read_once, NULL, "reader");
	for (unsigned i = 0; i < ARRAY_SIZE(task); i++)
		soft_join(task[i]);
	took = ktime_ns() - start;
	assert_in_range(took, 25000000, 25100000);
	assert_int_equal(soft_disk_stats(shared).busy_ns, 25000000);
	soft_disk_free(shared);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(against_a_model),
	cmocka_unit_test(what_it_refuses),
	cmocka_unit_test(one_at_a_time),
};
HOST_TESTS(tests)
