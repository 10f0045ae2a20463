/*
 * The end of the session: reboot(2).
 */
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "lib/printk.h"
#include "machine/power.h"
#include "mm/mark.h"
#include <linux/capability.h>
#include <linux/reboot.h>

SYSCALL4(reboot, u32, magic, u32, magic2, u32, command, void __user *, text)
{
	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	if (magic != LINUX_REBOOT_MAGIC1 ||
	    (magic2 != LINUX_REBOOT_MAGIC2 && magic2 != LINUX_REBOOT_MAGIC2A &&
	     magic2 != LINUX_REBOOT_MAGIC2B && magic2 != LINUX_REBOOT_MAGIC2C))
		return -EINVAL;
	if (command == LINUX_REBOOT_CMD_RESTART || command == LINUX_REBOOT_CMD_RESTART2 ||
	    command == LINUX_REBOOT_CMD_HALT || command == LINUX_REBOOT_CMD_POWER_OFF)
		mm_mark_last();
	switch (command) {
	case LINUX_REBOOT_CMD_RESTART:
	case LINUX_REBOOT_CMD_RESTART2:
		printk(KERN_EMERG "reboot: Restarting system\n");
		machine_reboot();
	case LINUX_REBOOT_CMD_HALT: printk(KERN_EMERG "reboot: System halted\n"); machine_halt();
	case LINUX_REBOOT_CMD_POWER_OFF:
		printk(KERN_EMERG "reboot: Power down\n");
		machine_poweroff();
	/* Ctrl-Alt-Del goes nowhere here, on or off. */
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF: return 0;
	default: return -EINVAL;
	}
}
