#include "accounts/certificate_rules.h"

#include "accounts/key_options.h"

#include "base/networks.h"

#include <inttypes.h>

enum {
	KEY_ID_SHOWN_MAX = 128,
	OPTION_SHOWN_MAX = 64,
};

/* What speaks for a certificate. */
struct vouchers {
	bool listed;         /* it is itself a key of the account */
	bool authority;      /* whoever signed it is trusted */
	bool named;          /* and a principal of it is one that this trust is good for */
	struct view unknown; /* an option that keeps a line of the account from being used */
};

void
certificate_describe(const struct certificate *c, struct buf *out)
{
	char authority[PUBLIC_KEY_FINGERPRINT_BYTES];

	if (public_key_fingerprint(c->authority, authority) != 0)
		bug("an authority without a fingerprint");
	buf_text(out, "ID \"");
	for (size_t i = 0; i < c->key_id.n && i < KEY_ID_SHOWN_MAX; i++) {
		uint8_t byte = c->key_id.p[i];

		/* A stranger may have chosen it: it must not look like the end of itself. */
		buf_u8(out, byte < ' ' || byte == '"' || byte == 0x7f ? '?' : byte);
	}
	buf_printf(out, "\" serial %" PRIu64 " CA %s", c->serial, authority);
}

/* --- who speaks for it --- */

static bool
has_principal(struct view principals, struct view name)
{
	struct rd r = rd_of(principals);

	while (r.n > 0) {
		if (view_eq(rd_str(&r, CERTIFICATE_BLOB_MAX), name) && r.bad == 0)
			return name.n > 0;
	}
	return false;
}

/* The names of the line, or else the account's own. */
static bool
is_named(const struct certificate_facts *facts, const struct key_options *options)
{
	struct view principals = facts->certificate->principals;
	struct view names = options->principals, name;

	if (!options->has_principals)
		return has_principal(principals, view_of(facts->user->username));
	while (view_next_name(&names, &name)) {
		if (has_principal(principals, name))
			return true;
	}
	return false;
}

static void
look_at_line(const struct certificate_facts *facts, struct view text, struct vouchers *out)
{
	struct buf blob = buf_init(CERTIFICATE_BLOB_MAX);
	struct public_key_line line;
	struct key_options options;

	if (public_key_parse_line(text, &line, &blob) == 0) {
		key_options_parse(line.options, &options);
		if (!options.authority) {
			out->listed = out->listed || view_eq(buf_view(&blob), facts->blob);
		} else if (view_eq(buf_view(&blob), facts->certificate->authority)) {
			if (options.unknown.n > 0)
				out->unknown = options.unknown;
			else
				out->authority = true;
			out->named = out->named ||
				     (options.unknown.n == 0 && is_named(facts, &options));
		}
	}
	buf_free(&blob);
}

static bool
is_vouched_for(const struct certificate_facts *facts, struct buf *reason)
{
	const struct text_list *keys = &facts->user->public_keys;
	struct key_options none = { 0 };
	struct vouchers v = { .authority = facts->is_authority_trusted };

	v.named = v.authority && is_named(facts, &none);
	for (size_t i = 0; i < keys->count; i++)
		look_at_line(facts, view_of(keys->items[i]), &v);
	if (v.listed)
		return true;
	if (!v.authority && v.unknown.n > 0)
		buf_printf(reason, "the option \"%.*s\" of the account's authority is not known",
		    (int)(v.unknown.n < OPTION_SHOWN_MAX ? v.unknown.n : OPTION_SHOWN_MAX),
		    (const char *)v.unknown.p);
	else if (!v.authority)
		buf_text(reason, "its authority is not trusted");
	else if (!facts->is_signed)
		buf_text(reason, "its authority's signature is wrong, or of a kind not accepted");
	else if (facts->certificate->principals.n == 0)
		/* For anybody, says the format: hardly what an authority means by it. */
		buf_text(reason, "it names no principals");
	else if (!v.named)
		buf_printf(reason, "none of its principals is for the user \"%s\"",
		    facts->user->username);
	else
		return true;
	return false;
}

/* --- the questions, each with its text --- */

