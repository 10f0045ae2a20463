/*
 * Memory by the fastest means the CPU names (Intel SDM 1, 7.3.9.3; Optimization
 * Manual 3.7.6): with ERMS the byte string instructions move whole lines at once;
 * without it the quadword forms do and the rest goes by bytes.  Patched at boot
 * (machine/alternative.h).
 *
 * The user_ functions are the same copies with rows in the exception table.  They
 * return the bytes that were not copied, in rax: when a quadword faults, the copy
 * goes on by bytes up to the very one that cannot be had.  SMAP's gate is open
 * from entry to exit.
 */
#include "machine/alternative.h"

#define STAC ALTERNATIVE ".byte 0x0f, 0x1f, 0x00", "stac", ALT_SMAP
#define CLAC ALTERNATIVE ".byte 0x0f, 0x1f, 0x00", "clac", ALT_SMAP

.macro EXTABLE from:req, to:req
	.pushsection extable, "a"
	.balign	4
	.long	\from - ., \to - .
	.popsection
.endm

.macro FUNCTION name:req
	.balign	16
	.globl	\name
	.type	\name, @function
\name:
.endm

	.text

/* void clear_page(void *page) */
FUNCTION clear_page
	xorl	%eax, %eax
	ALTERNATIVE "movl $512, %ecx; rep stosq", "movl $4096, %ecx; rep stosb", ALT_ERMS
	ret

/* void copy_page(void *to, const void *from) */
FUNCTION copy_page
	ALTERNATIVE "movl $512, %ecx; rep movsq", "movl $4096, %ecx; rep movsb", ALT_ERMS
	ret

/* void *memcpy(void *to, const void *from, size_t bytes) */
FUNCTION memcpy
	movq	%rdi, %rax
	movq	%rdx, %rcx
	ALTERNATIVE "shrq $3, %rcx; rep movsq; movl %edx, %ecx; andl $7, %ecx; rep movsb; ret", \
		    "rep movsb; ret", ALT_FSRM

/* void *memmove(void *to, const void *from, size_t bytes): downwards only if it must */
FUNCTION memmove
	movq	%rdi, %rax
	subq	%rsi, %rax
	cmpq	%rdx, %rax
	jae	memcpy		/* below, or beyond the end: forwards is right */
	movq	%rdi, %rax
	movq	%rdx, %rcx
	leaq	-1(%rdi, %rdx), %rdi
	leaq	-1(%rsi, %rdx), %rsi
	std
	andl	$7, %ecx
	rep movsb
	movq	%rdx, %rcx
	shrq	$3, %rcx
	subq	$7, %rdi
	subq	$7, %rsi
	rep movsq
	cld
	ret

/* void *memset(void *at, int byte, size_t bytes) */
FUNCTION memset
	movq	%rdi, %r8
	movzbl	%sil, %eax
	movq	%rdx, %rcx
	ALTERNATIVE "jmp 1f; .skip 4, 0x90", "rep stosb; movq %r8, %rax; ret", ALT_FSRM
1:	movabsq	$0x0101010101010101, %rsi
	imulq	%rsi, %rax
	shrq	$3, %rcx
	rep stosq
	movl	%edx, %ecx
	andl	$7, %ecx
	rep stosb
	movq	%r8, %rax
	ret

/* int memcmp(const void *a, const void *b, size_t bytes) */
FUNCTION memcmp
	movq	%rdx, %rcx
	shrq	$3, %rcx
	jz	2f
1:	movq	(%rdi), %rax
	movq	(%rsi), %r8
	cmpq	%r8, %rax
	jne	4f
	addq	$8, %rdi
	addq	$8, %rsi
	decq	%rcx
	jnz	1b
2:	andl	$7, %edx
	jz	3f
	movzbl	(%rdi), %eax
	movzbl	(%rsi), %ecx
	subl	%ecx, %eax
	jne	5f
	incq	%rdi
	incq	%rsi
	decl	%edx
	jmp	2b
3:	xorl	%eax, %eax
5:	ret
4:	bswapq	%rax		/* the first byte that differs decides */
	bswapq	%r8
	cmpq	%r8, %rax
	sbbl	%eax, %eax
	orl	$1, %eax
	ret

/* size_t user_copy(void *to, const void *from, size_t bytes): one of them is the user's */
FUNCTION user_copy
	movq	%rdx, %rcx
	STAC
	ALTERNATIVE "jmp 2f", "", ALT_ERMS
1:	rep movsb
	jmp	5f
2:	shrq	$3, %rcx
	andl	$7, %edx
3:	rep movsq
	movl	%edx, %ecx
4:	rep movsb
5:	movq	%rcx, %rax
	CLAC
	ret
6:	leaq	(%rdx, %rcx, 8), %rcx
	jmp	4b
	EXTABLE	1b, 5b
	EXTABLE	3b, 6b
	EXTABLE	4b, 5b

/* size_t user_clear(void *to, size_t bytes) */
FUNCTION user_clear
	movq	%rsi, %rcx
	xorl	%eax, %eax
	STAC
	ALTERNATIVE "jmp 2f", "", ALT_ERMS
1:	rep stosb
	jmp	5f
2:	movl	%esi, %edx
	andl	$7, %edx
	shrq	$3, %rcx
3:	rep stosq
	movl	%edx, %ecx
4:	rep stosb
5:	movq	%rcx, %rax
	CLAC
	ret
6:	leaq	(%rdx, %rcx, 8), %rcx
	jmp	4b
	EXTABLE	1b, 5b
	EXTABLE	3b, 6b
	EXTABLE	4b, 5b

	.section .note.GNU-stack, "", @progbits
