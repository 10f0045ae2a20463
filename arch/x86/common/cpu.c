/*
 * The processor: what it can do, and how it is set up.
 *
 * The boot CPU's abilities are taken for all: a machine whose CPUs differ is not
 * supported.  Features that "-cpu qemu64" lacks are optional here: NX, SMEP, SMAP,
 * UMIP, XSAVE, 1 GiB pages; long mode, FXSR and SSE2 are not.
 *
 * Per-CPU data of the boot CPU is the template itself, so its distance is 0 and
 * everything below works from the first instruction.
 */
#include "arch/x86/common/internal.h"
#include "lib/printf.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "machine/boot.h"
#include "machine/clock.h"
#include "machine/current.h"
#include "machine/info.h"
#include "machine/upcall.h"

DEFINE_PER_CPU(unsigned, cpu_number);
DEFINE_PER_CPU(unsigned long, percpu_self);
DEFINE_PER_CPU(struct task_struct *, current_task) = &init_task;

unsigned nr_cpus_found = 1;
u32 cpu_apic_id[NR_CPUS];
u8 cpu_node[NR_CPUS];

struct cpu_features cpu_features;
pte_value_t pte_supported = ~(pte_value_t)0;

int cpu_to_node(unsigned cpu)
{
	return cpu_node[cpu];
}

/*
 * Names of CPUID bits as /proc/cpuinfo prints them, in its order: by word, then by bit.
 * A NULL name is not printed.
 */
static const char *const names_1_edx[32] = {
	"fpu",  "vme",  "de",   "pse", "tsc",  "msr", "pae",   "mce", "cx8",     "apic", NULL,
	"sep",  "mtrr", "pge",  "mca", "cmov", "pat", "pse36", "pn",  "clflush", NULL,   "dts",
	"acpi", "mmx",  "fxsr", "sse", "sse2", "ss",  "ht",    "tm",  "ia64",    "pbe"};
static const char *const names_ext_edx[32] = {
	[11] = "syscall", [19] = "mp",     [20] = "nx", [22] = "mmxext",   [25] = "fxsr_opt",
	[26] = "pdpe1gb", [27] = "rdtscp", [29] = "lm", [30] = "3dnowext", [31] = "3dnow"};
static const char *const names_1_ecx[32] = {
	"pni",    "pclmulqdq", "dtes64", "monitor", "ds_cpl",
	"vmx",    "smx",       "est",    "tm2",     "ssse3",
	"cid",    "sdbg",      "fma",    "cx16",    "xtpr",
	"pdcm",   NULL,        "pcid",   "dca",     "sse4_1",
	"sse4_2", "x2apic",    "movbe",  "popcnt",  "tsc_deadline_timer",
	"aes",    "xsave",     NULL,     "avx",     "f16c",
	"rdrand", "hypervisor"};
static const char *const names_ext_ecx[32] = {"lahf_lm",   "cmp_legacy",  "svm",
					      "extapic",   "cr8_legacy",  "abm",
					      "sse4a",     "misalignsse", "3dnowprefetch",
					      "osvw",      "ibs",         "xop",
					      "skinit",    "wdt",         NULL,
					      "lwp",       "fma4",        "tce",
					      NULL,        "nodeid_msr",  NULL,
					      "tbm",       "topoext",     "perfctr_core",
					      "perfctr_nb"};
static const char *const names_7_ebx[32] = {
	"fsgsbase",   "tsc_adjust", NULL,         "bmi1",     "hle",      "avx2",     NULL,
	"smep",       "bmi2",       "erms",       "invpcid",  "rtm",      "cqm",      NULL,
	"mpx",        "rdt_a",      "avx512f",    "avx512dq", "rdseed",   "adx",      "smap",
	"avx512ifma", NULL,         "clflushopt", "clwb",     "intel_pt", "avx512pf", "avx512er",
	"avx512cd",   "sha_ni",     "avx512bw",   "avx512vl"};
static const char *const names_7_ecx[32] = {
	[1] = "avx512vbmi",        [2] = "umip",         [3] = "pku",
	[6] = "avx512_vbmi2",      [8] = "gfni",         [9] = "vaes",
	[10] = "vpclmulqdq",       [11] = "avx512_vnni", [12] = "avx512_bitalg",
	[14] = "avx512_vpopcntdq", [16] = "la57",        [22] = "rdpid"};
static const char *const names_7_edx[32] = {
	[4] = "fsrm", [10] = "md_clear", [18] = "pconfig", [29] = "arch_capabilities"};
