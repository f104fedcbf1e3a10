/* SPDX-License-Identifier: MIT */
/* Weights: limit of the cheapest over limit of this one. */
#include "vault/domain/throttle.h"

#include "common/bytes.h"

static const struct {
    unsigned bits, software, hsm;
} rsa_weights[] = {
    {2048, 4000 / 4000, 4000 / 2000},
    {3072, 4000 / 1000, 4000 / 500 },
    {4096, 4000 / 500,  4000 / 250 },
};

unsigned throttle_weight(enum key_type type, unsigned bits)
{
    bool hsm = key_type_is_hsm(type);

    for (size_t i = 0; key_type_is_rsa(type) && i < ARRAY_LEN(rsa_weights); i++) {
        if (rsa_weights[i].bits == bits) {
            return hsm ? rsa_weights[i].hsm : rsa_weights[i].software;
        }
    }
    return hsm ? 2 : 1; /* EC: 2,000 and 4,000 */
}

unsigned throttle_create_weight(enum key_type type)
{
    return type != KEY_TYPE_NONE && key_type_is_hsm(type) ? 2 : 1; /* 10 and 20 */
}

bool throttle_room(const struct throttle_use *u, int64_t now_s, bool create, unsigned weight,
                   unsigned factor)
{
    unsigned budget = (create ? THROTTLE_CREATE_BUDGET : THROTTLE_BUDGET) * factor;
    unsigned used = u->window != now_s / THROTTLE_WINDOW_S ? 0 : create ? u->created : u->used;

    return used + weight <= budget;
}

void throttle_take(struct throttle_use *u, int64_t now_s, bool create, unsigned weight)
{
    int64_t window = now_s / THROTTLE_WINDOW_S;

    if (u->window != window) {
        *u = (struct throttle_use){.window = window};
    }
    *(create ? &u->created : &u->used) += weight;
}
