#include "sync/stall.h"

atomic_t stalled[NR_STALLS];
