/*
 * Fuzz targets. A file fuzz_x.c defines fuzz(), which passes untrusted bytes to a parser and checks
 * invariants of the result. libFuzzer (`./dev fuzz`) generates the bytes; `make check` uses the
 * files in corpus/x/.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "app/ctx.h"
#include "app/schema.h"

/* Must not read beyond `len` bytes. The ctx has an arena of its own and no database; the settings
 * are the defaults, with a key. */
void fuzz(struct ctx *, const char *bytes, size_t len);

/* Aborts, which is a finding, unless the condition holds. */
#define HOLDS(truth)                                                                               \
	do {                                                                                       \
		if (!(truth))                                                                      \
			fuzz_failed(__FILE__, __LINE__, #truth);                                   \
	} while (0)
NORETURN void fuzz_failed(const char *file, int line, const char *truth);

/* Returns the bytes up to the first NUL as a string, in memory that ends with the string. */
char *fuzz_text(struct ctx *, const char *bytes, size_t len);

/* Cuts the text before the first `at` (or its end) and returns what follows. */
char *fuzz_cut(char *text, char at);

/* A record with a field of each input type. */
struct sample {
	const char *word, *email, *id, *at, *day, *choice, *price, *any;
	const char *const *words;
	const int64_t *count;
	bool flag;
};
extern const struct schema sample_schema;

#endif
