/*
 * ACPI's static tables: which nodes, CPUs and interrupt inputs there are, and how
 * to switch the machine off (ACPI 6.4, chapter 5).
 *
 * Nothing in them is trusted.  They are read through phys_read(), piece by piece;
 * a table whose length or checksum is wrong is ignored as a whole, a record that
 * reaches beyond its table ends the walk.  No AML is interpreted: the one object
 * needed, \_S5, is a constant package and found by its bytes.
 *
 *   RSDP --> XSDT or RSDT --> SRAT  memory and CPUs by proximity domain
 *                             SLIT  distances between domains
 *                             MADT  local APICs, IOAPIC, overridden ISA lines
 *                             HPET  timer
 *                             FADT  power registers --> DSDT: \_S5
 *
 * Proximity domains become node numbers in ascending order.
 */
#include "arch/x86/common/internal.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "machine/boot.h"

struct acpi_info acpi;

struct table_header {
	char signature[4];
	u32 length;
	u8 revision, checksum;
	char oem[26];
} __packed;
static_assert(sizeof(struct table_header) == 36, "ACPI 5.2.6");

#define MAX_TABLE (1u << 20)

static u32 domain_of_node[MAX_NUMNODES];

static u8 sum(u64 at, u32 bytes)
{
	u8 buf[256], total = 0;

	while (bytes) {
		u32 n = min(bytes, (u32)sizeof(buf));

		if (!phys_read(buf, at, n))
			return 1;
		for (u32 i = 0; i < n; i++)
			total += buf[i];
		at += n;
		bytes -= n;
	}
	return total;
}

/* Is there a sound table with this signature (any, if NULL)? */
static bool table_sound(u64 at, const char *signature, struct table_header *header)
{
	if (at == 0 || !phys_read(header, at, sizeof(*header)))
		return false;
	if (signature && memcmp(header->signature, signature, 4) != 0)
		return false;
	if (header->length < sizeof(*header) || header->length > MAX_TABLE)
		return false;
	if (sum(at, header->length) != 0) {
		pr_warn("ACPI: %.4s at %#llx: wrong checksum, ignored\n", header->signature,
			(unsigned long long)at);
		return false;
	}
	return true;
}

static bool rsdp_sound(u64 at, u64 *root, bool *wide)
{
	struct {
		char signature[8];
		u8 checksum;
		char oem[6];
		u8 revision;
		u32 rsdt;
		u32 length;
		u64 xsdt;
		u8 more[4];
	} __packed rsdp;

	if (!phys_read(&rsdp, at, sizeof(rsdp)) || memcmp(rsdp.signature, "RSD PTR ", 8) != 0 ||
	    sum(at, 20) != 0)
		return false;
	*wide = rsdp.revision >= 2 && rsdp.xsdt && rsdp.length == sizeof(rsdp) &&
		sum(at, sizeof(rsdp)) == 0;
	*root = *wide ? rsdp.xsdt : rsdp.rsdt;
	return true;
}

/* Where the loader says, or in the places PCs have for it (5.2.5.1). */
static bool find_root(u64 *root, bool *wide)
{
	u16 ebda = 0;

	if (boot_rsdp && rsdp_sound(boot_rsdp, root, wide))
		return true;
	phys_read(&ebda, 0x40e, sizeof(ebda));
	for (u64 at = (u64)ebda << 4; ebda >= 0x8000 >> 4 && at < ((u64)ebda << 4) + 1024; at += 16)
		if (rsdp_sound(at, root, wide))
			return true;
	for (u64 at = 0xe0000; at < 0x100000; at += 16)
		if (rsdp_sound(at, root, wide))
			return true;
	return false;
}

/* Reads of a table's fields; a short table reads as zero. */
static u64 field(u64 table, const struct table_header *header, u32 offset, u32 bytes)
{
	u64 value = 0;

	if (offset + bytes <= header->length)
		phys_read(&value, table + offset, bytes);
	return value;
}

