/* SPDX-License-Identifier: MIT */
/* The operator's log: one line an event, to stderr. Only the api boundary and main log. */
#pragma once

#include "common/cleanup.h"

enum log_level { LOG_LVL_ERROR, LOG_LVL_WARN, LOG_LVL_INFO };
#define LOG_LEVEL_NAMES "error|warn|info" /* as --log-level has them; in lines, too */

void log_set_level(enum log_level level);
/* By one of LOG_LEVEL_NAMES. */
void log_set_level_named(const char *name);
void log_set_program(const char *name); /* static */
/* Never key material, tokens or secrets. */
void log_line(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);
#define log_error(...) log_line(LOG_LVL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LVL_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LVL_INFO, __VA_ARGS__)