static bool
is_revoked(const struct certificate_facts *facts, struct buf *reason)
{
	const struct certificate *c = facts->certificate;
	const char *what = revoked_keys_find(facts->revoked,
	    &(struct revoked_question){ .key = facts->key, .certificate = facts->blob,
		.authority = c->authority, .key_id = c->key_id, .serial = c->serial });

	if (what != NULL)
		buf_printf(reason, "%s is revoked", what);
	return what != NULL;
}

static bool
is_in_time(const struct certificate_facts *facts, struct buf *reason)
{
	const struct certificate *c = facts->certificate;
	uint64_t now = facts->now_ms > 0 ? (uint64_t)facts->now_ms / 1000 : 0;

	if (now < c->valid_after)
		buf_printf(reason, "it is not valid before %" PRIu64 ", now is %" PRIu64,
		    c->valid_after, now);
	else if (now >= c->valid_before)
		buf_printf(reason, "it has expired at %" PRIu64 ", now is %" PRIu64,
		    c->valid_before, now);
	else
		return true;
	return false;
}

/* --- critical options --- */

/* An IPv4 address is in no network of IPv6 addresses, "::/0" included. */
static int
source_has(struct view source, const struct address *address, bool *out)
{
	char text[NETWORK_TEXT_MAX];
	struct cidr network;

	if (view_copy(source, text, sizeof(text)) != 0 || network_parse(text, &network) != 0)
		return ERR_FORMAT;
	*out = address_is_ipv4(address) == address_is_ipv4(&network.network) &&
	       cidr_has(&network, address);
	return 0;
}

/* All of the list is read before it lets anybody in. */
static bool
is_from_source(struct view list, const struct address *address, struct buf *reason)
{
	char text[ADDRESS_TEXT_MAX];
	bool found = false, has;
	struct view source;

	while (view_next_name(&list, &source)) {
		if (source_has(source, address, &has) != 0) {
			buf_text(reason, "its source-address cannot be read");
			return false;
		}
		found = found || has;
	}
	if (!found)
		buf_printf(reason, "its source-address does not have %s",
		    address_text(address, text));
	return found;
}

/* The data of an option is a string again. */
static bool
take_option(struct view name, struct view data, const struct certificate_facts *facts,
    struct certificate_terms *terms, struct buf *reason)
{
	struct rd r = rd_of(data);
	struct view value;

	if (view_is(name, "verify-required")) {
		terms->demands_verified = true;
		return true;
	}
	value = rd_str(&r, CERTIFICATE_BLOB_MAX);
	if (view_is(name, "source-address") && rd_end(&r) == 0)
		return is_from_source(value, facts->address, reason);
	if (view_is(name, "force-command") && rd_end(&r) == 0) {
		terms->sftp_only = view_is(value, "internal-sftp");
		if (!terms->sftp_only)
			buf_text(reason, "its force-command is not \"internal-sftp\"");
		return terms->sftp_only;
	}
	buf_printf(reason, "its critical option \"%.*s\" is not known",
	    (int)(name.n < OPTION_SHOWN_MAX ? name.n : OPTION_SHOWN_MAX),
	    (const char *)name.p);
	return false;
}

static bool
keeps_options(
    const struct certificate_facts *facts, struct certificate_terms *terms, struct buf *reason)
{
	struct rd r = rd_of(facts->certificate->critical);

	while (r.n > 0) {
		struct view name = rd_str(&r, CERTIFICATE_BLOB_MAX);
		struct view data = rd_str(&r, CERTIFICATE_BLOB_MAX);

		if (r.bad != 0 || !take_option(name, data, facts, terms, reason))
			return false;
	}
	return true;
}

/* --- all together --- */

enum certificate_verdict
certificate_decide(
    const struct certificate_facts *facts, struct certificate_terms *terms_out, struct buf *reason)
{
	bool good = false;

	*terms_out = (struct certificate_terms){ 0 };
	if (facts->user == NULL)
		buf_text(reason, "there is no such user");
	else if (facts->certificate->kind != CERTIFICATE_OF_USER)
		buf_text(reason, "it is a host's");
	else
		good = is_vouched_for(facts, reason) && !is_revoked(facts, reason) &&
		       is_in_time(facts, reason) && keeps_options(facts, terms_out, reason);
	return good ? CERTIFICATE_GOOD : CERTIFICATE_REFUSED;
}
