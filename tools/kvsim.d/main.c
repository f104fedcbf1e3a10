/* SPDX-License-Identifier: MIT */
/* kvsim: the person's tool. One function a command; this file only chooses. */
#include "common/cli.h"
#include "tools/kvsim.d/kvsim.h"

int main(int argc, char **argv)
{
    static const struct cli_command commands[] = {
        {"up",           "Start the daemons",                                   cmd_up          },
        {"down",         "Stop them",                                           cmd_down        },
        {"reset",        "Remove the state of a stopped simulator",             cmd_reset       },
        {"status",       "Say whether they run, and where",                     cmd_status      },
        {"env",          "Print the environment for clients",                   cmd_env         },
        {"trust",        "Show or install the CA for localhost names",          cmd_trust       },
        {"clock",        "Read or move the simulated clock",                    cmd_clock       },
        {"tenant",       "Add a tenant",                                        cmd_tenant      },
        {"subscription", "Add a subscription",                                  cmd_subscription},
        {"principal",    "Add a service principal or a user",                   cmd_principal   },
        {"identity",     "Attach an identity to the managed identity endpoint", cmd_identity    },
        {"directory",    "Move resources to another directory",                 cmd_directory   },
        {"portal",       "Save an account's encryption as the portal does",     cmd_portal      },
        {"approval",     "Submit or decide the request form for CMK",           cmd_approval    },
        {"lockbox",      "Decide requests of engineers for customer data",      cmd_lockbox     },
        {"attest",       "Print an attestation token for key release",          cmd_attest      },
        {"audit",        "Print the audit log",                                 cmd_audit       },
        {"rules",        "Show the documented rules and their coverage",        cmd_rules       },
    };

    return cli_run_command(
        "kvsim", "A local stand-in for Azure Key Vault and AI-services customer-managed keys.",
        commands, ARRAY_LEN(commands), argc, argv);
}
