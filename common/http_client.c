/* SPDX-License-Identifier: MIT */
/*
 * HTTPS out, over libcurl. The library is loaded when the first call needs it; proxies of the
 * environment are not used: every call of ours goes to loopback.
 */
#include "common/http_client.h"

#include <ctype.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define POOL_MAX 16

/* curl.h wraps these in type-checking macros; we call through pointers. */
#undef curl_easy_setopt
#undef curl_easy_getinfo

static struct {
    CURL *(*easy_init)(void);
    void (*easy_cleanup)(CURL *);
    void (*easy_reset)(CURL *);
    CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
    CURLcode (*easy_perform)(CURL *);
    CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
    const char *(*easy_strerror)(CURLcode);
    struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
    void (*slist_free_all)(struct curl_slist *);
    CURLcode (*global_init)(long);
    bool ok;
} lib;
static pthread_once_t lib_once = PTHREAD_ONCE_INIT;

static void load(void)
{
    void *so = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    const struct {
        const char *name;
        void *slot;
    } symbols[] = {
        {"curl_easy_init",      &lib.easy_init     },
        {"curl_easy_cleanup",   &lib.easy_cleanup  },
        {"curl_easy_reset",     &lib.easy_reset    },
        {"curl_easy_setopt",    &lib.easy_setopt   },
        {"curl_easy_perform",   &lib.easy_perform  },
        {"curl_easy_getinfo",   &lib.easy_getinfo  },
        {"curl_easy_strerror",  &lib.easy_strerror },
        {"curl_slist_append",   &lib.slist_append  },
        {"curl_slist_free_all", &lib.slist_free_all},
        {"curl_global_init",    &lib.global_init   },
    };

    for (size_t i = 0; so && i < ARRAY_LEN(symbols); i++) {
        void *f = dlsym(so, symbols[i].name);

        if (!f) {
            return;
        }
        memcpy(symbols[i].slot, &f, sizeof(f));
    }
    lib.ok = so && lib.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

struct http_client {
    char ca_file[4096];
    uint16_t connect_port;
    int64_t timeout_ms;
    pthread_mutex_t lock;
    CURL *idle[POOL_MAX]; /* each keeps its connections alive */
    size_t n_idle;
};

bool http_client_new(const struct http_client_options *opt, struct http_client **ret,
                     struct az_error *reterr)
{
    struct http_client *c = calloc(1, sizeof(*c));

    if (!c) {
        return az_fail_internal(reterr, "out of memory");
    }
    (void) snprintf(c->ca_file, sizeof(c->ca_file), "%s", opt->ca_file ? opt->ca_file : "");
    c->connect_port = opt->connect_port;
    c->timeout_ms = opt->timeout_ms > 0 ? opt->timeout_ms : 30000;
    (void) pthread_mutex_init(&c->lock, NULL);
    *ret = c;
    return true;
}

void http_client_free(struct http_client *c)
{
    if (c) {
        for (size_t i = 0; i < c->n_idle; i++) {
            lib.easy_cleanup(c->idle[i]);
        }
        (void) pthread_mutex_destroy(&c->lock);
        free(c);
    }
}

void http_client_answer_done(struct http_client_answer *a)
{
    for (size_t i = 0; i < a->n_headers; i++) {
        free(a->headers[i].name);
        free(a->headers[i].value);
    }
    buf_done(&a->body);
    *a = (struct http_client_answer){0};
}

const char *http_client_answer_header(const struct http_client_answer *a, const char *name)
{
    for (size_t i = 0; i < a->n_headers; i++) {
        if (strcasecmp(a->headers[i].name, name) == 0) {
            return a->headers[i].value;
        }
    }
    return NULL;
}

static CURL *take_handle(struct http_client *c)
{
    CURL *h = NULL;

    (void) pthread_once(&lib_once, load);
    (void) pthread_mutex_lock(&c->lock);
    if (c->n_idle > 0) {
        h = c->idle[--c->n_idle];
    }
    (void) pthread_mutex_unlock(&c->lock);
    return h ? h : lib.ok ? lib.easy_init() : NULL;
}

static void give_handle(struct http_client *c, CURL *h)
{
    lib.easy_reset(h); /* options go, connections stay */
    (void) pthread_mutex_lock(&c->lock);
    if (c->n_idle < POOL_MAX) {
        c->idle[c->n_idle++] = h;
        h = NULL;
    }
    (void) pthread_mutex_unlock(&c->lock);
    if (h) {
        lib.easy_cleanup(h);
    }
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct http_client_answer *a = arg;

    buf_add(&a->body, data, size * n);
    return buf_ok(&a->body) ? size * n : 0;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
    struct http_client_answer *a = arg;
    size_t len = size * n;
    const char *colon = memchr(data, ':', len);
    const char *value;
    size_t value_len;

    if (!colon || a->n_headers == ARRAY_LEN(a->headers)) {
        return len;
    }
    value = colon + 1;
    value_len = len - (size_t) (value - data);
    while (value_len > 0 && isspace((unsigned char) *value)) {
        value++;
        value_len--;
    }
    while (value_len > 0 && isspace((unsigned char) value[value_len - 1])) {
        value_len--;
    }
    a->headers[a->n_headers].name = sv_dup((struct str_view){data, (size_t) (colon - data)});
    a->headers[a->n_headers].value = sv_dup((struct str_view){value, value_len});
    if (!a->headers[a->n_headers].name || !a->headers[a->n_headers].value) {
        return 0;
    }
    a->n_headers++;
    return len;
}

static struct curl_slist *header_list(const struct http_client_header *headers, size_t n)
{
    struct curl_slist *list = lib.slist_append(NULL, "Expect:");

    for (size_t i = 0; list && i < n; i++) {
        char *line = NULL;

        if (asprintf(&line, "%s: %s", headers[i].name, headers[i].value) < 0) {
            break;
        }
        list = lib.slist_append(list, line);
        free(line);
    }
    return list;
}

static void set_options(const struct http_client *c, CURL *h, const char *method, const char *url,
                        struct str_view body, struct http_client_answer *a)
{
    (void) lib.easy_setopt(h, CURLOPT_URL, url);
    (void) lib.easy_setopt(h, CURLOPT_CUSTOMREQUEST, method);
    (void) lib.easy_setopt(h, CURLOPT_PROXY, "");
    (void) lib.easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    (void) lib.easy_setopt(h, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
    (void) lib.easy_setopt(h, CURLOPT_TIMEOUT_MS, (long) c->timeout_ms);
    (void) lib.easy_setopt(h, CURLOPT_PATH_AS_IS, 1L); /* empty segments mean something */
    (void) lib.easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
    (void) lib.easy_setopt(h, CURLOPT_WRITEDATA, a);
    (void) lib.easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header);
    (void) lib.easy_setopt(h, CURLOPT_HEADERDATA, a);
    if (c->ca_file[0]) {
        (void) lib.easy_setopt(h, CURLOPT_CAINFO, c->ca_file);
        (void) lib.easy_setopt(h, CURLOPT_CAPATH, NULL);
    }
    if (strcmp(method, "HEAD") == 0) {
        (void) lib.easy_setopt(h, CURLOPT_NOBODY, 1L);
    } else if (body.len > 0 || strcmp(method, "GET") != 0) {
        (void) lib.easy_setopt(h, CURLOPT_POSTFIELDS, body.len > 0 ? body.ptr : "");
        (void) lib.easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) body.len);
    }
}

