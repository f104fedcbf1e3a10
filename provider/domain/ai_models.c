/* SPDX-License-Identifier: MIT */
/* The tables of models and commitment tiers (recorded: wire-samples.md, replay 2023-07-25). */
#include "provider/domain/ai_models.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/cleanup.h"
#include "provider/domain/ai_catalogue.h"

#define C   MODEL_COMPLETION
#define CH  MODEL_CHAT
#define E   MODEL_EMBEDDINGS
#define FT  MODEL_FINE_TUNE
#define NB  (MODEL_FINE_TUNE | MODEL_NO_BASE)
#define DEF MODEL_DEFAULT
#define GA  "GenerallyAvailable"
#define PV  "Preview"
#define STD "Standard"
#define NEW \
    "Standard GlobalStandard DataZoneStandard ProvisionedManaged GlobalProvisionedManaged GlobalBatch"

/* clang-format off */
static const struct ai_model models[] = {
    {"ada",                    "1",    C | NB,       STD, "Ada",                    240, PV, "2022-03-01", "2024-07-05", "recorded"},
    {"babbage",                "1",    C | NB,       STD, "Babbage",                240, PV, "2022-03-01", "2024-07-05", "recorded"},
    {"curie",                  "1",    C | NB,       STD, "Curie",                  240, PV, "2022-03-01", "2024-07-05", "recorded"},
    {"davinci",                "1",    C | NB,       STD, "Davinci",                240, PV, "2022-03-01", "2024-07-05", "recorded"},
    {"text-ada-001",           "1",    C,            STD, "Text-Ada-001",           240, PV, "2022-03-01", "2024-07-05", "recorded"},
    {"text-babbage-001",       "1",    C,            STD, "Text-Babbage-001",       240, PV, "2022-03-01", "2024-07-05", "recorded"},
    {"text-curie-001",         "1",    C,            STD, "Text-Curie-001",         240, GA, "2022-03-01", "2024-07-05", "recorded"},
    {"text-davinci-001",       "1",    C,            STD, "Text-Davinci-001",       360, PV, "2022-03-01", "2024-07-05", "recorded"},
    {"text-davinci-002",       "1",    C,            STD, "Text-Davinci-002",       240, GA, "2022-01-22", "2024-07-05", "recorded"},
    {"text-davinci-003",       "1",    C,            STD, "Text-Davinci-003",       120, PV, "2022-09-30", "2024-07-05", "recorded"},
    {"code-cushman-001",       "1",    C | FT,       STD, "Code-Cushman-001",       360, PV, "2022-03-01", "2024-07-05", "recorded"},
    {"code-davinci-002",       "1",    C,            STD, "Code-Davinci-002",       360, PV, "2022-07-11", "2024-07-05", "recorded"},
    {"gpt-35-turbo",           "0301", C | CH,       STD, "GPT-35-Turbo",           480, GA, "2023-03-09", "2024-01-04", "recorded"},
    {"gpt-35-turbo",           "0613", CH | FT | DEF, STD, "GPT-35-Turbo",          480, GA, "2023-06-13", "2025-02-13", "recorded deployment; rest ours"},
    {"gpt-35-turbo",           "1106", CH | FT,      STD, "GPT-35-Turbo",           480, GA, "2023-11-06", "2025-03-31", "ours"},
    {"gpt-35-turbo",           "0125", CH | FT,      STD, "GPT-35-Turbo",           480, GA, "2024-01-25", "2026-03-31", "ours"},
    {"gpt-4",                  "0613", CH | FT | DEF, STD, "GPT-4",                 240, GA, "2023-06-13", "2025-06-06", "ours"},
    {"gpt-4o",                 "2024-05-13", CH,     NEW, "gpt-4o",                 450, GA, "2024-05-13", "2026-03-31", "ours"},
    {"gpt-4o",                 "2024-08-06", CH | FT | DEF, NEW, "gpt-4o",          450, GA, "2024-08-06", "2026-03-31", "ours"},
    {"gpt-4o",                 "2024-11-20", CH,     NEW, "gpt-4o",                 450, GA, "2024-11-20", "2026-10-01", "ours"},
    {"gpt-4o-mini",            "2024-07-18", CH | FT | DEF, NEW, "gpt-4o-mini",    2000, GA, "2024-07-18", "2026-10-01", "ours"},
    {"gpt-4.1",                "2025-04-14", CH | FT | DEF, NEW, "gpt-4.1",        1000, GA, "2025-04-14", "2027-04-14", "ours"},
    {"gpt-4.1-mini",           "2025-04-14", CH | FT | DEF, NEW, "gpt-4.1-mini",   5000, GA, "2025-04-14", "2027-04-14", "ours"},
    {"babbage-002",            "1",    C | FT | DEF, STD, "Babbage-002",            240, GA, "2023-08-21", "2027-01-27", "ours"},
    {"davinci-002",            "1",    C | FT | DEF, STD, "Davinci-002",            240, GA, "2023-08-21", "2027-01-27", "ours"},
    {"text-embedding-ada-002", "1",    E,            STD, "Text-Embedding-Ada-002", 900, PV, "2023-02-02", "2025-02-02", "recorded"},
    {"text-embedding-ada-002", "2",    E | DEF,      STD, "Text-Embedding-Ada-002", 900, PV, "2023-04-03", "2025-04-03", "recorded"},
    {"text-embedding-3-small", "1",    E | DEF,      NEW, "Text-Embedding-3-Small", 350, GA, "2024-01-25", "2027-02-09", "ours"},
    {"text-embedding-3-large", "1",    E | DEF,      NEW, "Text-Embedding-3-Large", 350, GA, "2024-01-25", "2027-02-09", "ours"},
};

