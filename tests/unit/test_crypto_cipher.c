#include "crypto_support.h"

/* One pair of a sending and a receiving end, for every row of the tables. */
struct pair {
	const struct packet_cipher_algorithm *cipher;
	const struct packet_mac_algorithm *mac;
	struct packet_cipher *seal, *open;
};

enum { CONTENT_MAX = 40000, ROOM = 4 + CONTENT_MAX + PACKET_CIPHER_TAG_MAX };

static void
fill(uint8_t *p, size_t n, uint8_t start)
{
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = (uint8_t)(start + i);
}

static struct packet_cipher *
make(const struct packet_cipher_algorithm *cipher, const struct packet_mac_algorithm *mac,
    bool encrypt)
{
	uint8_t iv[PACKET_CIPHER_IV_MAX], key[PACKET_CIPHER_KEY_MAX], mac_key[PACKET_MAC_KEY_MAX];
	struct packet_cipher *c;

	fill(iv, sizeof(iv), 0xa0);
	fill(key, sizeof(key), 0);
	fill(mac_key, sizeof(mac_key), 0x40);
	if (cipher == NULL)
		assert_int_equal(packet_cipher_new_none(encrypt, &c), 0);
	else
		assert_int_equal(
		    packet_cipher_new(cipher, mac, view_bytes(iv, cipher->iv_bytes),
			view_bytes(key, cipher->key_bytes),
			view_bytes(mac_key, mac == NULL ? 0 : mac->key_bytes), encrypt, &c),
		    0);
	return c;
}

static void
pair_free(struct pair *p)
{
	packet_cipher_free(&p->seal);
	packet_cipher_free(&p->open);
}

/* Number 0 is no cipher; then each AEAD; then each cipher with each MAC. False past the end. */
static bool
pair_at(size_t number, struct pair *out)
{
	const struct packet_cipher_algorithm *cipher;
	const struct packet_mac_algorithm *mac = NULL;
	size_t i, j;

	*out = (struct pair){ 0 };
	if (number-- == 0)
		goto found;
	for (i = 0; (cipher = packet_cipher_algorithm_at(i)) != NULL; i++) {
		if (cipher->is_aead) {
			out->cipher = cipher;
			if (number-- == 0)
				goto found;
			continue;
		}
		for (j = 0; (mac = packet_mac_algorithm_at(j)) != NULL; j++) {
			out->cipher = cipher;
			out->mac = mac;
			if (number-- == 0)
				goto found;
		}
		out->mac = NULL;
	}
	return false;
found:
	out->seal = make(out->cipher, out->mac, true);
	out->open = make(out->cipher, out->mac, false);
	return true;
}

/* Length of a whole packet with at least n content bytes, padded as the cipher wants it. */
static size_t
padded(const struct packet_cipher *c, size_t n)
{
	size_t block = packet_cipher_block_bytes(c);
	size_t apart = packet_cipher_length_apart(c) ? 4 : 0;
	size_t length = 4 + n;

	while (length <= apart || (length - apart) % block != 0)
		length++;
	return length;
}

static void
packet_fill(uint8_t *packet, size_t length)
{
	size_t i;

	put_u32(packet, (uint32_t)(length - 4));
	for (i = 4; i < length; i++)
		packet[i] = (uint8_t)(7 * (i - 4) + 3);
}

static void
assert_packet(const uint8_t *packet, size_t length)
{
	uint8_t *want = malloc(length);

	assert_non_null(want);
	packet_fill(want, length);
	assert_memory_equal(packet, want, length);
	free(want);
}

/* Receives as a transport does: the head first, the rest when the length is known. */
static int
receive(struct packet_cipher *c, uint32_t sequence, uint8_t *packet, size_t length)
{
	uint32_t got = 0, again = 0;
	int err;

	if ((err = packet_cipher_open_length(c, sequence, packet, &got)) != 0)
		return err;
	assert_int_equal(packet_cipher_open_length(c, sequence, packet, &again), 0);
	assert_int_equal(got, again);
	if (got != length - 4)
		return ERR_FORMAT;
	return packet_cipher_open(c, sequence, packet, length);
}

