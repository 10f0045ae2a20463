/*
 * The vDSO's file in the kernel (machine/vdso.h), and where its symbols are in it: vdso_landing is the
 * distance of `landing` from its beginning (i386.mk makes both).
 */
	.include "vdso.symbols"

	.section .ro_after_init, "aw"
	.balign	4
	.globl	vdso_image, vdso_image_end
vdso_image:
	.incbin	"vdso.so"
vdso_image_end:

	.section .note.GNU-stack, "", @progbits
