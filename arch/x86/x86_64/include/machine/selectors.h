/*
 * Selectors, in Linux's places. SYSCALL and SYSRET dictate the order of the 64-bit ones.
 */
#pragma once

#define KERNEL_CS    0x10
#define KERNEL_DS    0x18
#define USER32_CS    0x23
#define USER_DS      0x2b
#define USER_CS      0x33
#define TSS_SELECTOR 0x40
