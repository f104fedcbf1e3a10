/* SPDX-License-Identifier: MIT */
/*
 * kvsim rules: the table of documented rules, and which of them were exercised. The table comes
 * from the running providerd, or from `providerd --print-rules` where none runs; coverage from the
 * running one, or from the lines that stopped ones have left (rules-coverage.json).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fsutil.h"
#include "tools/kvsim.d/kvsim.h"

struct options {
    const char *state;
    const char *format;
    const char *from[8];
    const char *pending;
    uint64_t fail_under;
};

static bool as_json(const struct options *o)
{
    return o->format && strcmp(o->format, "json") == 0;
}

static void print_json(const json_t *doc)
{
    (void) json_dumpf(doc, stdout, JSON_INDENT(2));
    (void) putchar('\n');
}

static json_t *table_of_program(void)
{
    char path[4200];
    int ends[2];
    int status = 1;
    FILE *in;
    pid_t pid;

    program_path("providerd", path);
    if (pipe2(ends, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
        die("%s can't be started: %s", path, strerror(errno));
    }
    if (pid == 0) {
        (void) dup2(ends[1], STDOUT_FILENO);
        (void) execl(path, path, "--print-rules", "json", (char *) NULL);
        _exit(127);
    }
    (void) close(ends[1]);
    in = fdopen(ends[0], "r");
    AUTO_JSON *doc = in ? json_loadf(in, 0, NULL) : NULL;

    if (in) {
        (void) fclose(in);
    }
    if (waitpid(pid, &status, 0) != pid || status != 0 || !doc) {
        die("%s --print-rules has failed", path);
    }
    return take_ptr(doc);
}

/* {"rules": [...]}, with counters when a daemon runs. */
static json_t *table(const struct options *o, bool need_counters)
{
    const char *dir = state_dir(o->state);
    AUTO_JSON *e = need_counters ? endpoints_need(dir) : endpoints_load(dir);

    return e && endpoints_pid(e, "providerd") ? control_call(dir, e, "GET", "/_sim/rules", NULL)
                                              : table_of_program();
}

static int list(const struct options *o)
{
    AUTO_JSON *doc = table(o, false);
    json_t *r;
    size_t i;

    if (as_json(o)) {
        print_json(doc);
        return 0;
    }
    json_array_foreach(json_object_get(doc, "rules"), i, r)
    {
        (void) printf("%s  %-26s %-10s %s\n", json_text(r, "section"), json_text(r, "id"),
                      json_text(r, "effect"), json_text(r, "text"));
    }
    return 0;
}

static const json_t *find(const json_t *doc, const char *id)
{
    json_t *r;
    size_t i;

    json_array_foreach(json_object_get(doc, "rules"), i, r)
    {
        if (strcmp(json_text(r, "id"), id) == 0) {
            return r;
        }
    }
    die("there is no rule '%s'; see kvsim rules list", id);
}

static int show(const struct options *o, const char *id)
{
    AUTO_JSON *doc = table(o, false);
    const json_t *r = find(doc, id);
    static const struct {
        const char *label, *member;
    } lines[] = {
        {"basis",  "basis"     },
        {"kinds",  "kinds"     },
        {"effect", "effect"    },
        {"obeyed", "whenObeyed"},
        {"broken", "whenBroken"}
    };

    if (as_json(o)) {
        print_json(r);
        return 0;
    }
    (void) printf("%s\n%s\n", id, json_text(r, "text"));
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        (void) printf("  %-7s %s\n", lines[i].label, json_text(r, lines[i].member));
    }
    if (json_object_get(r, "obeyed")) {
        (void) printf("  so far  obeyed %lld, broken %lld\n",
                      (long long) json_integer_value(json_object_get(r, "obeyed")),
                      (long long) json_integer_value(json_object_get(r, "broken")));
    }
    return 0;
}

