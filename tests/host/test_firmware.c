// flags: -Iarch/x86/common/include -Iarch/x86/x86_64/include
/*
 * What firmware and boot loaders tell x86 machines, true or not: ACPI tables, the map of
 * RAM, the command line.  The parsers run on a piece of memory that stands for the
 * machine's; every byte they may read must come through phys_read().
 */
#include "firmware.h"
#include "harness.h"
#include "lib/string.h"
#include <stdlib.h>

static void set_line(const char *line)
{
	str_copy(boot_command_line, line, sizeof(boot_command_line));
}

/* --- tables --- */

static u32 next_free;
static u32 tables[8];
static unsigned nr_tables;

static u8 *at(u32 address)
{
	return window + (address - WINDOW);
}

static void seal(u32 table)
{
	u32 length;
	u8 total = 0;

	memcpy(&length, at(table) + 4, 4);
	at(table)[9] = 0;
	for (u32 i = 0; i < length && table - WINDOW + i < WINDOW_BYTES; i++)
		total += at(table)[i];
	at(table)[9] = -total;
}

static u32 add_table(const char *signature, const void *body, u32 bytes)
{
	u32 table = next_free, length = 36 + bytes;

	memcpy(at(table), signature, 4);
	memcpy(at(table) + 4, &length, 4);
	memcpy(at(table) + 36, body, bytes);
	seal(table);
	next_free += ALIGN_UP(length, 16u);
	return table;
}

static u32 put(u8 *body, u32 used, const void *record, u32 bytes)
{
	memcpy(body + used, record, bytes);
	return used + bytes;
}

static u32 srat_memory(u8 *body, u32 used, u32 domain, u64 start, u64 bytes)
{
	u8 record[40] = {1, 40};
	u32 enabled = 1;

	memcpy(record + 2, &domain, 4);
	memcpy(record + 8, &start, 8);
	memcpy(record + 16, &bytes, 8);
	memcpy(record + 28, &enabled, 4);
	return put(body, used, record, sizeof(record));
}

/* Two nodes (domains 3 and 7) of 64 MiB, four CPUs, all a PC has. */
static void make_tables(void)
{
	static const u8 dsdt[] = {0x10, 0x20, 0x08, '_',  'S',  '5',  '_',  0x12,
				  0x06, 0x04, 0x0a, 0x05, 0x0a, 0x06, 0x00, 0x00};
	u8 body[1024] = {0};
	u32 used, dsdt_at, rsdt[8], word;
	u64 wide;

	memset(window, 0, sizeof(window));
	next_free = WINDOW + 0x1000;
	nr_tables = 0;

	word = 0xfee00000;
	used = put(body, 0, &word, 4);
	word = 1;
	used = put(body, used, &word, 4);
	for (u8 cpu = 0; cpu < 4; cpu++)
		used = put(body, used, (u8[]){0, 8, cpu, cpu * 2, 1, 0, 0, 0}, 8);
	used = put(body, used, (u8[]){1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0}, 12);
	used = put(body, used, (u8[]){2, 10, 0, 0, 2, 0, 0, 0, 0, 0}, 10);
	used = put(body, used, (u8[]){2, 10, 0, 9, 9, 0, 0, 0, 15, 0}, 10);
	tables[nr_tables++] = add_table("APIC", body, used);

	memset(body, 0, sizeof(body));
	used = 12;
	for (u8 cpu = 0; cpu < 4; cpu++)
		used = put(body, used, (u8[16]){0, 16, cpu < 2 ? 3 : 7, cpu * 2, 1}, 16);
	used = srat_memory(body, used, 7, 0x4000000, 0x4000000);
	used = srat_memory(body, used, 3, 0, 0x4000000);
	tables[nr_tables++] = add_table("SRAT", body, used);

	memset(body, 10, sizeof(body));
	wide = 8;
	memcpy(body, &wide, 8);
	body[8 + 3 * 8 + 7] = 21;
	body[8 + 7 * 8 + 3] = 31;
	tables[nr_tables++] = add_table("SLIT", body, 8 + 64);

	dsdt_at = add_table("DSDT", dsdt, sizeof(dsdt));
	tables[nr_tables++] = dsdt_at;
	memset(body, 0, sizeof(body));
	memcpy(body + 40 - 36, &dsdt_at, 4);
	word = 0x604;
	memcpy(body + 64 - 36, &word, 4);
	word = BIT(10);
	memcpy(body + 112 - 36, &word, 4);
	body[116 - 36] = 1;
	wide = 0xcf9;
	memcpy(body + 120 - 36, &wide, 8);
	body[128 - 36] = 6;
	tables[nr_tables++] = add_table("FACP", body, 244 - 36);

	memset(body, 0, sizeof(body));
	wide = 0xfed00000;
	memcpy(body + 8, &wide, 8);
	tables[nr_tables++] = add_table("HPET", body, 20);

	used = 0;
	for (unsigned i = 0; i < nr_tables; i++)
		if (tables[i] != dsdt_at)
			rsdt[used++] = tables[i];
	tables[nr_tables] = add_table("RSDT", rsdt, used * 4);

	u8 rsdp[20] = "RSD PTR ";
	u8 total = 0;

	memcpy(rsdp + 16, &tables[nr_tables], 4);
	nr_tables++;
	for (unsigned i = 0; i < sizeof(rsdp); i++)
		total += rsdp[i];
	rsdp[8] = -total;
	memcpy(window + 0x10, rsdp, sizeof(rsdp));
}

