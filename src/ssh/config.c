#include "ssh/config.h"

#include "base/utf8.h"
#include "crypto/crypto.h"

#include <string.h>

enum { MAX_CHANNELS = 16, LOGIN_TIME_MS = 120 * 1000 };

static const uint64_t rekey_time_ms = 3600 * 1000;

void
ssh_config_init(struct ssh_config *config)
{
	memset(config, 0, sizeof(*config));
	memcpy(config->version, "SSH-2.0-Postern", sizeof("SSH-2.0-Postern"));
	ssh_algorithms_preset(SSH_PRESET_COMPATIBLE, &config->algorithms);
	config->login_time_ms = LOGIN_TIME_MS;
	config->rekey_ms = rekey_time_ms;
	config->max_channels = MAX_CHANNELS;
}

static bool
version_is_good(struct view version)
{
	static const char prefix[] = "SSH-2.0-";
	size_t n = sizeof(prefix) - 1;

	if (version.n <= n || version.n > SSH_VERSION_MAX || memcmp(version.p, prefix, n) != 0)
		return false;
	if (version.p[n] == ' ')
		return false;
	for (size_t i = n; i < version.n; i++)
		if (version.p[i] < 0x20 || version.p[i] > 0x7e)
			return false;
	return true;
}

int
ssh_config_set_software(struct ssh_config *config, const char *software)
{
	char version[SSH_VERSION_MAX + 1] = "SSH-2.0-";
	size_t n = strlen(software), used = strlen(version);

	if (n > SSH_VERSION_MAX - used)
		return ERR_LIMIT;
	memcpy(version + used, software, n + 1);
	if (!version_is_good(view_of(version)))
		return ERR_INVALID;
	memcpy(config->version, version, sizeof(version));
	return 0;
}

int
ssh_config_set_banner(struct ssh_config *config, struct view text)
{
	if (!utf8_valid(text))
		return ERR_FORMAT;
	return view_copy(text, config->banner, sizeof(config->banner));
}

/* The signature names that a key of this type can make. */
static bool
type_makes(struct view type, struct view algorithm)
{
	if (view_is(type, "ssh-rsa"))
		return view_is(algorithm, "rsa-sha2-512") || view_is(algorithm, "rsa-sha2-256") ||
		       view_is(algorithm, "ssh-rsa");
	return view_eq(type, algorithm);
}

int
ssh_config_add_host_key(struct ssh_config *config, struct view public_blob)
{
	struct rd r = rd_of(public_blob);
	struct view type = rd_str(&r, 64),
		    names = view_of(config->algorithms.list[SSH_ALGORITHM_HOST_KEY]);
	struct view name;
	struct ssh_host_key key = { 0 }, *place = NULL;
	const char *certified = certificate_plain_name(type);
	size_t used = 0;

	if (r.bad != 0)
		return r.bad;
	if (certified != NULL)
		type = view_of(certified);
	if (public_blob.n > sizeof(key.blob))
		return ERR_LIMIT;
	while (view_next_name(&names, &name)) {
		if (!type_makes(type, name))
			continue;
		if (certified != NULL)
			name = view_of(certificate_name(name));
		if (used + name.n + 2 > sizeof(key.algorithms))
			return ERR_LIMIT;
		if (used > 0)
			key.algorithms[used++] = ',';
		memcpy(key.algorithms + used, name.p, name.n);
		used += name.n;
	}
	if (used == 0)
		return ERR_UNSUPPORTED;
	memcpy(key.blob, public_blob.p, public_blob.n);
	key.blob_bytes = public_blob.n;
	for (size_t i = 0; i < config->host_key_count; i++)
		if (strcmp(config->host_keys[i].algorithms, key.algorithms) == 0)
			place = &config->host_keys[i];
	if (place == NULL) {
		if (config->host_key_count == SSH_HOST_KEYS_MAX)
			return ERR_LIMIT;
		place = &config->host_keys[config->host_key_count++];
	}
	*place = key;
	return 0;
}

void
ssh_config_encode(struct buf *out, const struct ssh_config *config)
{
	buf_cstr(out, config->version);
	for (int class = 0; class < SSH_ALGORITHM_CLASSES; class ++)
		buf_cstr(out, config->algorithms.list[class]);
	buf_u32(out, (uint32_t)config->host_key_count);
	for (size_t i = 0; i < config->host_key_count; i++) {
		const struct ssh_host_key *key = &config->host_keys[i];

		buf_cstr(out, key->algorithms);
		buf_str(out, (struct view){ .p = key->blob, .n = key->blob_bytes });
	}
	buf_cstr(out, config->banner);
	buf_u32(out, config->login_time_ms);
	buf_u32(out, (uint32_t)config->max_auth_tries);
	buf_u64(out, config->rekey_bytes);
	buf_u64(out, config->rekey_ms);
	buf_u32(out, config->max_channels);
}

/* A string field into a terminated array of ours. */
static void
read_text(struct rd *r, char *out, size_t size)
{
	struct view v = rd_str(r, size - 1);
	int err = view_copy(v, out, size);

	if (err != 0)
		rd_fail(r, err);
}

int
ssh_config_decode(struct rd *r, struct ssh_config *out)
{
	uint32_t count;

	memset(out, 0, sizeof(*out));
	read_text(r, out->version, sizeof(out->version));
	if (r->bad == 0 && !version_is_good(view_of(out->version)))
		rd_fail(r, ERR_FORMAT);
	for (int class = 0; class < SSH_ALGORITHM_CLASSES; class ++)
		read_text(r, out->algorithms.list[class], SSH_NAME_LIST_MAX);
	count = rd_u32(r);
	if (count > SSH_HOST_KEYS_MAX)
		rd_fail(r, ERR_LIMIT);
	for (uint32_t i = 0; i < count && r->bad == 0; i++) {
		struct ssh_host_key *key = &out->host_keys[i];
		struct view blob;

		read_text(r, key->algorithms, sizeof(key->algorithms));
		blob = rd_str(r, sizeof(key->blob));
		if (blob.n > 0)
			memcpy(key->blob, blob.p, blob.n);
		key->blob_bytes = blob.n;
		out->host_key_count = i + 1;
	}
	read_text(r, out->banner, sizeof(out->banner));
	out->login_time_ms = rd_u32(r);
	out->max_auth_tries = (int32_t)rd_u32(r);
	out->rekey_bytes = rd_u64(r);
	out->rekey_ms = rd_u64(r);
	out->max_channels = rd_u32(r);
	if (r->bad == 0 && (out->max_channels == 0 || out->max_channels > SSH_CHANNELS_MAX))
		rd_fail(r, ERR_LIMIT);
	return r->bad;
}
