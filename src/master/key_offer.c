#include "master/key_offer.h"

#include "base/clock.h"
#include "crypto/crypto.h"

#include <stdlib.h>

enum { TEXT_MAX = 1024 };

/* Memory that is short leaves the text out, not the verdict. */
static char *
text_of(const struct buf *text)
{
	return buf_error(text) == 0 ? view_dup(buf_view(text)) : NULL;
}

static void
refuse(struct key_finding *out, const char *text)
{
	out->refusal = view_dup(view_of(text));
}

/* `demand` adds to what the configuration allows. */
static bool
is_proved(const struct key_offer *offer, struct view key, struct view algorithm, unsigned demand)
{
	return !offer->is_proof ||
	       public_key_verify(key, algorithm, offer->signed_bytes, offer->signature,
		   offer->allow | demand) == 0;
}

static void
let_in(struct key_finding *out, struct view key)
{
	if (public_key_fingerprint(key, out->fingerprint) != 0)
		bug("a key that lets in has no fingerprint");
	out->good = true;
}

static void
check_plain(const struct key_offer *offer, struct key_finding *out)
{
	char *comment = NULL;
	enum key_type type;
	bool listed, proved;

	if (public_key_check(offer->blob, &type) != 0 ||
	    !public_key_accepts(type, offer->algorithm, offer->allow)) {
		refuse(out, "key or algorithm not accepted");
		return;
	}
	listed = offer->user != NULL &&
		 (user_find_key(offer->user, offer->blob, &comment) || offer->vouched);
	proved = is_proved(offer, offer->blob, offer->algorithm, 0);
	if (listed && revoked_keys_find(user_authorities_revoked(offer->authorities),
			  &(struct revoked_question){ .key = offer->blob }) != NULL) {
		refuse(out, "the key is revoked");
	} else if (listed && !proved) {
		refuse(out, "the signature is wrong");
	} else if (listed) {
		out->description = comment;
		comment = NULL;
		let_in(out, offer->blob);
	}
	free(comment);
}

/* Takes the certificate as it has been read; `key` is the plain key's blob. */
static void
check_read(const struct key_offer *offer, const struct certificate *certificate,
    struct view key, struct view algorithm, struct key_finding *out)
{
	struct buf text = buf_init(TEXT_MAX), reason = buf_init(TEXT_MAX);
	struct certificate_facts facts = { .certificate = certificate, .blob = offer->blob,
		.key = key, .user = offer->user, .address = offer->address,
		.now_ms = clock_wall_ms(),
		.is_authority_trusted =
		    user_authorities_trust(offer->authorities, certificate->authority),
		.is_signed = certificate_verify(certificate, offer->allow) == 0,
		.revoked = user_authorities_revoked(offer->authorities) };
	struct certificate_terms terms;
	bool good = certificate_decide(&facts, &terms, &reason) == CERTIFICATE_GOOD;

	if (!is_proved(offer, key, algorithm,
		terms.demands_verified ? PUBLIC_KEY_DEMAND_VERIFIED : 0) &&
	    good) {
		buf_text(&reason, "the signature is wrong");
		if (terms.demands_verified)
			buf_text(&reason, ", or its device did not verify the user");
		good = false;
	}
	if (good) {
		certificate_describe(certificate, &text);
		out->sftp_only = terms.sftp_only;
		out->description = text_of(&text);
		let_in(out, key);
	} else {
		buf_text(&text, "certificate ");
		certificate_describe(certificate, &text);
		buf_text(&text, ": ");
		buf_raw(&text, reason.p, reason.n);
		out->refusal = text_of(&text);
	}
	buf_free(&text);
	buf_free(&reason);
}

static void
check_certificate(const struct key_offer *offer, struct key_finding *out)
{
	struct buf key = buf_init(PUBLIC_KEY_BLOB_MAX);
	struct view algorithm = view_of(certificate_plain_name(offer->algorithm));
	struct certificate certificate;

	if (certificate_parse(offer->blob, &certificate, &key) != 0 ||
	    !public_key_accepts(certificate.type, algorithm, offer->allow))
		refuse(out, "certificate or algorithm not accepted");
	else
		check_read(offer, &certificate, buf_view(&key), algorithm, out);
	buf_free(&key);
}

void
key_offer_check(const struct key_offer *offer, struct key_finding *out)
{
	if (certificate_plain_name(offer->algorithm) != NULL)
		check_certificate(offer, out);
	else
		check_plain(offer, out);
}

void
key_finding_free(struct key_finding *finding)
{
	free(finding->refusal);
	free(finding->description);
	*finding = (struct key_finding){ 0 };
}