static void
test_tables(void **state)
{
	const struct packet_cipher_algorithm *cipher;
	const struct packet_mac_algorithm *mac;
	size_t i;

	(void)state;
	for (i = 0; (cipher = packet_cipher_algorithm_at(i)) != NULL; i++) {
		assert_ptr_equal(packet_cipher_find(view_of(cipher->name)), cipher);
		assert_true(cipher->key_bytes <= PACKET_CIPHER_KEY_MAX);
		assert_true(cipher->iv_bytes <= PACKET_CIPHER_IV_MAX);
		assert_int_equal(cipher->is_aead, cipher->tag_bytes != 0);
	}
	assert_int_equal(i, 7);
	for (i = 0; (mac = packet_mac_algorithm_at(i)) != NULL; i++)
		assert_ptr_equal(packet_mac_find(view_of(mac->name)), mac);
	assert_int_equal(i, 6);
	assert_null(packet_cipher_find(view_of("none")));
	assert_null(packet_cipher_find(view_of("aes128-ct")));
	assert_null(packet_cipher_find(view_of("aes128-ctr ")));
	assert_null(packet_cipher_find((struct view){ 0 }));
	assert_null(packet_mac_find(view_of("hmac-md5")));
	assert_true(packet_cipher_find(view_of("aes128-cbc"))->is_legacy);
	assert_true(packet_mac_find(view_of("hmac-sha1"))->is_legacy);
}

/*
 * Three packets in a row, against SHA-256 sums over what an independent program makes of them from
 * the text of RFC 4253, 4344, 5647, 6668 and 8439.
 */
static void
test_known_streams(void **state)
{
	static const struct {
		const char *cipher, *mac, *sum;
	} rows[] = {
		{ "aes128-gcm@openssh.com", NULL,
		    "3892a1ec4b02a56b6c9c14b7233d4e0235e32d0915e81b864f8c35e68e8c23d2" },
		{ "aes256-gcm@openssh.com", NULL,
		    "004401eba71856144e8488e38004859b91ba2f241ba59250a69c4cf17d894604" },
		{ "chacha20-poly1305@openssh.com", NULL,
		    "2e10b2b788e3d84aa907413f8240bec4bc177f89d1db406341e17c76aa57dfcb" },
		{ "aes128-ctr", "hmac-sha2-256-etm@openssh.com",
		    "298583fa207d07c0dbaf0f930e04ab5d4e9ea50b314a91548b5110513a4687ee" },
		{ "aes128-ctr", "hmac-sha2-256",
		    "67eaff94fef67e6262ba8676df868c854cfee902f7a74e45fb036117fc58e5ad" },
		{ "aes128-ctr", "hmac-sha2-512-etm@openssh.com",
		    "af03ad5a48d153fa8820bbb685b2ab7128a6c4e33b7e40882bd0b80dced8c21e" },
		{ "aes128-ctr", "hmac-sha2-512",
		    "e1b510ccfa94ba32a2c439fffb5a52d8239bb90f376fd42a4a9efcf65948d934" },
		{ "aes128-ctr", "hmac-sha1-etm@openssh.com",
		    "88a65b4ce53ba294cfec3f09e35f1f3088f9d279fc884482c1c830fac9bdbe68" },
		{ "aes128-ctr", "hmac-sha1",
		    "2c0998d53ec6cd4e0b2b44f1c358f155316897aa85366f2560952fa224a620b7" },
		{ "aes192-ctr", "hmac-sha2-256-etm@openssh.com",
		    "68601f0343c53e39b5e3333c253fd0ca70934b91a32d61e7a491cf6cd2e86454" },
		{ "aes192-ctr", "hmac-sha2-512",
		    "8f4a5fd3f2750de78760c703a0ad208caf062bccd57ece5445be614885dfea56" },
		{ "aes256-ctr", "hmac-sha2-512-etm@openssh.com",
		    "f48db21c848027c345b6d5f8c5829bdabadecfc2be8c72acf67f749c1f045493" },
		{ "aes256-ctr", "hmac-sha2-256",
		    "40fd461ead5de7d9fa454ff91d81ee05283325825df8a95465c8c179c5c9522e" },
		{ "aes128-cbc", "hmac-sha1-etm@openssh.com",
		    "fa5f938bb1b9cbdd91cac762b7a7d3ade1966322b12c394e5beff6ac02d7f1a3" },
		{ "aes128-cbc", "hmac-sha1",
		    "7d1f86df41569c0ead8f20f8d5ca2f997478015c890849cfa547e0aa9214f853" },
		{ "aes128-cbc", "hmac-sha2-256",
		    "a991f9ea3e8099cb2091f8aae526eafe96bab3718e7dd2972dbabd1ba124e330" },
	};
	const struct packet_mac_algorithm *mac;
	struct packet_cipher *c;
	struct digest *sum;
	uint8_t packet[4 + 208 + PACKET_CIPHER_TAG_MAX], out[DIGEST_BYTES_MAX];
	size_t i, length;
	uint32_t n;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		mac = rows[i].mac == NULL ? NULL : packet_mac_find(view_of(rows[i].mac));
		c = make(packet_cipher_find(view_of(rows[i].cipher)), mac, true);
		length = packet_cipher_length_apart(c) ? 4 + 208 : 208;
		assert_int_equal(digest_new(DIGEST_SHA256, &sum), 0);
		for (n = 0; n < 3; n++) {
			packet_fill(packet, length);
			assert_int_equal(packet_cipher_seal(c, 0x01020304 + n, packet, length), 0);
			assert_int_equal(
			    digest_update(sum, packet, length + packet_cipher_tag_bytes(c)), 0);
		}
		assert_int_equal(digest_final(sum, out), 0);
		assert_hex(view_bytes(out, 32), rows[i].sum);
		digest_free(&sum);
		packet_cipher_free(&c);
	}
}

