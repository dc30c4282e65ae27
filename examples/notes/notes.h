/* Notes: texts that anybody may write, read and remove. */
#ifndef NOTES_H
#define NOTES_H

#include "app/feature.h"

struct note {
	const char *id, *body, *created_at;
};

extern const struct feature notes_feature;

#endif
