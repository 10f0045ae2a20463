# make check: what can be said of the sources without running them. Each part has a
# target of its own; CI runs them all.

CHECK_SRC = $(shell git ls-files -co --exclude-standard '*.[ch]' | sort -u)
CPPCHECK_FLAGS := --quiet --error-exitcode=1 --std=c11 --platform=unix64 --enable=warning,portability \
	--inline-suppr --suppressions-list=tools/cppcheck.supp -D__x86_64__ -D__SIZEOF_POINTER__=8 \
	-I. -Iarch/x86/x86_64/include -Iarch/x86/common/include -Iarch/include

check: check-format check-floors check-rows check-mutants check-cppcheck check-threads check-compilers
	@echo "check: nothing to complain about"

check-need:
	@tools/need.sh gcc=gcc clang=clang clang-format-14=clang-format-14 cppcheck=cppcheck

check-format: check-need
	@clang-format-14 --dry-run -Werror $(wildcard $(CHECK_SRC))

check-floors:
	@tools/check-floors.sh

check-rows:
	@tools/check-rows.sh

check-mutants: # their places are there
	@tests/mutants/run.py --places

check-cppcheck: check-need
	@cppcheck $(CPPCHECK_FLAGS) $(wildcard lib sync mm arch/x86 kernel fs drivers proc)

# Locks are given back on every way out (sync/annotations.h), as far as clang can see. The
# implementations of locks themselves, and kernel/ and what is above, are not looked at.
THREADS_SRC = $(filter-out sync/mutex.c sync/rwsem.c sync/spinlock.c,$(SOFT_SRC)) $(LIBRARY_SRC)
check-threads: check-need
	@for f in $(THREADS_SRC); do \
		clang -fsyntax-only $(SOFT_CFLAGS) -Iarch/soft/geometry/4level -Wthread-safety $$f || exit 1; done

# Everything with both compilers; objects of the other one lie in a tree of their own.
check-compilers: check-need
	@$(MAKE) --no-print-directory CC=gcc kernel-objects soft-libraries
	@$(MAKE) --no-print-directory CC=clang B=$(B)/clang kernel-objects soft-libraries

kernel-objects: $(OBJ_x86_64) $(OBJ_x86_64-debug) $(OBJ_i386) $(OBJ_i386-debug) $(OBJ_i386-pae) $(OBJ_i386-pae-debug)
soft-libraries: $(SOFT_FLAVOURS:%=$(B)/%/libpagoda.a)

.PHONY: check check-need check-format check-floors check-rows check-mutants check-cppcheck check-threads \
	check-compilers kernel-objects soft-libraries
