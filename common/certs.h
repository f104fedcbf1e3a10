/* SPDX-License-Identifier: MIT */
/*
 * The two private CAs and their leaves (design, section 2): each CA is name-constrained and its key
 * is wiped once it has signed its leaf. EC P-256. TLS dates follow the real clock.
 */
#pragma once

#include "common/az_error.h"

/*
 * Makes what is missing or expires within 30 days in DIR: ca-localhost.pem,
 * leaf-localhost.{pem,key}, ca-azure.pem, leaf-azure.{pem,key}, ca.pem (both CAs), ca-bundle.pem
 * (both and the system's). Leaf files hold the leaf, then its CA. Keys are 0600.
 */
bool certs_ensure(const char *dir, struct az_error *reterr) MUST_CHECK;
