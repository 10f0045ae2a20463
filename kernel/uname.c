/*
 * uname(2), sethostname(2), setdomainname(2).
 */
#include "kernel/uname.h"

#include "kernel/syscall.h"
#include "kernel/task.h"
#include "lib/string.h"
#include "machine/info.h"
#include <linux/utsname.h>

char utsname_hostname[65] = "(none)";
static char domainname[65] = "(none)";

SYSCALL1(uname, struct new_utsname __user *, user)
{
	struct new_utsname u;

	memset(&u, 0, sizeof(u));
	str_copy(u.sysname, UTS_SYSNAME, sizeof(u.sysname));
	str_copy(u.nodename, utsname_hostname, sizeof(u.nodename));
	str_copy(u.release, UTS_RELEASE, sizeof(u.release));
	str_copy(u.version, UTS_VERSION, sizeof(u.version));
	str_copy(u.machine, MACHINE_NAME, sizeof(u.machine));
	str_copy(u.domainname, domainname, sizeof(u.domainname));
	return copy_to_user(user, &u, sizeof(u)) ? -EFAULT : 0;
}

int set_hostname(const char *name, size_t len)
{
	if (len >= sizeof(utsname_hostname))
		return -EINVAL;
	memset(utsname_hostname, 0, sizeof(utsname_hostname));
	memcpy(utsname_hostname, name, len);
	return 0;
}

/* A name from user memory, `len` bytes without NUL: into buf (65 bytes). */
static int take_name(char *buf, const char __user *user, int len)
{
	if (!capable(21 /* CAP_SYS_ADMIN */))
		return -EPERM;
	if (len < 0 || len > 64)
		return -EINVAL;
	memset(buf, 0, 65);
	return copy_from_user(buf, user, len) ? -EFAULT : 0;
}

SYSCALL2(sethostname, const char __user *, user, int, len)
{
	char name[65];
	int err = take_name(name, user, len);

	return err ? err : set_hostname(name, len);
}

SYSCALL2(setdomainname, const char __user *, user, int, len)
{
	char name[65];
	int err = take_name(name, user, len);

	if (!err)
		memcpy(domainname, name, sizeof(domainname));
	return err;
}
