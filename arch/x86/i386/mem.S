/*
 * Memory by the fastest means the CPU names (Intel SDM 1, 7.3.9.3; Optimization
 * Manual 3.7.6): with ERMS the byte string instructions move whole lines at once;
 * without it the doubleword forms do and the rest goes by bytes.  Patched at boot
 * (machine/alternative.h). Arguments come in eax, edx, ecx.
 *
 * The user_ functions are the same copies with rows in the exception table.  They
 * return the bytes that were not copied, in eax: when a doubleword faults, the copy
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
	pushl	%edi
	movl	%eax, %edi
	xorl	%eax, %eax
	ALTERNATIVE "movl $1024, %ecx; rep stosl", "movl $4096, %ecx; rep stosb", ALT_ERMS
	popl	%edi
	ret

/* void copy_page(void *to, const void *from) */
FUNCTION copy_page
	pushl	%edi
	pushl	%esi
	movl	%eax, %edi
	movl	%edx, %esi
	ALTERNATIVE "movl $1024, %ecx; rep movsl", "movl $4096, %ecx; rep movsb", ALT_ERMS
	popl	%esi
	popl	%edi
	ret

/* void *memcpy(void *to, const void *from, size_t bytes) */
FUNCTION memcpy
	pushl	%edi
	pushl	%esi
	movl	%eax, %edi
	movl	%edx, %esi
	movl	%ecx, %edx
	ALTERNATIVE "shrl $2, %ecx; rep movsl; movl %edx, %ecx; andl $3, %ecx; rep movsb", \
		    "rep movsb", ALT_FSRM
	popl	%esi
	popl	%edi
	ret

/* void *memmove(void *to, const void *from, size_t bytes): downwards only if it must */
FUNCTION memmove
	pushl	%edi
	movl	%eax, %edi
	subl	%edx, %edi
	cmpl	%ecx, %edi
	popl	%edi
	jae	memcpy		/* below, or beyond the end: forwards is right */
	pushl	%edi
	pushl	%esi
	leal	-1(%eax, %ecx), %edi
	leal	-1(%edx, %ecx), %esi
	movl	%ecx, %edx
	std
	andl	$3, %ecx
	rep movsb
	movl	%edx, %ecx
	shrl	$2, %ecx
	subl	$3, %edi
	subl	$3, %esi
	rep movsl
	cld
	popl	%esi
	popl	%edi
	ret

/* void *memset(void *at, int byte, size_t bytes) */
FUNCTION memset
	pushl	%edi
	pushl	%eax
	movl	%eax, %edi
	movzbl	%dl, %eax
	ALTERNATIVE "jmp 1f; .skip 4, 0x90", "rep stosb; popl %eax; popl %edi; ret", ALT_FSRM
1:	imull	$0x01010101, %eax
	movl	%ecx, %edx
	shrl	$2, %ecx
	rep stosl
	movl	%edx, %ecx
	andl	$3, %ecx
	rep stosb
	popl	%eax
	popl	%edi
	ret

/* int memcmp(const void *a, const void *b, size_t bytes) */
FUNCTION memcmp
	pushl	%edi
	pushl	%esi
	movl	%eax, %esi
	movl	%edx, %edi
	movl	%ecx, %edx
	xorl	%eax, %eax
	shrl	$2, %ecx
	repe cmpsl
	jne	2f
	movl	%edx, %ecx
	andl	$3, %ecx
	jz	1f
	repe cmpsb
	je	1f
	movzbl	-1(%esi), %eax
	movzbl	-1(%edi), %ecx
	subl	%ecx, %eax
1:	popl	%esi
	popl	%edi
	ret
2:	movl	-4(%esi), %eax
	movl	-4(%edi), %ecx
	bswapl	%eax		/* the first byte that differs decides */
	bswapl	%ecx
	cmpl	%ecx, %eax
	sbbl	%eax, %eax
	orl	$1, %eax
	popl	%esi
	popl	%edi
	ret

/* size_t user_copy(void *to, const void *from, size_t bytes): one of them is the user's */
FUNCTION user_copy
	pushl	%edi
	pushl	%esi
	movl	%eax, %edi
	movl	%edx, %esi
	movl	%ecx, %edx
	STAC
	ALTERNATIVE "jmp 2f", "", ALT_ERMS
1:	rep movsb
	jmp	5f
2:	shrl	$2, %ecx
	andl	$3, %edx
3:	rep movsl
	movl	%edx, %ecx
4:	rep movsb
5:	movl	%ecx, %eax
	CLAC
	popl	%esi
	popl	%edi
	ret
6:	leal	(%edx, %ecx, 4), %ecx
	jmp	4b
	EXTABLE	1b, 5b
	EXTABLE	3b, 6b
	EXTABLE	4b, 5b

/* size_t user_clear(void *to, size_t bytes) */
FUNCTION user_clear
	pushl	%edi
	movl	%eax, %edi
	movl	%edx, %ecx
	xorl	%eax, %eax
	STAC
	ALTERNATIVE "jmp 2f", "", ALT_ERMS
1:	rep stosb
	jmp	5f
2:	andl	$3, %edx
	shrl	$2, %ecx
3:	rep stosl
	movl	%edx, %ecx
4:	rep stosb
5:	movl	%ecx, %eax
	CLAC
	popl	%edi
	ret
6:	leal	(%edx, %ecx, 4), %ecx
	jmp	4b
	EXTABLE	1b, 5b
	EXTABLE	3b, 6b
	EXTABLE	4b, 5b

	.section .note.GNU-stack, "", @progbits
