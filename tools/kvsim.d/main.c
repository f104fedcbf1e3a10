/* SPDX-License-Identifier: MIT */
/* kvsim: the person's tool. One file a command; this one only chooses. */
#include <stdio.h>
#include <string.h>

#include "tools/kvsim.d/kvsim.h"

static const struct {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"up",           "start the daemons",                                   cmd_up          },
    {"down",         "stop them",                                           cmd_down        },
    {"status",       "do they run, and where",                              cmd_status      },
    {"env",          "print the environment for clients",                   cmd_env         },
    {"trust",        "show or install the CA for localhost names",          cmd_trust       },
    {"clock",        "read or move the simulated clock",                    cmd_clock       },
    {"tenant",       "add a tenant",                                        cmd_tenant      },
    {"subscription", "add a subscription",                                  cmd_subscription},
    {"principal",    "add a service principal or a user",                   cmd_principal   },
    {"identity",     "attach an identity to the managed identity endpoint", cmd_identity    },
    {"audit",        "print the audit log",                                 cmd_audit       },
};

static void usage(FILE *out)
{
    (void) fputs(
        "Usage: kvsim COMMAND [OPTION...]\n\nA local stand-in for Azure Key Vault and AI-services "
        "customer-managed keys.\n\nCommands:\n",
        out);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        (void) fprintf(out, "  %-14s%s\n", commands[i].name, commands[i].summary);
    }
    (void) fputs("\nkvsim COMMAND --help explains a command. kvsim --version prints the version.\n",
                 out);
}

int main(int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0 ||
                     strcmp(argv[1], "help") == 0)) {
        usage(stdout);
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        (void) puts("kvsim " KVSIM_VERSION);
        return 0;
    }
    for (size_t i = 0; argc > 1 && i < ARRAY_LEN(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    if (argc > 1) {
        (void) fprintf(stderr, "kvsim: unknown command '%s'\n\n", argv[1]);
    }
    usage(stderr);
    return 2;
}
