/* SPDX-License-Identifier: MIT */
/* kvsim env: what each client needs to find and trust us (clients.md section 12.2). */
#include <stdlib.h>
#include <string.h>

#include "common/control.h"
#include "common/fsutil.h"
#include "tools/kvsim.d/kvsim.h"

static void put(json_t *o, const char *name, const char *value)
{
    (void) json_object_set_new(o, name, json_string(value));
}

/* Quoted for sh: ' becomes '\''. */
static void print_quoted(const char *s)
{
    (void) putchar('\'');
    for (; *s; s++) {
        if (*s == '\'') {
            (void) fputs("'\\''", stdout);
        } else {
            (void) putchar(*s);
        }
    }
    (void) putchar('\'');
}

static void add_common(json_t *o, const char *dir, const json_t *e)
{
    static const char *const ca[] = {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE",
                                     "NODE_EXTRA_CA_CERTS"};
    CLEANUP(buf_done) struct buf secret = {0};
    CLEANUP(buf_done) struct buf token = {0};
    char path[4200];

    (void) snprintf(path, sizeof(path), "%s/ca-bundle.pem", dir);
    for (size_t i = 0; i < ARRAY_LEN(ca); i++) {
        put(o, ca[i], path);
    }
    if (!file_read(endpoint(e, "client_secret_file"), 4096, &secret) ||
        !file_read(endpoint(e, "control_token_file"), 64, &token)) {
        die("the operator's secret can't be read");
    }
    put(o, "AZURE_TENANT_ID", endpoint(e, "tenant"));
    put(o, "AZURE_SUBSCRIPTION_ID", endpoint(e, "subscription"));
    put(o, "AZURE_CLIENT_ID", endpoint(e, "client_id"));
    put(o, "AZURE_CLIENT_SECRET", secret.data);
    put(o, "ARM_TENANT_ID", endpoint(e, "tenant"));
    put(o, "ARM_SUBSCRIPTION_ID", endpoint(e, "subscription"));
    put(o, "ARM_CLIENT_ID", endpoint(e, "client_id"));
    put(o, "ARM_CLIENT_SECRET", secret.data);
    (void) snprintf(path, sizeof(path), "%s/msi/token", endpoint(e, "identity_url"));
    put(o, "IDENTITY_ENDPOINT", path);
    control_identity_header(token.data, path);
    put(o, "IDENTITY_HEADER", path);
    /* Else az would send the person's real cached tokens here, and keep ours in their profile. */
    (void) snprintf(path, sizeof(path), "%s/azure-config", dir);
    if (!dir_make(path)) {
        die("%s can't be made", path);
    }
    put(o, "AZURE_CONFIG_DIR", path);
    put(o, "AZURE_CORE_COLLECT_TELEMETRY", "no");
    put(o, "KVSIM_STATE", dir);
}

/* Java reads neither the proxy variables nor PEM by itself (clients.md section 12.1). */
static void add_java(json_t *o, const char *dir, bool proxy)
{
    CLEANUP(buf_done) struct buf options = {0};
    char bundle[4200];
    char store[4200];

    (void) snprintf(bundle, sizeof(bundle), "%s/ca-bundle.pem", dir);
    (void) snprintf(store, sizeof(store), "%s/trust.p12", dir);
    if (!java_trust_write(bundle, store)) {
        die("%s can't be written", store);
    }
    buf_str(&options, proxy ? "-Djava.net.useSystemProxies=true " : "");
    buf_str(&options, "-Djavax.net.ssl.trustStore=");
    buf_str(&options, store);
    buf_str(&options, " -Djavax.net.ssl.trustStorePassword=" JAVA_TRUST_PASSWORD);
    put(o, "JAVA_TOOL_OPTIONS", buf_ok(&options) ? options.data : "");
}

static void add_proxy(json_t *o, const json_t *e)
{
    static const char *const names[] = {"HTTPS_PROXY", "https_proxy"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        put(o, names[i], endpoint(e, "proxy_url"));
    }
    put(o, "NO_PROXY", "localhost,127.0.0.1,::1");
    put(o, "no_proxy", "localhost,127.0.0.1,::1");
    /* Node's own fetch (openai) follows the proxy where this is set: Node 24, 22.21 and later. */
    put(o, "NODE_USE_ENV_PROXY", "1");
}

static void add_names(json_t *o, const json_t *e)
{
    char url[512];

    put(o, "AZURE_AUTHORITY_HOST", endpoint(e, "login_url"));
    (void) snprintf(url, sizeof(url), "%s/metadata/endpoints?api-version=2019-05-01",
                    endpoint(e, "management_url"));
    put(o, "ARM_CLOUD_METADATA_URL", url);
    (void) snprintf(url, sizeof(url), "%s", endpoint(e, "management_url") + strlen("https://"));
    put(o, "ARM_METADATA_HOSTNAME", url);
    put(o, "AZURE_CORE_INSTANCE_DISCOVERY", "false");
}

int cmd_env(int argc, char **argv)
{
    const char *state = NULL;
    const char *mode = "proxy";
    const char *format = "sh";
    const struct cli_option options[] = {
        STATE_OPTION(&state),
        CLI_OPT_CHOICE("mode", 0, "MODE", &mode, "proxy|names",
                       "proxy (default): public Azure names; names: *.localhost names"),
        CLI_OPT_CHOICE("format", 0, "FORMAT", &format, "sh|json", "sh (default) or json"),
    };
    const struct cli cli = {.program = "kvsim env",
                            .summary =
                                "Print the environment that points Azure clients at the simulator.",
                            .epilog = "Use it with: eval \"$(kvsim env)\"",
                            .options = options,
                            .n_options = ARRAY_LEN(options)};
    const char *dir;
    const char *name;
    json_t *value;

    (void) cli_parse(&cli, argc, argv, NULL);
    dir = state_dir(state);
    AUTO_JSON *e = endpoints_need(dir);
    AUTO_JSON *o = json_object();

    if (strcmp(mode, "proxy") == 0) {
        add_proxy(o, e);
    } else {
        add_names(o, e);
    }
    add_common(o, dir, e);
    add_java(o, dir, strcmp(mode, "proxy") == 0);
    if (strcmp(format, "json") == 0) {
        (void) json_dumpf(o, stdout, JSON_INDENT(2));
        (void) putchar('\n');
        return 0;
    }
    json_object_foreach(o, name, value)
    {
        (void) printf("export %s=", name);
        print_quoted(json_string_value(value));
        (void) putchar('\n');
    }
    return 0;
}