static void add(json_t *sum, const char *id, const json_t *counts)
{
    static const char *const names[] = {"obeyed", "broken"};
    json_t *mine = json_object_get(sum, id);

    if (!mine) {
        mine = json_pack("{s:i,s:i,s:b}", "obeyed", 0, "broken", 0, "exempt",
                         json_is_true(json_object_get(counts, "exempt")));
        (void) json_object_set_new(sum, id, mine);
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        (void) json_object_set_new(
            mine, names[i],
            json_integer(json_integer_value(json_object_get(mine, names[i])) +
                         json_integer_value(json_object_get(counts, names[i]))));
    }
}

static void add_file(json_t *sum, const char *path)
{
    CLEANUP(buf_done) struct buf text = {0};
    const char *p;

    if (!file_read(path, LIMIT_SMALL_FILE * 16, &text)) {
        die("%s: %s", path, strerror(errno));
    }
    for (p = text.len > 0 ? text.data : ""; *p; p += strcspn(p, "\n"), p += *p == '\n') {
        AUTO_JSON *line = json_loadb(p, strcspn(p, "\n"), 0, NULL);
        const char *id;
        json_t *counts;

        if (!line) {
            die("%s is no rules-coverage.json", path);
        }
        json_object_foreach(json_object_get(line, "rules"), id, counts)
        {
            add(sum, id, counts);
        }
    }
}

static void add_path(json_t *sum, const char *path)
{
    struct stat st;
    char name[4300];
    DIR *dir;

    if (stat(path, &st) < 0) {
        die("%s: %s", path, strerror(errno));
    }
    if (!S_ISDIR(st.st_mode)) {
        add_file(sum, path);
        return;
    }
    dir = opendir(path);
    if (!dir) {
        die("%s: %s", path, strerror(errno));
    }
    for (const struct dirent *d = readdir(dir); d; d = readdir(dir)) {
        const char *dot = strrchr(d->d_name, '.');

        if (dot && strcmp(dot, ".json") == 0) {
            (void) snprintf(name, sizeof(name), "%s/%s", path, d->d_name);
            add_file(sum, name);
        }
    }
    (void) closedir(dir);
}

static json_t *sum_of(const struct options *o)
{
    json_t *sum = json_object();

    for (size_t i = 0; o->from[i]; i++) {
        add_path(sum, o->from[i]);
    }
    if (!o->from[0]) {
        AUTO_JSON *doc = table(o, true);
        json_t *r;
        size_t i;

        json_array_foreach(json_object_get(doc, "rules"), i, r)
        {
            add(sum, json_text(r, "id"), r);
        }
    }
    return sum;
}

