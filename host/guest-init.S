/* The guest's init as data in the host's program. GUEST_INIT: the file, from host.mk. */
	.section .rodata
	.globl guest_init_start, guest_init_end
	.balign 16
guest_init_start:
	.incbin GUEST_INIT
guest_init_end:
	.section .note.GNU-stack, "", @progbits
