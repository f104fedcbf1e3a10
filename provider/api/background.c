/* SPDX-License-Identifier: MIT */
/* The kinds of work in the background, a row each. */
#include "provider/api/background.h"

#include "provider/api/ai_job.h"
#include "provider/api/cmk_follow.h"

struct background {
    bool (*due)(struct provider_call *c, struct kvdb_txn *txn);
    void (*prepare)(struct provider_call *c);
    bool (*write)(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr);
};

static const struct background kinds[] = {
    {ai_settle_due,  ai_settle_prepare,  ai_settle_write },
    {cmk_follow_due, cmk_follow_prepare, cmk_follow_write},
};

bool background_due(struct provider_call *c, struct kvdb_txn *txn)
{
    bool look = !c->due_skip && !c->prepared_done;

    c->background = NULL;
    for (size_t i = 0; look && !c->background && i < ARRAY_LEN(kinds); i++) {
        c->background = kinds[i].due(c, txn) ? &kinds[i] : NULL;
    }
    return c->background != NULL;
}

void background_prepare(struct provider_call *c)
{
    c->background->prepare(c);
}

bool background_write(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    const struct background *b = c->background;

    c->background = NULL;
    return b->write(c, txn, reterr);
}

void background_free(struct provider_call *c)
{
    cmk_rekey_free(c->rekey);
    json_decref(c->followed);
    ai_settle_free(c->due);
}
