// flags: -Iarch/x86/common/include -Iarch/x86/x86_64/include
/*
 * What firmware says: ACPI tables, the map of RAM, and mem= and numa=fake= to it.
 *
 * An input is a list of records. A table's body is the input's; its length and checksum
 * are right unless the record says otherwise, so that what lies behind them is reached. Whatever the
 * tables say, the map of RAM that comes of them must be one that mm/frame can live with.
 */
#include <stdio.h>

#include "../host/firmware.h"
#include "world.h"

#define TABLES 8
static u32 table[TABLES], nr_tables, next_free;

static void reset(void)
{
	firmware_forget();
	memset(window, 0, sizeof(window));
	next_free = WINDOW + 0x1000;
	nr_tables = 0;
}

static u8 *at_address(u32 address)
{
	return &window[address - WINDOW];
}

static void seal(u8 *at, u32 bytes, u32 checksum)
{
	u8 total = 0;

	at[checksum] = 0;
	for (u32 i = 0; i < bytes; i++)
		total += at[i];
	at[checksum] = -total;
}

static u32 begin_table(const char *signature)
{
	memcpy(at_address(next_free), signature, 4);
	return next_free;
}

/* `lie` is added to the length. */
static void end_table(u32 start, u32 body, int lie)
{
	u8 *at = at_address(start);
	const u32 length = 36 + body + lie;

	memcpy(at + 4, &length, 4);
	seal(at, min(36 + body, WINDOW_BYTES - (start - WINDOW)), 9);
	next_free += ALIGN_UP(36 + body, 16u);
}

static void do_table(struct input *in)
{
	static const char *const signatures[] = {"APIC", "SRAT", "SLIT", "DSDT",
						 "FACP", "HPET", "MCFG", "SSDT"};
	const unsigned how = input_byte(in), length = input_below(in, 512);
	const u32 start = begin_table(signatures[how % 8]);
	u8 *body = at_address(start) + 36;

	if (nr_tables == TABLES)
		return;
	for (unsigned i = 0; i < length; i++)
		body[i] = input_byte(in);
	if (how % 8 == 4 && nr_tables) /* FACP names the DSDT */
		memcpy(body + 40 - 36, &table[how >> 4 & (nr_tables - 1)], 4);
	end_table(start, length, how & 0x80 ? (int)(how >> 3 & 15) - 8 : 0);
	table[nr_tables++] = start;
}

/* Ranges in units of 2 KiB, so that they begin and end within pages, too. */
static void do_range(struct input *in)
{
	const u64 start = (u64)input_below(in, 65536) << (11 + input_byte(in) % 8);
	const u64 bytes = (u64)input_below(in, 65536) << 11;

	ram_add(start, start + bytes, 1 + input_byte(in) % 5);
}

static void do_options(struct input *in)
{
	static const char *const forms[] = {"mem=%uM", "mem=%u", "numa=fake=%u", "numa=fake=%uM",
					    "mem=%uK numa=fake=%u"};
	const unsigned how = input_byte(in), n = input_below(in, 65536);

	snprintf(boot_command_line, sizeof(boot_command_line), forms[how % ARRAY_SIZE(forms)], n,
		 n % 20);
}

static void finish_tables(unsigned how)
{
	const u32 rsdt = begin_table("RSDT");
	u8 rsdp[20] = "RSD PTR ";

	memcpy(at_address(rsdt) + 36, table, nr_tables * 4);
	end_table(rsdt, nr_tables * 4, 0);
	memcpy(rsdp + 16, &rsdt, 4);
	seal(rsdp, sizeof(rsdp), 8);
	memcpy(window + 0x10 * (how % 16), rsdp, sizeof(rsdp));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	console_loglevel = 0;
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	struct input in = {data, data + bytes};
	const unsigned how = input_byte(&in);

	reset();
	ram_add(0, 0x8000000, RAM_USABLE);
	while (!input_ended(&in))
		switch (input_byte(&in) % 4) {
		case 0:
		case 1: do_table(&in); break;
		case 2: do_range(&in); break;
		default: do_options(&in); break;
		}
	finish_tables(how);
	ram_map_build();
	acpi_init();
	if (how & 0x80)
		ram_fake_nodes();
	firmware_check_map();
	return 0;
}
