/*
 * hog ASK TOUCH: asks for ASK MiB by malloc, says "given" or "refused: WHY", touches TOUCH of them,
 * says "touched", and waits for its input to end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	size_t ask = argc > 1 ? strtoul(argv[1], NULL, 10) << 20 : 0;
	size_t touch = argc > 2 ? strtoul(argv[2], NULL, 10) << 20 : 0;
	volatile char *memory = malloc(ask);
	char buffer[16];

	if (!memory) {
		perror("refused");
		return 1;
	}
	puts("given");
	for (size_t i = 0; i < touch; i += 4096)
		memory[i] = 1;
	puts("touched");
	fflush(stdout);
	while (read(0, buffer, sizeof(buffer)) > 0)
		;
	return 0;
}
