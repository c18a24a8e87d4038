/* workers/keys.c - see keys.h. */
#include "workers/keys.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

enum { LINE_BYTES = 256, PATH_BYTES = 4096 };

/* ---- writing ---- */

static arch_status_t write_new(const char *path, mode_t mode, const char *text)
{
    int f = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    size_t n = strlen(text);
    bool whole;

    if (f < 0 && errno == EEXIST)
        return ARCH_FAIL(ARCH_E_ARG, "%s: is there already, and is not overwritten", path);
    if (f < 0)
        return ARCH_FAIL(ARCH_E_IO, "%s: %s", path, strerror(errno));
    whole = write(f, text, n) == (ssize_t)n && fsync(f) == 0;
    whole = close(f) == 0 && whole;
    if (whole)
        return ARCH_OK;
    unlink(path);
    return ARCH_FAIL(ARCH_E_IO, "%s: %s", path, strerror(errno));
}

arch_status_t archi_keys_make(const char *key, const char *pub)
{
    archi_key_pair_t pair;
    arch_status_t st;
    char text[512];

    if (access(pub, F_OK) == 0)
        return ARCH_FAIL(ARCH_E_ARG, "%s: is there already, and is not overwritten", pub);
    if (zmq_curve_keypair(pair.open, pair.secret) != 0)
        return ARCH_FAIL(ARCH_E_ZMQ, "no keys: %s", zmq_strerror(errno));
    snprintf(text, sizeof text,
             "# A secret key of Architech. Whoever has it can pass for its owner: it goes to the owner's machine only.\n"
             "public %s\nsecret %s\n", pair.open, pair.secret);
    st = write_new(key, 0600, text);
    snprintf(text, sizeof text, "# A public key of Architech. Anyone may know it.\npublic %s\n", pair.open);
    if (st == ARCH_OK) {
        st = write_new(pub, 0644, text);
        if (st != ARCH_OK)
            unlink(key);
    }
    archi_keys_wipe(&pair);
    explicit_bzero(text, sizeof text);
    return st;
}

void archi_keys_wipe(archi_key_pair_t *pair) { explicit_bzero(pair, sizeof *pair); }

/* ---- reading ---- */

