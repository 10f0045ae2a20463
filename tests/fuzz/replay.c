/*
 * Runs a fuzz target on the inputs that are named, without libFuzzer: where there is no clang, and
 * for what measures the lines that are reached.
 */
#include "world.h"
#include <stdio.h>
#include <stdlib.h>

static void run_file(const char *name)
{
	FILE *file = fopen(name, "rb");
	u8 *data = malloc(1 << 20);
	size_t bytes;

	if (!file || !data)
		panic("cannot read %s", name);
	bytes = fread(data, 1, 1 << 20, file);
	fclose(file);
	data = realloc(data, bytes ? bytes : 1);
	LLVMFuzzerTestOneInput(data, bytes);
	free(data);
}

int main(int argc, char **argv)
{
	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		run_file(argv[i]);
	return 0;
}
