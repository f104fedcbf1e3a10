/* SPDX-License-Identifier: MIT */
/* The table of kinds. Tiers and data of kinds outside the seeds are ours; see docs/fidelity.md. */
#include "provider/domain/kinds.h"

#include <string.h>
#include <strings.h>

#include "common/cleanup.h"

#define RSA  KIND_KEY_RSA
#define BOTH (KIND_KEY_RSA | KIND_KEY_RSA_HSM)
/* SEC25 lists, of Language, custom text classification, custom named entity recognition,
 * conversational language understanding and orchestration workflow; these are their project kinds
 * in the authoring API. */
#define LANGUAGE_LOCKBOX \
    "Conversation CustomSingleLabelClassification CustomMultiLabelClassification CustomEntityRecognition Orchestration"

/* clang-format off */
#define NO_CMK(name, what, from)                                                                  \
    {name, KIND_WITHOUT_CMK, false, from, {what, from}, {NULL}, "ours", 0, "ours", \
     REVOCATION_NONE, "follows", {NULL, "SEC25: not listed"}, false, "SEC25: Speech only",        \
     {"cognitiveservices"}, "recorded", LAYERS_NONE, "follows", false}

static const struct account_kind kinds[] = {
    {"OpenAI", KIND_OPENAI, true, "OAI22 OAI24",
     {"training, validation and result files, fine-tuned models: until deleted", "OAI22 OAI24"},
     {"S0"}, "recorded (capability CustomerManagedKey)",
     BOTH, "OAI24 (OAI22 says RSA)", REVOCATION_OAI, "OAI22 OAI24", {"all", "SEC25"}, false, "SEC25: Speech only",
     {"openai"}, "recorded", LAYERS_EITHER_OR, "OAI22 OAI24", true},
    {"AIServices", KIND_AI_SERVICES, true, "LANG25",
     {"data of its services, files, fine-tuned models: until deleted", "LANG25; ours"},
     {"S0"}, "ours",
     RSA, "LANG25", REVOCATION_BLOCKS_ALL, "LANG25; serving goes on: ours", {NULL, "SEC25: not listed"}, false, "SEC25: Speech only",
     {"cognitiveservices", "openai", "services"}, "ours", LAYERS_ADDED, "SEC25", true},
    {"CognitiveServices", KIND_COGNITIVE_SERVICES, true, "AIS20",
     {"data of its services: until deleted", "AIS20"},
     {"S0"}, "ours",
     BOTH, "ours", REVOCATION_BLOCKS_ALL, "AIS20", {NULL, "SEC25: not listed"}, false, "SEC25: Speech only",
     {"cognitiveservices"}, "recorded", LAYERS_ADDED, "SEC25", false},
    {"Face", KIND_FACE, true, "FACE25",
     {"person groups, face lists: until deleted", "FACE25; which data: ours"},
     {"E0"}, "FACE25 asks for a tier; which: recorded (capability CustomerManagedKey), Face document of 2020",
     BOTH, "ours", REVOCATION_BLOCKS_ALL, "FACE25", {NULL, "SEC25: not listed"}, false, "SEC25: Speech only",
     {"cognitiveservices"}, "recorded", LAYERS_ADDED, "FACE25 SEC25", false},
    {"TextAnalytics", KIND_TEXT_ANALYTICS, true, "LANG25",
     {"custom projects and their assets: until deleted", "LANG25; which data: ours"},
     {"S"}, "LANG25 asks for a tier; which: recorded (capability CustomerManagedKey in S, not in S0 and S1)",
     RSA, "LANG25", REVOCATION_BLOCKS_ALL, "LANG25", {LANGUAGE_LOCKBOX, "SEC25"}, false, "SEC25: Speech only",
     {"cognitiveservices"}, "recorded", LAYERS_ADDED, "SEC25", false},
    {"ConversationalLanguageUnderstanding", KIND_CLU, true, "SEC25",
     {"conversation and orchestration projects: until deleted", "SEC25; which data: ours"},
     {"S"}, "ours",
     RSA, "LANG25", REVOCATION_BLOCKS_ALL, "LANG25 by analogy", {"all", "SEC25"}, false, "SEC25: Speech only",
     {"cognitiveservices"}, "ours", LAYERS_ADDED, "SEC25", false},
    {"TextTranslation", KIND_TRANSLATION, true, "SEC25",
     {"custom translator documents and models: until deleted", "ours"},
     {"S1", "S2", "S3", "S4", "C2", "C3", "C4", "D3"}, "CMK in them: ours",
     BOTH, "ours", REVOCATION_BLOCKS_ALL, "AIS20 by analogy", {"all", "SEC25"}, false, "SEC25: Speech only",
     {"cognitiveservices"}, "recorded", LAYERS_ADDED, "SEC25", false},
    {"SpeechServices", KIND_SPEECH, true, "SEC25",
     {"endpoint logs where logging is on, customizations: until deleted; else nothing", "SEC25"},
     {"S0"}, "ours",
     BOTH, "ours", REVOCATION_BLOCKS_ALL, "AIS20 by analogy", {NULL, "SEC25: not for Speech"}, true, "SEC25",
     {"cognitiveservices"}, "ours", LAYERS_ADDED, "SEC25", false},
    {"FormRecognizer", KIND_FORM_RECOGNIZER, true, "ours",
     {"custom models: until deleted", "ours"},
     {"F0", "S0"}, "recorded (capability CustomerManagedKey)",
     BOTH, "ours", REVOCATION_BLOCKS_ALL, "AIS20 by analogy", {NULL, "SEC25: not listed"}, false, "SEC25: Speech only",
     {"cognitiveservices"}, "recorded", LAYERS_ADDED, "SEC25", false},
    {"QnAMaker", KIND_QNA_MAKER, true, "ours",
     {"knowledge bases: until deleted", "ours"},
     {"S0"}, "CMK in it: ours",
     BOTH, "ours", REVOCATION_BLOCKS_ALL, "AIS20 by analogy", {NULL, "SEC25: not listed"}, false, "SEC25: Speech only",
     {"cognitiveservices"}, "recorded", LAYERS_ADDED, "SEC25", false},
    {"QnAMaker.v2", KIND_QNA_MAKER, true, "recorded (capability CustomerManagedKey)",
     {"knowledge bases: until deleted", "ours"},
     {"S0"}, "recorded (capability CustomerManagedKey)",
     BOTH, "ours", REVOCATION_BLOCKS_ALL, "AIS20 by analogy", {NULL, "SEC25: not listed"}, false, "SEC25: Speech only",
     {"cognitiveservices"}, "recorded", LAYERS_ADDED, "SEC25", false},
    /* SEC25 sends the reader to a list that is outside the seeds; that these keep nothing is ours. */
    NO_CMK("ComputerVision", "none at rest", "ours"),
    NO_CMK("CustomVision.Training", NULL, "ours"),
    NO_CMK("CustomVision.Prediction", NULL, "ours"),
    NO_CMK("LUIS", NULL, "ours"),
    NO_CMK("LUIS.Authoring", NULL, "ours"),
    NO_CMK("Bing.Search.v7", NULL, "ours"),
    NO_CMK("MetricsAdvisor", NULL, "ours"),
};
/* clang-format on */

size_t account_kinds_count(void)
{
    return ARRAY_LEN(kinds);
}

const struct account_kind *account_kind_at(size_t i)
{
    return &kinds[i];
}

const struct account_kind *account_kind_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcasecmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

bool account_kind_has_cmk_sku(const struct account_kind *k, const char *sku)
{
    for (size_t i = 0; k && i < KIND_MAX_SKUS && k->cmk_skus[i]; i++) {
        if (strcasecmp(k->cmk_skus[i], sku) == 0) {
            return true;
        }
    }
    return false;
}

bool account_kind_lockbox(const struct account_kind *k, const char *project_type)
{
    const char *all = k->lockbox.value;
    size_t len = project_type ? strlen(project_type) : 0;

    if (!all || strcmp(all, "all") == 0) {
        return all != NULL;
    }
    for (const char *p = len > 0 ? strcasestr(all, project_type) : NULL; p;
         p = strcasestr(p + 1, project_type)) {
        if ((p == all || p[-1] == ' ') && (p[len] == '\0' || p[len] == ' ')) {
            return true;
        }
    }
    return false;
}