static void boot(void)
{
	firmware_forget();
	ram_add(0, 0x8000000, RAM_USABLE);
	ram_map_build();
	acpi_init();
}

static void test_acpi_tables(void **state)
{
	make_tables();
	boot();
	assert_true(acpi.found);
	assert_int_equal(nr_cpus_found, 4);
	assert_int_equal(cpu_apic_id[3], 6);
	assert_int_equal(acpi.lapic_base, 0xfee00000);
	assert_int_equal(acpi.ioapic.base, 0xfec00000);
	assert_int_equal(acpi.isa[0].global, 2);
	assert_int_equal(acpi.isa[9].flags, 15);
	assert_int_equal(ram_map.nodes, 2);
	assert_int_equal(ram_map.range[0].node, 0);
	assert_int_equal(ram_map.range[1].node, 1);
	assert_int_equal(ram_map.range[1].start.v, 0x4000000);
	assert_int_equal(cpu_node[1], 0);
	assert_int_equal(cpu_node[2], 1);
	assert_int_equal(ram_map.distance[0][1], 21);
	assert_int_equal(ram_map.distance[1][0], 31);
	assert_true(acpi.has_s5);
	assert_int_equal(acpi.s5_a, 5);
	assert_int_equal(acpi.s5_b, 6);
	assert_int_equal(acpi.pm1a_control, 0x604);
	assert_true(acpi.reset.valid && !acpi.reset.memory);
	assert_int_equal(acpi.reset.address, 0xcf9);
	assert_int_equal(acpi.hpet_base, 0xfed00000);
}

static void test_acpi_absent(void **state)
{
	memset(window, 0, sizeof(window));
	boot();
	assert_false(acpi.found);
	assert_int_equal(nr_cpus_found, 1);
	assert_int_equal(ram_map.nodes, 1);
}

/* Damage sound tables in any way, with and without a right checksum behind it. */
static void test_acpi_damaged(void **state)
{
	struct random random = {test_seed()};

	for (int round = 0; round < 3000; round++) {
		unsigned damage = 1 + random_below(&random, 8);

		make_tables();
		while (damage--) {
			u32 table = tables[random_below(&random, nr_tables)], length;

			memcpy(&length, at(table) + 4, 4);
			at(table)[random_below(&random, min(length, 512u))] = random_u64(&random);
			if (random_below(&random, 4) != 0)
				seal(table);
		}
		if (random_below(&random, 8) == 0)
			window[0x10 + random_below(&random, 20)] ^= 1 << random_below(&random, 8);
		boot();
		firmware_check_map();
	}
}

/* --- the map of RAM --- */

/* Small numbers, so that every page can be asked. */
static void test_ram_map_random(void **state)
{
	struct random random = {test_seed()};

	for (int round = 0; round < 2000; round++) {
		const u64 pages = 64;
		unsigned n = 1 + random_below(&random, 12);

		firmware_forget();
		for (unsigned i = 0; i < n; i++) {
			u64 start = random_below(&random, pages * 2) * (PAGE_SIZE / 2);
			u64 bytes = (1 + random_below(&random, 40)) * (PAGE_SIZE / 2);

			ram_add(start, start + bytes, 1 + random_below(&random, 5));
		}
		ram_map_build();
		firmware_check_map();
		for (u64 page = 0; page < pages; page++) {
			bool usable = true;

			for (u64 half = 0; half < 2; half++) {
				u64 start = page * PAGE_SIZE + half * PAGE_SIZE / 2;

				usable &= kind_of(start, start + PAGE_SIZE / 2) == RAM_USABLE;
			}
			assert_int_equal(ram_is_usable(page * PAGE_SIZE, (page + 1) * PAGE_SIZE),
					 usable);
		}
	}
}

