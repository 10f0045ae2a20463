/*
 * How this machine's programs call the kernel, where machines differ.
 *
 * Many calls of i386 exist twice: the first ones had IDs of 16 bits, file sizes and times of 32,
 * or one pointer for many arguments. In the kernel a call's plain name means the newer one, under
 * its newer number; what became of the old ones is in kernel/abi32 and fs/abi32, under names that
 * end in 16, 32 or _old.
 */
#pragma once

#include <asm/unistd.h>

#define MACHINE_STAT           stat64
#define MMAP_COUNTS_PAGES      true
#define CLONE_TLS_BEFORE_TID   true
/* From clock_gettime64 on all times have seconds of 64 bits. */
#define call_time_is_32bit(nr) ((nr) < __NR_clock_gettime64)

/* Old name and number, new number. */
#define __NR_lchown16          16
#define __NR_stat_oldest       18
#define __NR_setuid16          23
#define __NR_getuid16          24
#define __NR_fstat_oldest      28
#define __NR_setgid16          46
#define __NR_getgid16          47
#define __NR_geteuid16         49
#define __NR_getegid16         50
#define __NR_fcntl32           55
#define __NR_setreuid16        70
#define __NR_setregid16        71
#define __NR_getrlimit_old     76
#define __NR_getgroups16       80
#define __NR_setgroups16       81
#define __NR_select_old        82
#define __NR_lstat_oldest      84
#define __NR_mmap_old          90
#define __NR_truncate32        92
#define __NR_ftruncate32       93
#define __NR_fchown16          95
#define __NR_stat32            106
#define __NR_lstat32           107
#define __NR_fstat32           108
#define __NR_setfsuid16        138
#define __NR_setfsgid16        139
#define __NR_setresuid16       164
#define __NR_getresuid16       165
#define __NR_setresgid16       170
#define __NR_getresgid16       171
#define __NR_chown16           182
#define __NR_sendfile32        187
#define __NR_fadvise64_32      250

#undef __NR_lchown
#define __NR_lchown __NR_lchown32
#undef __NR_setuid
#define __NR_setuid __NR_setuid32
#undef __NR_getuid
#define __NR_getuid __NR_getuid32
#undef __NR_setgid
#define __NR_setgid __NR_setgid32
#undef __NR_getgid
#define __NR_getgid __NR_getgid32
#undef __NR_geteuid
#define __NR_geteuid __NR_geteuid32
#undef __NR_getegid
#define __NR_getegid __NR_getegid32
#undef __NR_fcntl
#define __NR_fcntl __NR_fcntl64
#undef __NR_setreuid
#define __NR_setreuid __NR_setreuid32
#undef __NR_setregid
#define __NR_setregid __NR_setregid32
#undef __NR_getrlimit
#define __NR_getrlimit __NR_ugetrlimit
#undef __NR_getgroups
#define __NR_getgroups __NR_getgroups32
#undef __NR_setgroups
#define __NR_setgroups __NR_setgroups32
#undef __NR_select
#define __NR_select __NR__newselect
#undef __NR_mmap
#define __NR_mmap __NR_mmap2
#undef __NR_truncate
#define __NR_truncate __NR_truncate64
#undef __NR_ftruncate
#define __NR_ftruncate __NR_ftruncate64
#undef __NR_fchown
#define __NR_fchown __NR_fchown32
#undef __NR_setfsuid
#define __NR_setfsuid __NR_setfsuid32
#undef __NR_setfsgid
#define __NR_setfsgid __NR_setfsgid32
#undef __NR_setresuid
#define __NR_setresuid __NR_setresuid32
#undef __NR_getresuid
#define __NR_getresuid __NR_getresuid32
#undef __NR_setresgid
#define __NR_setresgid __NR_setresgid32
#undef __NR_getresgid
#define __NR_getresgid __NR_getresgid32
#undef __NR_chown
#define __NR_chown __NR_chown32
#undef __NR_sendfile
#define __NR_sendfile __NR_sendfile64
#undef __NR_fadvise64
#define __NR_fadvise64 __NR_fadvise64_64
#undef __NR_stat
#define __NR_stat __NR_stat64
#undef __NR_lstat
#define __NR_lstat __NR_lstat64
#undef __NR_fstat
#define __NR_fstat      __NR_fstat64
#define __NR_newfstatat __NR_fstatat64
