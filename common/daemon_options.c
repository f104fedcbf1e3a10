/* SPDX-License-Identifier: MIT */
/* The options of both daemons. */
#include "common/daemon_options.h"

#include <assert.h>
#include <string.h>

#include "common/bytes.h"
#include "common/log.h"

#define MAX_OWN 16

void daemon_parse(struct daemon_options *o, const struct cli *own, int argc, char **argv)
{
    const struct cli_option shared[] = {
        CLI_OPT_STRING("state", 0, "DIR", &o->state,
                       "Directory of the state (default: ./kvsim-state)"),
        CLI_OPT_STRING("ports", 0, "LIST", &o->ports,
                       "vault=N,management=N,identity=N,proxy=N: the ports clients use"),
        DURABILITY_OPTION(&o->durability),
        CLI_OPT_FLAG("ephemeral", 0, &o->ephemeral,
                     "The state is thrown away: don't wait for the disk"),
        FIPS_OPTION(&o->fips),
        CLI_OPT_UINT("threads", 0, "N", &o->threads, 32, "Event loops (default: one a core)"),
        CLI_OPT_UINT("map-size", 0, "BYTES", &o->map_size, 0,
                     "Size of the store's map (default: 32 GiB, sparse)"),
        CLI_OPT_CHOICE("log-level", 0, "LEVEL", &o->log_level, LOG_LEVEL_NAMES,
                       "error, warn or info (default)"),
        CLI_OPT_FLAG("print-routes", 0, &o->print_routes, "Print the route table and exit"),
    };
    struct cli_option all[ARRAY_LEN(shared) + MAX_OWN];
    struct cli cli = *own;

    assert(own->n_options <= MAX_OWN);
    memcpy(all, shared, sizeof(shared));
    memcpy(all + ARRAY_LEN(shared), own->options, own->n_options * sizeof(*all));
    cli.options = all;
    cli.n_options = ARRAY_LEN(shared) + own->n_options;
    *o = (struct daemon_options){.state = "kvsim-state", .durability = "full", .log_level = "info"};
    log_set_program(own->program);
    (void) cli_parse(&cli, argc, argv, NULL);
    log_set_level_named(o->log_level);
}

struct kvdb_options daemon_kvdb_options(const struct daemon_options *o, uint32_t schema)
{
    return (struct kvdb_options){.map_size = o->map_size,
                                 .relaxed = o->ephemeral || strcmp(o->durability, "relaxed") == 0,
                                 .schema = schema};
}
