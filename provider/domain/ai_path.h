/* SPDX-License-Identifier: MIT */
/* Paths of the data planes beside OpenAI's, as the rows have them: which service an operation is
 * of. */
#pragma once

#define FACE_PATH          "/face/{v}/"
#define LANGUAGE_PATH      "/language/authoring/"
#define LANGUAGE_TEXT_PATH LANGUAGE_PATH "analyze-text/"
#define LANGUAGE_TALK_PATH LANGUAGE_PATH "analyze-conversations/"
#define SPEECH_PATH        "/speechtotext/"      /* the version is in api-version */
#define SPEECH_V3_PATH     "/speechtotext/v3.2/" /* ... in the path */

enum ai_service { AI_OTHER, AI_FACE, AI_LANGUAGE, AI_SPEECH };

enum ai_service ai_service_of(const char *path);
