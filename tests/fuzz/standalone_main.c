/* SPDX-License-Identifier: MIT */
/* Replays every file of a corpus directory, so that the tests run fuzz targets without an engine.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *dir, const char *name)
{
    static uint8_t buf[1 << 16];
    char path[4096];
    size_t n;
    FILE *f;

    (void) snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "re");
    if (!f) {
        perror(path);
        return 1;
    }
    n = fread(buf, 1, sizeof(buf), f);
    (void) fclose(f);
    return LLVMFuzzerTestOneInput(buf, n);
}

int main(int argc, char **argv)
{
    DIR *d = argc > 1 ? opendir(argv[1]) : NULL;
    int rc = 0;
    int n = 0;

    if (!d) {
        (void) fprintf(stderr, "usage: %s CORPUS_DIR\n", argv[0]);
        return 2;
    }
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        if (e->d_name[0] != '.') {
            rc |= replay(argv[1], e->d_name);
            n++;
        }
    }
    (void) closedir(d);
    return n > 0 ? rc : 1; /* an empty corpus tests nothing */
}
