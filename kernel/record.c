/*
 * Starts the recording of the event stream: `record` on the command line, as `pagoda run --record`
 * has it.  The stream goes through memory that the host shares (machine_shared_memory()), to the
 * process there that writes the file.  It ends when the machine is switched off (mm_mark_last()).
 *
 * Without such memory the kernel goes on and says so; `pagoda run` notices that nothing came.
 */
#include "kernel/record.h"

#include "lib/printk.h"
#include "machine/boot.h"
#include "machine/info.h"
#include "mm/trace/trace.h"

void record_init(void)
{
	void *memory;

	if (!boot_option("record", NULL, 0))
		return;
	memory = machine_shared_memory(TRACE_RING_BYTES);
	if (memory)
		trace_record_to(memory, MACHINE_NAME);
	else
		pr_err("record: there is no memory shared with the host, nothing is recorded\n");
}
