/*
 * Memory of one unit of work: a request, a job, a command. Allocations are not freed one by one;
 * arena_reset() frees all of them.
 *
 * No function here returns NULL. If memory or the arena's limit is exhausted, control jumps to the
 * handler set with arena_catch(): in a request, it responds with 503. Without a handler, the
 * process prints a message and exits. Code that allocates must therefore hold only resources that
 * the arena releases: its memory, and objects registered with arena_defer().
 */
#ifndef APP_ARENA_H
#define APP_ARENA_H

#include "app/base.h"

#include <setjmp.h>

struct arena;

/* A new arena that allocates at most `limit` bytes between two resets. Free it with arena_free(). */
struct arena *arena_new(size_t limit);

/* The same within a unit of work: if allocating the new arena fails, control jumps to the handler
 * of `catching`. */
struct arena *arena_beside(struct arena *catching, size_t limit);

/* Resets the arena, then frees it. NULL is allowed. */
void arena_free(struct arena *);

/* Runs the deferred calls, newest first, and frees all memory, except one block that is kept for
 * the next unit of work. */
void arena_reset(struct arena *);

/* arena_reset() between two units of work. After a large one, returns freed memory to the system:
 * `input` is the number of bytes read, because libraries may allocate many times as much. */
void arena_recycle(struct arena *, size_t input);

/* Sets the handler for allocation failures: `if (setjmp(*arena_catch(a)))` is entered when memory
 * runs out. arena_uncatch() removes it. */
jmp_buf *arena_catch(struct arena *);
void arena_uncatch(struct arena *);

/* Jumps to the handler, or exits if there is none. Call it if a library ran out of memory. */
NORETURN void arena_exhausted(struct arena *);

/* If this arena has no handler of its own, allocation failures jump to the handler of `catching`,
 * until the next arena_follow() (NULL: stop following). For memory that outlives a unit of work. */
void arena_follow(struct arena *, struct arena *catching);

/* `size` bytes, zeroed, aligned for any type. */
void *arena_alloc(struct arena *, size_t size);

/* `n` times `size` bytes, zeroed. The product is checked for overflow. */
void *arena_array(struct arena *, size_t n, size_t size);

/* Copies in the arena; strings are NUL-terminated. arena_text() and arena_lower() return NULL for
 * NULL. */
void *arena_copy(struct arena *, const void *data, size_t size);
char *arena_text(struct arena *, const char *text);
char *arena_text_n(struct arena *, const char *text, size_t len);
char *arena_lower(struct arena *, const char *text); /* converts A to Z */
char *arena_printf(struct arena *, const char *format, ...) PRINTF_LIKE(2, 3);
char *arena_vprintf(struct arena *, const char *format, va_list) PRINTF_LIKE(2, 0);

/* Calls `release(object)` at the next reset, even if this call runs out of memory. */
void arena_defer(struct arena *, void (*release)(void *), void *object);

/* Bytes allocated since the last reset. */
size_t arena_used(const struct arena *);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

#endif
