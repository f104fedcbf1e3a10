/* SPDX-License-Identifier: MIT */
/*
 * Whose a state directory is: made or taken for a run, locked, and free of an earlier run.
 *
 * A directory that holds something else is never touched: a slip such as `--state .` must not cost
 * anybody the permissions of their home.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/daemon.h"
#include "common/fsutil.h"
#include "tools/kvsim.d/kvsim.h"

#define LAST_RUN_SECONDS 5
#define POLL_NS          20000000

static const char *const lock_names[] = {"lock", "vaultd.lock", "providerd.lock"};

/* Free, or held: then by whom, as far as the file says. */
static bool lock_free(const char *dir, const char *name, char pid[32])
{
    char path[4200];
    ssize_t n;
    int fd;
    bool got;

    (void) snprintf(path, sizeof(path), "%s/%s", dir, name);
    fd = open(path, O_RDWR | O_CLOEXEC);
    got = fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0;
    n = got ? 0 : pread(fd, pid, 31, 0);
    pid[n > 0 ? n : 0] = '\0';
    pid[strcspn(pid, "\n")] = '\0';
    if (fd >= 0) {
        (void) close(fd);
    }
    return got;
}

static bool wait_for_lock(const char *dir, const char *name, int seconds, char pid[32])
{
    const struct timespec step = {0, POLL_NS};

    for (long i = 0; i < seconds * (1000000000L / POLL_NS); i++) {
        if (lock_free(dir, name, pid)) {
            return true;
        }
        (void) nanosleep(&step, NULL);
    }
    return false;
}

bool state_wait_free(const char *dir, int seconds)
{
    char pid[32];

    for (size_t i = 0; i < ARRAY_LEN(lock_names); i++) {
        if (!wait_for_lock(dir, lock_names[i], seconds, pid)) {
            return false;
        }
    }
    return true;
}

/* Empty but for what a fresh file system has, or made by us: the lock is the first file we make. */
static bool is_ours(const char *dir)
{
    DIR *d = opendir(dir);
    const struct dirent *e;
    bool empty = true;
    bool lock = false;

    if (!d) {
        die("the state directory %s can't be read: %s. Mend its permissions, or name another with --state",
            dir, strerror(errno));
    }
    while ((e = readdir(d)) != NULL) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
            strcmp(e->d_name, "lost+found") != 0) {
            empty = false;
            for (size_t i = 0; i < ARRAY_LEN(lock_names); i++) {
                lock = lock || strcmp(e->d_name, lock_names[i]) == 0;
            }
        }
    }
    (void) closedir(d);
    return empty || lock;
}

int state_open(const char *dir)
{
    struct az_error err;
    struct stat st;
    char pid[32];
    int fd;

    if (stat(dir, &st) == 0 && !S_ISDIR(st.st_mode)) {
        die("%s is no directory. Name another state directory with --state", dir);
    }
    if (!dir_make(dir)) {
        die("the state directory %s can't be made: %s. Name another with --state", dir,
            strerror(errno));
    }
    if (!is_ours(dir)) {
        die("%s holds other files, and none of kvsim: a state directory must be empty at first. "
            "Name another with --state",
            dir);
    }
    if (access(dir, W_OK | X_OK) < 0 || chmod(dir, 0700) < 0) {
        die("the state directory %s can't be written: %s. Mend its permissions, or name another with --state",
            dir, strerror(errno));
    }
    if (!daemon_lock(dir, lock_names[0], &fd, &err)) {
        die_error(&err);
    }
    /* Daemons whose kvsim was killed end by themselves, but need a moment. */
    for (size_t i = 1; i < ARRAY_LEN(lock_names); i++) {
        if (!wait_for_lock(dir, lock_names[i], LAST_RUN_SECONDS, pid)) {
            die("process %s of an earlier run still uses the state directory %s. Stop it (kill %s) and try again",
                pid, dir, pid);
        }
    }
    return fd;
}

/* Everything below the directory, not the directory itself, whose lock we hold. */
static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void) st;
    (void) type;
    return where->level == 0 ? 0 : remove(path);
}

int cmd_reset(int argc, char **argv)
{
    const char *state = NULL;
    const struct cli_option options[] = {
        STATE_OPTION(&state),
    };
    const struct cli cli = {
        .program = "kvsim reset",
        .summary = "Remove everything that a stopped simulator has kept: vaults, keys, accounts, "
                   "tokens, certificates. There is no way back.",
        .options = options,
        .n_options = ARRAY_LEN(options)};
    const char *dir;
    struct stat st;
    char pid[32];

    (void) cli_parse(&cli, argc, argv, NULL);
    dir = state_dir(state);
    if (stat(dir, &st) < 0) {
        (void) printf("There is no state in %s.\n", dir);
        return 0;
    }
    if (!lock_free(dir, lock_names[0], pid)) {
        die("process %s runs with the state directory %s. Stop it first: kvsim down --state %s",
            pid, dir, dir);
    }
    int lock = state_open(dir); /* only an empty directory or one of ours */

    if (nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0) {
        die("%s could not be removed whole: %s", dir, strerror(errno));
    }
    (void) close(lock);
    (void) printf("Removed the state in %s.\n", dir);
    return 0;
}