static void test_ram_map_limit(void **state)
{
	firmware_forget();
	set_line("mem=32M");
	ram_add(0, 0x9fc00, RAM_USABLE);
	ram_add(0x100000, 0x8000000, RAM_USABLE);
	ram_add(0x7fe0000, 0x8000000, RAM_RESERVED);
	ram_map_build();
	firmware_check_map();
	assert_true(ram_is_usable(0x100000, 0x2000000));
	assert_false(ram_touches(0x2000000, 0x8000000));
	assert_false(ram_is_usable(0x9f000, 0xa0000));

	firmware_forget();
	set_line("mem=1"); /* nobody could live there: ignored */
	ram_add(0x100000, 0x8000000, RAM_USABLE);
	ram_map_build();
	assert_true(ram_is_usable(0x100000, 0x8000000));
}

static void test_highmem_option(void **state)
{
	firmware_forget();
	set_line("highmem=64M");
	ram_add(0x100000, 0x80000000, RAM_USABLE);
	ram_map_build();
	firmware_check_map();
	assert_true(ram_is_usable(0x100000, LOW_MEMORY_END + 0x4000000));
	assert_false(ram_touches(LOW_MEMORY_END + 0x4000000, 0x80000000));

	firmware_forget();
	set_line("highmem=0");
	ram_add(0x100000, 0x80000000, RAM_USABLE);
	ram_map_build();
	assert_true(ram_is_usable(0x100000, LOW_MEMORY_END));
	assert_false(ram_touches(LOW_MEMORY_END, 0x80000000));

	firmware_forget();
	set_line("highmem=30M"); /* a small machine has some, too */
	ram_add(0x100000, 0x4000000, RAM_USABLE);
	ram_map_build();
	assert_int_equal(LOW_MEMORY_END, 0x2000000);
	assert_true(ram_is_usable(0x100000, LOW_MEMORY_END + 0x1e00000));
	assert_false(ram_touches(LOW_MEMORY_END + 0x1e00000, 0x4000000));

	firmware_forget();
	set_line("highmem=60M"); /* nobody could live below it: ignored */
	ram_add(0x100000, 0x4000000, RAM_USABLE);
	ram_map_build();
	assert_int_equal(LOW_MEMORY_END, 896ULL << 20);
	assert_true(ram_is_usable(0x100000, 0x4000000));
}

static void test_fake_nodes(void **state)
{
	static const char *const lines[] = {"numa=fake=4", "numa=fake=16", "numa=fake=17M",
					    "numa=fake=1", "numa=fake=0",  "numa=fake=99999",
					    "numa=fake=",  "numa=fake=-3", "numa=fake=1G"};

	for (unsigned i = 0; i < ARRAY_SIZE(lines); i++) {
		firmware_forget();
		set_line(lines[i]);
		ram_add(0, 0x9f000, RAM_USABLE);
		ram_add(0x100000, 0x10000000, RAM_USABLE);
		ram_map_build();
		ram_fake_nodes();
		firmware_check_map();
		if (i == 0) {
			assert_int_equal(ram_map.nodes, 4);
			assert_int_equal(ram_map.distance[0][3], 10);
		}
	}
}

/* --- the command line --- */

static void test_options(void **state)
{
	char value[16];

	firmware_forget();
	set_line("  a=1 quiet b=\"x  y\" console=ttyS0 console=ttyS1,9600 a=2 abc=7 -- c=3");
	assert_true(boot_option("a", value, sizeof(value)));
	assert_string_equal(value, "2");
	assert_true(boot_option("quiet", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_true(boot_option("b", value, sizeof(value)));
	assert_string_equal(value, "x  y");
	assert_true(boot_option_nth("console", 1, value, 8));
	assert_string_equal(value, "ttyS1,9");
	assert_false(boot_option_nth("console", 2, value, 8));
	assert_false(boot_option("c", NULL, 0));
	assert_false(boot_option("ab", NULL, 0));
}

static void test_options_random(void **state)
{
	static const char alphabet[] = "ab=\" -";
	struct random random = {test_seed()};

	firmware_forget();
	for (int round = 0; round < 5000; round++) {
		size_t n = random_below(&random, 30);
		char value[5];

		for (size_t i = 0; i < n; i++)
			boot_command_line[i] = alphabet[random_below(&random, 6)];
		boot_command_line[n] = '\0';
		if (boot_option("a", value, sizeof(value)))
			assert_true(strlen(value) < sizeof(value));
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_acpi_tables),    cmocka_unit_test(test_acpi_absent),
	cmocka_unit_test(test_acpi_damaged),   cmocka_unit_test(test_ram_map_random),
	cmocka_unit_test(test_ram_map_limit),  cmocka_unit_test(test_highmem_option),
	cmocka_unit_test(test_fake_nodes),     cmocka_unit_test(test_options),
	cmocka_unit_test(test_options_random),
};
HOST_TESTS(tests)