/* NIST SP 800-38A, F.5.1 (CTR) and F.2.1 (CBC): the plain text stands in for a packet. */
static void
test_nist_modes(void **state)
{
	static const struct {
		const char *cipher, *iv, *want;
	} rows[] = {
		{ "aes128-ctr", "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
		    "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
		    "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee" },
		{ "aes128-cbc", "000102030405060708090a0b0c0d0e0f",
		    "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
		    "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7" },
	};
	struct buf key = unhex("2b7e151628aed2a6abf7158809cf4f3c");
	struct buf text = unhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
				"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
	const struct packet_mac_algorithm *mac = packet_mac_find(view_of("hmac-sha2-256"));
	uint8_t mac_key[32] = { 0 }, packet[64 + PACKET_CIPHER_TAG_MAX];
	struct packet_cipher *c;
	struct buf iv;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		iv = unhex(rows[i].iv);
		assert_int_equal(
		    packet_cipher_new(packet_cipher_find(view_of(rows[i].cipher)), mac,
			buf_view(&iv), buf_view(&key), view_bytes(mac_key, 32), true, &c),
		    0);
		memcpy(packet, text.p, 64);
		assert_int_equal(packet_cipher_seal(c, 0, packet, 64), 0);
		assert_hex(view_bytes(packet, 64), rows[i].want);
		packet_cipher_free(&c);
		buf_free(&iv);
	}
	buf_free(&key);
	buf_free(&text);
}

static void
test_round_trip(void **state)
{
	static const size_t sizes[] = { 1, 11, 12, 13, 28, 60, 100, 255, 256, 1000, 4096,
		32768 + 30, CONTENT_MAX - 64 };
	uint8_t *packet = malloc(ROOM);
	struct pair pair;
	uint32_t sequence;
	size_t i, j, length;

	(void)state;
	assert_non_null(packet);
	for (i = 0; pair_at(i, &pair); i++) {
		sequence = UINT32_MAX - 5; /* goes over the end */
		for (j = 0; j < 60 + COUNT(sizes); j++, sequence++) {
			length = padded(pair.seal, j < 60 ? j + 1 : sizes[j - 60]);
			packet_fill(packet, length);
			assert_int_equal(
			    packet_cipher_seal(pair.seal, sequence, packet, length), 0);
			assert_int_equal(receive(pair.open, sequence, packet, length), 0);
			assert_packet(packet, length);
		}
		pair_free(&pair);
	}
	assert_int_equal(i, 1 + 3 + 4 * 6);
	free(packet);
}

