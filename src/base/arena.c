/* Memory of one unit of work: a list of blocks, the newest first. */
#include "app/arena.h"

#include <malloc.h>

enum {
	BLOCK_SIZE = 32 * 1024,
	ALIGN = 16,
	INPUT_LARGE = 16 * 1024, /* JSON of this size may need a tree of 8 MiB */
	ARENA_LARGE = 1024 * 1024,
};

/* AddressSanitizer treats memory that is not allocated as out of bounds. */
#ifdef APP_SANITIZED
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size)   ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)0)
#endif

struct block {
	struct block *next;
	size_t size, used; /* of data */
	_Alignas(ALIGN) unsigned char data[];
};

struct deferred {
	struct deferred *next;
	void (*release)(void *);
	void *object;
};

struct arena {
	struct block *blocks;
	struct deferred *deferred;
	struct deferred *spare, first; /* spare: allocated in advance for the next arena_defer() */
	size_t limit, taken;           /* bytes of all blocks */
	size_t used;
	struct arena *catching; /* its handler is used if this arena has none; or NULL */
	bool catches;
	jmp_buf handler;
};

void
arena_exhausted(struct arena *a)
{
	if (a && a->catches)
		longjmp(a->handler, 1);
	if (a && a->catching)
		arena_exhausted(a->catching);

	fputs("out of memory\n", stderr);
	exit(EXIT_FAILURE);
}

struct arena *
arena_new(size_t limit)
{
	return arena_beside(NULL, limit);
}

struct arena *
arena_beside(struct arena *catching, size_t limit)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (!a)
		arena_exhausted(catching);

	a->limit = limit;
	a->spare = &a->first;
	return a;
}

void
arena_free(struct arena *a)
{
	if (!a)
		return;

	arena_reset(a);
	free(a->blocks);
	free(a);
}

void
arena_reset(struct arena *a)
{
	while (a->deferred) {
		struct deferred *d = a->deferred;

		a->deferred = d->next;
		d->release(d->object);
	}
	a->spare = &a->first;
	while (a->blocks && (a->blocks->next || a->blocks->size > BLOCK_SIZE)) {
		struct block *b = a->blocks;

		a->blocks = b->next;
		a->taken -= b->size;
		free(b);
	}
	if (a->blocks) {
		ASAN_UNPOISON_MEMORY_REGION(a->blocks->data, a->blocks->used);
		memset(a->blocks->data, 0, a->blocks->used);
		ASAN_POISON_MEMORY_REGION(a->blocks->data, a->blocks->used);
		a->blocks->used = 0;
	}
	a->used = 0;
}

void
arena_recycle(struct arena *a, size_t input)
{
	bool large = input > INPUT_LARGE || a->taken > ARENA_LARGE;

	arena_reset(a);
	if (large)
		malloc_trim(0);
}

jmp_buf *
arena_catch(struct arena *a)
{
	a->catches = true;
	return &a->handler;
}

void
arena_uncatch(struct arena *a)
{
	a->catches = false;
}

void
arena_follow(struct arena *a, struct arena *catching)
{
	a->catching = catching;
}

static void
add_block(struct arena *a, size_t need)
{
	size_t size = need > BLOCK_SIZE ? need : BLOCK_SIZE;
	struct block *b;

	if (size > a->limit - a->taken)
		arena_exhausted(a);

	b = calloc(1, sizeof(*b) + size);
	if (!b)
		arena_exhausted(a);

	ASAN_POISON_MEMORY_REGION(b->data, size);
	b->size = size;
	b->next = a->blocks;
	a->blocks = b;
	a->taken += size;
}

void *
arena_alloc(struct arena *a, size_t requested)
{
	size_t size;
	void *p;

	if (requested > a->limit)
		arena_exhausted(a);

	size = (requested + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (!a->blocks || size > a->blocks->size - a->blocks->used)
		add_block(a, size);

	p = a->blocks->data + a->blocks->used;
	ASAN_UNPOISON_MEMORY_REGION(p, requested);
	a->blocks->used += size;
	a->used += size;
	return p;
}

void *
arena_array(struct arena *a, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		arena_exhausted(a);

	return arena_alloc(a, bytes);
}

void *
arena_copy(struct arena *a, const void *data, size_t size)
{
	void *p = arena_alloc(a, size);

	if (size)
		memcpy(p, data, size);
	return p;
}

char *
arena_text_n(struct arena *a, const char *text, size_t len)
{
	char *p = arena_alloc(a, len + 1);

	if (len)
		memcpy(p, text, len);
	return p;
}

char *
arena_text(struct arena *a, const char *text)
{
	return text ? arena_text_n(a, text, strlen(text)) : NULL;
}

char *
arena_lower(struct arena *a, const char *text)
{
	char *copy = arena_text(a, text);

	for (char *at = copy; at && *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at |= 0x20;
	return copy;
}

char *
arena_vprintf(struct arena *a, const char *format, va_list args)
{
	char first[256];
	va_list again;
	char *p;
	int len;

	va_copy(again, args);
	len = vsnprintf(first, sizeof(first), format, args);
	if (len < 0) {
		va_end(again);
		arena_exhausted(a);
	}

	p = arena_alloc(a, (size_t)len + 1);
	if ((size_t)len < sizeof(first))
		memcpy(p, first, (size_t)len);
	else
		vsnprintf(p, (size_t)len + 1, format, again);
	va_end(again);
	return p;
}

char *
arena_printf(struct arena *a, const char *format, ...)
{
	va_list args;
	char *p;

	va_start(args, format);
	p = arena_vprintf(a, format, args);
	va_end(args);
	return p;
}

void
arena_defer(struct arena *a, void (*release)(void *), void *object)
{
	*a->spare = (struct deferred) { a->deferred, release, object };
	a->deferred = a->spare;
	a->spare = ARENA_NEW(a, struct deferred);
}

size_t
arena_used(const struct arena *a)
{
	return a->used;
}
