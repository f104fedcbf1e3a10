/* SPDX-License-Identifier: MIT */
/* kvsim audit: reads the audit logs' files, so it works while the daemons run and after. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/audit_query.h"
#include "tools/kvsim.d/kvsim.h"

#define FOLLOW_NS 100000000

struct options {
    const char *state, *daemon, *format;
    const char *operation, *vault, *result, *status, *oid, *appid, *correlation, *since, *until;
    const char *limit;
    bool follow;
};

static void parse(struct options *o, int argc, char **argv)
{
    const struct cli_option options[] = {
        STATE_OPTION(&o->state),
        CLI_OPT_CHOICE("daemon", 0, "NAME", &o->daemon, "vaultd|providerd",
                       "vaultd (default) or providerd"),
        CLI_OPT_FLAG("follow", 'f', &o->follow, "Go on with each new record, until interrupted"),
        CLI_OPT_CHOICE(
            "format", 0, "FORMAT", &o->format, "json|text",
            "json (default): the AuditEvent records, one a line; text: the main columns"),
        CLI_OPT_STRING("operation", 0, "NAME", &o->operation,
                       "Only this operation, such as KeyUnwrap"),
        CLI_OPT_STRING("vault", 0, "NAME", &o->vault, "Only this vault"),
        CLI_OPT_STRING("status", 0, "CODE", &o->status, "Only this HTTP status: 403, or 4xx"),
        CLI_OPT_STRING("result-type", 0, "TEXT", &o->result, "Only this resultType"),
        CLI_OPT_STRING("oid", 0, "GUID", &o->oid, "Only this caller's object id"),
        CLI_OPT_STRING("appid", 0, "GUID", &o->appid, "Only this caller's application id"),
        CLI_OPT_STRING("correlation-id", 0, "ID", &o->correlation,
                       "Only this x-ms-client-request-id"),
        CLI_OPT_STRING("since", 0, "TIME", &o->since,
                       "Not before this UTC time, such as 2027-01-31T12:00:00Z"),
        CLI_OPT_STRING("until", 0, "TIME", &o->until, "Before this UTC time"),
        CLI_OPT_STRING("limit", 'n', "N", &o->limit,
                       "The newest N that match (default: 1000, at most 10000)"),
    };
    const struct cli cli = {.program = "kvsim audit",
                            .summary = "Print the audit log: one AuditEvent record a line.",
                            .epilog = "Times are the simulated clock's. The log never holds key "
                                      "material or tokens.",
                            .options = options,
                            .n_options = ARRAY_LEN(options)};

    (void) cli_parse(&cli, argc, argv, NULL);
}

static struct audit_filter take_filter(const struct options *o)
{
    const struct {
        const char *name, *value;
    } given[] = {
        {"operation",     o->operation  },
        {"vault",         o->vault      },
        {"resultType",    o->result     },
        {"status",        o->status     },
        {"oid",           o->oid        },
        {"appid",         o->appid      },
        {"correlationId", o->correlation},
        {"since",         o->since      },
        {"until",         o->until      },
        {"limit",         o->limit      },
    };
    struct audit_filter f = {0};
    struct az_error err;

    for (size_t i = 0; i < ARRAY_LEN(given); i++) {
        if (given[i].value && !audit_filter_set(&f, given[i].name, given[i].value, &err)) {
            die_usage("%s", err.message);
        }
    }
    return f;
}

static const char *text_at(const json_t *at, const char *name)
{
    const char *text = json_string_value(json_object_get(at, name));

    return text && *text ? text : "-";
}

/* time, status, operation, who, what; a refusal's text behind. */
static void print_text(const char *line)
{
    AUTO_JSON *r = json_loads(line, 0, NULL);
    const json_t *p = json_object_get(r, "properties");
    const json_t *claim = json_object_get(json_object_get(r, "identity"), "claim");
    const char *id = text_at(p, "id");
    const char *why = text_at(r, "resultDescription");

    (void) printf("%.19sZ  %3d  %-22s  %-36s  %s%s%.*s\n", text_at(r, "time"),
                  (int) json_integer_value(json_object_get(p, "httpStatusCode")),
                  text_at(r, "operationName"), text_at(claim, "appid"),
                  strcmp(id, "-") == 0 ? text_at(p, "requestUri") : id,
                  strcmp(why, "-") == 0 ? "" : "  ",
                  strcmp(why, "-") == 0 ? 0 : (int) strcspn(why, "\r\n"), why);
}

static void print_record(const struct options *o, const char *line)
{
    if (o->format && strcmp(o->format, "text") == 0) {
        print_text(line);
    } else {
        (void) puts(line);
    }
}

static void print_backlog(const struct options *o, struct audit_reader *reader)
{
    CLEANUP(buf_done) struct buf all = {0};
    char *save = NULL;

    if (!audit_reader_backlog(reader, "\n", &all)) {
        die("out of memory");
    }
    buf_add(&all, "", 1);
    for (char *line = buf_ok(&all) ? strtok_r(all.data, "\n", &save) : NULL; line;
         line = strtok_r(NULL, "\n", &save)) {
        print_record(o, line);
    }
}

static void follow(const struct options *o, struct audit_reader *reader)
{
    const struct timespec pause = {0, FOLLOW_NS};

    while (o->follow && !ferror(stdout)) {
        const char *line = audit_reader_next(reader);

        if (line) {
            print_record(o, line);
        } else if (fflush(stdout) == 0) {
            (void) nanosleep(&pause, NULL);
        }
    }
}

int cmd_audit(int argc, char **argv)
{
    struct options o = {.daemon = "vaultd"};
    struct audit_filter filter;
    struct audit_reader *reader;
    char path[4200];

    parse(&o, argc, argv);
    filter = take_filter(&o);
    (void) snprintf(path, sizeof(path), "%s/audit/%s.jsonl", state_dir(o.state), o.daemon);
    if (access(path, R_OK) < 0) {
        die("%s: %s. It is written while kvsim is up; start it with: kvsim up --state %s", path,
            strerror(errno), state_dir(o.state));
    }
    reader = audit_reader_new(path, &filter);
    if (reader) {
        print_backlog(&o, reader);
        follow(&o, reader);
    } else {
        die("out of memory");
    }
    audit_reader_free(reader);
    return ferror(stdout) ? 1 : 0;
}
