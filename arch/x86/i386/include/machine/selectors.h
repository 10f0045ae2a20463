/*
 * Selectors, in Linux's places (SYSTEM.md S3). Index * 8, plus 3 for those of user mode.
 */
#pragma once

#define GDT_TLS            6 /* three entries, each task's own (set_thread_area) */
#define GDT_TLS_ENTRIES    3
#define KERNEL_CS          0x60
#define KERNEL_DS          0x68
#define USER_CS            0x73
#define USER_DS            0x7b
#define TSS_SELECTOR       0x80
#define LDT_SELECTOR       0x88
#define PERCPU_SELECTOR    0xd8 /* based at the CPU's distance from the per-CPU template */
#define FATAL_TSS_SELECTOR 0xf8 /* the double fault's task */
#define GDT_ENTRIES        32
