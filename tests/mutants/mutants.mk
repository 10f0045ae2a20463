# Mutants: mm/ broken on purpose, one place at a time; the tests must notice each.
#
#   make mutants                       all of tests/mutants/list, and docs/mutants.md anew
#   make mutants MUTANTS="cow-no-flush fork-keeps-write-right"      these
#
# They are built in a copy of the tree, on the host with a flavour of its own: checks as in the
# debug build, no sanitizers, for it is built and run some fifty times.

SOFT_CFLAGS_soft-mutant := -O1 -DPAGODA_DEBUG -w
$(eval $(call soft_rules,soft-mutant))
$(foreach t,$(SANITIZER_TESTS),$(eval $(call host_test_rules,soft-mutant,$(basename $(notdir $(t))))))
HOST_TEST_LOGS := $(filter-out $(B)/soft-mutant/%,$(HOST_TEST_LOGS))

mutants: host-test-tools fuzz-need
	@tests/mutants/run.py $(MUTANTS)
.PHONY: mutants
