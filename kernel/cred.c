/*
 * Identities and capabilities.
 *
 * Each task has its own copy of the ids, which only it changes.  Capabilities follow
 * the identity in the classic way: who has user ID 0 has them all, who gives it up
 * loses them; no file carries any.
 */
#include "kernel/cred.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "lib/string.h"
#include <linux/capability.h>

#define UNCHANGED ((u32)-1)

bool capable(int cap)
{
	return current->cred.cap_effective >> cap & 1;
}

bool in_group(u32 gid)
{
	const struct cred *cred = &current->cred;

	if (gid == cred->fsgid)
		return true;
	for (unsigned i = 0; i < cred->ngroups; i++)
		if (cred->groups[i] == gid)
			return true;
	return false;
}

bool may_trace(const struct task_struct *target)
{
	const struct cred *me = &current->cred, *its = &target->cred;

	if (target->tgid == current->tgid || capable(CAP_SYS_PTRACE))
		return true;
	return me->uid == its->uid && me->uid == its->euid && me->uid == its->suid &&
	       me->gid == its->gid && me->gid == its->egid && me->gid == its->sgid &&
	       !(its->cap_permitted & ~me->cap_permitted) && !target->signal->undumpable;
}

/* The effect of a change of user IDs (capabilities(7)). */
static void adjust_capabilities(struct cred *cred, const struct cred *old)
{
	bool had_root = !old->uid || !old->euid || !old->suid;
	bool has_root = !cred->uid || !cred->euid || !cred->suid;

	if (had_root && !has_root && !cred->keep_caps) {
		cred->cap_permitted = cred->cap_effective = cred->cap_ambient = 0;
	} else if (!old->euid && cred->euid) {
		cred->cap_effective = 0;
	} else if (old->euid && !cred->euid) {
		cred->cap_effective = cred->cap_permitted;
	}
}

void cred_exec(struct cred *cred)
{
	cred->suid = cred->fsuid = cred->euid;
	cred->sgid = cred->fsgid = cred->egid;
	cred->keep_caps = false;
	if (!cred->uid || !cred->euid) {
		cred->cap_permitted = cred->cap_inheritable | cred->cap_bounding;
		cred->cap_effective = cred->euid ? 0 : cred->cap_permitted;
	} else {
		cred->cap_permitted = cred->cap_effective = cred->cap_ambient;
	}
}

/* --- Asking --- */

SYSCALL0(getuid)
{
	return current->cred.uid;
}

SYSCALL0(geteuid)
{
	return current->cred.euid;
}

SYSCALL0(getgid)
{
	return current->cred.gid;
}

SYSCALL0(getegid)
{
	return current->cred.egid;
}

SYSCALL3(getresuid, u32 __user *, uid, u32 __user *, euid, u32 __user *, suid)
{
	const struct cred *cred = &current->cred;

	return put_user(cred->uid, uid) || put_user(cred->euid, euid) || put_user(cred->suid, suid)
		       ? -EFAULT
		       : 0;
}

SYSCALL3(getresgid, u32 __user *, gid, u32 __user *, egid, u32 __user *, sgid)
{
	const struct cred *cred = &current->cred;

	return put_user(cred->gid, gid) || put_user(cred->egid, egid) || put_user(cred->sgid, sgid)
		       ? -EFAULT
		       : 0;
}

/* --- Changing --- */

static bool is_own_uid(u32 id)
{
	const struct cred *cred = &current->cred;

	return id == UNCHANGED || id == cred->uid || id == cred->euid || id == cred->suid ||
	       capable(CAP_SETUID);
}

static bool is_own_gid(u32 id)
{
	const struct cred *cred = &current->cred;

	return id == UNCHANGED || id == cred->gid || id == cred->egid || id == cred->sgid ||
	       capable(CAP_SETGID);
}

/*
 * A program that changed who it acts as may hold what its new self should not see: nobody but the
 * mighty looks into its memory until it executes another (ptrace(2), "dumpable").
 */