/* What an encrypted packet must not show, and where the length must be. */
static void
test_hides_content(void **state)
{
	uint8_t packet[4 + 512 + PACKET_CIPHER_TAG_MAX], plain[sizeof(packet)];
	struct pair pair;
	size_t i, j, length, same;

	(void)state;
	for (i = 1; pair_at(i, &pair); i++) {
		length = padded(pair.seal, 400);
		packet_fill(packet, length);
		packet_fill(plain, length);
		assert_int_equal(packet_cipher_seal(pair.seal, 9, packet, length), 0);
		for (j = 4, same = 0; j < length; j++)
			same += packet[j] == plain[j];
		assert_true(same < 40);
		if (pair.mac != NULL && !pair.mac->is_etm)
			assert_memory_not_equal(packet, plain, 4);
		else if (pair.cipher->iv_bytes == 0)
			assert_memory_not_equal(packet, plain, 4);
		else
			assert_memory_equal(packet, plain, 4);
		pair_free(&pair);
	}
}

/* Every single flipped bit of a packet, tag included, is noticed. */
static void
test_bit_flips(void **state)
{
	uint8_t good[4 + 64 + PACKET_CIPHER_TAG_MAX], packet[sizeof(good)];
	struct pair pair;
	size_t i, bit, length, whole;

	(void)state;
	for (i = 1; pair_at(i, &pair); i++) {
		length = padded(pair.seal, 30);
		whole = length + packet_cipher_tag_bytes(pair.seal);
		packet_fill(good, length);
		assert_int_equal(packet_cipher_seal(pair.seal, 3, good, length), 0);
		for (bit = 0; bit < whole * 8; bit++) {
			memcpy(packet, good, whole);
			packet[bit / 8] ^= (uint8_t)(1 << (bit % 8));
			assert_int_not_equal(receive(pair.open, 3, packet, length), 0);
			packet_cipher_free(&pair.open);
			pair.open = make(pair.cipher, pair.mac, false);
		}
		memcpy(packet, good, whole);
		assert_int_equal(receive(pair.open, 3, packet, length), 0);
		assert_packet(packet, length);
		pair_free(&pair);
	}
}

/* A packet is not accepted twice, nor under another number where the number is authenticated. */
static void
test_replay(void **state)
{
	uint8_t good[4 + 64 + PACKET_CIPHER_TAG_MAX], packet[sizeof(good)];
	struct pair pair;
	size_t i, length, whole;
	bool gcm;

	(void)state;
	for (i = 1; pair_at(i, &pair); i++) {
		length = padded(pair.seal, 30);
		whole = length + packet_cipher_tag_bytes(pair.seal);
		packet_fill(good, length);
		assert_int_equal(packet_cipher_seal(pair.seal, 3, good, length), 0);
		memcpy(packet, good, whole);
		assert_int_equal(receive(pair.open, 3, packet, length), 0);
		memcpy(packet, good, whole);
		assert_int_not_equal(receive(pair.open, 4, packet, length), 0);

		gcm = pair.cipher->is_aead && pair.cipher->iv_bytes != 0;
		packet_cipher_free(&pair.open);
		pair.open = make(pair.cipher, pair.mac, false);
		memcpy(packet, good, whole);
		assert_int_equal(receive(pair.open, 4, packet, length) == 0, gcm);
		pair_free(&pair);
	}
}

static void
test_wrong_keys(void **state)
{
	uint8_t good[4 + 64 + PACKET_CIPHER_TAG_MAX], packet[sizeof(good)];
	struct buf exported = buf_init(1024), changed = buf_init(1024);
	struct pair pair;
	struct packet_cipher *other;
	size_t i, length, whole, key_at;
	struct rd r;

	(void)state;
	for (i = 1; pair_at(i, &pair); i++) {
		length = padded(pair.seal, 30);
		whole = length + packet_cipher_tag_bytes(pair.seal);
		buf_clear(&exported);
		packet_cipher_export(pair.open, &exported);
		packet_fill(good, length);
		assert_int_equal(packet_cipher_seal(pair.seal, 3, good, length), 0);
		/* The last byte of the last key: 13 bytes of counters follow it. For an AEAD an
		 * empty MAC key of 4 length bytes stands between. */
		key_at = exported.n - 13 - (pair.mac == NULL ? 4 : 0) - 1;
		buf_clear(&changed);
		buf_raw(&changed, exported.p, exported.n);
		changed.p[key_at] ^= 1;
		r = rd_of(buf_view(&changed));
		assert_int_equal(packet_cipher_import(&r, false, &other), 0);
		memcpy(packet, good, whole);
		assert_int_not_equal(receive(other, 3, packet, length), 0);
		packet_cipher_free(&other);
		pair_free(&pair);
	}
	buf_free(&exported);
	buf_free(&changed);
}

