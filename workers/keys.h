/* workers/keys.h - key files for CURVE, ZeroMQ's encryption: who holds the secret key of a pair proves it, and what is
 * said stays between the two. A pair is two files: NAME.key, with both keys, for the eyes of its owner alone, and
 * NAME.pub. Each is text: lines of "public KEY" and "secret KEY", keys in Z85; lines that begin with # say something to
 * people. */
#ifndef ARCHI_WORKERS_KEYS_H
#define ARCHI_WORKERS_KEYS_H

#include <architech/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ARCHI_KEY_CHARS = 40, ARCHI_KEY_BYTES = 32, ARCHI_KEYS_MOST = 100000 };

typedef struct {
    char open[ARCHI_KEY_CHARS + 1], secret[ARCHI_KEY_CHARS + 1];
} archi_key_pair_t;

/* Public keys, as bytes. */
typedef struct {
    size_t n;
    unsigned char (*key)[ARCHI_KEY_BYTES];
} archi_key_ring_t;

/* Make a pair, and write both keys to `key` (mode 0600) and the public one to `pub`. ARCH_E_ARG: one of the files is there
 * already, and stays as it is; ARCH_E_IO. */
arch_status_t archi_keys_make(const char *key, const char *pub);

/* Read a secret key file. ARCH_E_NOTFOUND; ARCH_E_FORMAT: not one, its keys do not go together, or others may read it. */
arch_status_t archi_keys_read_pair(const char *path, archi_key_pair_t *out);
/* Read a file with one public key. */
arch_status_t archi_keys_read_public(const char *path, char out[ARCHI_KEY_CHARS + 1]);
/* Read a file with public keys, or all *.pub of a folder. ARCH_E_FORMAT: there are none. The caller owns *out. */
arch_status_t archi_keys_read_ring(const char *path, archi_key_ring_t *out);
void archi_keys_clear_ring(archi_key_ring_t *ring);
bool archi_keys_in_ring(const archi_key_ring_t *ring, const unsigned char key[ARCHI_KEY_BYTES]);
void archi_keys_wipe(archi_key_pair_t *pair); /* so that it does not stay in memory */

#endif