static void note_change(const struct cred *old)
{
	const struct cred *cred = &current->cred;

	if (cred->euid != old->euid || cred->egid != old->egid || cred->fsuid != old->fsuid ||
	    cred->fsgid != old->fsgid || (cred->cap_permitted & ~old->cap_permitted))
		current->signal->undumpable = true;
}

static void set_uids(u32 uid, u32 euid, u32 suid)
{
	struct cred *cred = &current->cred, old = *cred;

	if (uid != UNCHANGED)
		cred->uid = uid;
	if (euid != UNCHANGED)
		cred->euid = euid;
	if (suid != UNCHANGED)
		cred->suid = suid;
	cred->fsuid = cred->euid;
	adjust_capabilities(cred, &old);
	note_change(&old);
}

static void set_gids(u32 gid, u32 egid, u32 sgid)
{
	struct cred *cred = &current->cred, old = *cred;

	if (gid != UNCHANGED)
		cred->gid = gid;
	if (egid != UNCHANGED)
		cred->egid = egid;
	if (sgid != UNCHANGED)
		cred->sgid = sgid;
	cred->fsgid = cred->egid;
	note_change(&old);
}

SYSCALL3(setresuid, u32, uid, u32, euid, u32, suid)
{
	if (!is_own_uid(uid) || !is_own_uid(euid) || !is_own_uid(suid))
		return -EPERM;
	set_uids(uid, euid, suid);
	return 0;
}

SYSCALL3(setresgid, u32, gid, u32, egid, u32, sgid)
{
	if (!is_own_gid(gid) || !is_own_gid(egid) || !is_own_gid(sgid))
		return -EPERM;
	set_gids(gid, egid, sgid);
	return 0;
}

SYSCALL1(setuid, u32, uid)
{
	const struct cred *cred = &current->cred;

	if (uid == UNCHANGED)
		return -EINVAL;
	if (capable(CAP_SETUID))
		set_uids(uid, uid, uid);
	else if (uid == cred->uid || uid == cred->suid)
		set_uids(UNCHANGED, uid, UNCHANGED);
	else
		return -EPERM;
	return 0;
}

SYSCALL1(setgid, u32, gid)
{
	const struct cred *cred = &current->cred;

	if (gid == UNCHANGED)
		return -EINVAL;
	if (capable(CAP_SETGID))
		set_gids(gid, gid, gid);
	else if (gid == cred->gid || gid == cred->sgid)
		set_gids(UNCHANGED, gid, UNCHANGED);
	else
		return -EPERM;
	return 0;
}

/* The saved ID follows whenever the real one is set or the effective one becomes another. */
SYSCALL2(setreuid, u32, uid, u32, euid)
{
	const struct cred *cred = &current->cred;
	u32 suid = UNCHANGED;

	if (uid != UNCHANGED && uid != cred->uid && uid != cred->euid && !capable(CAP_SETUID))
		return -EPERM;
	if (!is_own_uid(euid))
		return -EPERM;
	if (uid != UNCHANGED || (euid != UNCHANGED && euid != cred->uid))
		suid = euid != UNCHANGED ? euid : cred->euid;
	set_uids(uid, euid, suid);
	return 0;
}

SYSCALL2(setregid, u32, gid, u32, egid)
{
	const struct cred *cred = &current->cred;
	u32 sgid = UNCHANGED;

	if (gid != UNCHANGED && gid != cred->gid && gid != cred->egid && !capable(CAP_SETGID))
		return -EPERM;
	if (!is_own_gid(egid))
		return -EPERM;
	if (gid != UNCHANGED || (egid != UNCHANGED && egid != cred->gid))
		sgid = egid != UNCHANGED ? egid : cred->egid;
	set_gids(gid, egid, sgid);
	return 0;
}

SYSCALL1(setfsuid, u32, uid)
{
	struct cred *cred = &current->cred, old = *cred;

	if (uid == old.fsuid || (uid != UNCHANGED && is_own_uid(uid)))
		cred->fsuid = uid;
	note_change(&old);
	return old.fsuid;
}

SYSCALL1(setfsgid, u32, gid)
{
	struct cred *cred = &current->cred, old = *cred;

	if (gid == old.fsgid || (gid != UNCHANGED && is_own_gid(gid)))
		cred->fsgid = gid;
	note_change(&old);
	return old.fsgid;
}

