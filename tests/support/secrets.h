/* Records passwords and tokens of tests in the file TEST_SECRETS. After all tests, `./dev test` checks
 * that no log line contains one of them. */
#ifndef TESTS_SECRETS_H
#define TESTS_SECRETS_H

/* NULL is allowed. */
void secrets_note(const char *secret);

/* Records the secret members of a JSON text, such as "password":"…". */
void secrets_note_members(const char *json);

#endif
