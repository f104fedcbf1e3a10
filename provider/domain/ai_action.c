/* SPDX-License-Identifier: MIT */
/* Data actions. */
#include "provider/domain/ai_action.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "provider/domain/ai_path.h"

static const struct {
    const char *prefix;  /* of the path */
    const char *product; /* of the action */
} products[] = {
    {"/openai/v1/",              "OpenAI"                        },
    {"/openai/",                 "OpenAI"                        },
    {FACE_PATH,                  "Face"                          },
    {LANGUAGE_TEXT_PATH,         "Language/analyze-text"         },
    {LANGUAGE_TALK_PATH,         "Language/analyze-conversations"},
    {SPEECH_V3_PATH,             "SpeechServices/speechrest"     },
    {SPEECH_PATH,                "SpeechServices/speechrest"     },
    {"/stt/speech/recognition/", "SpeechServices/unified-speech" },
};

/* Paths whose actions are spelt in another way: by the literal segments after the prefix. */
static const struct {
    const char *path;
    const char *object; /* NULL: the path */
    const char *post;   /* what a POST is; NULL: what verb_of() says */
} spelt[] = {
    {"chat/completions",          "deployments/chat/completions", NULL    },
    {"completions",               "deployments/completions",      NULL    },
    {"embeddings",                "deployments/embeddings",       NULL    },
    {"files/content",             "files",                        NULL    },
    {"files/import",              "files",                        NULL    },
    {"persongroups/persons",      NULL,                           "action"},
    {"largepersongroups/persons", NULL,                           "action"},
    {"persongroups/train",        NULL,                           "action"},
    {"largepersongroups/train",   NULL,                           "action"},
    {"largefacelists/train",      NULL,                           "action"},
    {"projects/import",           NULL,                           "action"},
    {"projects/export",           NULL,                           "action"},
    {"cognitiveservices/v1",      "frontend",                     "action"},
};

enum ai_service ai_service_of(const char *path)
{
    static const struct {
        const char *root;
        enum ai_service service;
    } roots[] = {
        {FACE_PATH,     AI_FACE    },
        {LANGUAGE_PATH, AI_LANGUAGE},
        {SPEECH_PATH,   AI_SPEECH  },
    };

    for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
        if (strncmp(path, roots[i].root, strlen(roots[i].root)) == 0) {
            return roots[i].service;
        }
    }
    return AI_OTHER;
}

/* The literal segments, without parameters: "files/{id}/content" -> "files/content". */
static bool literals(const char *path, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    while (*path) {
        size_t n = strcspn(path, "/");
        const char *word = path + (*path == ':' ? 1 : 0); /* "/:import" */
        size_t len = n - (size_t) (word - path);

        if (*path != '{' && n > 0) {
            if (used + len + 2 > size) {
                return false;
            }
            used += (size_t) snprintf(out + used, size - used, "%s%.*s", used > 0 ? "/" : "",
                                      (int) len, word);
        }
        path += n + (path[n] == '/' ? 1 : 0);
    }
    return used > 0;
}

static const char *verb_of(enum http_method method, bool writes)
{
    if (method == HTTP_M_GET || method == HTTP_M_HEAD) {
        return "read";
    }
    if (method == HTTP_M_DELETE) {
        return "delete";
    }
    return method != HTTP_M_POST || writes ? "write" : "action";
}

bool ai_action_of(enum http_method method, const char *path, bool writes, char out[AI_ACTION_MAX])
{
    char object[160];
    const char *named = object;
    const char *verb = verb_of(method, writes);

    for (size_t i = 0; i < ARRAY_LEN(products); i++) {
        size_t n = strlen(products[i].prefix);

        if (strncmp(path, products[i].prefix, n) != 0) {
            continue;
        }
        if (!literals(path + n, object, sizeof(object))) {
            return false;
        }
        for (size_t k = 0; k < ARRAY_LEN(spelt); k++) {
            if (strcmp(spelt[k].path, object) == 0) {
                named = spelt[k].object ? spelt[k].object : object;
                verb = spelt[k].post && method == HTTP_M_POST ? spelt[k].post : verb;
            }
        }
        if (strncmp(object, "fine_tuning", 11) == 0 || strncmp(object, "fine-tunes", 10) == 0) {
            named = "fine-tunes"; /* the name in 2022-12-01, which the roles keep; events too */
        }
        return snprintf(out, AI_ACTION_MAX, "Microsoft.CognitiveServices/accounts/%s/%s/%s",
                        products[i].product, named, verb) < AI_ACTION_MAX;
    }
    return false;
}