SYSCALL2(getgroups, int, size, u32 __user *, to)
{
	const struct cred *cred = &current->cred;

	if (size < 0 || (size && (unsigned)size < cred->ngroups))
		return -EINVAL;
	if (size && copy_to_user(to, cred->groups, cred->ngroups * sizeof(u32)))
		return -EFAULT;
	return cred->ngroups;
}

SYSCALL2(setgroups, int, n, const u32 __user *, from)
{
	struct cred *cred = &current->cred;
	u32 groups[ARRAY_SIZE(cred->groups)];

	if (!capable(CAP_SETGID))
		return -EPERM;
	if (n < 0 || n > (int)ARRAY_SIZE(groups))
		return -EINVAL;
	if (copy_from_user(groups, from, n * sizeof(u32)))
		return -EFAULT;
	memcpy(cred->groups, groups, n * sizeof(u32));
	cred->ngroups = n;
	return 0;
}

/* --- Capabilities --- */

struct user_capabilities { /* version 3: two halves of 32 bits */
	u32 effective, permitted, inheritable;
};

/* How many halves the version has; 0: unknown (then the current version is written back). */
static int capability_halves(struct __user_cap_header_struct __user *header, int *pid)
{
	struct __user_cap_header_struct h;

	if (copy_from_user(&h, header, sizeof(h)))
		return -EFAULT;
	*pid = h.pid;
	switch (h.version) {
	case _LINUX_CAPABILITY_VERSION_1: return 1;
	case _LINUX_CAPABILITY_VERSION_2:
	case _LINUX_CAPABILITY_VERSION_3: return 2;
	}
	return put_user((u32)_LINUX_CAPABILITY_VERSION_3, &header->version) ? -EFAULT : 0;
}

SYSCALL2(capget, struct __user_cap_header_struct __user *, header,
	 struct user_capabilities __user *, to)
{
	struct user_capabilities data[2];
	struct task_struct *t;
	struct cred cred;
	int pid, halves = capability_halves(header, &pid);

	if (halves <= 0)
		return halves < 0 ? halves : to ? -EINVAL : 0;
	if (pid < 0)
		return -EINVAL;
	t = find_get_task(pid ? pid : current->pid);
	if (!t)
		return -ESRCH;
	cred = t->cred;
	put_task(t);
	for (int i = 0; i < 2; i++)
		data[i] = (struct user_capabilities){(u32)(cred.cap_effective >> 32 * i),
						     (u32)(cred.cap_permitted >> 32 * i),
						     (u32)(cred.cap_inheritable >> 32 * i)};
	return to && copy_to_user(to, data, halves * sizeof(data[0])) ? -EFAULT : 0;
}

SYSCALL2(capset, struct __user_cap_header_struct __user *, header,
	 const struct user_capabilities __user *, from)
{
	struct user_capabilities data[2] = {};
	struct cred *cred = &current->cred;
	u64 effective, permitted, inheritable;
	int pid, halves = capability_halves(header, &pid);

	if (halves <= 0)
		return halves < 0 ? halves : -EINVAL;
	if (pid && pid != current->pid)
		return -EPERM;
	if (copy_from_user(data, from, halves * sizeof(data[0])))
		return -EFAULT;
	effective = (data[0].effective | (u64)data[1].effective << 32) & CAP_ALL;
	permitted = (data[0].permitted | (u64)data[1].permitted << 32) & CAP_ALL;
	inheritable = (data[0].inheritable | (u64)data[1].inheritable << 32) & CAP_ALL;
	if (permitted & ~cred->cap_permitted || effective & ~permitted ||
	    (inheritable & ~(cred->cap_inheritable | cred->cap_permitted) &&
	     !capable(CAP_SETPCAP)) ||
	    inheritable & ~(cred->cap_inheritable | cred->cap_bounding))
		return -EPERM;
	cred->cap_effective = effective;
	cred->cap_permitted = permitted;
	cred->cap_inheritable = inheritable;
	cred->cap_ambient &= permitted & inheritable;
	return 0;
}
