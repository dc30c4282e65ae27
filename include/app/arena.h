/*
 * Memory of one unit of work: a request, a job, a command. Take freely, free nothing;
 * arena_reset() gives all of it back at once.
 *
 * Nothing here returns NULL. When memory or the arena's limit runs out, control goes
 * to where the unit of work began (arena_catch), which answers 503 and resets the
 * arena; without a guard the process says so and exits. So whatever such code holds
 * must belong to the arena: memory taken from it, and what arena_defer() was told of.
 */
#ifndef APP_ARENA_H
#define APP_ARENA_H

#include "app/base.h"

#include <setjmp.h>

struct arena;

/* A new arena that gives out at most `limit` bytes between two resets. */
struct arena *arena_new(size_t limit);

/* The same in the midst of a unit of work: where there is no memory for it, the guard of
 * `guarded` is told. */
struct arena *arena_beside(struct arena *guarded, size_t limit);

/* Resets, then frees the arena itself. NULL is fine. */
void arena_free(struct arena *);

/* Runs the deferred calls, newest first, and takes all memory back. One block is
 * kept for the next unit of work. */
void arena_reset(struct arena *);

/* arena_reset() between two units of work. After a large one, returns freed memory to the system:
 * `input` is the number of bytes that were read, since libraries may allocate many times as much. */
void arena_recycle(struct arena *, size_t input);

/* Where to go when memory runs out: `if (setjmp(*arena_catch(a)))` comes true then.
 * arena_uncatch() ends that. */
jmp_buf *arena_catch(struct arena *);
void arena_uncatch(struct arena *);

/* Goes there, or ends the process where nobody guards: for memory that a library lacked. */
NORETURN void arena_exhausted(struct arena *);

/* Lets memory that outlives a unit of work run out as that unit's own does: until it follows
 * another one, or NULL, the guard of `guarded` is its guard. */
void arena_follow(struct arena *, struct arena *guarded);

/* `size` bytes, zeroed, aligned for any type. */
void *arena_alloc(struct arena *, size_t size);

/* An array of `n` times `size` bytes, zeroed; the product is checked. */
void *arena_array(struct arena *, size_t n, size_t size);

/* Copies; the text ones end with a NUL. arena_text() of NULL is NULL. */
void *arena_copy(struct arena *, const void *data, size_t size);
char *arena_text(struct arena *, const char *text);
char *arena_text_n(struct arena *, const char *text, size_t len);
char *arena_lower(struct arena *, const char *text); /* A to Z in lower case */
char *arena_printf(struct arena *, const char *format, ...) PRINTF_LIKE(2, 3);
char *arena_vprintf(struct arena *, const char *format, va_list) PRINTF_LIKE(2, 0);

/* Calls `release(object)` at the next reset; also where this call finds no memory for the
 * note of the next one. */
void arena_defer(struct arena *, void (*release)(void *), void *object);

/* Bytes given out since the last reset. */
size_t arena_used(const struct arena *);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

#endif
