/* cli/top_read.c - read what a publisher says, who may be anybody. */
#include "cli/top.h"
#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

static double number(const cJSON *from, const char *key)
{
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(from, key);

    return cJSON_IsNumber(n) && isfinite(n->valuedouble) && n->valuedouble >= 0 ? n->valuedouble : (double)NAN;
}

/* What would move the cursor is not printed. */
static void text(const cJSON *from, const char *key, char out[CLI_TOP_TEXT])
{
    const cJSON *t = cJSON_GetObjectItemCaseSensitive(from, key);
    const char *c = cJSON_IsString(t) ? t->valuestring : "";
    size_t n = 0;

    for (; *c != '\0' && n + 1 < CLI_TOP_TEXT; c++)
        out[n++] = (char)(*c >= ' ' && *c <= '~' ? *c : '?');
    out[n] = '\0';
}

static void read_slow(const cJSON *root, cli_top_t *out)
{
    const cJSON *one, *all = cJSON_GetObjectItemCaseSensitive(root, "slowest");

    cJSON_ArrayForEach(one, all) {
        if (out->n_slow == CLI_TOP_SLOW || !cJSON_IsObject(one))
            return;
        text(one, "name", out->slow[out->n_slow].name);
        text(one, "worker", out->slow[out->n_slow].worker);
        out->slow[out->n_slow].seconds = number(one, "seconds");
        out->slow[out->n_slow].share = number(one, "share");
        out->n_slow++;
    }
}

bool cli_top_read(const char *json, cli_top_t *out)
{
    cJSON *root = cJSON_Parse(json);
    bool sound = cJSON_IsObject(root) && number(root, "architech") == 1;

    memset(out, 0, sizeof *out);
    if (sound) {
        text(root, "what", out->what);
        out->ended = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "ended"));
        out->jobs = number(root, "jobs");
        out->done = number(root, "done");
        out->failed = number(root, "failed");
        out->queued = number(root, "queued");
        out->under_way = number(root, "under_way");
        out->workers = number(root, "workers");
        out->share = number(root, "share");
        out->elapsed_s = number(root, "elapsed_s");
        out->left_s = number(root, "left_s");
        out->jobs_per_s = number(root, "jobs_per_s");
        out->events = number(root, "events");
        out->events_per_s = number(root, "events_per_s");
        read_slow(root, out);
    }
    cJSON_Delete(root);
    return sound;
}
