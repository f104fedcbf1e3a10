/* SPDX-License-Identifier: MIT */
/* The part of the command line that vaultd and providerd have in common. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/cli.h"
#include "common/kvdb.h"

struct daemon_options {
    const char *state;
    const char *ports; /* for daemon_parse_ports(); NULL: not given */
    const char *durability;
    const char *log_level;
    uint64_t threads;  /* 0: one a core */
    uint64_t map_size; /* bytes; 0: the store's own */
    bool ephemeral;
    bool fips;
    bool print_routes;
};

/*
 * cli_parse() of the daemon's own options and of these; then the program's log has its name and its
 * level. Strings in *o live as long as argv.
 */
void daemon_parse(struct daemon_options *o, const struct cli *own, int argc, char **argv);
struct kvdb_options daemon_kvdb_options(const struct daemon_options *o, uint32_t schema);
