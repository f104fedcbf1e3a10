/* SPDX-License-Identifier: MIT */
/* kvsim portal encryption, kvsim approval: what a person does in the portal and in the form. */
#include <string.h>

#include "tools/kvsim.d/kvsim.h"

struct portal_options {
    const char *state, *subscription, *uri, *vault, *key, *version;
    bool disable;
    const char *args[2];
};

static void parse_portal(struct portal_options *o, int argc, char **argv)
{
    const struct cli_option options[] = {
        STATE_OPTION(&o->state),
        CLI_OPT_STRING("subscription", 0, "GUID", &o->subscription,
                       "The key vault's subscription (default: the operator's)"),
        CLI_OPT_STRING("key-uri", 0, "URI", &o->uri,
                       "The key's identifier, as copied from the vault"),
        CLI_OPT_STRING("vault", 0, "NAME", &o->vault, "The vault to select from"),
        CLI_OPT_STRING("key", 0, "NAME", &o->key, "With --vault: this key"),
        CLI_OPT_STRING("key-version", 0, "VERSION", &o->version,
                       "With --vault and --key: this version (default: the current one)"),
        CLI_OPT_FLAG("microsoft-managed", 0, &o->disable, "Go back to Microsoft-managed keys"),
    };
    const struct cli cli = {
        .program = "kvsim portal",
        .summary =
            "Save an account's encryption as the portal does: the identity is switched on and given access by itself.",
        .args_doc =
            "encryption ACCOUNT-ID (--key-uri URI | --vault NAME --key NAME | --microsoft-managed)",
        .epilog =
            "ACCOUNT-ID: /subscriptions/.../resourceGroups/.../providers/Microsoft.CognitiveServices/accounts/NAME",
        .options = options,
        .n_options = ARRAY_LEN(options),
        .min_args = 2,
        .max_args = 2};
    int ways;

    (void) cli_parse(&cli, argc, argv, o->args);
    ways = (o->uri != NULL) + (o->vault && o->key) + o->disable;
    if (strcmp(o->args[0], "encryption") != 0 || ways != 1) {
        die_usage(
            "say how: --key-uri, --vault and --key, or --microsoft-managed; see kvsim portal --help");
    }
}

/* "/subscriptions/S/resourceGroups/G/providers/NS/accounts/N" -> the control endpoint's path. */
static void portal_path(const char *id, char *out, size_t size)
{
    char sub[64];
    char group[96];
    char name[72];

    if (sscanf(id,
               "/subscriptions/%63[^/]/resourceGroups/%95[^/]/providers/%*[^/]/accounts/%71[^/]",
               sub, group, name) != 3) {
        die_usage("'%s' is not the id of an account; see kvsim portal --help", id);
    }
    (void) snprintf(out, size, "/_sim/portal/accounts/%s/%s/%s/encryption", sub, group, name);
}

int cmd_portal(int argc, char **argv)
{
    struct portal_options o = {0};
    char path[512];
    const char *dir;

    parse_portal(&o, argc, argv);
    portal_path(o.args[1], path, sizeof(path));
    dir = state_dir(o.state);
    AUTO_JSON *e = endpoints_need(dir);
    AUTO_JSON *body =
        json_pack("{s:s,s:s,s:s*,s:s*,s:s*,s:s*}", "keySource",
                  o.disable ? "Microsoft.CognitiveServices" : "Microsoft.KeyVault", "subscription",
                  o.subscription ? o.subscription : endpoint(e, "subscription"), "keyUri", o.uri,
                  "vault", o.vault, "key", o.key, "version", o.version);
    AUTO_JSON *answer = control_call(dir, e, "PUT", path, body);
    json_t *encryption = json_object_get(json_object_get(answer, "properties"), "encryption");

    (void) json_dumpf(encryption, stdout, JSON_INDENT(2));
    (void) putchar('\n');
    return 0;
}

struct approval_verb {
    const char *name, *method, *decision;
};

static const struct approval_verb *find_verb(const char *name)
{
    static const struct approval_verb verbs[] = {
        {"show",    "GET",   NULL     },
        {"submit",  "PUT",   NULL     },
        {"approve", "PATCH", "approve"},
        {"refuse",  "PATCH", "refuse" },
    };

    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

int cmd_approval(int argc, char **argv)
{
    const char *state = NULL;
    const char *subscription = NULL;
    const char *args[1] = {"show"};
    const struct cli_option options[] = {
        STATE_OPTION(&state),
        CLI_OPT_STRING("subscription", 0, "GUID", &subscription,
                       "Of this subscription (default: the operator's)"),
    };
    const struct cli cli = {
        .program = "kvsim approval",
        .summary =
            "The request form for OpenAI's customer-managed keys (kvsim up --approval form).",
        .args_doc = "[show | submit | approve | refuse]",
        .epilog =
            "The answer comes 3 to 5 business days after the request was submitted, on the simulated clock. "
            "Without a decision it is yes.",
        .options = options,
        .n_options = ARRAY_LEN(options),
        .max_args = 1};
    char path[128];
    const char *dir;
    const struct approval_verb *verb;

    (void) cli_parse(&cli, argc, argv, args);
    verb = find_verb(args[0]);
    if (!verb) {
        die_usage("approval takes show, submit, approve or refuse; see kvsim approval --help");
    }
    dir = state_dir(state);
    AUTO_JSON *e = endpoints_need(dir);

    (void) snprintf(path, sizeof(path), "/_sim/approvals/%.64s",
                    subscription ? subscription : endpoint(e, "subscription"));
    AUTO_JSON *body = verb->decision ? json_pack("{s:s}", "decision", verb->decision) : NULL;
    AUTO_JSON *answer = control_call(dir, e, verb->method, path, body);

    (void) printf("%s%s%s\n", endpoint(answer, "state"),
                  json_object_get(answer, "answerOn") ? ", answer on " : "",
                  json_object_get(answer, "answerOn") ? endpoint(answer, "answerOn") : "");
    return 0;
}
