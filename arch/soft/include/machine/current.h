/*
 * The running task.
 */
#pragma once

#include "machine/cpu.h"

#define current (soft_cpu.task)
