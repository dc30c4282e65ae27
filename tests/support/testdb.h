/*
 * A database schema of its own for a test: migrated, empty, nobody else's until
 * testdb_close(). TEST_DATABASE_URL names the database; without it the test is skipped.
 * TEST_MIGRATE_DATABASE_URL is the same as the role that owns the tables, where that is
 * another one than the application's.
 *
 * Building one takes 50 ms, so they are kept: a test takes one that is free, and finds it
 * emptied. A crash leaves nothing behind that the next test would not find and use.
 */
#ifndef TESTS_TESTDB_H
#define TESTS_TESTDB_H

#include "app/db.h"

/* Loads the settings (defaults, and what a test needs: no limits, no cache), points settings.database_url and
 * settings.db_schema at the schema, and returns a connection to it, closed by
 * testdb_close(); db_new(settings.database_url) opens more of them. What testdb_sql()
 * returns lives as long as the arena. */
struct db *testdb_open(struct arena *);
void testdb_close(void);

/* Says that this test changes tables: the schema will be built anew. */
void testdb_spoil(void);

/* The same, but of a schema without any table, as the owner; a spoiled one, of course. */
struct db *testdb_open_bare(struct arena *);

/* A connection to the same schema as the owner of the tables, closed by testdb_close(). */
struct db *testdb_owner(void);

/* A ctx with the connection of testdb_open(), for tests that need no more. */
struct ctx *testdb_ctx(struct arena *);

/* Runs SQL beside the tested code, on a connection of its own as the owner, and fails the
 * test if it fails. Returns the result's first value, or NULL. */
const char *testdb_sql(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