static void
test_bad_lengths(void **state)
{
	uint8_t packet[4 + 256 + PACKET_CIPHER_TAG_MAX];
	struct pair pair;
	uint32_t got;
	size_t i, length;

	(void)state;
	for (i = 0; pair_at(i, &pair); i++) {
		length = padded(pair.seal, 100);
		packet_fill(packet, length);
		assert_int_equal(packet_cipher_seal(pair.seal, 0, packet, length), 0);
		assert_int_equal(packet_cipher_open_length(pair.open, 0, packet, &got), 0);
		assert_int_equal(got, length - 4);
		assert_int_equal(packet_cipher_open(pair.open, 0, packet, length - 1), ERR_FORMAT);
		assert_int_equal(packet_cipher_open(pair.open, 0, packet, length + 1), ERR_FORMAT);
		assert_int_equal(packet_cipher_open(pair.open, 0, packet, 0), ERR_FORMAT);
		assert_int_equal(packet_cipher_open(pair.open, 0, packet, length), 0);

		/* A length field in the clear that is no multiple of the block. */
		if (pair.mac == NULL || pair.mac->is_etm) {
			put_u32(packet, (uint32_t)(length - 4 + 1));
			assert_int_equal(packet_cipher_open_length(pair.open, 1, packet, &got), 0);
			if (got == length - 4 + 1)
				assert_int_equal(
				    packet_cipher_open(pair.open, 1, packet, length + 1),
				    ERR_FORMAT);
		}
		pair_free(&pair);
	}
}

static struct packet_cipher *
move(struct packet_cipher *c, bool encrypt)
{
	struct buf state = buf_init(1024);
	struct packet_cipher *out;
	struct rd r;

	packet_cipher_export(c, &state);
	assert_int_equal(buf_error(&state), 0);
	r = rd_of(buf_view(&state));
	assert_int_equal(packet_cipher_import(&r, encrypt, &out), 0);
	assert_int_equal(rd_end(&r), 0);
	buf_free(&state);
	packet_cipher_free(&c);
	return out;
}

/* Both ends change their process after every packet, the receiver also between head and body. */
static void
test_state_moves(void **state)
{
	uint8_t packet[4 + 2048 + PACKET_CIPHER_TAG_MAX];
	struct pair pair;
	uint32_t sequence, got;
	size_t i, length;

	(void)state;
	for (i = 0; pair_at(i, &pair); i++) {
		for (sequence = 250; sequence < 270; sequence++) {
			length = padded(pair.seal, (size_t)sequence * 7 % 1500 + 1);
			packet_fill(packet, length);
			assert_int_equal(
			    packet_cipher_seal(pair.seal, sequence, packet, length), 0);
			pair.seal = move(pair.seal, true);
			assert_int_equal(
			    packet_cipher_open_length(pair.open, sequence, packet, &got), 0);
			assert_int_equal(got, length - 4);
			pair.open = move(pair.open, false);
			assert_int_equal(
			    packet_cipher_open_length(pair.open, sequence, packet, &got), 0);
			assert_int_equal(got, length - 4);
			assert_int_equal(
			    packet_cipher_open(pair.open, sequence, packet, length), 0);
			assert_packet(packet, length);
			pair.open = move(pair.open, false);
			assert_ptr_equal(packet_cipher_algorithm(pair.open), pair.cipher);
			assert_ptr_equal(packet_cipher_mac(pair.open), pair.mac);
		}
		pair_free(&pair);
	}
}

/*
 * RFC 5647 section 7.1: the counter is the last eight bytes of the nonce, and carries into no
 * other. Each packet is what a cipher makes of it that begins with that very nonce, also when the
 * ends are written down and taken up again between the packets.
 */
