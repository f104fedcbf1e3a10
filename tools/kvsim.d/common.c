/* SPDX-License-Identifier: MIT */
/* State directory, endpoints file, control calls. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fsutil.h"
#include "common/http_client.h"
#include "tools/kvsim.d/kvsim.h"

void die(const char *fmt, ...)
{
    va_list ap;

    (void) fputs("kvsim: ", stderr);
    va_start(ap, fmt);
    (void) vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void) fputc('\n', stderr);
    exit(1);
}

void die_usage(const char *fmt, ...)
{
    va_list ap;

    (void) fputs("kvsim: ", stderr);
    va_start(ap, fmt);
    (void) vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void) fputc('\n', stderr);
    exit(2);
}

void die_error(const struct az_error *err)
{
    die("%s", err->detail[0] ? err->detail : err->message);
}

const char *state_dir(const char *given)
{
    static char path[4096];
    const char *env = getenv("KVSIM_STATE");
    const char *xdg = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");

    if (given && !*given) {
        die_usage("--state needs a directory, not ''; see kvsim COMMAND --help");
    }
    if (given || (env && *env)) {
        const char *dir = given ? given : env;
        char cwd[2048];

        /* Programs that are told this path may run elsewhere. */
        if (dir[0] == '/' || !getcwd(cwd, sizeof(cwd))) {
            (void) snprintf(path, sizeof(path), "%s", dir);
        } else {
            (void) snprintf(path, sizeof(path), "%s/%s", cwd, dir);
        }
    } else if (xdg && *xdg) {
        (void) snprintf(path, sizeof(path), "%s/kvsim", xdg);
    } else if (home && *home) {
        (void) snprintf(path, sizeof(path), "%s/.local/state/kvsim", home);
    } else {
        die("no home directory: name the state directory with --state");
    }
    return path;
}

/* build/tools/kvsim -> build/vault/vaultd; PREFIX/bin/kvsim -> PREFIX/bin/vaultd */
void program_path(const char *daemon, char path[4200])
{
    char top[4096];
    ssize_t n = readlink("/proc/self/exe", top, sizeof(top) - 1);

    if (n <= 0) {
        die("/proc is needed to find the daemons");
    }
    top[n] = '\0';
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(top, '/');

        if (slash) {
            *slash = '\0';
        }
    }
    (void) snprintf(path, 4200, "%s/%s/%s", top,
                    strcmp(daemon, "vaultd") == 0 ? "vault" : "provider", daemon);
    if (access(path, X_OK) < 0) {
        (void) snprintf(path, 4200, "%s/bin/%s", top, daemon);
    }
}

json_t *endpoints_load(const char *dir)
{
    CLEANUP(buf_done) struct buf text = {0};
    char path[4200];

    (void) snprintf(path, sizeof(path), "%s/endpoints.json", dir);
    return file_read(path, LIMIT_SMALL_FILE, &text) ? json_loadb(text.data, text.len, 0, NULL)
                                                    : NULL;
}

const char *endpoint(const json_t *e, const char *name)
{
    const char *s = json_string_value(json_object_get(e, name));

    return s ? s : "";
}

/* A process of that name that is not dead but for the waiting; the number may have been given to
 * another since. */
static bool lives(pid_t pid, const char *name)
{
    CLEANUP(buf_done) struct buf text = {0};
    char path[64];
    char start[64];
    size_t len;

    (void) snprintf(path, sizeof(path), "/proc/%ld/stat", (long) pid);
    if (!file_read(path, 4096, &text) || text.len == 0) {
        return false;
    }
    len = (size_t) snprintf(start, sizeof(start), "%ld (%s) ", (long) pid, name);
    return text.len > len && strncmp(text.data, start, len) == 0 && text.data[len] != 'Z' &&
           text.data[len] != 'X';
}

pid_t endpoints_pid(const json_t *e, const char *daemon)
{
    pid_t pid = (pid_t) json_integer_value(json_object_get(json_object_get(e, "pids"), daemon));

    return pid > 0 && lives(pid, daemon) ? pid : 0;
}

json_t *endpoints_need(const char *dir)
{
    json_t *e = endpoints_load(dir);

    if (!e || !endpoints_pid(e, "providerd")) {
        die("nothing runs with the state directory %s. Start it with: kvsim up --state %s", dir,
            dir);
    }
    return e;
}

/* Dies unless the answer is good. */
static void fetch(const json_t *e, const char *method, const char *path, const json_t *body,
                  struct http_client_answer *ret)
{
    CLEANUP(buf_done) struct buf token = {0};
    CLEANUP(buf_done) struct buf text = {0};
    struct http_client_options opt = {.ca_file = endpoint(e, "ca")};
    struct http_client *http = NULL;
    struct az_error err;
    const char *base = endpoint(e, "management_url");
    const char *colon = strrchr(base, ':');
    char url[512];

    if (!file_read(endpoint(e, "control_token_file"), 64, &token)) {
        die("%s can't be read", endpoint(e, "control_token_file"));
    }
    const struct http_client_header headers[] = {
        {"x-kvsim-control", token.data        },
        {"Content-Type",    "application/json"}
    };

    if (body) {
        json_write(&text, body);
    }
    opt.connect_port = colon ? (uint16_t) strtoul(colon + 1, NULL, 10) : 0;
    (void) snprintf(url, sizeof(url), "%s%s", base, path);
    if (!http_client_new(&opt, &http, &err) ||
        !http_client_call(http, method, url, headers, ARRAY_LEN(headers),
                          (struct str_view){text.data, text.len}, ret, &err)) {
        die_error(&err);
    }
    if (ret->status >= 400) {
        AUTO_JSON *doc = json_loadb(ret->body.data ? ret->body.data : "", ret->body.len, 0, NULL);
        const char *message =
            json_string_value(json_object_get(json_object_get(doc, "error"), "message"));

        die("%s", message ? message : "the daemon refused");
    }
    http_client_free(http);
}

json_t *control_call(const char *dir, const json_t *e, const char *method, const char *path,
                     const json_t *body)
{
    struct http_client_answer a = {0};
    json_t *doc;

    (void) dir;
    fetch(e, method, path, body, &a);
    doc = a.body.len > 0 ? json_loadb(a.body.data, a.body.len, 0, NULL) : NULL;
    http_client_answer_done(&a);
    return doc;
}

void control_print(const json_t *e, const char *path)
{
    struct http_client_answer a = {0};

    fetch(e, "GET", path, NULL, &a);
    (void) fwrite(a.body.data ? a.body.data : "", 1, a.body.len, stdout);
    http_client_answer_done(&a);
}
