/*
 * The queue for password hashing, one for all processes of the shared segment. A hash takes 30 ms
 * of a core and 33 MiB, so the number of processes that hash at a time is limited to half the
 * cores or a quarter of the workers, whichever is less (at least 1). The queue has 32 places for
 * each of them. A caller may occupy one place, and a client address all except one, so that
 * neither can lock out others. Requests are served in order of arrival; a process that is busy
 * with another request is skipped.
 */
#ifndef APP_HASH_QUEUE_H
#define APP_HASH_QUEUE_H

#include "app/ctx.h"

enum { HASH_POLL_MS = 5 }; /* interval at which a waiting process calls hash_turn() */

/* HASH_REFUSED: the queue is full, the caller or client has used its share of places, or the
 * request waited for 5 s; the ticket has no place. */
enum hash_turn { HASH_RUN, HASH_WAIT, HASH_REFUSED };

/* Takes a place for c->hash unless it has one, and returns whether it may hash now. */
enum hash_turn hash_enter(struct ctx *c) MUST_CHECK;

/* Whether a ticket that has a place may hash now. A process with several tickets must serve them in
 * the order of their numbers: only its first one is considered. */
enum hash_turn hash_turn(struct hash_ticket *) MUST_CHECK;

/* Ends the hashing, but keeps the place, so that the same request may hash again. */
void hash_pause(struct hash_ticket *);

/* Frees its place, if it has one. */
void hash_leave(struct hash_ticket *);

#endif