static void
test_gcm_counter(void **state)
{
	static const uint8_t ivs[][12] = {
		{ 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0xfe },
		{ 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0xff },
		{ 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 1, 0 },
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe },
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		{ 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0 },
	};
	const struct packet_cipher_algorithm *a =
	    packet_cipher_find(view_of("aes256-gcm@openssh.com"));
	uint8_t key[32], packet[36 + 16], want[36 + 16];
	struct packet_cipher *one, *seal = NULL, *open = NULL;

	(void)state;
	fill(key, sizeof(key), 9);
	for (size_t i = 0; i < 2 * COUNT(ivs); i++) {
		struct view iv = view_bytes(ivs[i % COUNT(ivs)], 12);
		struct view k = view_bytes(key, sizeof(key)), none = { 0 };

		if (i % 3 == 0) {
			packet_cipher_free(&seal);
			packet_cipher_free(&open);
			assert_int_equal(packet_cipher_new(a, NULL, iv, k, none, true, &seal), 0);
			assert_int_equal(packet_cipher_new(a, NULL, iv, k, none, false, &open), 0);
		}
		assert_int_equal(packet_cipher_new(a, NULL, iv, k, none, true, &one), 0);
		packet_fill(want, 36);
		assert_int_equal(packet_cipher_seal(one, 0, want, 36), 0);
		packet_fill(packet, 36);
		assert_int_equal(packet_cipher_seal(seal, 0, packet, 36), 0);
		assert_memory_equal(packet, want, sizeof(want));
		assert_int_equal(receive(open, 0, packet, 36), 0);
		packet_cipher_free(&one);
		if (i >= COUNT(ivs)) {
			seal = move(seal, true);
			open = move(open, false);
		}
	}
	packet_cipher_free(&seal);
	packet_cipher_free(&open);
}

/* A hostile state is refused or makes an object that works; it never does harm. */
static void
test_hostile_state(void **state)
{
	struct buf exported = buf_init(1024), changed = buf_init(1024);
	uint8_t packet[4 + 64 + PACKET_CIPHER_TAG_MAX];
	struct packet_cipher *c;
	struct pair pair;
	struct rd r;
	size_t i, n, bit;

	(void)state;
	for (i = 0; pair_at(i, &pair); i++) {
		buf_clear(&exported);
		packet_cipher_export(pair.open, &exported);
		for (n = 0; n < exported.n; n++) {
			r = rd_init(exported.p, n);
			assert_int_not_equal(packet_cipher_import(&r, false, &c), 0);
			assert_null(c);
		}
		for (bit = 0; bit < exported.n * 8; bit++) {
			buf_clear(&changed);
			buf_raw(&changed, exported.p, exported.n);
			changed.p[bit / 8] ^= (uint8_t)(1 << (bit % 8));
			r = rd_of(buf_view(&changed));
			if (packet_cipher_import(&r, false, &c) != 0)
				continue;
			packet_fill(packet, padded(c, 20));
			(void)!receive(c, 0, packet, padded(c, 20));
			packet_cipher_free(&c);
		}
		pair_free(&pair);
	}
	buf_free(&exported);
	buf_free(&changed);
}

static int
import_fields(const char *cipher, const char *mac, size_t iv, size_t key, size_t mac_key,
    uint64_t packets, uint8_t head_open, uint32_t head_length, bool encrypt,
    struct packet_cipher **out)
{
	uint8_t zeros[128] = { 0 };
	struct buf b = buf_init(1024);
	struct rd r;
	int err;

	buf_cstr(&b, cipher);
	buf_cstr(&b, mac);
	buf_str(&b, view_bytes(zeros, iv));
	buf_str(&b, view_bytes(zeros, key));
	buf_str(&b, view_bytes(zeros, mac_key));
	buf_u64(&b, packets);
	buf_u8(&b, head_open);
	buf_u32(&b, head_length);
	r = rd_of(buf_view(&b));
	err = packet_cipher_import(&r, encrypt, out);
	if (err != 0)
		assert_int_not_equal(rd_end(&r), 0);
	buf_free(&b);
	return err;
}

