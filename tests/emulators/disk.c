/* disk.c - the disk below a program's files: slow, failing, and remembered call by call.
 *
 * Preloaded into an unmodified program, this watches every file under the folder that the variable DISK_FOLDER names. The
 * variable DISK names a file of 4 KB that both sides have mapped (struct control): it counts the calls that change something,
 * makes flushes slow, and lets chosen calls fail. The variable DISK_LOG, where there is one, names a file that gets every such
 * call with its bytes, after it was made (struct entry); disk.py reads it and rebuilds what a power cut could have left.
 *
 *     gcc -O2 -Wall -shared -fPIC -o libdisk.so disk.c
 *     LD_PRELOAD=libdisk.so DISK=/path/control DISK_FOLDER=/path/state [DISK_LOG=/path/log] program
 *
 * Files whose name ends in "-shm" are left alone: SQLite maps them, never flushes them and makes them anew after a power cut
 * (SQLite, "WAL-mode File Format", section 2). But they take room like all others, where a test says how much there is: what a
 * file grows by is taken from it, and what is cut off or deleted is given back.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define REAL(name)                                          \
    ({                                                      \
        static __typeof__(&name) found;                     \
        if (!found)                                         \
            found = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
        found;                                              \
    })
#define MAX_FD 4096
#define MAX_FILES 64
#define FOLDER_ITSELF 1

enum { NAME = 1, CREATE, WRITE, TRUNCATE, FLUSH, UNLINK };
struct entry { uint32_t kind, file; uint64_t offset, size; }; /* NAME and WRITE are followed by `size` bytes */
struct control {
    uint64_t calls, flushes;        /* so many were made, the failed ones too */
    uint64_t fail_from, fail_until; /* calls of these numbers fail, counted from 1; the second is not among them */
    int32_t error;                  /* with this errno */
    uint32_t torn;                  /* and a write that fails puts half of its bytes first */
    uint64_t flush_us;              /* a flush takes so long */
    uint64_t failed;                /* so many calls have failed */
    uint64_t bounded;               /* whether the disk has an end */
    int64_t room;                   /* so many bytes are free on it then */
};

