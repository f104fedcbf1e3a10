/* SPDX-License-Identifier: MIT */
/*
 * Every operation of the data planes has a documented data action, and the built-in roles allow of
 * them what they say. Sources: MicrosoftDocs role-based-access-control/permissions/
 * ai-machine-learning.md (actions), built-in-roles/ai-machine-learning.md (what roles are for).
 */
#include <stdlib.h>

#include "common/rbac.h"
#include "provider/api/face.h"
#include "provider/domain/ai_action.h"
#include "provider/domain/builtin_roles.h"
#include "tests/api/provider_fixture.h"

#define PREFIX    "Microsoft.CognitiveServices/accounts/"
#define SCOPE     "/subscriptions/" SUB "/resourceGroups/rg/providers/" PREFIX "a"
#define PRINCIPAL "00000000-0000-0000-0000-0000000000b1"
#define ASSIGNED  "00000000-0000-0000-0000-0000000000b2"

/* As the document lists them, but for what follows "ours". */
static const char *const documented[] = {
    "OpenAI/deployments/chat/completions/action",
    "OpenAI/deployments/completions/action",
    "OpenAI/deployments/delete",
    "OpenAI/deployments/embeddings/action",
    "OpenAI/deployments/read",
    "OpenAI/deployments/write",
    "OpenAI/files/delete",
    "OpenAI/files/read",
    "OpenAI/files/write",
    "OpenAI/fine-tunes/delete",
    "OpenAI/fine-tunes/read",
    "OpenAI/fine-tunes/write",
    "OpenAI/models/read",
    "Face/detect/action",
    "Face/facelists/delete",
    "Face/facelists/persistedfaces/delete",
    "Face/facelists/persistedfaces/write",
    "Face/facelists/read",
    "Face/facelists/write",
    "Face/largefacelists/delete",
    "Face/largefacelists/persistedfaces/delete",
    "Face/largefacelists/persistedfaces/read",
    "Face/largefacelists/persistedfaces/write",
    "Face/largefacelists/read",
    "Face/largefacelists/train/action",
    "Face/largefacelists/training/read",
    "Face/largefacelists/write",
    "Face/largepersongroups/delete",
    "Face/largepersongroups/persons/action",
    "Face/largepersongroups/persons/delete",
    "Face/largepersongroups/persons/persistedfaces/delete",
    "Face/largepersongroups/persons/persistedfaces/read",
    "Face/largepersongroups/persons/persistedfaces/write",
    "Face/largepersongroups/persons/read",
    "Face/largepersongroups/persons/write",
    "Face/largepersongroups/read",
    "Face/largepersongroups/train/action",
    "Face/largepersongroups/training/read",
    "Face/largepersongroups/write",
    "Face/persongroups/delete",
    "Face/persongroups/persons/action",
    "Face/persongroups/persons/delete",
    "Face/persongroups/persons/persistedfaces/delete",
    "Face/persongroups/persons/persistedfaces/read",
    "Face/persongroups/persons/persistedfaces/write",
    "Face/persongroups/persons/read",
    "Face/persongroups/persons/write",
    "Face/persongroups/read",
    "Face/persongroups/train/action",
    "Face/persongroups/training/read",
    "Face/persongroups/write",
    "Language/analyze-conversations/projects/delete",
    "Language/analyze-conversations/projects/export/action",
    "Language/analyze-conversations/projects/export/jobs/read",
    "Language/analyze-conversations/projects/export/jobs/result/read",
    "Language/analyze-conversations/projects/global/deletion-jobs/read",
    "Language/analyze-conversations/projects/import/action",
    "Language/analyze-conversations/projects/import/jobs/read",
    "Language/analyze-conversations/projects/read",
    "Language/analyze-conversations/projects/write",
    "Language/analyze-text/projects/delete",
    "Language/analyze-text/projects/export/action",
    "Language/analyze-text/projects/export/jobs/read",
    "Language/analyze-text/projects/export/jobs/result/read",
    "Language/analyze-text/projects/global/deletion-jobs/read",
    "Language/analyze-text/projects/import/action",
    "Language/analyze-text/projects/import/jobs/read",
    "Language/analyze-text/projects/read",
    "Language/analyze-text/projects/write",
    "SpeechServices/speechrest/datasets/delete",
    "SpeechServices/speechrest/datasets/read",
    "SpeechServices/speechrest/datasets/write",
    "SpeechServices/speechrest/endpoints/delete",
    "SpeechServices/speechrest/endpoints/files/logs/delete",
    "SpeechServices/speechrest/endpoints/files/logs/read",
    "SpeechServices/speechrest/endpoints/read",
    "SpeechServices/speechrest/endpoints/write",
    "SpeechServices/speechrest/models/delete",
    "SpeechServices/speechrest/models/read",
    "SpeechServices/speechrest/models/write",
    "SpeechServices/unified-speech/frontend/action",
    /* ours: a DELETE of /openai/v1/models/{id} */
    "OpenAI/models/delete",
};

struct seen {
    bool used[ARRAY_LEN(documented)];
};

static void check_row(const struct provider_route *r, struct seen *seen)
{
    char action[AI_ACTION_MAX];
    size_t i = 0;

    if (!ai_action_of((enum http_method) r->route.methods, r->route.path, r->exec == EXEC_WRITE,
                      action)) {
        fail_msg("no action for %s", r->route.path);
    }
    for (; i < ARRAY_LEN(documented); i++) {
        if (strcmp(action + strlen(PREFIX), documented[i]) == 0) {
            seen->used[i] = true;
            return;
        }
    }
    fail_msg("%s: '%s' is not documented", r->route.path, action);
}