static void
test_state_fields(void **state)
{
	static const struct {
		const char *cipher, *mac;
		size_t iv, key, mac_key;
		uint64_t packets;
		uint8_t head_open;
		uint32_t head_length;
		bool encrypt, good;
	} rows[] = {
		{ "", "", 0, 0, 0, 0, 0, 0, true, true },
		{ "", "hmac-sha2-256", 0, 0, 0, 0, 0, 0, true, false },
		{ "", "", 1, 0, 0, 0, 0, 0, true, false },
		{ "", "", 0, 1, 0, 0, 0, 0, true, false },
		{ "", "", 0, 0, 1, 0, 0, 0, true, false },
		{ "none", "", 0, 0, 0, 0, 0, 0, true, false },
		{ "aes128-gcm@openssh.com", "", 12, 16, 0, 5, 0, 0, true, true },
		{ "aes128-gcm@openssh.com", "", 11, 16, 0, 5, 0, 0, true, false },
		{ "aes128-gcm@openssh.com", "", 13, 16, 0, 5, 0, 0, true, false },
		{ "aes128-gcm@openssh.com", "", 12, 15, 0, 5, 0, 0, true, false },
		{ "aes128-gcm@openssh.com", "", 12, 17, 0, 5, 0, 0, true, false },
		{ "aes128-gcm@openssh.com", "", 12, 16, 1, 5, 0, 0, true, false },
		{ "aes128-gcm@openssh.com", "hmac-sha2-256", 12, 16, 32, 5, 0, 0, true, false },
		{ "aes128-gcm@openssh.com", "", 12, 16, 0, 5, 1, 32, false, true },
		{ "aes128-gcm@openssh.com", "", 12, 16, 0, 5, 1, 32, true, false },
		{ "aes128-gcm@openssh.com", "", 12, 16, 0, 5, 2, 32, false, false },
		{ "aes128-gcm@openssh.com", "", 12, 16, 0, 5, 0, 32, false, false },
		{ "aes128-gcm@openssh.com", "", 12, 16, 0, (uint64_t)1 << 32, 0, 0, true, true },
		{ "aes128-gcm@openssh.com", "", 12, 16, 0, ((uint64_t)1 << 32) + 1, 0, 0, true,
		    false },
		{ "aes128-ctr", "hmac-sha2-256", 16, 16, 32, 0, 0, 0, true, true },
		{ "aes128-ctr", "hmac-sha2-256", 16, 16, 31, 0, 0, 0, true, false },
		{ "aes128-ctr", "hmac-sha2-256", 16, 16, 33, 0, 0, 0, true, false },
		{ "aes128-ctr", "", 16, 16, 0, 0, 0, 0, true, false },
		{ "aes128-ctr", "hmac-md5", 16, 16, 16, 0, 0, 0, true, false },
		{ "chacha20-poly1305@openssh.com", "", 0, 64, 0, 0, 0, 0, true, true },
		{ "chacha20-poly1305@openssh.com", "", 0, 65, 0, 0, 0, 0, true, false },
	};
	struct packet_cipher *c;
	size_t i;
	int err;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		err = import_fields(rows[i].cipher, rows[i].mac, rows[i].iv, rows[i].key,
		    rows[i].mac_key, rows[i].packets, rows[i].head_open, rows[i].head_length,
		    rows[i].encrypt, &c);
		assert_int_equal(err == 0, rows[i].good);
		packet_cipher_free(&c);
	}
}

/* The last packet that a key may seal or open, and the one after it. */
static void
test_packet_limit(void **state)
{
	const char *name = "chacha20-poly1305@openssh.com";
	uint64_t limit = (uint64_t)1 << 32;
	uint8_t packet[4 + 32 + PACKET_CIPHER_TAG_MAX];
	struct packet_cipher *seal, *open;
	uint32_t got;

	(void)state;
	assert_int_equal(import_fields(name, "", 0, 64, 0, limit - 1, 0, 0, true, &seal), 0);
	assert_int_equal(import_fields(name, "", 0, 64, 0, limit - 1, 0, 0, false, &open), 0);
	packet_fill(packet, 36);
	assert_int_equal(packet_cipher_seal(seal, UINT32_MAX, packet, 36), 0);
	assert_int_equal(receive(open, UINT32_MAX, packet, 36), 0);
	packet_fill(packet, 36);
	assert_int_equal(packet_cipher_seal(seal, 0, packet, 36), ERR_LIMIT);
	assert_int_equal(packet_cipher_open_length(open, 0, packet, &got), ERR_LIMIT);
	packet_cipher_free(&seal);
	packet_cipher_free(&open);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_known_streams),
		cmocka_unit_test(test_nist_modes),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_hides_content),
		cmocka_unit_test(test_bit_flips),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_wrong_keys),
		cmocka_unit_test(test_bad_lengths),
		cmocka_unit_test(test_state_moves),
		cmocka_unit_test(test_gcm_counter),
		cmocka_unit_test(test_hostile_state),
		cmocka_unit_test(test_state_fields),
		cmocka_unit_test(test_packet_limit),
	};

	return cmocka_run_group_tests(tests, setup_crypto, NULL);
}
