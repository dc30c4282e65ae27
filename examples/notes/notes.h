/* Notes: public texts that every client can write, read and delete. */
#ifndef NOTES_H
#define NOTES_H

#include "app/feature.h"

struct note {
	const char *id, *body, *created_at;
};

extern const struct feature notes_feature;
extern const struct feature *const notes_features[]; /* of the application; ends with NULL */

#endif
