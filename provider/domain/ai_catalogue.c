/* SPDX-License-Identifier: MIT */
/*
 * The tables of kinds and regions. Names, SKUs and tiers: recorded lists of 2020 and 2023-07-25;
 * capabilities, endpoints and rates: the newest recorded answer of each kind, where there is one.
 * A kind is offered in every region here (docs/fidelity.md): real lists change by the week.
 */
#include "provider/domain/ai_catalogue.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/cleanup.h"

/* clang-format off */
static const struct ai_rate default_rates[] = {
    {"default", 1, 30, "* *"},
    {NULL, 0, 0, NULL},
};
static const struct ai_rate openai_rates[] = {
    {"openai.dalle.post",  1, 30, "POST dalle/*;POST openai/images/*"},
    {"openai.dalle.other", 1, 30, "* dalle/*;* openai/operations/images/*"},
    {"openai",             1, 30, "* openai/*"},
    {"default",            1, 30, "* *"},
    {NULL, 0, 0, NULL},
};
static const struct ai_rate face_rates[] = {
    {"face",              1,  10,  "* face/*"},
    {"container.billing", 10, 500, "* billing/*"},
    {"default",           1,  10,  "* *"},
    {NULL, 0, 0, NULL},
};
static const struct ai_rate form_rates[] = {
    {"formrecognizer.custom.train",      60, 1,   "* formrecognizer/custom/train"},
    {"formrecognizer.custom.copymodels", 60, 1,   "* formrecognizer/custom/models/{modelId}/copy"},
    {"formrecognizer.custom.models.get", 60, 10,  "GET formrecognizer/custom/models"},
    {"formrecognizer.analyzeform",       1,  15,  "POST formrecognizer/custom/models/{modelId}/analyze"},
    {"container.billing",                10, 500, "* billing/*"},
    {"default",                          1,  30,  "* *"},
    {"formrecognizer",                   1,  100, "* formrecognizer/*"},
    {NULL, 0, 0, NULL},
};
static const struct ai_rate speech_rates[] = {
    {"token",                  1,  50,  "* sts/v1.0/*"},
    {"speech.synthesize",      1,  200, "* speech/synthesize"},
    {"speech.speechtotext",    10, 100, "* speechtotext/*"},
    {"speech.texttospeech",    10, 100, "* texttospeech/*"},
    {"container.billing",      10, 500, "* billing/*"},
    {"default",                10, 100, "* *"},
    {NULL, 0, 0, NULL},
};
static const struct ai_rate qna_rates[] = {
    {"default", 60, 600, "* *"},
    {NULL, 0, 0, NULL},
};

#define NET "VirtualNetworks"
#define CMK "CustomerManagedKey"
#define OPENAI_CAPABILITIES NET ";" CMK ";MaxFineTuneCount=100;MaxRunningFineTuneCount=1;MaxUserFileCount=50;MaxTrainingFileSize=100000000;" \
    "MaxUserFileImportDurationInHours=1;MaxFineTuneJobDurationInHours=720"
#define LANGUAGE_ENDPOINTS "Text Analytics;Custom Text Authoring;Conversational Language Understanding Authoring;Custom Question Answering Authoring;" \
    "Custom Question Answering;ConversationalLURuntime;Language;QnAMaker;Turing;QuestionAnswering;LUIS;Container"
#define OPENAI_ENDPOINTS "OpenAI Language Model Instance API;OpenAI Dall-E API;OpenAI Whisper API"
#define SPEECH_ENDPOINTS "Speech Services Speech to Text v3.1;Speech Services Custom Voice;Speech Services Audio Content Creation;Unified Speech;" \
    "Speech Services Speaker Verification;Speech Services Speaker Identification;Container;Model Distribution Service;Token API"
#define LANGUAGE_CAPABILITIES "DynamicThrottling;" NET ";" CMK ";CustomerManagedStorage;Container=TextAnalytics.*;" \
    "Cloud=TextAnalytics.Healthcare,TextAnalytics.Analyze,QuestionAnswer.AllApis,LanguageService.QuestionAnsweringApis"