/* Records of type, length, contents: calls fn with up to 64 bytes of each. */
static void for_records(u64 table, const struct table_header *header, u32 first,
			void (*fn)(const u8 *record, u32 bytes))
{
	for (u32 at = first; at + 2 <= header->length;) {
		u8 record[64] = {0};
		u32 length;

		phys_read(record, table + at, 2);
		length = record[1];
		if (length < 2 || at + length > header->length)
			break;
		phys_read(record, table + at, min(length, (u32)sizeof(record)));
		fn(record, length);
		at += length;
	}
}

static u32 get32(const u8 *p)
{
	u32 value;

	memcpy(&value, p, sizeof(value));
	return value;
}

static u64 get64(const u8 *p)
{
	u64 value;

	memcpy(&value, p, sizeof(value));
	return value;
}

/* --- MADT (5.2.12) --- */

static void add_cpu(u32 id, u32 flags)
{
	if (!(flags & 1) || id == cpu_apic_id[0] || nr_cpus_found >= NR_CPUS)
		return;
	for (unsigned i = 0; i < nr_cpus_found; i++)
		if (cpu_apic_id[i] == id)
			return;
	cpu_apic_id[nr_cpus_found++] = id;
}

static void madt_record(const u8 *record, u32 bytes)
{
	switch (record[0]) {
	case 0: /* local APIC: processor, id, flags */
		if (bytes >= 8)
			add_cpu(record[3], get32(record + 4));
		break;
	case 1: /* IOAPIC: id, 0, address, first input; the first one has the ISA lines */
		if (bytes >= 12 && (!acpi.ioapic.base || get32(record + 8) == 0)) {
			acpi.ioapic.base = get32(record + 4);
			acpi.ioapic.first = get32(record + 8);
		}
		break;
	case 2: /* an ISA line arrives elsewhere: bus, line, global, flags */
		if (bytes >= 10 && record[2] == 0 && record[3] < 16) {
			acpi.isa[record[3]].global = get32(record + 4);
			acpi.isa[record[3]].flags = record[8];
		}
		break;
	case 5: /* local APIC's address, 64 bits */
		if (bytes >= 12)
			acpi.lapic_base = get64(record + 4);
		break;
	case 9: /* local x2APIC; only ids the xAPIC can name are of use here */
		if (bytes >= 16 && get32(record + 4) < 255)
			add_cpu(get32(record + 4), get32(record + 8));
		break;
	}
}

static void read_madt(u64 at, const struct table_header *header)
{
	acpi.lapic_base = field(at, header, 36, 4);
	acpi.has_pic = field(at, header, 40, 4) & 1;
	for_records(at, header, 44, madt_record);
}

/* --- SRAT (5.2.16) and SLIT (5.2.17) --- */

static void note_domain(u32 domain)
{
	unsigned i = 0;

	while (i < ram_map.nodes && domain_of_node[i] < domain)
		i++;
	if ((i < ram_map.nodes && domain_of_node[i] == domain) || ram_map.nodes == MAX_NUMNODES)
		return;
	memmove(&domain_of_node[i + 1], &domain_of_node[i],
		(ram_map.nodes++ - i) * sizeof(domain_of_node[0]));
	domain_of_node[i] = domain;
}

static int node_of_domain(u32 domain)
{
	for (unsigned i = 0; i < ram_map.nodes; i++)
		if (domain_of_node[i] == domain)
			return (int)i;
	return 0;
}

