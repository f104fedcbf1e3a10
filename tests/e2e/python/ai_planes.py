"""Clients of Face and Language with default settings through the proxy: azure-ai-vision-face, azure-ai-language-conversations-authoring,
azure-ai-textanalytics-authoring. Face and Language data planes; errors as the clients show them."""

from azure.ai.language.conversations.authoring import ConversationAuthoringClient
from azure.ai.textanalytics.authoring import TextAuthoringClient
from azure.ai.vision.face import FaceAdministrationClient, FaceClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient

from story import RG, SUB, credential, expect, refused

URL = {"url": "https://images.example.com/1.jpg", "detection_model": "detection_03"}
IMAGE = b"\xff\xd8" * 1000


def make_account(ai, name, kind, sku):
    ai.accounts.begin_create(RG, name, {"kind": kind, "sku": {"name": sku}, "location": "westeurope",
                                        "properties": {"customSubDomainName": name}}).result()
    return f"https://{name}.cognitiveservices.azure.com", AzureKeyCredential(ai.accounts.list_keys(RG, name).key1)


def face(endpoint, key):
    client, admin = FaceClient(endpoint, key), FaceAdministrationClient(endpoint, key)
    wanted = {"detection_model": "detection_03", "recognition_model": "recognition_04", "return_face_id": True}
    expect("a face is detected by URL", client.detect_from_url(url=URL["url"], **wanted)[0].face_id)
    expect("a face is detected in an image", client.detect(IMAGE, **wanted)[0].face_rectangle.width > 0)
    lists = admin.large_face_list
    lists.create("staff", name="Staff", user_data="u", recognition_model="recognition_04")
    added = lists.add_face_from_url("staff", user_data="Ada", **URL).persisted_face_id
    expect("a face list has the face", [(f.persisted_face_id, f.user_data) for f in lists.get_faces("staff")] == [(added, "Ada")])
    expect("its model is told to who asks", lists.get("staff", return_recognition_model=True).recognition_model == "recognition_04")
    lists.begin_train("staff", polling_interval=1).result()
    expect("it is trained", lists.get_training_status("staff").status == "succeeded")
    groups = admin.large_person_group
    groups.create("people", name="People", recognition_model="recognition_04")
    person = groups.create_person("people", name="Ada", user_data="u").person_id
    groups.add_face("people", person, IMAGE, detection_model="detection_03")
    face_id = groups.add_face_from_url("people", person, user_data="f", **URL).persisted_face_id
    expect("a person has two faces", len(groups.get_person("people", person).persisted_face_ids) == 2)
    groups.update_face("people", person, face_id, user_data="g")
    expect("a face is updated", groups.get_face("people", person, face_id).user_data == "g")
    refused("a group that is not trained", ResourceNotFoundError, 404, lambda: groups.get_training_status("people"))
    groups.delete("people")
    e = refused("a group that was deleted", ResourceNotFoundError, 404, lambda: groups.get("people"))
    expect("the error's code is read", e.error.code == "LargePersonGroupNotFound")


def conversations(endpoint, key):
    client = ConversationAuthoringClient(endpoint, key)
    client.create_project("talk", {"projectName": "talk", "projectKind": "Conversation", "language": "en-us"})
    expect("a project is listed", [p.project_name for p in client.list_projects()] == ["talk"])
    project = client.get_project_client("talk").project
    project.begin_import(body={"projectFileVersion": "2025-11-01", "stringIndexType": "Utf16CodeUnit",
                               "metadata": {"projectKind": "Conversation", "projectName": "talk", "language": "en-us"},
                               "assets": {"projectKind": "Conversation", "intents": [{"category": "Greet"}]}}).result()
    project.begin_export(string_index_type="Utf16CodeUnit").result()
    client.begin_delete_project("talk").result()
    e = refused("a project that was deleted", ResourceNotFoundError, 404, lambda: client.get_project("talk"))
    expect("the error's code is read", e.error.code == "ProjectNotFound")


def texts(endpoint, key):
    client = TextAuthoringClient(endpoint, key)
    client.create_project("names", {"projectName": "names", "projectKind": "CustomEntityRecognition", "storageInputContainerName": "c", "language": "en"})
    expect("a text project is there", client.get_project("names").project_kind == "CustomEntityRecognition")
    refused("a kind that is none", HttpResponseError, 400, lambda: client.create_project("none", {
        "projectName": "none", "projectKind": "None", "storageInputContainerName": "c", "language": "en"}))


ai = CognitiveServicesManagementClient(credential, SUB)
face(*make_account(ai, "pyface", "Face", "S0"))
language = make_account(ai, "pylanguage", "TextAnalytics", "S")
conversations(*language)
texts(*language)
