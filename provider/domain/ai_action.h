/* SPDX-License-Identifier: MIT */
/*
 * The data action (role-based access control) of an operation of an account's data plane, from its
 * method and the path of its route. Pure.
 *
 * Source: MicrosoftDocs role-based-access-control/permissions/ai-machine-learning.md, which lists
 * the data actions of OpenAI, Face, Language and SpeechServices with what each is for.
 */
#pragma once

#include <stdbool.h>

#include "common/http_msg.h"

#define AI_ACTION_MAX 256

/* writes: the operation changes what is stored (a POST that does not is an ".../action"). False:
 * no product's path. */
bool ai_action_of(enum http_method method, const char *path, bool writes, char out[AI_ACTION_MAX]);
