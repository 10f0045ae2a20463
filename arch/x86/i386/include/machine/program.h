/*
 * The programs that the machine runs, and what they are told of it.
 */
#pragma once

#define MACHINE_PLATFORM  "i686" /* AT_PLATFORM */
#define MACHINE_NAME      "i686" /* uname -m */
/* 32- or 64-bit ELF, and e_machine. */
#define MACHINE_ELF_CLASS 32
#define MACHINE_ELF_ARCH  EM_386
