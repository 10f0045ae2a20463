/*
 * Thread-local storage: bases of segments, as the program set them by arch_prctl(2).
 */
#pragma once

struct arch_tls {
	unsigned long fs_base, gs_base;
};
