/*
 * The programs that the machine runs, and what they are told of it.
 */
#pragma once

#define MACHINE_PLATFORM  "x86_64" /* AT_PLATFORM */
#define MACHINE_NAME      "x86_64" /* uname -m */
/* 32- or 64-bit ELF, and e_machine. */
#define MACHINE_ELF_CLASS 64
#define MACHINE_ELF_ARCH  EM_X86_64
