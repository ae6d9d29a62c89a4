/* render.c - pictures of graphs, by Graphviz.
 * Programs are run directly, without a shell, so file names may have any characters.
 * SPDX-License-Identifier: MIT
 */
#include "core/here_impl.h"
#include "train/picture_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

bool tw__run_quietly(char *const *arguments, int input)
{
    posix_spawn_file_actions_t quiet;
    if (posix_spawn_file_actions_init(&quiet) != 0) return false;
    pid_t child;
    const bool begun = posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) == 0 &&
                       posix_spawn_file_actions_adddup2(&quiet, STDOUT_FILENO, STDERR_FILENO) == 0 &&
                       (input < 0 || posix_spawn_file_actions_adddup2(&quiet, input, STDIN_FILENO) == 0) &&
                       posix_spawnp(&child, arguments[0], &quiet, NULL, arguments, environ) == 0;
    posix_spawn_file_actions_destroy(&quiet);
    if (!begun) return false;

    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A name that cannot be taken for an option. */
static bool plain_name(const char *path, char *name, size_t size)
{
    const int n = snprintf(name, size, "%s%s", path[0] == '-' ? "./" : "", path);
    return n >= 0 && (size_t)n < size;
}

bool tw_dot_render(const char *dot_file, const char *picture)
{
    enum { PATH = 4096 };
    char from[PATH], to[PATH], format[16];
    const char *ending = picture ? strrchr(picture, '.') : NULL;
    if (!dot_file || !ending || !plain_name(dot_file, from, sizeof from) || !plain_name(picture, to, sizeof to)) return false;
    snprintf(format, sizeof format, "-T%s", ending + 1);

    char program[] = "dot", out[] = "-o";
    return tw__run_quietly((char *[]){ program, format, out, to, from, NULL }, -1);
}