/* A line of a key file: of "public KEY" 'p', of "secret KEY" 's', nothing to read 0, else -1. */
static int read_line(char *line, char key[ARCHI_KEY_CHARS + 1])
{
    unsigned char bytes[ARCHI_KEY_BYTES];
    size_t n = strcspn(line, "\r\n");

    line[n] = '\0';
    if (n == 0 || line[0] == '#')
        return 0;
    if (n != 7 + ARCHI_KEY_CHARS || (strncmp(line, "public ", 7) != 0 && strncmp(line, "secret ", 7) != 0))
        return -1;
    if (strspn(line + 7, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#") !=
            ARCHI_KEY_CHARS || zmq_z85_decode(bytes, line + 7) == NULL)
        return -1;
    memcpy(key, line + 7, ARCHI_KEY_CHARS + 1);
    return line[0];
}

typedef arch_status_t (*on_key_t)(const char *path, int kind, const char *key, void *user);

static arch_status_t read_keys(const char *path, on_key_t on_key, void *user)
{
    char line[LINE_BYTES], key[ARCHI_KEY_CHARS + 1];
    FILE *f = fopen(path, "re");
    arch_status_t st = ARCH_OK;

    if (f == NULL)
        return ARCH_FAIL(errno == ENOENT || errno == ENOTDIR ? ARCH_E_NOTFOUND : ARCH_E_IO, "%s: %s", path, strerror(errno));
    for (int n = 1; st == ARCH_OK && fgets(line, sizeof line, f) != NULL; n++) {
        int kind = read_line(line, key);
        if (kind < 0)
            st = ARCH_FAIL(ARCH_E_FORMAT, "%s:%d: expected \"public\" or \"secret\" and a key of %d characters", path, n,
                           ARCHI_KEY_CHARS);
        else if (kind > 0)
            st = on_key(path, kind, key, user);
    }
    if (st == ARCH_OK && ferror(f))
        st = ARCH_FAIL(ARCH_E_IO, "%s: %s", path, strerror(errno));
    fclose(f);
    explicit_bzero(line, sizeof line);
    explicit_bzero(key, sizeof key);
    return st;
}

static arch_status_t into_pair(const char *path, int kind, const char *key, void *user)
{
    archi_key_pair_t *pair = user;
    char *at = kind == 'p' ? pair->open : pair->secret;

    if (*at != '\0')
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: has more than one %s key", path, kind == 'p' ? "public" : "secret");
    memcpy(at, key, ARCHI_KEY_CHARS + 1);
    return ARCH_OK;
}

arch_status_t archi_keys_read_pair(const char *path, archi_key_pair_t *out)
{
    char open[ARCHI_KEY_CHARS + 1];
    struct stat about;

    memset(out, 0, sizeof *out);
    ARCH_TRY(read_keys(path, into_pair, out));
    if (out->secret[0] == '\0')
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: has no secret key (a file NAME.key has one)", path);
    if (stat(path, &about) == 0 && (about.st_mode & 077) != 0)
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: others may read this secret key: chmod 600 %s", path, path);
    if (zmq_curve_public(open, out->secret) != 0)
        return ARCH_FAIL(ARCH_E_ZMQ, "%s: %s", path, zmq_strerror(errno));
    if (strcmp(open, out->open) != 0)
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: its keys do not go together", path);
    return ARCH_OK;
}

/* A secret key has no business here: somebody has named, or copied, the wrong file. */
static arch_status_t into_ring(const char *path, int kind, const char *key, void *user)
{
    archi_key_ring_t *ring = user;

    if (kind == 's')
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: has a secret key; expected public ones (NAME.pub)", path);
    if (ring->n >= ARCHI_KEYS_MOST)
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: more than %d keys", path, ARCHI_KEYS_MOST);
    if ((ring->n & (ring->n - 1)) == 0) { /* doubled at every power of two */
        void *more = realloc(ring->key, (ring->n ? 2 * ring->n : 1) * sizeof *ring->key);
        if (more == NULL)
            return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %zu keys", ring->n + 1);
        ring->key = more;
    }
    zmq_z85_decode(ring->key[ring->n++], key);
    return ARCH_OK;
}

arch_status_t archi_keys_read_public(const char *path, char out[ARCHI_KEY_CHARS + 1])
{
    archi_key_ring_t ring = {0, NULL};
    arch_status_t st = read_keys(path, into_ring, &ring);

    if (st == ARCH_OK && ring.n != 1)
        st = ARCH_FAIL(ARCH_E_FORMAT, "%s: expected one public key, found %zu", path, ring.n);
    if (st == ARCH_OK)
        zmq_z85_encode(out, ring.key[0], ARCHI_KEY_BYTES);
    archi_keys_clear_ring(&ring);
    return st;
}

static bool is_public_file(const char *name)
{
    size_t n = strlen(name);

    return n > 4 && name[0] != '.' && strcmp(name + n - 4, ".pub") == 0;
}

static arch_status_t read_folder(const char *path, archi_key_ring_t *out)
{
    DIR *folder = opendir(path);
    char file[PATH_BYTES];
    arch_status_t st = ARCH_OK;
    struct dirent *entry;

    if (folder == NULL)
        return ARCH_FAIL(ARCH_E_IO, "%s: %s", path, strerror(errno));
    while (st == ARCH_OK && (entry = readdir(folder)) != NULL) {
        if (!is_public_file(entry->d_name))
            continue;
        if (snprintf(file, sizeof file, "%s/%s", path, entry->d_name) >= (int)sizeof file)
            st = ARCH_FAIL(ARCH_E_IO, "%s: the path is too long", path);
        else
            st = read_keys(file, into_ring, out);
    }
    closedir(folder);
    return st;
}

arch_status_t archi_keys_read_ring(const char *path, archi_key_ring_t *out)
{
    struct stat about;
    arch_status_t st;

    *out = (archi_key_ring_t){0, NULL};
    if (stat(path, &about) != 0)
        return ARCH_FAIL(ARCH_E_NOTFOUND, "%s: %s", path, strerror(errno));
    st = S_ISDIR(about.st_mode) ? read_folder(path, out) : read_keys(path, into_ring, out);
    if (st == ARCH_OK && out->n == 0)
        st = ARCH_FAIL(ARCH_E_FORMAT, "%s: has no public key (NAME.pub), so nobody would be let in", path);
    if (st != ARCH_OK)
        archi_keys_clear_ring(out);
    return st;
}

void archi_keys_clear_ring(archi_key_ring_t *ring)
{
    free(ring->key);
    *ring = (archi_key_ring_t){0, NULL};
}

bool archi_keys_in_ring(const archi_key_ring_t *ring, const unsigned char key[ARCHI_KEY_BYTES])
{
    for (size_t i = 0; i < ring->n; i++)
        if (memcmp(ring->key[i], key, ARCHI_KEY_BYTES) == 0)
            return true;
    return false;
}
