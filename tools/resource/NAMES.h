/* @Names@. The public header of this feature. */
#ifndef @NAMES@_H
#define @NAMES@_H

#include "app/feature.h"

struct @name@ {
	const char *id, *owner_id;
@members@	const char *created_at, *updated_at;
	int64_t version;
};

extern const struct schema @name@_schema;
extern const struct table @names@_table;
extern const struct route @names@_routes[];
extern const struct feature @names@_feature;

#endif
