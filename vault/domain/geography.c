/* SPDX-License-Identifier: MIT */
/* Regions by geography, as Microsoft's list of Azure geographies names them. */
#include "vault/domain/geography.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "common/cleanup.h"

/* clang-format off */
static const struct {
    const char *geography;
    const char *regions; /* separated by blanks */
} table[] = {
    {"United States",        "centralus eastus eastus2 eastus3 northcentralus southcentralus westcentralus westus westus2 westus3 centraluseuap eastus2euap"},
    {"US Government",        "usgovarizona usgovtexas usgovvirginia usgoviowa usdodcentral usdodeast"},
    {"Europe",               "northeurope westeurope"},
    {"Asia Pacific",         "eastasia southeastasia"},
    {"Australia",            "australiacentral australiacentral2 australiaeast australiasoutheast"},
    {"Austria",              "austriaeast"},
    {"Belgium",              "belgiumcentral"},
    {"Brazil",               "brazilsouth brazilsoutheast"},
    {"Canada",               "canadacentral canadaeast"},
    {"Chile",                "chilecentral"},
    {"China",                "chinaeast chinaeast2 chinaeast3 chinanorth chinanorth2 chinanorth3"},
    {"Denmark",              "denmarkeast"},
    {"France",               "francecentral francesouth"},
    {"Germany",              "germanynorth germanywestcentral"},
    {"India",                "centralindia southindia westindia jioindiacentral jioindiawest"},
    {"Indonesia",            "indonesiacentral"},
    {"Israel",               "israelcentral israelnorthwest"},
    {"Italy",                "italynorth"},
    {"Japan",                "japaneast japanwest"},
    {"Korea",                "koreacentral koreasouth"},
    {"Malaysia",             "malaysiawest malaysiasouth"},
    {"Mexico",               "mexicocentral"},
    {"New Zealand",          "newzealandnorth"},
    {"Norway",               "norwayeast norwaywest"},
    {"Poland",               "polandcentral"},
    {"Qatar",                "qatarcentral"},
    {"South Africa",         "southafricanorth southafricawest"},
    {"Spain",                "spaincentral"},
    {"Sweden",               "swedencentral swedensouth"},
    {"Switzerland",          "switzerlandnorth switzerlandwest"},
    {"Taiwan",               "taiwannorth taiwannorthwest"},
    {"United Arab Emirates", "uaecentral uaenorth"},
    {"United Kingdom",       "uksouth ukwest"},
};
/* clang-format on */

/* Is `region` one of the blank-separated words? */
static bool lists(const char *words, const char *region)
{
    size_t len = strlen(region);

    for (const char *w = words; *w; w += strspn(w, " ")) {
        size_t n = strcspn(w, " ");

        if (n == len && strncasecmp(w, region, n) == 0) {
            return true;
        }
        w += n;
    }
    return false;
}

const char *geography_of(const char *region)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (lists(table[i].regions, region)) {
            return table[i].geography;
        }
    }
    return region;
}
