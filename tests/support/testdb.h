/*
 * A database schema for a test: migrated, empty, and reserved for the test until testdb_close().
 * TEST_DATABASE_URL is the database; without it, the test is skipped. TEST_MIGRATE_DATABASE_URL is the
 * same database with the role that owns the tables, if that is not the role of the application.
 *
 * Building a schema takes 50 ms, so schemas are reused: a test takes a free one and empties it. After a
 * crash, the next test reuses the schema in the same way.
 */
#ifndef TESTS_TESTDB_H
#define TESTS_TESTDB_H

#include "app/db.h"

/* Loads the settings (defaults, but no limits and no cache) with database_url and db_schema of the
 * schema. Returns a connection, which testdb_close() closes; db_new(settings.database_url) opens
 * further ones. The arena owns the results of testdb_sql(). */
struct db *testdb_open(struct arena *);
void testdb_close(void);

/* Call it if the test changes tables: the schema will be rebuilt. */
void testdb_spoil(void);

/* testdb_open() for a schema without tables, as the owner. Includes testdb_spoil(). */
struct db *testdb_open_bare(struct arena *);

/* A connection to the same schema as the owner of the tables, closed by testdb_close(). */
struct db *testdb_owner(void);

/* A ctx with the connection of testdb_open(). */
struct ctx *testdb_ctx(struct arena *);

/* Runs SQL as the owner, on a separate connection, and fails the test on an error. Returns the first
 * value of the result, or NULL. */
const char *testdb_sql(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
