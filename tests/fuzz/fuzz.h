/*
 * A target of fuzzing: a file fuzz_x.c with one function, which is called with bytes from
 * nobody knows where and holds what a parser makes of them to what must be true of it.
 * Under libFuzzer (`./dev fuzz`) the bytes are made up, without it (`make check`) they are
 * those of the files in corpus/x/.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "app/ctx.h"
#include "app/schema.h"

/* `bytes` are exactly `len`, nothing may be read behind them. The ctx has an arena of its
 * own, no database, and the settings are the standard ones, with a key. */
void fuzz(struct ctx *, const char *bytes, size_t len);

/* Ends the process, which is a finding, where it is not true. */
#define HOLDS(truth)                                                                               \
	do {                                                                                       \
		if (!(truth))                                                                      \
			fuzz_failed(__FILE__, __LINE__, #truth);                                   \
	} while (0)
NORETURN void fuzz_failed(const char *file, int line, const char *truth);

/* The bytes as text, up to a NUL among them, in memory that ends with it. */
char *fuzz_text(struct ctx *, const char *bytes, size_t len);

/* Cuts the text before the first `at` (or its end) and returns what follows. */
char *fuzz_cut(char *text, char at);

/* A record with a row of each type that comes from outside. */
struct sample {
	const char *word, *email, *id, *at, *day, *choice, *price, *any;
	const char *const *words;
	const int64_t *count;
	bool flag;
};
extern const struct schema sample_schema;

#endif
