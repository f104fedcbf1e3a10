/* SPDX-License-Identifier: MIT */
/* What passes here goes into the path of a request to the vault: nothing but names gets through. */
#include "provider/domain/key_ref.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/json.h"

static bool take(char *out, size_t size, const char *from, size_t len, bool (*good)(char c))
{
    if (len >= size) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!good(from[i])) {
            return false;
        }
    }
    memcpy(out, from, len);
    out[len] = '\0';
    return true;
}

static bool name_char(char c)
{
    return isalnum((unsigned char) c) || c == '-';
}

static bool hex_char(char c)
{
    return isxdigit((unsigned char) c);
}

static bool take_name(struct key_ref *r, const char *from, size_t len)
{
    char name[sizeof(r->name)];

    if (len == 0) {
        return true;
    }
    if (!take(name, sizeof(name), from, len, name_char) ||
        (r->name[0] && strcasecmp(r->name, name) != 0)) {
        return false;
    }
    memcpy(r->name, name, sizeof(name));
    return true;
}

static bool take_version(struct key_ref *r, const char *from, size_t len)
{
    char version[sizeof(r->version)];

    if (len == 0) {
        return true;
    }
    if (len != KEY_VERSION_HEX_LEN || !take(version, sizeof(version), from, len, hex_char) ||
        (r->version[0] && strcasecmp(r->version, version) != 0)) {
        return false;
    }
    for (size_t i = 0; i <= len; i++) {
        r->version[i] = (char) tolower((unsigned char) version[i]);
    }
    return true;
}

static bool is_hsm(struct str_view host)
{
    static const char suffix[] = ".managedhsm.azure.net";
    const char *port = memchr(host.ptr, ':', host.len);
    size_t len = port ? (size_t) (port - host.ptr) : host.len;
    size_t n = sizeof(suffix) - 1;

    return len > n && strncasecmp(host.ptr + len - n, suffix, n) == 0;
}

/* "https://demo.vault.azure.net/", "https://demo.vault.localhost:7443": both families. */
static void take_host(const struct site_names *names, struct str_view host, struct key_ref *r)
{
    struct site site;

    if (is_hsm(host)) {
        r->home = CMK_HOME_MANAGED_HSM;
    } else if (site_from_host(names, host, &site) && site.service == SVC_VAULT) {
        r->home = CMK_HOME_VAULT;
        (void) snprintf(r->vault, sizeof(r->vault), "%s", site.label);
    }
}

/* "", "/", "/keys/NAME", "/keys/NAME/", "/keys/NAME/VERSION", "/keys/NAME/VERSION/" */
static bool take_path(struct key_ref *r, const char *path, const char **why, bool *version_wrong)
{
    const char *name = path + 6;
    size_t len;

    r->slash = path[0] == '/';
    if (strcmp(path, "") == 0 || strcmp(path, "/") == 0) {
        return true;
    }
    *why = "keyVaultUri is neither the URI of a key vault nor that of a key.";
    if (strncasecmp(path, "/keys/", 6) != 0 || !*name) {
        return false;
    }
    len = strcspn(name, "/");
    if (!take_name(r, name, len)) {
        *why = "The key that keyVaultUri names is not a key's name, or not the one in keyName.";
        return false;
    }
    name += len + (name[len] == '/' ? 1 : 0);
    len = strlen(name);
    len -= len > 0 && name[len - 1] == '/' ? 1 : 0;
    *version_wrong = true;
    *why = "The version in keyVaultUri is not a key version, or not the one in keyVersion.";
    if (!take_version(r, name, len)) {
        return false;
    }
    *version_wrong = false;
    return true;
}

bool key_ref_parse(const struct site_names *names, const json_t *kvp, struct key_ref *ret,
                   const char **why, bool *version_wrong)
{
    const char *uri = json_text(kvp, "keyVaultUri");
    const char *name = json_text(kvp, "keyName");
    const char *version = json_text(kvp, "keyVersion");
    const char *host = uri + 8;
    size_t len;

    *version_wrong = false;
    *ret = (struct key_ref){.home = CMK_HOME_ELSEWHERE,
                            .client_id = json_text(kvp, "identityClientId"),
                            .version_empty = json_object_iget(kvp, "keyVersion") && !version[0]};
    *why = "keyName is not the name of a key: letters, digits and hyphens.";
    if (!take_name(ret, name, strlen(name))) {
        return false;
    }
    *why = "keyVersion is not the version of a key: 32 hexadecimal digits.";
    if (!take_version(ret, version, strlen(version))) {
        *version_wrong = true;
        return false;
    }
    if (strncasecmp(uri, "https://", 8) != 0) {
        ret->given = uri[0] && ret->name[0];
        return true; /* elsewhere */
    }
    len = strcspn(host, "/");
    take_host(names, (struct str_view){host, len}, ret);
    if (ret->home != CMK_HOME_ELSEWHERE && !take_path(ret, host + len, why, version_wrong)) {
        return false;
    }
    ret->given = ret->name[0] != '\0' || ret->home == CMK_HOME_ELSEWHERE;
    return true;
}
