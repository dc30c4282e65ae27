/* A Redis server for a test, with a Unix socket in its own folder. */
#ifndef TESTS_REDIS_SERVER_H
#define TESTS_REDIS_SERVER_H

#include "app/base.h"

/* Creates the folder, starts the server, waits until it responds, and sets settings.redis_url. Skips
 * the test if redis-server is not installed. */
void redis_server_begin(void);
void redis_server_end(void);

/* Kills the server; starts another one (password "": none); stops and continues it by signals. */
void redis_server_stop(void);
void redis_server_start(const char *password);
void redis_server_freeze(void);
void redis_server_thaw(void);

/* Waits until the server responds to this process; until its socket accepts connections. */
void redis_server_wait(void);
void redis_server_wait_socket(void);

const char *redis_server_folder(void);

#endif