static void check_table(const void *rows, size_t n, size_t stride, struct seen *seen)
{
    assert_true(n > 0);
    for (size_t i = 0; i < n; i++) {
        check_row((const void *) ((const char *) rows + i * stride), seen);
    }
}

static void every_operation_has_a_documented_data_action(void **state)
{
    const size_t plain = sizeof(struct provider_route);
    struct seen seen = {0};

    (void) state;
    check_table(provider_ai_routes, provider_ai_routes_len, plain, &seen);
    check_table(provider_oai_routes, provider_oai_routes_len, sizeof(struct arm_route), &seen);
    check_table(provider_face_routes, provider_face_routes_len, plain, &seen);
    check_table(provider_face_set_routes, provider_face_set_routes_len, plain, &seen);
    check_table(provider_face_person_routes, provider_face_person_routes_len, plain, &seen);
    check_table(provider_language_routes, provider_language_routes_len, plain, &seen);
    check_table(provider_speech_routes, provider_speech_routes_len, plain, &seen);
    for (size_t i = 0; i < ARRAY_LEN(documented); i++) {
        if (!seen.used[i]) {
            fail_msg("no operation needs '%s'", documented[i]);
        }
    }
}

/* What a role is for, restated: actions that begin so and end so. */
struct may {
    const char *begin, *end;
};

static const struct {
    const char *role;
    struct may may[8], not [4];
} roles[] = {
    {"Cognitive Services User",               {{"", ""}},                     {{0}}                     },
    {"Cognitive Services Contributor",        {{0}},                          {{0}}                     },
    {"Owner",                                 {{0}},                          {{0}}                     },
    {"Contributor",                           {{0}},                          {{0}}                     },
    {"Reader",                                {{0}},                          {{0}}                     },
    {"Cognitive Services OpenAI Contributor", {{"OpenAI/", ""}},              {{0}}                     },
    {"Cognitive Services OpenAI User",
     {{"OpenAI/", "/read"}, {"OpenAI/deployments/", "/action"}},
     {{0}}                                                                                              },
    {"Cognitive Services Face Recognizer",    {{"Face/detect/", "/action"}},  {{0}}                     },
    {"Cognitive Services Language Owner",     {{"Language/", ""}},            {{0}}                     },
    {"Cognitive Services Language Writer",    {{"Language/", ""}},            {{"Language/", "/delete"}}},
    {"Cognitive Services Language Reader",
     {{"Language/", "/read"}, {"Language/", "/export/action"}},
     {{0}}                                                                                              },
    {"Cognitive Services Speech Contributor", {{"SpeechServices/", ""}},      {{0}}                     },
    {"Cognitive Services Speech User",
     {{"SpeechServices/", "/read"}, {"SpeechServices/", "/frontend/action"}},
     {{0}}                                                                                              },
};

static bool covers(const struct may *m, const char *action)
{
    size_t n = strlen(action);
    size_t end;

    if (!m->begin) {
        return false;
    }
    end = strlen(m->end);
    return strncmp(action, m->begin, strlen(m->begin)) == 0 && n >= end &&
           strcmp(action + n - end, m->end) == 0;
}

static bool expected(size_t role, const char *action)
{
    bool may = false;

    for (size_t i = 0; i < ARRAY_LEN(roles[role].may); i++) {
        may |= covers(&roles[role].may[i], action);
    }
    for (size_t i = 0; i < ARRAY_LEN(roles[role].not ); i++) {
        may &= !covers(&roles[role].not [i], action);
    }
    return may;
}

static const struct builtin_role *role_named(const char *name)
{
    for (size_t i = 0; i < builtin_roles_len; i++) {
        if (strcmp(builtin_roles[i].name, name) == 0) {
            return &builtin_roles[i];
        }
    }
    fail_msg("no role %s", name);
    abort();
}

static struct rbac_set *assigned(const char *role)
{
    const struct builtin_role *r = role_named(role);
    AUTO_JSON *doc =
        json_pack("{s:s,s:o}", "id", r->id, "permissions", builtin_role_permissions(r));
    AUTO_JSON *assignment = json_pack("{s:s,s:s,s:s,s:s}", "name", ASSIGNED, "role", r->id,
                                      "principal", PRINCIPAL, "scope", "/subscriptions/" SUB);
    struct rbac_set *set = rbac_set_new();

    assert_true(rbac_set_add_role(set, doc) && rbac_set_add_assignment(set, assignment));
    return set;
}

static void each_role_allows_what_it_is_for_and_no_more(void **state)
{
    char action[256];

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        struct rbac_set *set = assigned(roles[i].role);

        for (size_t k = 0; k < ARRAY_LEN(documented); k++) {
            (void) snprintf(action, sizeof(action), PREFIX "%s", documented[k]);
            if ((rbac_allows(set, PRINCIPAL, RBAC_DATA, action, SCOPE) != NULL) !=
                expected(i, documented[k])) {
                fail_msg("%s: %s", roles[i].role, action);
            }
        }
        rbac_set_free(set);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_has_a_documented_data_action),
        cmocka_unit_test(each_role_allows_what_it_is_for_and_no_more),
    };

    return cmocka_run_group_tests_name("provider_roles", tests, NULL, NULL);
}
