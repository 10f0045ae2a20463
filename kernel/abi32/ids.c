/*
 * The oldest calls about users and groups, with IDs of 16 bits: what is larger reads as 65534,
 * and 65535 means "unchanged", as -1 does.
 */
#include "kernel/cred.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include <linux/capability.h>

#define OVERFLOW_ID 65534

static u16 narrow(u32 id)
{
	return id > 0xffff ? OVERFLOW_ID : (u16)id;
}

static unsigned long wide(u16 id)
{
	return id == 0xffff ? ~0UL : id;
}

/* The newer call of that name, with up to three arguments. */
#define CALL(name, a, b, c) syscall_table[__NR_##name](a, b, c, 0, 0, 0)

SYSCALL0(getuid16)
{
	return narrow(current->cred.uid);
}

SYSCALL0(geteuid16)
{
	return narrow(current->cred.euid);
}

SYSCALL0(getgid16)
{
	return narrow(current->cred.gid);
}

SYSCALL0(getegid16)
{
	return narrow(current->cred.egid);
}

SYSCALL3(getresuid16, u16 __user *, uid, u16 __user *, euid, u16 __user *, suid)
{
	const struct cred *cred = &current->cred;

	return put_user(narrow(cred->uid), uid) || put_user(narrow(cred->euid), euid) ||
			       put_user(narrow(cred->suid), suid)
		       ? -EFAULT
		       : 0;
}

SYSCALL3(getresgid16, u16 __user *, gid, u16 __user *, egid, u16 __user *, sgid)
{
	const struct cred *cred = &current->cred;

	return put_user(narrow(cred->gid), gid) || put_user(narrow(cred->egid), egid) ||
			       put_user(narrow(cred->sgid), sgid)
		       ? -EFAULT
		       : 0;
}

SYSCALL1(setuid16, u16, uid)
{
	return CALL(setuid, wide(uid), 0, 0);
}

SYSCALL1(setgid16, u16, gid)
{
	return CALL(setgid, wide(gid), 0, 0);
}

SYSCALL2(setreuid16, u16, uid, u16, euid)
{
	return CALL(setreuid, wide(uid), wide(euid), 0);
}

SYSCALL2(setregid16, u16, gid, u16, egid)
{
	return CALL(setregid, wide(gid), wide(egid), 0);
}

SYSCALL3(setresuid16, u16, uid, u16, euid, u16, suid)
{
	return CALL(setresuid, wide(uid), wide(euid), wide(suid));
}

SYSCALL3(setresgid16, u16, gid, u16, egid, u16, sgid)
{
	return CALL(setresgid, wide(gid), wide(egid), wide(sgid));
}

SYSCALL1(setfsuid16, u16, uid)
{
	return narrow(CALL(setfsuid, wide(uid), 0, 0));
}

SYSCALL1(setfsgid16, u16, gid)
{
	return narrow(CALL(setfsgid, wide(gid), 0, 0));
}

SYSCALL3(chown16, const char __user *, name, u16, uid, u16, gid)
{
	return CALL(chown, (unsigned long)name, wide(uid), wide(gid));
}

SYSCALL3(lchown16, const char __user *, name, u16, uid, u16, gid)
{
	return CALL(lchown, (unsigned long)name, wide(uid), wide(gid));
}

SYSCALL3(fchown16, int, fd, u16, uid, u16, gid)
{
	return CALL(fchown, fd, wide(uid), wide(gid));
}

SYSCALL2(getgroups16, int, size, u16 __user *, to)
{
	const struct cred *cred = &current->cred;

	if (size < 0 || (size && (unsigned)size < cred->ngroups))
		return -EINVAL;
	for (unsigned i = 0; size && i < cred->ngroups; i++)
		if (put_user(narrow(cred->groups[i]), to + i))
			return -EFAULT;
	return cred->ngroups;
}

SYSCALL2(setgroups16, int, n, const u16 __user *, from)
{
	struct cred *cred = &current->cred;
	u32 groups[ARRAY_SIZE(cred->groups)];

	if (!capable(CAP_SETGID))
		return -EPERM;
	if (n < 0 || n > (int)ARRAY_SIZE(groups))
		return -EINVAL;
	for (int i = 0; i < n; i++) {
		u16 id;

		if (get_user(id, from + i))
			return -EFAULT;
		groups[i] = id;
	}
	for (int i = 0; i < n; i++)
		cred->groups[i] = groups[i];
	cred->ngroups = n;
	return 0;
}