bool http_client_call(struct http_client *c, const char *method, const char *url,
                      const struct http_client_header *headers, size_t n_headers,
                      struct str_view body, struct http_client_answer *ret, struct az_error *reterr)
{
    CURL *h = take_handle(c);
    struct http_client_answer a = {0};
    struct curl_slist *list;
    struct curl_slist *to = NULL;
    char connect_to[64];
    long status = 0;
    CURLcode rc;

    if (!h) {
        return az_fail_internal(reterr, "libcurl.so.4 can't be loaded: install libcurl4");
    }
    set_options(c, h, method, url, body, &a);
    list = header_list(headers, n_headers);
    (void) lib.easy_setopt(h, CURLOPT_HTTPHEADER, list);
    if (c->connect_port != 0) {
        (void) snprintf(connect_to, sizeof(connect_to), "::127.0.0.1:%u",
                        (unsigned) c->connect_port);
        to = lib.slist_append(NULL, connect_to);
        (void) lib.easy_setopt(h, CURLOPT_CONNECT_TO, to);
    }
    rc = lib.easy_perform(h);
    (void) lib.easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
    give_handle(c, h);
    lib.slist_free_all(list);
    lib.slist_free_all(to);
    if (rc != CURLE_OK) {
        http_client_answer_done(&a);
        (void) az_fail(reterr, AZ_ERR_SERVICE_UNAVAILABLE, "The service could not be reached.");
        (void) snprintf(reterr->detail, sizeof(reterr->detail), "%s %.150s: %s", method, url,
                        lib.easy_strerror(rc));
        return false;
    }
    a.status = (int) status;
    *ret = a;
    return true;
}
