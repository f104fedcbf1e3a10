/* SPDX-License-Identifier: MIT */
/*
 * The built-in roles that are served: ids, names, texts and permissions as Azure documents them.
 *
 * Key Vault and Cognitive Services roles: the documented JSON (MicrosoftDocs
 * key-vault/general/rbac-guide.md,
 * role-based-access-control/built-in-roles/ai-machine-learning.md). The general ones before them:
 * role-based-access-control/built-in-roles, from memory of it where no copy was at hand; what they
 * grant of the actions served here is certain.
 */
#include "provider/domain/builtin_roles.h"

#include <strings.h>

#include "common/cleanup.h"

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NONE      ((const char *const[]){NULL})
#define LANGUAGE_ALL                                                                  \
    "Microsoft.CognitiveServices/accounts/LanguageAuthoring/*",                       \
        "Microsoft.CognitiveServices/accounts/ConversationalLanguageUnderstanding/*", \
        "Microsoft.CognitiveServices/accounts/Language/*",                            \
        "Microsoft.CognitiveServices/accounts/TextAnalytics/*"

/* clang-format off */
const struct builtin_role builtin_roles[] = {
    {"8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner",
     "Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.",
     LIST("*"),
     NONE,
     NONE,
     NONE,
     NULL},
    {"b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor",
     "Grants full access to manage all resources, but does not allow you to assign roles in Azure RBAC, "
     "manage assignments in Azure Blueprints, or share image galleries.",
     LIST("*"),
     LIST("Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write",
              "Microsoft.Authorization/elevateAccess/Action", "Microsoft.Blueprint/blueprintAssignments/write",
              "Microsoft.Blueprint/blueprintAssignments/delete", "Microsoft.Compute/galleries/share/action",
              "Microsoft.Purview/consents/write", "Microsoft.Purview/consents/delete"),
     NONE,
     NONE,
     NULL},
    {"acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader",
     "View all resources, but does not allow you to make any changes.",
     LIST("*/read"),
     NONE,
     NONE,
     NONE,
     NULL},
    {"18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "User Access Administrator",
     "Lets you manage user access to Azure resources.",
     LIST("*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"),
     NONE,
     NONE,
     NONE,
     NULL},
    {"f58310d9-a9f6-439a-9e8d-f62e7b41a168", "Role Based Access Control Administrator",
     "Manage access to Azure resources by assigning roles using Azure RBAC. This role does not allow you "
     "to manage access using other ways, such as Azure Policy.",
     LIST("Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete", "*/read",
              "Microsoft.Support/*"),
     NONE,
     NONE,
     NONE,
     NULL},
    {"f1a07417-d97a-45cb-824c-7a7467783830", "Managed Identity Operator",
     "Read and Assign User Assigned Identity",
     LIST("Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
              "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action", "Microsoft.Authorization/*/read",
              "Microsoft.Insights/alertRules/*", "Microsoft.Resources/subscriptions/resourceGroups/read",
              "Microsoft.Resources/deployments/*", "Microsoft.Support/*"),
     NONE,
     NONE,
     NONE,
     NULL},
    {"e40ec5ca-96e0-45a2-b4ff-59039f2c2b59", "Managed Identity Contributor",
     "Create, Read, Update, and Delete User Assigned Identity",
     LIST("Microsoft.ManagedIdentity/userAssignedIdentities/read",
              "Microsoft.ManagedIdentity/userAssignedIdentities/write",
              "Microsoft.ManagedIdentity/userAssignedIdentities/delete", "Microsoft.Authorization/*/read",
              "Microsoft.Insights/alertRules/*", "Microsoft.Resources/subscriptions/resourceGroups/read",
              "Microsoft.Resources/deployments/*", "Microsoft.Support/*"),
     NONE,
     NONE,
     NONE,
     NULL},
    {"a97b65f3-24c7-4388-baec-2e87135dc908", "Cognitive Services User",
     "Lets you read and list keys of Cognitive Services.",
     LIST("Microsoft.CognitiveServices/*/read", "Microsoft.CognitiveServices/accounts/listkeys/action",
              "Microsoft.Insights/alertRules/read", "Microsoft.Insights/diagnosticSettings/read",
              "Microsoft.Insights/logDefinitions/read", "Microsoft.Insights/metricdefinitions/read",
              "Microsoft.Insights/metrics/read", "Microsoft.ResourceHealth/availabilityStatuses/read",
              "Microsoft.Resources/deployments/operations/read",
              "Microsoft.Resources/subscriptions/operationresults/read", "Microsoft.Resources/subscriptions/read",
              "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Support/*"),
     NONE,
     LIST("Microsoft.CognitiveServices/*"),
     NONE,
     NULL},
    {"25fbc0a9-bd7c-42a3-aa1a-3b75d497ee68", "Cognitive Services Contributor",
     "Lets you create, read, update, delete and manage keys of Cognitive Services.",
     LIST("Microsoft.Authorization/*/read", "Microsoft.CognitiveServices/*", "Microsoft.Features/features/read",
              "Microsoft.Features/providers/features/read", "Microsoft.Features/providers/features/register/action",
              "Microsoft.Insights/alertRules/*", "Microsoft.Insights/diagnosticSettings/*",
              "Microsoft.Insights/logDefinitions/read", "Microsoft.Insights/metricdefinitions/read",
              "Microsoft.Insights/metrics/read", "Microsoft.ResourceHealth/availabilityStatuses/read",
              "Microsoft.Resources/deployments/*", "Microsoft.Resources/deployments/operations/read",
              "Microsoft.Resources/subscriptions/operationresults/read", "Microsoft.Resources/subscriptions/read",
              "Microsoft.Resources/subscriptions/resourcegroups/deployments/*",
              "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Support/*"),
     LIST("Microsoft.CognitiveServices/raiPolicy/write", "Microsoft.CognitiveServices/raiPolicy/delete",
              "Microsoft.CognitiveServices/raiExternalSafetyProviders/write",
              "Microsoft.CognitiveServices/raiExternalSafetyProviders/delete"),
     NONE,
     NONE,
     NULL},
    {"a001fd3d-188f-4b5d-821b-7da978bf7442", "Cognitive Services OpenAI Contributor",
     "Full access including the ability to fine-tune, deploy and generate text",
     LIST("Microsoft.CognitiveServices/*/read", "Microsoft.CognitiveServices/accounts/deployments/write",
              "Microsoft.CognitiveServices/accounts/deployments/delete",
              "Microsoft.CognitiveServices/accounts/raiPolicies/read",
              "Microsoft.CognitiveServices/accounts/raiPolicies/write",
              "Microsoft.CognitiveServices/accounts/raiPolicies/delete",
              "Microsoft.CognitiveServices/accounts/commitmentplans/read",
              "Microsoft.CognitiveServices/accounts/commitmentplans/write",
              "Microsoft.CognitiveServices/accounts/commitmentplans/delete",
              "Microsoft.Authorization/roleAssignments/read", "Microsoft.Authorization/roleDefinitions/read"),
     NONE,
     LIST("Microsoft.CognitiveServices/accounts/OpenAI/*"),
     NONE,
     NULL},
    {"5e0bd9bd-7b93-4f28-af87-19fc36ad61bd", "Cognitive Services OpenAI User",
     "Ability to view files, models, deployments. Readers can't make any changes They can inference and "
     "create images",
     LIST("Microsoft.CognitiveServices/*/read", "Microsoft.Authorization/roleAssignments/read",
              "Microsoft.Authorization/roleDefinitions/read"),
     NONE,
     LIST("Microsoft.CognitiveServices/accounts/OpenAI/*/read",
              "Microsoft.CognitiveServices/accounts/OpenAI/engines/completions/action",
              "Microsoft.CognitiveServices/accounts/OpenAI/engines/search/action",
              "Microsoft.CognitiveServices/accounts/OpenAI/engines/generate/action",
              "Microsoft.CognitiveServices/accounts/OpenAI/deployments/audio/action",
              "Microsoft.CognitiveServices/accounts/OpenAI/deployments/search/action",
              "Microsoft.CognitiveServices/accounts/OpenAI/deployments/completions/action",
              "Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action",
              "Microsoft.CognitiveServices/accounts/OpenAI/deployments/realtime/action",
              "Microsoft.CognitiveServices/accounts/OpenAI/deployments/extensions/chat/completions/action",
              "Microsoft.CognitiveServices/accounts/OpenAI/deployments/embeddings/action",
              "Microsoft.CognitiveServices/accounts/OpenAI/images/generations/action",
              "Microsoft.CognitiveServices/accounts/OpenAI/video/generations/*/action",
              "Microsoft.CognitiveServices/accounts/OpenAI/video/generations/*/delete",
              "Microsoft.CognitiveServices/accounts/OpenAI/assistants/*",
              "Microsoft.CognitiveServices/accounts/OpenAI/responses/*"),
     LIST("Microsoft.CognitiveServices/accounts/OpenAI/stored-completions/read"),
     NULL},
    {"9894cab4-e18a-44aa-828b-cb588cd6f2d7", "Cognitive Services Face Recognizer",
     "Lets you perform detect, verify, identify, group, and find similar operations on Face API. This role "
     "does not allow create or delete operations, which makes it well suited for endpoints that only need "
     "inferencing capabilities, following 'least privilege' best practices.",
     NONE,
     NONE,
     LIST("Microsoft.CognitiveServices/accounts/Face/detect/action",
              "Microsoft.CognitiveServices/accounts/Face/verify/action",
              "Microsoft.CognitiveServices/accounts/Face/identify/action",
              "Microsoft.CognitiveServices/accounts/Face/group/action",
              "Microsoft.CognitiveServices/accounts/Face/findsimilars/action",
              "Microsoft.CognitiveServices/accounts/Face/detectliveness/multimodal/action",
              "Microsoft.CognitiveServices/accounts/Face/detectliveness/singlemodal/action",
              "Microsoft.CognitiveServices/accounts/Face/detectlivenesswithverify/singlemodal/action",
              "Microsoft.CognitiveServices/accounts/Face/*/sessions/action",
              "Microsoft.CognitiveServices/accounts/Face/*/sessions/delete",
              "Microsoft.CognitiveServices/accounts/Face/*/sessions/read",
              "Microsoft.CognitiveServices/accounts/Face/*/sessions/audit/read"),
     NONE,
     NULL},
    {"f07febfe-79bc-46b1-8b37-790e26e6e498", "Cognitive Services Language Owner",
     "Has access to all Read, Test, Write, Deploy and Delete functions under Language portal",
     LIST("Microsoft.CognitiveServices/*/read", "Microsoft.CognitiveServices/accounts/listkeys/action",
              "Microsoft.Authorization/roleAssignments/read", "Microsoft.Authorization/roleDefinitions/read"),
     NONE,
     LIST(LANGUAGE_ALL),
     LIST("Microsoft.CognitiveServices/accounts/TextAnalytics/QnaMaker/*"),
     NULL},
    {"7628b7b8-a8b2-4cdc-b46f-e9b35248918e", "Cognitive Services Language Reader",
     "Has access to Read and Test functions under Language portal",
     LIST("Microsoft.CognitiveServices/*/read", "Microsoft.Authorization/roleAssignments/read",
              "Microsoft.Authorization/roleDefinitions/read"),
     NONE,
     LIST("Microsoft.CognitiveServices/accounts/LanguageAuthoring/*/read",
              "Microsoft.CognitiveServices/accounts/ConversationalLanguageUnderstanding/*/read",
              "Microsoft.CognitiveServices/accounts/ConversationalLanguageUnderstanding/projects/export/action",
              "Microsoft.CognitiveServices/accounts/Language/*/read",
              "Microsoft.CognitiveServices/accounts/Language/*/projects/export/action",
              "Microsoft.CognitiveServices/accounts/Language/query-text/action",
              "Microsoft.CognitiveServices/accounts/Language/query-dataverse/action",
              "Microsoft.CognitiveServices/accounts/Language/analyze-text/jobs/action",
              "Microsoft.CognitiveServices/accounts/Language/analyze-text/action",
              "Microsoft.CognitiveServices/accounts/Language/analyze-text/jobscancel/action",
              "Microsoft.CognitiveServices/accounts/Language/analyze-conversations/action",
              "Microsoft.CognitiveServices/accounts/Language/analyze-conversations/jobscancel/action",
              "Microsoft.CognitiveServices/accounts/Language/analyze-conversations/jobs/action",
              "Microsoft.CognitiveServices/accounts/Language/query-knowledgebases/action",
              "Microsoft.CognitiveServices/accounts/Language/generate/action",
              "Microsoft.CognitiveServices/accounts/TextAnalytics/*"),
     LIST("Microsoft.CognitiveServices/accounts/TextAnalytics/QnaMaker/*"),
     NULL},
    {"f2310ca1-dc64-4889-bb49-c8e0fa3d47a8", "Cognitive Services Language Writer",
     " Has access to all Read, Test, and Write functions under Language Portal",
     LIST("Microsoft.CognitiveServices/*/read", "Microsoft.Authorization/roleAssignments/read",
              "Microsoft.Authorization/roleDefinitions/read"),
     NONE,
     LIST(LANGUAGE_ALL),
     LIST("Microsoft.CognitiveServices/accounts/LanguageAuthoring/projects/publish/action",
              "Microsoft.CognitiveServices/accounts/ConversationalLanguageUnderstanding/projects/deployments/write",
              "Microsoft.CognitiveServices/accounts/TextAnalytics/QnaMaker/*",
              "Microsoft.CognitiveServices/accounts/Language/*/projects/delete",
              "Microsoft.CognitiveServices/accounts/Language/*/projects/deployments/write",
              "Microsoft.CognitiveServices/accounts/Language/*/projects/deployments/delete",
              "Microsoft.CognitiveServices/accounts/Language/*/projects/deployments/swap/action"),
     NULL},
    {"0e75ca1e-0464-4b4d-8b93-68208a576181", "Cognitive Services Speech Contributor",
     "Full access to Speech projects, including read, write and delete all entities, for real-time speech "
     "recognition and batch transcription tasks, real-time speech synthesis and long audio tasks, custom "
     "speech and custom voice.",
     LIST("Microsoft.CognitiveServices/*/read", "Microsoft.Authorization/roleAssignments/read",
              "Microsoft.Authorization/roleDefinitions/read"),
     NONE,
     LIST("Microsoft.CognitiveServices/accounts/SpeechServices/*", "Microsoft.CognitiveServices/accounts/CustomVoice/*",
              "Microsoft.CognitiveServices/accounts/AudioContentCreation/*",
              "Microsoft.CognitiveServices/accounts/VideoTranslation/*",
              "Microsoft.CognitiveServices/accounts/CustomAvatar/*", "Microsoft.CognitiveServices/accounts/BatchAvatar/*",
              "Microsoft.CognitiveServices/accounts/BatchTextToSpeech/*"),
     NONE,
     NULL},
    {"f2dc8367-1007-4938-bd23-fe263f013447", "Cognitive Services Speech User",
     "Access to the real-time speech recognition and batch transcription APIs, real-time speech synthesis "
     "and long audio APIs, as well as to read the data/test/model/endpoint for custom models, but can't "
     "create, delete or modify the data/test/model/endpoint for custom models.",
     LIST("Microsoft.CognitiveServices/*/read", "Microsoft.Authorization/roleAssignments/read",
              "Microsoft.Authorization/roleDefinitions/read"),
     NONE,
     LIST("Microsoft.CognitiveServices/accounts/SpeechServices/*/read",
              "Microsoft.CognitiveServices/accounts/SpeechServices/*/transcriptions/read",
              "Microsoft.CognitiveServices/accounts/SpeechServices/*/transcriptions/write",
              "Microsoft.CognitiveServices/accounts/SpeechServices/*/transcriptions/delete",
              "Microsoft.CognitiveServices/accounts/SpeechServices/*/transcriptions/action",
              "Microsoft.CognitiveServices/accounts/SpeechServices/*/frontend/action",
              "Microsoft.CognitiveServices/accounts/SpeechServices/text-dependent/*/action",
              "Microsoft.CognitiveServices/accounts/SpeechServices/text-independent/*/action",
              "Microsoft.CognitiveServices/accounts/CustomVoice/*/read",
              "Microsoft.CognitiveServices/accounts/CustomVoice/evaluations/*",
              "Microsoft.CognitiveServices/accounts/CustomVoice/longaudiosynthesis/*",
              "Microsoft.CognitiveServices/accounts/AudioContentCreation/*",
              "Microsoft.CognitiveServices/accounts/VideoTranslation/*",
              "Microsoft.CognitiveServices/accounts/CustomAvatar/*/read",
              "Microsoft.CognitiveServices/accounts/BatchAvatar/*",
              "Microsoft.CognitiveServices/accounts/BatchTextToSpeech/*"),
     LIST("Microsoft.CognitiveServices/accounts/CustomVoice/datasets/files/read",
              "Microsoft.CognitiveServices/accounts/CustomVoice/datasets/utterances/read"),
     NULL},
    {"00482a5a-887f-4fb3-b363-3b7fe8e74483", "Key Vault Administrator",
     "Perform all data plane operations on a key vault and all objects in it, including certificates, "
     "keys, and secrets. Cannot manage key vault resources or manage role assignments. Only works for key "
     "vaults that use the 'Azure role-based access control' permission model.",
     LIST("Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*", "Microsoft.Resources/deployments/*",
              "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Support/*",
              "Microsoft.KeyVault/checkNameAvailability/read", "Microsoft.KeyVault/deletedVaults/read",
              "Microsoft.KeyVault/locations/*/read", "Microsoft.KeyVault/vaults/*/read",
              "Microsoft.KeyVault/operations/read"),
     NONE,
     LIST("Microsoft.KeyVault/vaults/*"),
     NONE,
     NULL},
    {"db79e9a7-68ee-4b58-9aeb-b90e7c24fcba", "Key Vault Certificate User",
     "Read certificate contents. Only works for key vaults that use the 'Azure role-based access control' "
     "permission model.",
     NONE,
     NONE,
     LIST("Microsoft.KeyVault/vaults/certificates/read", "Microsoft.KeyVault/vaults/secrets/getSecret/action",
              "Microsoft.KeyVault/vaults/secrets/readMetadata/action", "Microsoft.KeyVault/vaults/keys/read"),
     NONE,
     NULL},
    {"a4417e6f-fecd-4de8-b567-7b0420556985", "Key Vault Certificates Officer",
     "Perform any action on the certificates of a key vault, except manage permissions. Only works for key"
     " vaults that use the 'Azure role-based access control' permission model.",
     LIST("Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*", "Microsoft.Resources/deployments/*",
              "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Support/*",
              "Microsoft.KeyVault/checkNameAvailability/read", "Microsoft.KeyVault/deletedVaults/read",
              "Microsoft.KeyVault/locations/*/read", "Microsoft.KeyVault/vaults/*/read",
              "Microsoft.KeyVault/operations/read"),
     NONE,
     LIST("Microsoft.KeyVault/vaults/certificatecas/*", "Microsoft.KeyVault/vaults/certificates/*",
              "Microsoft.KeyVault/vaults/certificatecontacts/write"),
     NONE,
     NULL},
    {"f25e0fa2-a7c8-4377-a976-54943a77a395", "Key Vault Contributor",
     "Lets you manage key vaults, but not access to them.",
     LIST("Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*", "Microsoft.KeyVault/*",
              "Microsoft.Resources/deployments/*", "Microsoft.Resources/subscriptions/resourceGroups/read",
              "Microsoft.Support/*"),
     LIST("Microsoft.KeyVault/locations/deletedVaults/purge/action", "Microsoft.KeyVault/hsmPools/*",
              "Microsoft.KeyVault/managedHsms/*"),
     NONE,
     NONE,
     NULL},
    {"14b46e9e-c2b7-41b4-b07b-48a6ebf60603", "Key Vault Crypto Officer",
     "Perform any action on the keys of a key vault, except manage permissions. Only works for key vaults "
     "that use the 'Azure role-based access control' permission model.",
     LIST("Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*", "Microsoft.Resources/deployments/*",
              "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Support/*",
              "Microsoft.KeyVault/checkNameAvailability/read", "Microsoft.KeyVault/deletedVaults/read",
              "Microsoft.KeyVault/locations/*/read", "Microsoft.KeyVault/vaults/*/read",
              "Microsoft.KeyVault/operations/read"),
     NONE,
     LIST("Microsoft.KeyVault/vaults/keys/*", "Microsoft.KeyVault/vaults/keyrotationpolicies/*"),
     NONE,
     NULL},
    {"e147488a-f6f5-4113-8e2d-b22465e65bf6", "Key Vault Crypto Service Encryption User",
     "Read metadata of keys and perform wrap/unwrap operations. Only works for key vaults that use the "
     "'Azure role-based access control' permission model.",
     LIST("Microsoft.EventGrid/eventSubscriptions/write", "Microsoft.EventGrid/eventSubscriptions/read",
              "Microsoft.EventGrid/eventSubscriptions/delete"),
     NONE,
     LIST("Microsoft.KeyVault/vaults/keys/read", "Microsoft.KeyVault/vaults/keys/wrap/action",
              "Microsoft.KeyVault/vaults/keys/unwrap/action"),
     NONE,
     NULL},
    {"08bbd89e-9f13-488c-ac41-acfcb10c90ab", "Key Vault Crypto Service Release User",
     "Release keys. Only works for key vaults that use the 'Azure role-based access control' permission "
     "model.",
     NONE,
     NONE,
     LIST("Microsoft.KeyVault/vaults/keys/release/action"),
     NONE,
     NULL},
    {"12338af0-0e69-4776-bea7-57ae8d297424", "Key Vault Crypto User",
     "Perform cryptographic operations using keys. Only works for key vaults that use the 'Azure role-"
     "based access control' permission model.",
     NONE,
     NONE,
     LIST("Microsoft.KeyVault/vaults/keys/read", "Microsoft.KeyVault/vaults/keys/update/action",
              "Microsoft.KeyVault/vaults/keys/backup/action", "Microsoft.KeyVault/vaults/keys/encrypt/action",
              "Microsoft.KeyVault/vaults/keys/decrypt/action", "Microsoft.KeyVault/vaults/keys/wrap/action",
              "Microsoft.KeyVault/vaults/keys/unwrap/action", "Microsoft.KeyVault/vaults/keys/sign/action",
              "Microsoft.KeyVault/vaults/keys/verify/action"),
     NONE,
     NULL},
    {"8b54135c-b56d-4d72-a534-26097cfdc8d8", "Key Vault Data Access Administrator",
     "Manage access to Azure Key Vault by adding or removing role assignments for the Key Vault "
     "Administrator, Key Vault Certificates Officer, Key Vault Crypto Officer, Key Vault Crypto Service "
     "Encryption User, Key Vault Crypto User, Key Vault Reader, Key Vault Secrets Officer, or Key Vault "
     "Secrets User roles. Includes an ABAC condition to constrain role assignments.",
     LIST("Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete",
              "Microsoft.Authorization/*/read", "Microsoft.Resources/deployments/*",
              "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Resources/subscriptions/read",
              "Microsoft.Management/managementGroups/read", "Microsoft.Support/*", "Microsoft.KeyVault/vaults/*/read"),
     NONE,
     NONE,
     NONE,
     "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR "
     "(@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] "
     "ForAnyOfAnyValues:GuidEquals{00482a5a-887f-4fb3-b363-3b7fe8e74483, "
     "a4417e6f-fecd-4de8-b567-7b0420556985, 14b46e9e-c2b7-41b4-b07b-48a6ebf60603, "
     "e147488a-f6f5-4113-8e2d-b22465e65bf6, 12338af0-0e69-4776-bea7-57ae8d297424, "
     "21090545-7ca7-4776-b22c-e363652d74d2, b86a8fe4-44ce-4948-aee5-eccb2c155cd7, "
     "4633458b-17de-408a-b874-0445c86b69e6}))"},
    {"21090545-7ca7-4776-b22c-e363652d74d2", "Key Vault Reader",
     "Read metadata of key vaults and its certificates, keys, and secrets. Cannot read sensitive values "
     "such as secret contents or key material. Only works for key vaults that use the 'Azure role-based "
     "access control' permission model.",
     LIST("Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*", "Microsoft.Resources/deployments/*",
              "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Support/*",
              "Microsoft.KeyVault/checkNameAvailability/read", "Microsoft.KeyVault/deletedVaults/read",
              "Microsoft.KeyVault/locations/*/read", "Microsoft.KeyVault/vaults/*/read",
              "Microsoft.KeyVault/operations/read"),
     NONE,
     LIST("Microsoft.KeyVault/vaults/*/read", "Microsoft.KeyVault/vaults/secrets/readMetadata/action"),
     NONE,
     NULL},
    {"b86a8fe4-44ce-4948-aee5-eccb2c155cd7", "Key Vault Secrets Officer",
     "Perform any action on the secrets of a key vault, except manage permissions. Only works for key "
     "vaults that use the 'Azure role-based access control' permission model.",
     LIST("Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*", "Microsoft.Resources/deployments/*",
              "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Support/*",
              "Microsoft.KeyVault/checkNameAvailability/read", "Microsoft.KeyVault/deletedVaults/read",
              "Microsoft.KeyVault/locations/*/read", "Microsoft.KeyVault/vaults/*/read",
              "Microsoft.KeyVault/operations/read"),
     NONE,
     LIST("Microsoft.KeyVault/vaults/secrets/*"),
     NONE,
     NULL},
    {"4633458b-17de-408a-b874-0445c86b69e6", "Key Vault Secrets User",
     "Read secret contents. Only works for key vaults that use the 'Azure role-based access control' "
     "permission model.",
     NONE,
     NONE,
     LIST("Microsoft.KeyVault/vaults/secrets/getSecret/action",
              "Microsoft.KeyVault/vaults/secrets/readMetadata/action"),
     NONE,
     NULL},
};
/* clang-format on */
const size_t builtin_roles_len = ARRAY_LEN(builtin_roles);

const struct builtin_role *builtin_role_by_id(const char *id)
{
    for (size_t i = 0; i < builtin_roles_len; i++) {
        if (strcasecmp(builtin_roles[i].id, id) == 0) {
            return &builtin_roles[i];
        }
    }
    return NULL;
}

static json_t *texts(const char *const *list)
{
    json_t *out = json_array();

    for (; *list; list++) {
        (void) json_array_append_new(out, json_string(*list));
    }
    return out;
}

json_t *builtin_role_permissions(const struct builtin_role *r)
{
    json_t *p = json_pack("{s:o,s:o,s:o,s:o}", "actions", texts(r->actions), "notActions",
                          texts(r->not_actions), "dataActions", texts(r->data_actions),
                          "notDataActions", texts(r->not_data_actions));

    if (r->condition) {
        (void) json_object_set_new(p, "conditionVersion", json_string("2.0"));
        (void) json_object_set_new(p, "condition", json_string(r->condition));
    }
    return json_pack("[o]", p);
}
