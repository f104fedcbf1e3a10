/* SPDX-License-Identifier: MIT */
/* Set, get, delete. Nobody is written to: there are no certificates here that could expire. */
#include "vault/api/certificate_contacts.h"

#include <string.h>

#include "common/json.h"
#include "common/limits.h"
#include "vault/api/key_body.h"
#include "vault/api/key_render.h"
#include "vault/store/vault_store.h"

static bool answer(struct vault_call *c, json_t *contacts)
{
    AUTO_JSON *doc = NULL;

    (void) key_url(c, "certificates", sv_from("contacts"), NULL, c->object_id);
    doc = json_pack("{s:s,s:O}", "id", c->object_id, "contacts", contacts);
    return vault_answer_json(c, 200, doc);
}

/* Recorded for GET; that DELETE says the same is ours. */
static bool none(struct az_error *reterr)
{
    return az_fail(reterr, AZ_ERR_CONTACTS_NOT_FOUND, "Contacts not found");
}

bool contacts_get_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_VAULT *v = NULL;

    /* From this snapshot: the vault that the call has been judged by may be older. */
    if (!vault_store_get(txn, c->vault->name, &v, reterr)) {
        return false;
    }
    return v && v->contacts ? answer(c, v->contacts) : none(reterr);
}

/* The members that the specification has, in its order; what is null or absent is left out. */
static bool take_contact(const json_t *contact, json_t *list, struct az_error *reterr)
{
    static const char *const members[] = {"email", "name", "phone"};
    json_t *out = json_object();
    bool good = json_is_object(contact);

    for (size_t i = 0; good && i < ARRAY_LEN(members); i++) {
        json_t *value = json_object_get(contact, members[i]);

        good = !value || json_is_null(value) ||
               (json_is_string(value) && json_string_length(value) <= LIMIT_CONTACT_TEXT);
        if (good && json_is_string(value)) {
            (void) json_object_set(out, members[i], value);
        }
    }
    if (!good) {
        json_decref(out);
        return key_bad_property("contacts", reterr);
    }
    return json_array_append_new(list, out) == 0 || az_fail_internal(reterr, "out of memory");
}

/* A list of none is refused (unverified): the service can't hold one, as maintainers of
 * terraform-provider-azurerm say (pull request 25124). */
static bool take_contacts(const json_t *body, json_t **ret, struct az_error *reterr)
{
    json_t *from = json_object_iget(body, "contacts");
    AUTO_JSON *list = json_array();
    json_t *contact;
    size_t i;

    if (!json_is_array(from) || json_array_size(from) == 0 ||
        json_array_size(from) > LIMIT_CONTACTS) {
        return key_bad_property("contacts", reterr);
    }
    json_array_foreach(from, i, contact)
    {
        if (!take_contact(contact, list, reterr)) {
            return false;
        }
    }
    *ret = json_incref(list);
    return true;
}

/* The live vault of the call, to be changed. */
static bool writable(struct vault_call *c, struct kvdb_txn *txn, struct vault **ret,
                     struct az_error *reterr)
{
    return vault_store_get(txn, c->vault->name, ret, reterr) &&
           (*ret || az_fail(reterr, AZ_ERR_NOT_FOUND, "There is no vault '%s'.", c->vault->name));
}

bool contacts_set_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *contacts = NULL;
    AUTO_VAULT *v = NULL;

    if (!take_contacts(c->body, &contacts, reterr) || !writable(c, txn, &v, reterr)) {
        return false;
    }
    json_decref(v->contacts);
    v->contacts = json_incref(contacts);
    return vault_store_put(txn, v, reterr) && answer(c, contacts);
}

bool contacts_delete_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *contacts = NULL;
    AUTO_VAULT *v = NULL;

    if (!writable(c, txn, &v, reterr)) {
        return false;
    }
    if (!v->contacts) {
        return none(reterr);
    }
    contacts = v->contacts;
    v->contacts = NULL;
    return vault_store_put(txn, v, reterr) && answer(c, contacts);
}
