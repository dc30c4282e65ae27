/* Fills the queue for password hashing, so that the next request is refused. */
#ifndef TEST_HASH_PLACES_H
#define TEST_HASH_PLACES_H

void hash_places_take(void);
void hash_places_free(void);

#endif
