/* Signs, opens and checks what the market protocol needs, with OpenSSL 1.1.1 or later; see README.md.
 * Build: cc -o signing signing.c -lcrypto */
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME_MAX = 16384, HEADER = 90, SIGNATURE = 64, SIGNATURE_CHARS = 86, HASH = 32 };

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* 32 bytes from 64 hexadecimal digits; 0 when they are none. */
static int from_hex(const char *text, unsigned char *out) {
    if (strlen(text) != 2 * HASH) return 0;
    for (int i = 0; i < HASH; i++) {
        unsigned value;
        if (sscanf(text + 2 * i, "%2x", &value) != 1) return 0;
        out[i] = (unsigned char)value;
    }
    return 1;
}

/* 64 bytes as 86 characters of base64url. */
static void to_text(const unsigned char *bytes, char *text) {
    unsigned long bits = 0;
    int held = 0, at = 0;
    for (int i = 0; i < SIGNATURE; i++) {
        bits = (bits << 8 | bytes[i]) & 0xffffff;
        for (held += 8; held >= 6; held -= 6) text[at++] = ALPHABET[bits >> (held - 6) & 63];
    }
    text[at] = ALPHABET[bits << (6 - held) & 63];
}

/* The same back; 0 when it is not base64url. */
static int from_text(const char *text, unsigned char *bytes) {
    unsigned long bits = 0;
    int held = 0, at = 0;
    for (int i = 0; i < SIGNATURE_CHARS; i++) {
        const char *found = text[i] ? strchr(ALPHABET, text[i]) : NULL;
        if (found == NULL) return 0;
        bits = (bits << 6 | (unsigned long)(found - ALPHABET)) & 0xffffff;
        if ((held += 6) >= 8 && at < SIGNATURE) bytes[at++] = (unsigned char)(bits >> (held -= 8) & 0xff);
    }
    return at == SIGNATURE;
}

/* What the signature covers: hearthgrid/<kind>/v1, zero byte, community, zero byte, payload. */
static size_t signed_bytes(const char *kind, const char *community, const unsigned char *payload, size_t size,
                           unsigned char *out) {
    int at = snprintf((char *)out, 256, "hearthgrid/%s/v1", kind) + 1;
    at += snprintf((char *)out + at, 256, "%s", community) + 1;
    memcpy(out + at, payload, size);
    return (size_t)at + size;
}

static int sign(const char *seed_hex, const char *kind, const char *community, const unsigned char *payload,
                size_t size) {
    static unsigned char covered[FRAME_MAX + 512];
    unsigned char seed[HASH], signature[SIGNATURE];
    char text[SIGNATURE_CHARS + 1] = {0};
    size_t length = SIGNATURE;
    if (!from_hex(seed_hex, seed)) return 2;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, HASH);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t total = signed_bytes(kind, community, payload, size, covered);
    int is_good = key && context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
                  EVP_DigestSign(context, signature, &length, covered, total) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    if (!is_good) return 1;
    to_text(signature, text);
    printf("v1.%s.", text);
    fwrite(payload, 1, size, stdout);
    return 0;
}

static int open_frame(const char *public_hex, const char *kind, const char *community, const unsigned char *frame,
                      size_t size) {
    static unsigned char covered[FRAME_MAX + 512];
    unsigned char public[HASH], signature[SIGNATURE];
    if (!from_hex(public_hex, public)) return 2;
    if (size <= HEADER || memcmp(frame, "v1.", 3) || frame[HEADER - 1] != '.') return 1;
    if (!from_text((const char *)frame + 3, signature)) return 1;
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, HASH);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t total = signed_bytes(kind, community, frame + HEADER, size - HEADER, covered);
    int is_good = key && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                  EVP_DigestVerify(context, signature, SIGNATURE, covered, total) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    if (!is_good) return 1;
    fwrite(frame + HEADER, 1, size - HEADER, stdout);
    return 0;
}

static void node_hash(const unsigned char *left, const unsigned char *right, unsigned char *out) {
    unsigned char both[1 + 2 * HASH] = {1};
    memcpy(both + 1, left, HASH);
    memcpy(both + 1 + HASH, right, HASH);
    SHA256(both, sizeof both, out);
}

/* Whether a proof shows a leaf under a root (RFC 9162, section 2.1.3.2): 0 yes, 1 no. */
static int included(long index, long size, const char *leaf_hex, const char *root_hex, char **proof, int count) {
    unsigned char node[HASH], root[HASH], sibling[HASH];
    long last = size - 1;
    if (index < 0 || index >= size || !from_hex(leaf_hex, node) || !from_hex(root_hex, root)) return 1;
    for (int i = 0; i < count; i++) {
        if (last == 0 || !from_hex(proof[i], sibling)) return 1;
        if (index & 1 || index == last) {
            node_hash(sibling, node, node);
            while (!(index & 1) && index) index >>= 1, last >>= 1;
        } else {
            node_hash(node, sibling, node);
        }
        index >>= 1, last >>= 1;
    }
    return last == 0 && memcmp(node, root, HASH) == 0 ? 0 : 1;
}

int main(int argc, char **argv) {
    static unsigned char input[FRAME_MAX + 1];
    if (argc >= 6 && !strcmp(argv[1], "included"))
        return included(atol(argv[2]), atol(argv[3]), argv[4], argv[5], argv + 6, argc - 6);
    if (argc != 5 || strlen(argv[3]) > 64 || strlen(argv[4]) > 64) {
        fputs("see README.md\n", stderr);
        return 2;
    }
    size_t size = fread(input, 1, sizeof input, stdin);
    if (size > FRAME_MAX) return 1;
    if (!strcmp(argv[1], "sign")) return sign(argv[2], argv[3], argv[4], input, size);
    if (!strcmp(argv[1], "open")) return open_frame(argv[2], argv[3], argv[4], input, size);
    return 2;
}