/* One record's kind, domain and, by kind, its memory or its CPU; false if it does not count. */
static bool srat_parse(const u8 *record, u32 bytes, u32 *domain, u64 *start, u64 *size, u32 *apic)
{
	*size = 0;
	switch (record[0]) {
	case 0: /* local APIC: low domain byte, id, flags, eid, high domain bytes */
		if (bytes < 16 || !(get32(record + 4) & 1))
			return false;
		*domain = record[2] | (u32)record[9] << 8 | (u32)record[10] << 16 |
			  (u32)record[11] << 24;
		*apic = record[3];
		return true;
	case 1: /* memory: domain, base, length, flags */
		if (bytes < 40 || !(get32(record + 28) & 1))
			return false;
		*domain = get32(record + 2);
		*start = get64(record + 8);
		*size = get64(record + 16);
		return *size != 0 && *start + *size > *start;
	case 2: /* x2APIC: domain, id, flags */
		if (bytes < 24 || !(get32(record + 12) & 1))
			return false;
		*domain = get32(record + 4);
		*apic = get32(record + 8);
		return true;
	}
	return false;
}

static void srat_count(const u8 *record, u32 bytes)
{
	u32 domain, apic;
	u64 start, size;

	if (srat_parse(record, bytes, &domain, &start, &size, &apic))
		note_domain(domain);
}

static void srat_assign(const u8 *record, u32 bytes)
{
	u32 domain, apic;
	u64 start, size;

	if (!srat_parse(record, bytes, &domain, &start, &size, &apic))
		return;
	if (size) {
		ram_set_node(start, start + size, node_of_domain(domain));
		return;
	}
	for (unsigned cpu = 0; cpu < nr_cpus_found; cpu++)
		if (cpu_apic_id[cpu] == apic)
			cpu_node[cpu] = node_of_domain(domain);
}

static void read_srat(u64 at, const struct table_header *header)
{
	char text[8];

	if (boot_option("numa", text, sizeof(text)) && strcmp(text, "off") == 0)
		return;
	ram_map.nodes = 0;
	for_records(at, header, 48, srat_count);
	if (ram_map.nodes == 0)
		ram_map.nodes = 1;
	for_records(at, header, 48, srat_assign);
	for (unsigned i = 0; i < ram_map.nodes; i++)
		for (unsigned j = 0; j < ram_map.nodes; j++)
			ram_map.distance[i][j] = i == j ? 10 : 20;
}

static void read_slit(u64 at, const struct table_header *header)
{
	u64 localities = field(at, header, 36, 8);

	if (localities > 255 || 44 + localities * localities > header->length)
		return;
	for (unsigned i = 0; i < ram_map.nodes; i++) {
		for (unsigned j = 0; j < ram_map.nodes; j++) {
			u32 a = domain_of_node[i], b = domain_of_node[j];
			u8 distance;

			if (a >= localities || b >= localities)
				continue;
			distance = field(at, header, 44 + a * localities + b, 1);
			if (i == j ? distance == 10 : distance > 10)
				ram_map.distance[i][j] = distance;
		}
	}
}

/* --- FADT (5.2.9) and \_S5 --- */

/* An integer object of AML: BytePrefix, WordPrefix, ZeroOp, OneOp. False if it is another. */
static bool aml_small_integer(const u8 *aml, u32 bytes, u32 *at, u8 *value)
{
	if (*at >= bytes)
		return false;
	switch (aml[*at]) {
	case 0x00:
	case 0x01: *value = aml[(*at)++]; return true;
	case 0x0a:
	case 0x0b:
		if (*at + 2 >= bytes)
			return false;
		*value = aml[*at + 1];
		*at += aml[*at] == 0x0a ? 2 : 3;
		return true;
	}
	return false;
}

/* Name (_S5_, Package (n) {a, b, ...}): at `aml` stands "_S5_". */
static bool parse_s5(const u8 *aml, u32 bytes)
{
	u32 at = 4;

	if (at + 2 >= bytes || aml[at++] != 0x12)
		return false;
	at += 1 + (aml[at] >> 6); /* PkgLength: its lead byte tells how many follow */
	at++;                     /* NumElements */
	if (!aml_small_integer(aml, bytes, &at, &acpi.s5_a))
		return false;
	if (!aml_small_integer(aml, bytes, &at, &acpi.s5_b))
		acpi.s5_b = acpi.s5_a;
	return true;
}

