/* SPDX-License-Identifier: MIT */
/* The options of both daemons. */
#include "common/daemon_options.h"

#include <assert.h>
#include <string.h>

#include "common/bytes.h"
#include "common/log.h"

#define MAX_OWN 16

static enum log_level level_of(const char *name)
{
    return strcmp(name, "error") == 0  ? LOG_LVL_ERROR
           : strcmp(name, "warn") == 0 ? LOG_LVL_WARN
                                       : LOG_LVL_INFO;
}

void daemon_parse(struct daemon_options *o, const struct cli *own, int argc, char **argv)
{
    const struct cli_option shared[] = {
        {"state",        0, "DIR",   "Directory of the state (default: ./kvsim-state)",                CLI_STRING,
         &o->state,                                                                                                                  0,  NULL          },
        {"ports",        0, "LIST",  "vault=N,management=N,identity=N,proxy=N: the ports clients use",
         CLI_STRING,                                                                                               &o->ports,        0,  NULL          },
        {"durability",   0, "MODE",  "full (default) or relaxed: answers don't wait for the disk",
         CLI_CHOICE,                                                                                               &o->durability,   0,  "full|relaxed"},
        {"ephemeral",    0, NULL,    "The state is thrown away: don't wait for the disk",              CLI_FLAG,
         &o->ephemeral,                                                                                                              0,  NULL          },
        {"fips",         0, NULL,
         "What is stored is encrypted by OpenSSL's FIPS provider, which must be installed",            CLI_FLAG,   &o->fips,         0,  NULL          },
        {"threads",      0, "N",     "Event loops (default: one a core)",                              CLI_UINT,   &o->threads,      32, NULL          },
        {"map-size",     0, "BYTES", "Size of the store's map (default: 32 GiB, sparse)",              CLI_UINT,
         &o->map_size,                                                                                                               0,  NULL          },
        {"log-level",    0, "LEVEL", "error, warn or info (default)",                                  CLI_CHOICE, &o->log_level,    0,
         "error|warn|info"                                                                                                                             },
        {"print-routes", 0, NULL,    "Print the route table and exit",                                 CLI_FLAG,   &o->print_routes, 0,
         NULL                                                                                                                                          },
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
    log_set_level(level_of(o->log_level));
}

struct kvdb_options daemon_kvdb_options(const struct daemon_options *o, uint32_t schema)
{
    return (struct kvdb_options){.map_size = o->map_size,
                                 .relaxed = o->ephemeral || strcmp(o->durability, "relaxed") == 0,
                                 .schema = schema};
}
