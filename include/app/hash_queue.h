/*
 * The queue for password hashing, one for all processes of the shared segment: a hash takes 30 ms
 * of a core and 33 MiB, so at most half of the cores, and a quarter of the workers, hash at a time;
 * 32 times as many have a place in the queue. A caller has at most one place, and a client address
 * all but one, so that neither keeps others from signing in. Turns go by order of arrival; a process
 * that is busy with another request is passed over.
 */
#ifndef APP_HASH_QUEUE_H
#define APP_HASH_QUEUE_H

#include "app/ctx.h"

enum { HASH_LOOK_MS = 5 }; /* interval at which a waiting process calls hash_turn() */

/* HASH_REFUSED: the queue, or the share of the caller or client, is full, or the turn did not
 * come within 5 s; the ticket has no place. */
enum hash_turn { HASH_RUN, HASH_WAIT, HASH_REFUSED };

/* Takes a place for c->hash, unless it has one, and checks whether it is its turn. */
enum hash_turn hash_enter(struct ctx *c) MUST_CHECK;

/* Whether it is the turn of a ticket that has a place. A process must enter its tickets in the
 * order of their numbers: only its first counts. */
enum hash_turn hash_turn(struct hash_ticket *) MUST_CHECK;

/* Ends the hashing, but keeps the place and the right to hash again: for a request that goes on. */
void hash_rest(struct hash_ticket *);

/* Frees its place, if it has one. */
void hash_leave(struct hash_ticket *);

#endif
