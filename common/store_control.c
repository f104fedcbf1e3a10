/* SPDX-License-Identifier: MIT */
/* /_sim/store/ of both daemons, without their calls and routes. */
#include "common/store_control.h"

#include "common/crash.h"

json_t *store_stats(const struct kvdb *db)
{
    uint64_t commits;
    uint64_t nested;

    kvdb_stats(db, &commits, &nested);
    return json_pack("{s:I,s:I}", "commits", (json_int_t) commits, "writes", (json_int_t) nested);
}

bool store_crash(const json_t *body, json_t **ret, struct az_error *reterr)
{
    const json_t *at = json_object_get(body, "at");

    if (!json_is_integer(at) || json_integer_value(at) < 0) {
        return az_fail(reterr, AZ_ERR_BAD_REQUEST, "'at' is the number of a write, or 0.");
    }
    crash_at((uint64_t) json_integer_value(at));
    *ret = json_pack("{s:I}", "at", json_integer_value(at));
    return true;
}