static const struct ai_tier_plan plans[] = {
    {"ComputerVision",  "S1",  "Web",                   "Read",                0,  "Transaction", {500000, 2000000, 8000000}},
    {"ComputerVision",  "S1",  "ConnectedContainer",    "Read",                0,  "Transaction", {500000, 2000000, 8000000}},
    {"ComputerVision",  "DC0", "DisconnectedContainer", "Read",                30, "Transaction", {500000, 2000000, 8000000, 16000000}},
    {"TextAnalytics",   "S",   "Web",                   "TA",                  0,  "Transaction", {1000000, 3000000, 10000000}},
    {"TextAnalytics",   "S",   "ConnectedContainer",    "TA",                  0,  "Transaction", {1000000, 3000000, 10000000}},
    {"TextAnalytics",   "DC0", "DisconnectedContainer", "TA",                  30, "TextRecords", {1000000, 2500000, 10000000, 25000000}},
    {"LUIS",            "DC0", "DisconnectedContainer", "LanguageTransaction", 30, "Transaction", {1000000, 5000000, 25000000, 50000000}},
    {"SpeechServices",  "S0",  "Web",                   "STT",                 0,  "Second",      {7200000, 36000000, 180000000}},
    {"SpeechServices",  "S0",  "ConnectedContainer",    "STT",                 0,  "Second",      {7200000, 36000000, 180000000}},
    {"SpeechServices",  "S0",  "Web",                   "NTTS",                0,  "Characters",  {80000000, 400000000, 2000000000}},
    {"SpeechServices",  "S0",  "ConnectedContainer",    "NTTS",                0,  "Characters",  {80000000, 400000000, 2000000000}},
    {"SpeechServices",  "S0",  "Web",                   "CustomSTT",           0,  "Second",      {7200000, 36000000, 180000000, 360000000}},
    {"SpeechServices",  "S0",  "ConnectedContainer",    "CustomSTT",           0,  "Second",      {7200000, 36000000, 180000000, 360000000}},
    {"SpeechServices",  "DC0", "DisconnectedContainer", "STT",                 30, "Hour",        {2000, 10000, 50000, 100000}},
    {"SpeechServices",  "DC0", "DisconnectedContainer", "CustomSTT",           30, "Hour",        {2000}},
    {"SpeechServices",  "DC0", "DisconnectedContainer", "NTTS",                30, "Characters",  {80000000, 400000000, 2000000000, 4000000000}},
    {"FormRecognizer",  "S0",  "Web",                   "CustomInvoice",       0,  "Transaction", {20000, 100000, 500000}},
    {"FormRecognizer",  "S0",  "ConnectedContainer",    "CustomInvoice",       0,  "Transaction", {20000, 100000, 500000}},
    {"FormRecognizer",  "S0",  "Web",                   "PreBuilt",            0,  "Transaction", {20000, 100000, 500000}},
    {"FormRecognizer",  "S0",  "ConnectedContainer",    "PreBuilt",            0,  "Transaction", {20000, 100000, 500000}},
    {"FormRecognizer",  "S0",  "Web",                   "ReadCT",              0,  "Transaction", {500000, 2000000, 8000000}},
    {"FormRecognizer",  "S0",  "ConnectedContainer",    "ReadCT",              0,  "Transaction", {500000, 2000000, 8000000}},
    {"FormRecognizer",  "DC0", "DisconnectedContainer", "CustomInvoice",       30, "Pages",       {20000, 100000, 500000, 1000000}},
    {"FormRecognizer",  "DC0", "DisconnectedContainer", "Read",                30, "Pages",       {500000, 2000000, 8000000, 16000000}},
    {"FormRecognizer",  "DC0", "DisconnectedContainer", "PreBuilt",            30, "Pages",       {20000, 100000, 500000, 1000000}},
    {"TextTranslation", "S1",  "Web",                   "Characters",          0,  "Transaction", {250000000, 1000000000, 4000000000}},
    {"TextTranslation", "S1",  "ConnectedContainer",    "Characters",          0,  "Transaction", {250000000, 1000000000, 4000000000}},
    {"TextTranslation", "DC0", "DisconnectedContainer", "Characters",          30, "Transaction", {250000000, 1000000000, 4000000000, 10000000000}},
};
/* clang-format on */

