/* Passwords and tokens that tests use, noted in the file TEST_SECRETS: none of them may be in
 * any line that the application logs. `./dev test` looks, once all tests have run. */
#ifndef TESTS_SECRETS_H
#define TESTS_SECRETS_H

/* NULL is fine. */
void secrets_note(const char *secret);

/* The secret members of a JSON text: "password":"…" and the like. */
void secrets_note_members(const char *json);

#endif