static const struct ai_kind kinds[] = {
    /* name, SKUs, capabilities, endpoints, path, rates, openai, synchronous, qna_key, language_quota, skus_recorded */
    {"OpenAI",            "S0",                   OPENAI_CAPABILITIES, OPENAI_ENDPOINTS, "", openai_rates, true, false, false, false, true},
    {"AIServices",        "S0",                   OPENAI_CAPABILITIES, "AI Foundry API;Content Safety;Computer Vision;FormRecognizer;" OPENAI_ENDPOINTS ";Speech Services Speech to Text v3.1;Text Analytics;Text Translation;Token API", "", openai_rates, false, false, false, false, false}, /* not recorded */
    {"CognitiveServices", "S0",                   NET ";" CMK, "Computer Vision;Content Moderator;Face;FormRecognizer;Text Analytics;Text Translation;Token API", "", NULL, false, false, false, false, true}, /* not recorded */
    {"Face",              "E0 F0 S0",             NET ";Container=Face.*,Face.Face;" CMK ";Scenario=Face.LegacyPreview,Face.Legacy", "Face", "", face_rates, false, false, false, false, true},
    {"TextAnalytics",     "DC0 F0 S S0 S1 S2 S3 S4", LANGUAGE_CAPABILITIES, LANGUAGE_ENDPOINTS, "", NULL, false, false, true, true, true},
    {"ConversationalLanguageUnderstanding", "S",  NET ";" CMK, "Conversational Language Understanding Authoring;ConversationalLURuntime", "", NULL, false, false, false, false, true},
    {"TextTranslation",   "C2 C3 C4 D3 DC0 F0 S1 S2 S3 S4", NET ";" CMK, "Text Translation", "", NULL, false, false, false, false, true},
    {"SpeechServices",    "DC0 F0 S0",            NET ";" CMK ";CustomerManagedStorage;Container=SpeechServices.*", SPEECH_ENDPOINTS, "sts/v1.0/issuetoken", speech_rates, false, true, false, false, true},
    {"FormRecognizer",    "DC0 F0 S0",            "DynamicThrottling;" NET ";" CMK ";Container=FormRecognizer.*", "FormRecognizer;Container", "", form_rates, false, false, false, false, true},
    {"QnAMaker",          "F0 S0",                CMK, "QnAMaker", "qnamaker/v4.0", qna_rates, false, false, false, false, true},
    {"QnAMaker.v2",       "S0",                   NET ";" CMK ";Cloud=QuestionAnswer.AllApis", "QnAMaker", "", qna_rates, false, false, true, false, true},
    {"ComputerVision",    "DC0 F0 S0 S1",         NET, "Computer Vision", "", NULL, false, false, false, false, true},
    {"ContentModerator",  "E0 F0 S0 V0 V1 V3",    NET, "Content Moderator", "", NULL, false, false, false, false, true},
    {"ContentSafety",     "F0 S0",                NET, "Content Safety", "", NULL, false, false, false, false, true},
    {"CustomVision.Prediction", "F0 S0",          NET, "Custom Vision Prediction", "", NULL, false, false, false, false, true},
    {"CustomVision.Training",   "F0 S0",          NET, "Custom Vision Training", "", NULL, false, false, false, false, true},
    {"AnomalyDetector",   "F0 S0",                NET, "Anomaly Detector", "", NULL, false, false, false, false, true},
    {"HealthInsights",    "F0 S0",                NET, "Health Insights", "", NULL, false, false, false, false, true},
    {"ImmersiveReader",   "S0 S1",                NET, "Immersive Reader", "", NULL, false, false, false, false, true},
    {"LUIS",              "DC0 F0 S0 S1 V0 V1",   NET, "LUIS", "", NULL, false, false, false, false, true},
    {"LUIS.Authoring",    "E0 F0 S1",             NET, "LUIS.Authoring", "", NULL, false, false, false, false, true},
    {"MetricsAdvisor",    "S0",                   NET, "Metrics Advisor", "", NULL, false, false, false, false, true},
    {"Personalizer",      "E0 F0 S0",             NET, "Personalizer", "", NULL, false, false, false, false, true},
    {"LanguageAuthoring", "S",                    NET, "Language Authoring", "", NULL, false, false, false, false, true},
    {"Bing.Search.v7",    "F0 F1 S1 S2 S3 S4 S5 S6 S7 S8 S9 S10 S11", "", "Bing Search", "", NULL, false, false, false, false, true},
};

