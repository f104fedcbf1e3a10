/* SPDX-License-Identifier: MIT */
/* The part of the command line that vaultd and providerd have in common. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/cli.h"
#include "common/kvdb.h"

/*
 * Rows for what a daemon takes and `kvsim up`, which hands it on, takes too: one name, one set of
 * choices, one text. What --latency does is said by each.
 */
#define DURABILITY_OPTION(target)                                   \
    CLI_OPT_CHOICE("durability", 0, "MODE", target, "full|relaxed", \
                   "full (default) or relaxed: answers don't wait for the disk")
#define FIPS_OPTION(target) \
    CLI_OPT_FLAG(           \
        "fips", 0, target,  \
        "What is stored is encrypted by OpenSSL's FIPS provider, which must be installed")
#define EDITION_OPTION(target)                                   \
    CLI_OPT_CHOICE("edition", 0, "NAME", target, "classic|2026", \
                   "Edition of the documented rules: classic (default) or 2026")
#define APPROVAL_OPTION(target)                                \
    CLI_OPT_CHOICE("approval", 0, "MODE", target, "none|form", \
                   "none (default) or form: OpenAI's customer-managed keys need a request")
#define THROTTLE_OPTION(target)                                \
    CLI_OPT_CHOICE("throttle", 0, "MODE", target, "off|azure", \
                   "off (default) or azure: the documented limits per vault and 10 seconds")
#define SECURE_WRAP_OPTION(target)         \
    CLI_OPT_FLAG("secure-wrap", 0, target, \
                 "Vaults have securewrapkey and secureunwrapkey, as Managed HSM has")
#define ALIAS_OPTION(target) \
    CLI_OPT_STRINGS("alias", 0, "HOST[:PORT]=VAULT", target, "Another name for a vault")
#define LATENCY_OPTION(target, help) \
    CLI_OPT_CHOICE("latency", 0, "MODE", target, "instant|azure", help)

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
