/* SPDX-License-Identifier: MIT */
/* The table of kinds. Tiers and data of kinds outside the seeds are ours; see docs/fidelity.md. */
#include "provider/domain/kinds.h"

#include <stddef.h>
#include <strings.h>

#include "common/cleanup.h"

static const struct account_kind kinds[] = {
    {"OpenAI",                              true,  "S0", true,  true,  "openai",            "OAI22 OAI24"         },
    {"AIServices",                          true,  "S0", false, true,  "cognitiveservices", "LANG25"              },
    {"CognitiveServices",                   true,  "S0", true,  false, "cognitiveservices", "AIS20; SKU ours"     },
    {"Face",                                true,  "S0", true,  false, "cognitiveservices", "FACE25; HSM ours"    },
    {"TextAnalytics",                       true,  "S",  false, false, "cognitiveservices", "LANG25"              },
    {"ConversationalLanguageUnderstanding", true,  "S",  false, false, "cognitiveservices",
     "SEC25; SKU ours"                                                                                            },
    {"TextTranslation",                     true,  "S1", true,  false, "cognitiveservices", "SEC25; SKU ours"     },
    {"SpeechServices",                      true,  "S0", true,  false, "cognitiveservices", "SEC25; SKU ours"     },
    {"FormRecognizer",                      true,  "S0", true,  false, "cognitiveservices", "recorded; CMK ours"  },
    {"QnAMaker",                            true,  "S0", true,  false, "cognitiveservices", "recorded; CMK ours"  },
    {"ComputerVision",                      false, "",   false, false, "cognitiveservices", "ours: stores nothing"},
    {"CustomVision.Training",               false, "",   false, false, "cognitiveservices", "recorded; CMK ours"  },
    {"CustomVision.Prediction",             false, "",   false, false, "cognitiveservices", "recorded; CMK ours"  },
    {"LUIS",                                false, "",   false, false, "cognitiveservices", "recorded; CMK ours"  },
    {"LUIS.Authoring",                      false, "",   false, false, "cognitiveservices", "recorded; CMK ours"  },
    {"Bing.Search.v7",                      false, "",   false, false, "cognitiveservices", "recorded; CMK ours"  },
    {"MetricsAdvisor",                      false, "",   false, false, "cognitiveservices", "recorded; CMK ours"  },
};

const struct account_kind *account_kind_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcasecmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}
