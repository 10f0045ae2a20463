/*
 * Formatted text into a buffer, for machines without a C library.
 *
 * A directive is read into a struct spec, its argument into sign, digits and
 * prefix, and one routine lays these out:
 *
 *      |<------------ width ------------->|
 *      blanks | sign | 0x | zeros | digits | blanks
 *
 * Precision demands zeros before the digits; the 0 flag turns the left blanks
 * into zeros.  Output beyond the buffer is counted and not stored, so the result
 * is the length the whole text would have (C11 7.21.6.5).
 */
#include "lib/printf.h"
#include "lib/div.h"
#include "lib/string.h"

struct out {
	char *buf;
	size_t size;
	size_t length; /* of the text so far, stored or not */
};

struct spec {
	bool left, plus, space, alternate, zero;
	int width;
	int precision; /* -1: none given */
	int bytes;     /* of an integer argument */
};

static void put_bytes(struct out *out, const char *bytes, size_t n)
{
	if (out->length < out->size)
		memcpy(out->buf + out->length, bytes, min(n, out->size - out->length));
	out->length += n;
}

static void put_fill(struct out *out, char c, int n)
{
	for (; n > 0; n--, out->length++)
		if (out->length < out->size)
			out->buf[out->length] = c;
}

/* Blanks (or zeros), prefix, zeros, body, blanks: see the picture above. */
static void put_field(struct out *out, const struct spec *spec, const char *prefix, int zeros,
		      const char *body, int body_length, bool pad_with_zeros)
{
	int prefix_length = strlen(prefix);
	int blanks = spec->width - prefix_length - zeros - body_length;

	if (pad_with_zeros && !spec->left && blanks > 0) {
		zeros += blanks;
		blanks = 0;
	}
	if (!spec->left)
		put_fill(out, ' ', blanks);
	put_bytes(out, prefix, prefix_length);
	put_fill(out, '0', zeros);
	put_bytes(out, body, body_length);
	if (spec->left)
		put_fill(out, ' ', blanks);
}

static void put_integer(struct out *out, const struct spec *spec, u64 value, const char *sign,
			unsigned base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	const char *prefix = sign;
	char text[24]; /* 22 octal digits are the most */
	char *p = text + sizeof(text);
	bool nonzero = value != 0;
	int length, zeros;

	while (value) {
		u32 digit;

		if (base == 10) {
			value = div_u64(value, 10, &digit);
		} else {
			digit = value & (base - 1);
			value >>= base == 16 ? 4 : 3;
		}
		*--p = digits[digit];
	}
	length = text + sizeof(text) - p;
	zeros = (spec->precision < 0 ? 1 : spec->precision) - length;
	if (spec->alternate && base == 16 && nonzero)
		prefix = upper ? "0X" : "0x";
	if (spec->alternate && base == 8)
		zeros = max(zeros, 1);
	put_field(out, spec, prefix, max(zeros, 0), p, length, spec->zero && spec->precision < 0);
}

static u64 signed_argument(va_list *args, int bytes)
{
	switch (bytes) {
	case 1: return (s64)(s8)va_arg(*args, int);
	case 2: return (s64)(s16)va_arg(*args, int);
	case 4: return (s64)va_arg(*args, s32);
	default: return va_arg(*args, s64);
	}
}

static u64 unsigned_argument(va_list *args, int bytes)
{
	switch (bytes) {
	case 1: return (u8)va_arg(*args, unsigned);
	case 2: return (u16)va_arg(*args, unsigned);
	case 4: return va_arg(*args, u32);
	default: return va_arg(*args, u64);
	}
}

static int read_digits(const char **fmt)
{
	int value = 0;

	for (; **fmt >= '0' && **fmt <= '9'; (*fmt)++)
		value = value * 10 + (**fmt - '0');
	return value;
}