size_t ai_models_count(void)
{
    return ARRAY_LEN(models);
}

const struct ai_model *ai_model_at(size_t i)
{
    return &models[i];
}

const struct ai_model *ai_model_find(const char *name, const char *version)
{
    const struct ai_model *found = NULL;

    for (size_t i = 0; i < ARRAY_LEN(models); i++) {
        const struct ai_model *m = &models[i];

        if (strcasecmp(m->name, name) != 0) {
            continue;
        }
        if (version[0] ? strcasecmp(m->version, version) == 0 : (m->uses & MODEL_DEFAULT) != 0) {
            return m;
        }
        found = version[0] ? NULL : m;
    }
    return found;
}

bool ai_model_has_sku(const struct ai_model *m, const char *sku)
{
    const char *p = m->skus;
    char name[32];

    while (ai_list_next(&p, ' ', name, sizeof(name))) {
        if (strcasecmp(name, sku) == 0) {
            return true;
        }
    }
    return false;
}

void ai_quota_name(const struct ai_model *m, const char *sku, char *out, size_t size)
{
    (void) snprintf(out, size, "OpenAI.%s.%s", sku, m->name);
}

/* Recorded for Standard; issues (Deploy-Your-AI-Application-In-Production 27) show the SKU of
 * others behind. */
void ai_quota_label(const struct ai_model *m, const char *sku, char *out, size_t size)
{
    bool standard = strcasecmp(sku, "Standard") == 0;

    (void) snprintf(out, size, "Tokens Per Minute (thousands) - %s%s%s", m->label,
                    standard ? "" : " - ", standard ? "" : sku);
}

size_t ai_tier_plans_count(void)
{
    return ARRAY_LEN(plans);
}

const struct ai_tier_plan *ai_tier_plan_at(size_t i)
{
    return &plans[i];
}

const struct ai_tier_plan *ai_tier_plan_find(const char *kind, const char *hosting,
                                             const char *plan)
{
    for (size_t i = 0; i < ARRAY_LEN(plans); i++) {
        if (strcasecmp(plans[i].kind, kind) == 0 && strcasecmp(plans[i].hosting, hosting) == 0 &&
            strcasecmp(plans[i].plan, plan) == 0) {
            return &plans[i];
        }
    }
    return NULL;
}

int64_t ai_tier_quantity(const struct ai_tier_plan *p, const char *tier)
{
    return (tier[0] == 'T' || tier[0] == 't') && tier[1] >= '1' && tier[1] <= '4' && !tier[2]
               ? p->quantity[tier[1] - '1']
               : 0;
}