/* A line an id; # begins a comment. NULL: no list. */
static json_t *pending_of(const struct options *o)
{
    CLEANUP(buf_done) struct buf text = {0};
    json_t *set = json_object();
    char none[] = "";
    char *rest;

    if (!o->pending) {
        return set;
    }
    if (!file_read(o->pending, LIMIT_SMALL_FILE, &text)) {
        die("%s: %s", o->pending, strerror(errno));
    }
    for (char *line = strtok_r(text.len > 0 ? text.data : none, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        line[strcspn(line, "# \t")] = '\0';
        if (line[0]) {
            (void) json_object_set_new(set, line, json_true());
        }
    }
    return set;
}

struct tally {
    unsigned covered, counted, unexpected;
};

static bool is_positive(const json_t *counts, const char *name)
{
    return json_integer_value(json_object_get(counts, name)) > 0;
}

/* One rule; says what is wrong with it. */
static void judge(struct tally *t, const char *id, const json_t *counts, const json_t *pending,
                  bool quiet)
{
    bool waits = json_object_get(pending, id) != NULL;
    bool obeyed = is_positive(counts, "obeyed");
    bool broken = is_positive(counts, "broken");
    bool covered = obeyed && broken;

    if (json_is_true(json_object_get(counts, "exempt"))) {
        return;
    }
    t->counted++;
    t->covered += covered ? 1 : 0;
    t->unexpected += !covered && !waits ? 1 : 0;
    if (quiet || (covered && !waits)) {
        return;
    }
    (void) printf("%-26s %s\n", id,
                  covered  ? "is covered: take it off the list of pending rules"
                  : obeyed ? (waits ? "never broken (pending)" : "never broken")
                  : broken ? (waits ? "never obeyed (pending)" : "never obeyed")
                           : (waits ? "never exercised (pending)" : "never exercised"));
}

static int coverage(const struct options *o)
{
    AUTO_JSON *sum = sum_of(o);
    AUTO_JSON *pending = pending_of(o);
    struct tally t = {0};
    const char *id;
    json_t *counts;
    unsigned percent;

    json_object_foreach(sum, id, counts)
    {
        judge(&t, id, counts, pending, as_json(o));
    }
    json_object_foreach(pending, id, counts)
    {
        if (!json_object_get(sum, id)) {
            die("%s: there is no rule '%s'", o->pending, id);
        }
    }
    percent = t.counted > 0 ? t.covered * 100 / t.counted : 0;
    if (as_json(o)) {
        AUTO_JSON *doc = json_pack("{s:i,s:i,s:i,s:O}", "covered", (int) t.covered, "counted",
                                   (int) t.counted, "percent", (int) percent, "rules", sum);

        print_json(doc);
    } else {
        (void) printf("%u of %u rules both obeyed and broken (%u %%)\n", t.covered, t.counted,
                      percent);
    }
    return percent < o->fail_under || (o->pending && t.unexpected > 0) ? 1 : 0;
}

static int note(const struct options *o, const char *id, const char *verdict)
{
    const char *dir = state_dir(o->state);
    AUTO_JSON *e = endpoints_need(dir);
    AUTO_JSON *body = json_pack("{s:s}", "verdict", verdict);
    char path[256];

    (void) snprintf(path, sizeof(path), "/_sim/rules/%.64s", id);
    AUTO_JSON *answer = control_call(dir, e, "POST", path, body);

    return answer ? 0 : 1;
}

int cmd_rules(int argc, char **argv)
{
    struct options o = {0};
    const char *args[3] = {"list", NULL, NULL};
    const struct cli_option options[] = {
        STATE_OPTION(&o.state),
        CLI_OPT_CHOICE("format", 0, "FORMAT", &o.format, "text|json", "text (default) or json"),
        CLI_OPT_STRINGS("from", 0, "PATH", o.from,
                        "coverage: add up these files, or the files of this folder"),
        CLI_OPT_UINT("fail-under", 0, "N", &o.fail_under, 100,
                     "coverage: exit with 1 under N percent"),
        CLI_OPT_STRING(
            "pending", 0, "FILE", &o.pending,
            "coverage: rules that may still be missing, one a line; exit with 1 if another one is missing"),
    };
    const struct cli cli = {
        .program = "kvsim rules",
        .summary = "Show the documented rules, and which of them have been exercised.",
        .args_doc = "[list | show ID | coverage | note ID obeyed|broken]",
        .epilog =
            "A rule is covered when it was both obeyed and broken. Each stop of the daemons adds a line "
            "to rules-coverage.json in the state directory and, if KVSIM_RULES_COVERAGE names a folder, "
            "a file there. note: for the few rules whose effect the daemons can't see.",
        .options = options,
        .n_options = ARRAY_LEN(options),
        .max_args = 3};
    size_t n = cli_parse(&cli, argc, argv, args);

    if (strcmp(args[0], "list") == 0 && n <= 1) {
        return list(&o);
    }
    if (strcmp(args[0], "show") == 0 && n == 2) {
        return show(&o, args[1]);
    }
    if (strcmp(args[0], "coverage") == 0 && n == 1) {
        return coverage(&o);
    }
    if (strcmp(args[0], "note") == 0 && n == 3) {
        return note(&o, args[1], args[2]);
    }
    (void) fputs(
        "kvsim rules takes list, show ID, coverage or note ID obeyed|broken; see kvsim rules "
        "--help\n",
        stderr);
    return 2;
}