static void find_s5(u64 at, const struct table_header *header)
{
	u8 window[512];
	u32 offset = sizeof(*header);

	while (!acpi.has_s5 && offset < header->length) {
		u32 n = min(header->length - offset, (u32)sizeof(window));

		if (!phys_read(window, at + offset, n))
			return;
		for (u32 i = 1; i + 8 <= n && !acpi.has_s5; i++)
			if (window[i] == '_' && memcmp(window + i, "_S5_", 4) == 0 &&
			    (window[i - 1] == 0x08 || window[i - 1] == '\\'))
				acpi.has_s5 = parse_s5(window + i, n - i);
		if (n < sizeof(window))
			return;
		offset += n - 32; /* overlap: an object is not lost on the border */
	}
}

static void read_fadt(u64 at, const struct table_header *header)
{
	struct table_header dsdt;
	u64 dsdt_at = field(at, header, 140, 8);

	acpi.smi_command = field(at, header, 48, 4);
	acpi.acpi_enable = field(at, header, 52, 1);
	acpi.pm1a_control = field(at, header, 64, 4);
	acpi.pm1b_control = field(at, header, 68, 4);
	acpi.pm_timer_port = field(at, header, 76, 4);
	acpi.century = field(at, header, 108, 1);
	if (field(at, header, 112, 4) & BIT(10)) { /* RESET_REG_SUP; a generic address follows */
		u64 space = field(at, header, 116, 1);

		acpi.reset.valid = space <= 1;
		acpi.reset.memory = space == 0;
		acpi.reset.address = field(at, header, 120, 8);
		acpi.reset.value = field(at, header, 128, 1);
	}
	if (!dsdt_at)
		dsdt_at = field(at, header, 40, 4);
	if (table_sound(dsdt_at, "DSDT", &dsdt))
		find_s5(dsdt_at, &dsdt);
}

static void read_hpet(u64 at, const struct table_header *header)
{
	if (field(at, header, 40, 1) == 0) /* in memory */
		acpi.hpet_base = field(at, header, 44, 8);
}

static const struct {
	char signature[5];
	void (*read)(u64 at, const struct table_header *header);
} readers[] = {
	/* In this order: SRAT needs MADT's CPUs, SLIT needs SRAT's domains. */
	{"APIC", read_madt}, {"SRAT", read_srat}, {"SLIT", read_slit},
	{"FACP", read_fadt}, {"HPET", read_hpet},
};

void acpi_init(void)
{
	struct table_header root, header;
	u64 root_at;
	char text[8];
	bool wide;

	for (unsigned i = 0; i < 16; i++)
		acpi.isa[i].global = i;
	acpi.has_pic = true;
	if (boot_option("acpi", text, sizeof(text)) && strcmp(text, "off") == 0)
		return;
	if (!find_root(&root_at, &wide) || !table_sound(root_at, wide ? "XSDT" : "RSDT", &root)) {
		pr_info("ACPI: no tables\n");
		return;
	}
	acpi.found = true;
	for (unsigned r = 0; r < ARRAY_SIZE(readers); r++) {
		u32 width = wide ? 8 : 4;

		for (u32 at = sizeof(root); at + width <= root.length; at += width) {
			u64 table = field(root_at, &root, at, width);

			if (phys_read(&header, table, sizeof(header)) &&
			    memcmp(header.signature, readers[r].signature, 4) == 0 &&
			    table_sound(table, readers[r].signature, &header)) {
				readers[r].read(table, &header);
				break;
			}
		}
	}
	pr_info("ACPI: %u CPU%s, %u node%s%s%s\n", nr_cpus_found, nr_cpus_found == 1 ? "" : "s",
		ram_map.nodes, ram_map.nodes == 1 ? "" : "s", acpi.hpet_base ? ", HPET" : "",
		acpi.has_s5 ? ", power off" : "");
}
