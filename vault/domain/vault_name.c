/* SPDX-License-Identifier: MIT */
/* What a vault may be called. */
#include "vault/domain/vault_name.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/cleanup.h"
#include "vault/domain/vault.h"

bool vault_name_valid(const char *name)
{
    size_t len = strlen(name);
    bool good = len >= 3 && len <= VAULT_NAME_MAX && isalpha((unsigned char) name[0]) &&
                name[len - 1] != '-';

    for (size_t i = 0; good && i < len; i++) {
        good = (isalnum((unsigned char) name[i]) || name[i] == '-') &&
               !(name[i] == '-' && name[i + 1] == '-');
    }
    return good;
}

/* MicrosoftDocs azure-resource-manager/troubleshooting/error-reserved-resource-name.md */
static const char *const whole_words[] = {
    "access",     "azure",      "bing",      "bizspark", "biztalk",      "cortana",
    "directx",    "dotnet",     "dynamics",  "excel",    "exchange",     "forefront",
    "groove",     "hololens",   "hyperv",    "kinect",   "lync",         "msdn",
    "o365",       "office",     "office365", "onedrive", "onenote",      "outlook",
    "powerpoint", "sharepoint", "skype",     "visio",    "visualstudio",
};
static const char *const parts[] = {"microsoft", "windows"};
static const char *const beginnings[] = {"login", "xbox"};

bool vault_name_reserved(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(whole_words); i++) {
        if (strcasecmp(whole_words[i], name) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (strcasestr(name, parts[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(beginnings); i++) {
        if (strncasecmp(name, beginnings[i], strlen(beginnings[i])) == 0) {
            return true;
        }
    }
    return false;
}