static const char *const names_xsave[32] = {"xsaveopt", "xsavec", "xgetbv1", "xsaves"};

/* FSGSBASE (7.ebx bit 0) and PKU (7.ecx bit 3) stay off and are masked by the caller. */
static void print_flags(char *buf, size_t size, size_t *at, u32 bits, const char *const names[32])
{
	for (int i = 0; i < 32; i++)
		if (bits >> i & 1 && names[i])
			*at += scnprintf(buf + *at, size - *at, " %s", names[i]);
}

static u32 max_leaf(u32 base)
{
	u32 max = cpuid_count(base, 0).eax;

	return (max ^ base) < 0x10000 ? max : base;
}

static struct cpuid leaf_if(u32 leaf, u32 sub)
{
	if (max_leaf(leaf & 0x80000000) < leaf)
		return (struct cpuid){0};
	return cpuid_count(leaf, sub);
}

void cpu_detect(void)
{
	struct cpu_features *f = &cpu_features;
	struct cpuid id = cpuid_count(0, 0);
	struct cpuid one = cpuid_count(1, 0);
	struct cpuid seven = leaf_if(7, 0);
	struct cpuid ext = leaf_if(0x80000001, 0);
	struct cpuid power = leaf_if(0x80000007, 0);
	struct cpuid sizes = leaf_if(0x80000008, 0);

	memcpy(f->vendor, &id.ebx, 4);
	memcpy(f->vendor + 4, &id.edx, 4);
	memcpy(f->vendor + 8, &id.ecx, 4);
	for (u32 i = 0; i < 3; i++) {
		struct cpuid part = leaf_if(0x80000002 + i, 0);

		memcpy(f->model_name + 16 * i, &part, 16);
	}
	f->signature = one.eax;
	f->stepping = one.eax & 15;
	f->model = one.eax >> 4 & 15;
	f->family = one.eax >> 8 & 15;
	if (f->family == 6 || f->family == 15)
		f->model |= one.eax >> 12 & 0xf0;
	if (f->family == 15)
		f->family += one.eax >> 20 & 0xff;
	f->phys_bits = sizes.eax ? sizes.eax & 0xff : 36;
	f->virt_bits = sizes.eax ? sizes.eax >> 8 & 0xff : 48;

	f->pse = one.edx >> 3 & 1;
	f->tsc = one.edx >> 4 & 1;
	f->apic = one.edx >> 9 & 1;
	/* The Pentium Pro's first steppings say that they have SYSENTER. */
	f->sep = (one.edx >> 11 & 1) && !(f->family == 6 && f->model < 3 && f->stepping < 3);
	f->pge = one.edx >> 13 & 1;
	f->fxsr = one.edx >> 24 & 1;
	f->xsave = one.ecx >> 26 & 1;
	f->rdrand = one.ecx >> 30 & 1;
	f->hypervisor = one.ecx >> 31 & 1;
	f->smep = seven.ebx >> 7 & 1;
	f->erms = seven.ebx >> 9 & 1;
	f->rdseed = seven.ebx >> 18 & 1;
	f->smap = seven.ebx >> 20 & 1;
	f->umip = seven.ecx >> 2 & 1;
	f->fsrm = seven.edx >> 4 & 1;
	f->nx = PTE_NX != 0 && (ext.edx >> 20 & 1);
	f->gbpages = ext.edx >> 26 & 1;
	f->tsc_steady = power.edx >> 8 & 1;
	if (f->xsave)
		f->xsaveopt = cpuid_count(0xd, 1).eax & 1;

	if (!f->nx)
		pte_supported &= ~PTE_NX;
	if (!f->pge)
		pte_supported &= ~(pte_value_t)PTE_G;
}

void cpu_setup(unsigned cpu)
{
	const struct cpu_features *f = &cpu_features;
	unsigned long cr4 = read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT;

	if (f->pse)
		cr4 |= CR4_PSE;
	if (f->pge)
		cr4 |= CR4_PGE;
	if (f->smep)
		cr4 |= CR4_SMEP;
	if (f->smap)
		cr4 |= CR4_SMAP;
	if (f->umip)
		cr4 |= CR4_UMIP;
	if (f->xsave)
		cr4 |= CR4_OSXSAVE;
	write_cr4(cr4);
	if (f->nx)
		write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_NXE);
	write_cr0((read_cr0() | CR0_WP | CR0_NE | CR0_MP | CR0_AM) & ~(CR0_EM | CR0_TS));
	segments_setup(cpu);
	fpu_setup_cpu();
}

