# The comparator: the same program on Linux 6.1 and here (tests/compare/lib/compare.h).
#
#   make compare				all cases on Pagoda, compared with what Linux said
#   make compare CASES="mmap mremap/overlap"	only these
#   make compare-record KERNEL=vmlinuz		has a Linux answer anew: tests/compare/golden

compare_sources := $(sort $(wildcard tests/compare/*.c)) tests/compare/lib/compare.c
compare_objects := $(compare_sources:%.c=$(B)/%.o)
compare_program := $(B)/tests/compare/compare

.PHONY: compare compare-record

compare: all debug-kernel $(compare_program)
	@tests/compare/compare.py check $(CASES) | tee $(B)/compare.log
	@tools/count-tests.sh $(B)/compare.log

compare-record: tools $(compare_program)
	@tests/compare/compare.py record $(KERNEL) $(CASES)

$(B)/tests/compare/%.o: tests/compare/%.c | host-need
	@mkdir -p $(@D)
	@echo "  CC    musl $<"
	@$(GUEST_CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wno-unused-value -D_GNU_SOURCE -Itests/compare/lib \
		-fno-builtin -MMD -MP -c -o $@ $<

$(compare_program): $(compare_objects)
	@echo "  LD    $@"
	@$(GUEST_CC) -static -o $@ $^

-include $(compare_objects:.o=.d)
