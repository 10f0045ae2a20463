/*
 * The page where other processors begin (smp.c, x86_64/trampoline.S).
 */
#pragma once

#define TRAMPOLINE       0x8000 /* physical; a page's number is its STARTUP vector */
#define TRAMPOLINE_BYTES 0x4000

#ifndef __ASSEMBLER__
/* Set the memory aside, if there is any at that place. Before frame_init(). */
void trampoline_reserve(void);
/* Code and parameters for the next CPU to start (trampoline.c of the machine). */
void trampoline_prepare(unsigned cpu, unsigned long stack_top);
/* The new CPU's first C code, on its idle task's stack. */
void __attribute__((noreturn)) secondary_entry(void);
#endif
