/*
 * What every file of the project may use. Include it first: it brings config.h,
 * the C library, a few attributes, and takes away the functions that have no
 * place here (each has a safe twin: arena_printf, buf_printf, clock_*).
 */
#ifndef APP_BASE_H
#define APP_BASE_H

#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define COUNT(array)             (sizeof(array) / sizeof((array)[0]))
#define MUST_CHECK               __attribute__((warn_unused_result))
#define NORETURN                 __attribute__((noreturn))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define UNUSED                   __attribute__((unused))
/* Runs `fn(&variable)` when the variable goes out of scope. Not in code that runs
 * for a request: memory that runs out there unwinds past it (arena.h). */
#define CLEANUP(fn)              __attribute__((cleanup(fn)))

#undef sprintf /* glibc's, under clang with _FORTIFY_SOURCE */
#pragma GCC poison strcpy strcat sprintf vsprintf gets strtok atoi atol atof
#pragma GCC poison gmtime localtime ctime asctime system popen tmpnam mktemp

#endif
