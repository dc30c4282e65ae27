#include "support/hash_places.h"

#include "app/hash_queue.h"

enum { PLACES_MAX = 256 };

static struct ctx holders[PLACES_MAX];

void
hash_places_take(void)
{
	for (size_t i = 0; i < PLACES_MAX && hash_enter(&holders[i]) != HASH_REFUSED; i++)
		continue;
}

void
hash_places_free(void)
{
	for (size_t i = 0; i < PLACES_MAX; i++)
		hash_leave(&holders[i].hash);
}