int machine_cpuinfo(char *buf, size_t size, unsigned cpu)
{
	const struct cpu_features *f = &cpu_features;
	u64 hz = machine_tsc_hz();
	struct cpuid seven = leaf_if(7, 0), one = cpuid_count(1, 0);
	size_t n;

	n = scnprintf(buf, size,
		      "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n"
		      "model name\t: %s\nstepping\t: %u\ncpu MHz\t\t: %llu.%03llu\n",
		      cpu, f->vendor, f->family, f->model, f->model_name, f->stepping,
		      (unsigned long long)(hz / 1000000), (unsigned long long)(hz / 1000 % 1000));
	n += scnprintf(buf + n, size - n,
		       "physical id\t: %u\nsiblings\t: 1\ncore id\t\t: 0\ncpu cores\t: 1\n"
		       "apicid\t\t: %u\ninitial apicid\t: %u\nfpu\t\t: yes\nfpu_exception\t: yes\n"
		       "cpuid level\t: %u\nwp\t\t: yes\nflags\t\t:",
		       cpu, cpu_apic_id[cpu], cpu_apic_id[cpu], cpuid_count(0, 0).eax);
	print_flags(buf, size, &n, one.edx, names_1_edx);
	/* What these page tables have no bit for is not there. */
	print_flags(buf, size, &n, leaf_if(0x80000001, 0).edx & ~((u32)!f->nx << 20),
		    names_ext_edx);
	if (f->tsc_steady)
		n += scnprintf(buf + n, size - n, " constant_tsc nonstop_tsc");
	n += scnprintf(buf + n, size - n, " nopl cpuid");
	print_flags(buf, size, &n, one.ecx, names_1_ecx);
	print_flags(buf, size, &n, leaf_if(0x80000001, 0).ecx, names_ext_ecx);
	print_flags(buf, size, &n, seven.ebx & ~1u, names_7_ebx);
	if (f->xsave)
		print_flags(buf, size, &n, leaf_if(0xd, 1).eax & 7, names_xsave);
	print_flags(buf, size, &n, seven.ecx & ~8u, names_7_ecx);
	print_flags(buf, size, &n, seven.edx, names_7_edx);
	n += scnprintf(buf + n, size - n,
		       "\nbugs\t\t:\nbogomips\t: %llu.%02llu\nclflush size\t: %u\n"
		       "cache_alignment\t: 64\naddress sizes\t: %u bits physical, %u bits virtual\n"
		       "power management:\n\n",
		       (unsigned long long)(hz / 500000), (unsigned long long)(hz / 5000 % 100),
		       (one.ebx >> 8 & 0xff) * 8, f->phys_bits, f->virt_bits);
	return (int)n;
}

unsigned long machine_hwcap(void)
{
	return cpuid_count(1, 0).edx;
}

unsigned long machine_hwcap2(void)
{
	return 0; /* neither ring-3 MWAIT nor FSGSBASE */
}

/*
 * Randomness: the CPU's generators if it has them, stirred with the time stamp counter by the
 * finaliser of splitmix64 (Steele, Lea, Flood 2014).  "seed=N" on the command line makes the
 * sequence the same at every boot.
 */
static bool hardware_random(u64 *value)
{
	unsigned long word;
	bool ok = false;

	for (int tries = 0; tries < 10 && !ok; tries++) {
		if (cpu_features.rdseed)
			__asm__ volatile("rdseed %0" : "=r"(word), "=@ccc"(ok));
		if (!ok && cpu_features.rdrand)
			__asm__ volatile("rdrand %0" : "=r"(word), "=@ccc"(ok));
	}
	if (ok)
		*value = word;
	return ok;
}

u64 machine_entropy(void)
{
	static u64 state; /* atomic */
	static u8 mode;   /* 0: not looked yet, 1: true entropy, 2: from the seed */
	u64 x = 0;

	if (!mode) {
		char text[24];

		if (boot_option("seed", text, sizeof(text))) {
			state = parse_number(text, NULL);
			mode = 2;
		} else {
			mode = 1;
		}
	}
	if (mode == 1) {
		hardware_random(&x);
		if (cpu_features.tsc)
			x ^= cycles() << 17;
	}
	x ^= fetch_add(&state, 0x9e3779b97f4a7c15ULL) + 0x9e3779b97f4a7c15ULL;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}
