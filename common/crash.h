/* SPDX-License-Identifier: MIT */
/*
 * Tests only: a process that is killed at a point of its choice. Everything that makes something
 * durable passes a point first, so that a test can walk through all of them.
 */
#pragma once

#include <stdint.h>

/* SIGKILL at the nth point from now. 0: never. */
void crash_at(uint64_t nth);
void crash_point(void);
