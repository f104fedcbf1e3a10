/* SPDX-License-Identifier: MIT */
/* kvsim directory move: a subscription, a group or a resource goes to another directory. */
#include <string.h>

#include "tools/kvsim.d/kvsim.h"

struct options {
    const char *state, *subscription, *group, *resource, *to_tenant, *owner;
};

static void parse(struct options *o, int argc, char **argv)
{
    const char *args[1] = {NULL};
    const struct cli_option options[] = {
        STATE_OPTION(&o->state),
        CLI_OPT_STRING("to-tenant", 0, "GUID", &o->to_tenant,
                       "The directory it goes to (kvsim tenant add)"),
        CLI_OPT_STRING("subscription", 0, "GUID", &o->subscription,
                       "This subscription; with --group: the group's (default: the operator's)"),
        CLI_OPT_STRING("owner", 0, "ID", &o->owner,
                       "A principal of the new directory that owns the moved subscription"),
        CLI_OPT_STRING("group", 0, "NAME", &o->group, "The accounts of this resource group"),
        CLI_OPT_STRING("resource", 0, "ID", &o->resource, "This account or vault"),
    };
    const struct cli cli = {
        .program = "kvsim directory",
        .summary =
            "Move resources to another directory. Identities are left behind; customer-managed keys stop.",
        .args_doc =
            "move --to-tenant GUID (--subscription GUID --owner ID | --group NAME | --resource ID)",
        .epilog =
            "Vaults keep their tenantId when a subscription or group is moved. A vault that is named by --resource gets the "
            "new one and loses its access policies. Moving back makes the left identities work again.",
        .options = options,
        .n_options = ARRAY_LEN(options),
        .min_args = 1,
        .max_args = 1};

    (void) cli_parse(&cli, argc, argv, args);
    if (strcmp(args[0], "move") != 0 || !o->to_tenant) {
        die_usage(
            "the command is 'kvsim directory move --to-tenant GUID'; see kvsim directory --help");
    }
    if (o->resource ? o->group || o->subscription : !o->group && !o->subscription) {
        die_usage("name one of --subscription, --group and --resource; see kvsim directory --help");
    }
}

int cmd_directory(int argc, char **argv)
{
    struct options o = {0};
    const char *dir;
    char id[512];

    parse(&o, argc, argv);
    dir = state_dir(o.state);
    AUTO_JSON *e = endpoints_need(dir);

    (void) snprintf(id, sizeof(id), "/subscriptions/%s%s%s",
                    o.subscription ? o.subscription : endpoint(e, "subscription"),
                    o.group ? "/resourceGroups/" : "", o.group ? o.group : "");
    AUTO_JSON *body = json_pack("{s:s,s:s,s:s*}", "resource", o.resource ? o.resource : id,
                                "toTenant", o.to_tenant, "owner", o.owner);
    AUTO_JSON *answer = control_call(dir, e, "POST", "/_sim/directory/move", body);

    (void) printf("Moved to the directory %s: %s\n", endpoint(answer, "tenant"),
                  endpoint(answer, "resource"));
    return 0;
}
