/*
 * A QEMU plugin that counts how often each block of guest instructions runs
 * (QEMU's plugin interface version 1; the prototypes are repeated here because
 * distributions do not ship its header).  At the end it writes one line per
 * block: address, instructions executed in it, instructions it has.
 *
 * Blocks are found again by address and length when they are translated anew.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
typedef uint64_t plugin_id;
enum plugin_op { PLUGIN_ADD_U64 };
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
					   void (*fn)(plugin_id id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_atexit_cb(plugin_id id, void (*fn)(plugin_id id, void *arg), void *arg);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, enum plugin_op op,
					      void *counter, uint64_t add);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;
int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

#define BLOCKS (1u << 20)

static struct block {
	uint64_t address, executed;
	uint64_t instructions;
} blocks[BLOCKS];
static char path[256] = "profile.out";

static struct block *find(uint64_t address, uint64_t instructions)
{
	uint64_t hash = (address ^ instructions << 40) * 0x9e3779b97f4a7c15ULL >> 44;

	for (uint64_t i = hash;; i++) {
		struct block *b = &blocks[i % BLOCKS];

		if (b->instructions == 0) {
			b->address = address;
			b->instructions = instructions;
		}
		if (b->address == address && b->instructions == instructions)
			return b;
	}
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb)
{
	struct block *b = find(qemu_plugin_tb_vaddr(tb), qemu_plugin_tb_n_insns(tb));

	qemu_plugin_register_vcpu_tb_exec_inline(tb, PLUGIN_ADD_U64, &b->executed, 1);
}

static void write_result(plugin_id id, void *arg)
{
	FILE *out = fopen(path, "w");

	for (size_t i = 0; out && i < BLOCKS; i++)
		if (blocks[i].executed)
			fprintf(out, "%lx %lu %lu\n", blocks[i].address,
				blocks[i].executed * blocks[i].instructions,
				blocks[i].instructions);
	if (out)
		fclose(out);
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info,
							       int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (strncmp(argv[i], "out=", 4) == 0)
			snprintf(path, sizeof(path), "%s", argv[i] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, write_result, NULL);
	return 0;
}