/* Everything between the % and the conversion letter. */
static void read_spec(struct spec *spec, const char **fmt, va_list *args)
{
	*spec = (struct spec){.precision = -1, .bytes = sizeof(int)};
	for (;; (*fmt)++) {
		switch (**fmt) {
		case '-': spec->left = true; continue;
		case '+': spec->plus = true; continue;
		case ' ': spec->space = true; continue;
		case '#': spec->alternate = true; continue;
		case '0': spec->zero = true; continue;
		}
		break;
	}
	if (**fmt == '*') {
		(*fmt)++;
		spec->width = va_arg(*args, int);
		if (spec->width < 0) {
			spec->left = true;
			spec->width = -spec->width;
		}
	} else {
		spec->width = read_digits(fmt);
	}
	if (**fmt == '.') {
		(*fmt)++;
		if (**fmt == '*') {
			(*fmt)++;
			spec->precision = va_arg(*args, int);
			if (spec->precision < 0)
				spec->precision = -1;
		} else {
			spec->precision = read_digits(fmt);
		}
	}
	switch (**fmt) {
	case 'h':
		spec->bytes = (*fmt)[1] == 'h' ? sizeof(char) : sizeof(short);
		*fmt += (*fmt)[1] == 'h' ? 2 : 1;
		break;
	case 'l':
		spec->bytes = (*fmt)[1] == 'l' ? sizeof(long long) : sizeof(long);
		*fmt += (*fmt)[1] == 'l' ? 2 : 1;
		break;
	case 'z':
	case 't':
		spec->bytes = sizeof(size_t);
		(*fmt)++;
		break;
	case 'j':
		spec->bytes = sizeof(intmax_t);
		(*fmt)++;
		break;
	}
}

static void put_pointer(struct out *out, struct spec *spec, const void *pointer)
{
	if (!pointer) {
		put_field(out, spec, "", 0, "(nil)", 5, false);
		return;
	}
	spec->alternate = true;
	put_integer(out, spec, (unsigned long)pointer, "", 16, false);
}

static void put_string(struct out *out, const struct spec *spec, const char *s)
{
	size_t length;

	if (!s)
		s = spec->precision < 0 || spec->precision >= 6 ? "(null)" : "";
	length = spec->precision < 0 ? strlen(s) : strnlen(s, spec->precision);
	put_field(out, spec, "", 0, s, length, false);
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out out = {.buf = buf, .size = size};
	va_list args;

	va_copy(args, ap);
	while (*fmt) {
		const char *start = fmt;
		struct spec spec;
		u64 value;
		char c;

		while (*fmt && *fmt != '%')
			fmt++;
		put_bytes(&out, start, fmt - start);
		if (!*fmt)
			break;
		start = fmt++;
		read_spec(&spec, &fmt, &args);
		switch (c = *fmt++) {
		case 'd':
		case 'i':
			value = signed_argument(&args, spec.bytes);
			put_integer(&out, &spec, (s64)value < 0 ? -value : value,
				    (s64)value < 0 ? "-"
				    : spec.plus    ? "+"
				    : spec.space   ? " "
						   : "",
				    10, false);
			break;
		case 'u':
		case 'x':
		case 'X':
		case 'o':
			value = unsigned_argument(&args, spec.bytes);
			put_integer(&out, &spec, value, "",
				    c == 'u'   ? 10
				    : c == 'o' ? 8
					       : 16,
				    c == 'X');
			break;
		case 'c':
			c = va_arg(args, int);
			put_field(&out, &spec, "", 0, &c, 1, false);
			break;
		case 's': put_string(&out, &spec, va_arg(args, const char *)); break;
		case 'p': put_pointer(&out, &spec, va_arg(args, void *)); break;
		case '%': put_bytes(&out, "%", 1); break;
		default: /* unknown: show it as it stands */
			if (c == '\0')
				fmt--;
			put_bytes(&out, start, fmt - start);
		}
	}
	va_end(args);
	if (size > 0)
		buf[min(out.length, size - 1)] = '\0';
	return out.length;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return n;
}