/* Lower case, as ARM has them; "global" is a region of some kinds. */
static const char *const regions[] = {
    "australiaeast", "australiasoutheast", "austriaeast", "belgiumcentral", "brazilsouth", "brazilsoutheast", "canadacentral", "canadaeast",
    "centralindia", "centralus", "centraluseuap", "eastasia", "eastus", "eastus2", "eastus2euap", "francecentral",
    "germanywestcentral", "global", "indonesiacentral", "israelcentral", "italynorth", "japaneast", "japanwest", "jioindiawest",
    "koreacentral", "koreasouth", "malaysiawest", "mexicocentral", "newzealandnorth", "northcentralus", "northeurope", "norwayeast",
    "polandcentral", "qatarcentral", "southafricanorth", "southcentralus", "southeastasia", "southindia", "spaincentral", "swedencentral",
    "switzerlandnorth", "switzerlandwest", "uaenorth", "uksouth", "ukwest", "westcentralus", "westeurope", "westindia", "westus", "westus2",
    "westus3",
};
/* clang-format on */

size_t ai_kinds_count(void)
{
    return ARRAY_LEN(kinds);
}

const struct ai_kind *ai_kind_at(size_t i)
{
    return &kinds[i];
}

const struct ai_kind *ai_kind_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcasecmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

const struct ai_rate *ai_kind_rates(const struct ai_kind *k)
{
    return k->rates ? k->rates : default_rates;
}

bool ai_list_next(const char **p, char separator, char *out, size_t size)
{
    const char *end = strchr(*p, separator);
    size_t len = end ? (size_t) (end - *p) : strlen(*p);

    if (!**p) {
        return false;
    }
    if (len >= size) {
        len = size - 1;
    }
    memcpy(out, *p, len);
    out[len] = '\0';
    *p = end ? end + 1 : *p + strlen(*p);
    return true;
}

bool ai_kind_has_sku(const struct ai_kind *k, const char *sku)
{
    const char *p = k->skus;
    char name[16];

    while (ai_list_next(&p, ' ', name, sizeof(name))) {
        if (strcasecmp(name, sku) == 0) {
            return true;
        }
    }
    return false;
}

const char *ai_sku_tier(const char *sku)
{
    static const struct {
        const char *prefix;
        const char *tier;
    } tiers[] = {
        {"DC", "DisconnectedTier"},
        {"F",  "Free"            },
        {"E",  "Enterprise"      }
    };

    for (size_t i = 0; i < ARRAY_LEN(tiers); i++) {
        if (strncasecmp(sku, tiers[i].prefix, strlen(tiers[i].prefix)) == 0) {
            return tiers[i].tier;
        }
    }
    return "Standard";
}

size_t ai_regions_count(void)
{
    return ARRAY_LEN(regions);
}

const char *ai_region_at(size_t i)
{
    return regions[i];
}

bool ai_region_find(const char *location, char out[32])
{
    size_t n = 0;

    for (; *location; location++) {
        if (*location == ' ') {
            continue;
        }
        if (n + 1 >= 32) {
            return false;
        }
        out[n++] = (char) tolower((unsigned char) *location);
    }
    out[n] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(regions); i++) {
        if (strcmp(regions[i], out) == 0) {
            return true;
        }
    }
    return false;
}