static struct control nothing, *control = &nothing;
static char folder[4096];
static size_t folder_size;
static int log_fd = -1;
static char *names[MAX_FILES];
static uint32_t files[MAX_FD];
static char takes_room[MAX_FD];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("DISK"), *log = getenv("DISK_LOG"), *watched = getenv("DISK_FOLDER");
    int fd;

    if (!path || !watched || strlen(watched) >= sizeof folder)
        return;
    fd = REAL(open64)(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        abort();
    control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    REAL(close)(fd);
    if (control == MAP_FAILED)
        abort();
    if (log)
        log_fd = REAL(open64)(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    strcpy(folder, watched);
    folder_size = strlen(folder);
}

static void note(uint32_t kind, uint32_t file, uint64_t offset, uint64_t size, const void *bytes)
{
    struct entry entry = {kind, file, offset, size};

    if (log_fd < 0)
        return;
    if (REAL(write)(log_fd, &entry, sizeof entry) != sizeof entry)
        abort();
    if (bytes && REAL(write)(log_fd, bytes, size) != (ssize_t)size)
        abort();
}

/* The number of a watched file; 0: not ours. The folder itself has one too, for flushing it makes names last. */
static uint32_t number_of(const char *path)
{
    size_t size = strlen(path);
    uint32_t file;

    if (!folder_size || strncmp(path, folder, folder_size) || (path[folder_size] && path[folder_size] != '/'))
        return 0;
    if (!path[folder_size])
        return FOLDER_ITSELF;
    if (size > 4 && !strcmp(path + size - 4, "-shm"))
        return 0;
    for (file = FOLDER_ITSELF + 1; file < MAX_FILES && names[file]; file++)
        if (!strcmp(names[file], path))
            return file;
    if (file == MAX_FILES)
        abort();
    names[file] = strdup(path);
    note(NAME, file, 0, size - folder_size - 1, path + folder_size + 1);
    return file;
}

static uint32_t file_of(int fd)
{
    return fd >= 0 && fd < MAX_FD ? files[fd] : 0;
}

/* Counts a call that changes something; whether it is to fail. */
static int fails(void)
{
    uint64_t number = ++control->calls;

    if (number < control->fail_from || number >= control->fail_until)
        return 0;
    control->failed++;
    return 1;
}

static int is_ours(const char *path)
{
    return folder_size && !strncmp(path, folder, folder_size) && path[folder_size] == '/';
}

/* Takes the room that a write up to `end` needs; 0 where there is none. */
static int has_room(int fd, off64_t end)
{
    struct stat now;

    if (!control->bounded || fd < 0 || fd >= MAX_FD || !takes_room[fd] || fstat(fd, &now) || end <= now.st_size)
        return 1;
    if (end - now.st_size > control->room) {
        errno = ENOSPC;
        return 0;
    }
    control->room -= end - now.st_size;
    return 1;
}

static void give_back(const struct stat *was, off64_t now)
{
    if (control->bounded && was->st_nlink < 2 && was->st_size > now)
        control->room += was->st_size - now;
}

static int refused(void)
{
    errno = control->error;
    return -1;
}

static int watched_open(int (*real)(const char *, int, ...), const char *path, int flags, mode_t mode)
{
    struct stat there;
    uint32_t file;
    int fd, makes;

    if (!folder_size)
        return real(path, flags, mode);
    pthread_mutex_lock(&lock);
    if (is_ours(path) && flags & O_TRUNC && !stat(path, &there))
        give_back(&there, 0);
    file = number_of(path);
    makes = file > FOLDER_ITSELF && flags & O_CREAT && stat(path, &there);
    if (makes && fails())
        fd = refused();
    else {
        fd = real(path, flags, mode);
        if (fd >= 0 && fd < MAX_FD) {
            files[fd] = file;
            takes_room[fd] = is_ours(path);
        }
        if (fd >= 0 && makes)
            note(CREATE, file, 0, 0, NULL);
        if (fd >= 0 && file > FOLDER_ITSELF && flags & O_TRUNC && !makes)
            note(TRUNCATE, file, 0, 0, NULL);
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

#define OPEN(name)                                                \
    int name(const char *path, int flags, ...)                    \
    {                                                             \
        mode_t mode = 0;                                          \
        if (flags & (O_CREAT | O_TMPFILE)) {                      \
            va_list rest;                                         \
            va_start(rest, flags);                                \
            mode = va_arg(rest, mode_t);                          \
            va_end(rest);                                         \
        }                                                         \
        return watched_open(REAL(name), path, flags, mode);       \
    }
OPEN(open)
OPEN(open64)

int close(int fd)
{
    if (fd >= 0 && fd < MAX_FD)
        files[fd] = takes_room[fd] = 0;
    return REAL(close)(fd);
}

/* At the place where the file stands, where `offset` is below zero. */
static ssize_t watched_write(int fd, const void *bytes, size_t size, off64_t offset)
{
    ssize_t done;
    off64_t at = offset < 0 ? lseek64(fd, 0, SEEK_CUR) : offset;

    pthread_mutex_lock(&lock);
    if (fails()) {
        if (control->torn && size > 1 && (done = REAL(pwrite64)(fd, bytes, size / 2, at)) > 0)
            note(WRITE, file_of(fd), at, done, bytes);
        done = refused();
    } else {
        done = offset < 0 ? REAL(write)(fd, bytes, size) : REAL(pwrite64)(fd, bytes, size, offset);
        if (done > 0)
            note(WRITE, file_of(fd), at, done, bytes);
    }
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    if (!has_room(fd, lseek64(fd, 0, SEEK_CUR) + size))
        return -1;
    return file_of(fd) ? watched_write(fd, bytes, size, -1) : REAL(write)(fd, bytes, size);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
    if (!has_room(fd, offset + size))
        return -1;
    return file_of(fd) ? watched_write(fd, bytes, size, offset) : REAL(pwrite64)(fd, bytes, size, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    return pwrite64(fd, bytes, size, offset);
}

int ftruncate64(int fd, off64_t size)
{
    struct stat was;
    int done;

    if (fd >= 0 && fd < MAX_FD && takes_room[fd] && !fstat(fd, &was))
        give_back(&was, size);
    if (!file_of(fd))
        return REAL(ftruncate64)(fd, size);
    pthread_mutex_lock(&lock);
    done = fails() ? refused() : REAL(ftruncate64)(fd, size);
    if (!done)
        note(TRUNCATE, file_of(fd), size, 0, NULL);
    pthread_mutex_unlock(&lock);
    return done;
}

int ftruncate(int fd, off_t size)
{
    return ftruncate64(fd, size);
}

int unlink(const char *path)
{
    struct stat was;
    uint32_t file;
    int done;

    if (is_ours(path) && !stat(path, &was))
        give_back(&was, 0);
    if (!folder_size)
        return REAL(unlink)(path);
    pthread_mutex_lock(&lock);
    file = number_of(path);
    done = file && fails() ? refused() : REAL(unlink)(path);
    if (!done && file)
        note(UNLINK, file, 0, 0, NULL);
    pthread_mutex_unlock(&lock);
    return done;
}

static int watched_flush(int (*real)(int), int fd)
{
    struct timespec time = {control->flush_us / 1000000, control->flush_us % 1000000 * 1000};
    int done;

    if (!file_of(fd))
        return real(fd);
    if (control->flush_us)
        nanosleep(&time, NULL);
    pthread_mutex_lock(&lock);
    control->flushes++;
    done = fails() ? refused() : real(fd);
    if (!done)
        note(FLUSH, file_of(fd), 0, 0, NULL);
    pthread_mutex_unlock(&lock);
    return done;
}

int fsync(int fd)
{
    return watched_flush(REAL(fsync), fd);
}

int fdatasync(int fd)
{
    return watched_flush(REAL(fdatasync), fd);
}
