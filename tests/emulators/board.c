/* board.c - /dev/gpiochip*, /dev/i2c-* and /dev/spidev* for a machine that has none.
 *
 * Preloaded into an unmodified program, this answers open() of those paths with a socket and carries every ioctl() on it
 * to the test process, where gpiochip.py, i2c.py and spi.py hold the models, and every write() to an SPI bus. Nothing is decided here: structures are carried over
 * and back. The variable BOARD names the test's unix socket (see board.py, which also builds this file).
 *
 *     gcc -O2 -Wall -shared -fPIC -o libboard.so board.c
 *     LD_PRELOAD=libboard.so BOARD=/path/board.sock program
 *     LD_PRELOAD="libboard.so libumockdev-preload.so.0" BOARD=... UMOCKDEV_DIR=... program      (this one first)
 *
 * The line descriptors that the GPIO interface hands out are sockets too, so poll, select, epoll and read work on them as
 * they are. A socket that the test has closed reads as ENODEV, as a removed device does. So does an input device of
 * umockdev, whose pseudo-terminal would otherwise read as a file without end; and one that a program has taken for itself
 * (EVIOCGRAB, which umockdev grants to everybody) is refused to the next.
 *
 * stat(), access() and directory listings are not answered: where a program asks for those, umockdev's testbed supplies
 * plain files of the same names.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <linux/input.h>
#include <linux/spi/spidev.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define REAL(name)                                          \
    ({                                                      \
        static __typeof__(&name) found;                     \
        if (!found)                                         \
            found = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
        found;                                              \
    })
#define MAX_FD 4096
#define MAX_PAYLOAD 65536
#define MAX_MESSAGE 8192 /* i2c-dev.c refuses more, with EINVAL */

enum { OPEN = 1, IOCTL = 2, WRITE = 3 };
struct call { uint32_t op, handle, request, size; };
struct reply { int32_t result, error; uint32_t handle, size; };

/* What a descriptor stands for: 0 not ours, a handle given by the test, or an input device of umockdev. */
#define INPUT_DEVICE UINT32_MAX
static uint32_t handles[MAX_FD];

static uint8_t is_spi[MAX_FD]; /* what is written to it goes to the test */

static void remember(int fd, uint32_t handle)
{
    if (fd >= 0 && fd < MAX_FD)
        handles[fd] = handle;
}

static uint32_t handle_of(int fd)
{
    return fd >= 0 && fd < MAX_FD ? handles[fd] : 0;
}

/* Which /dev/input/eventN a descriptor is, and what keeps it for its program alone; each number one higher, 0 for none. */
static int numbers[MAX_FD], grabs[MAX_FD];

/* evdev.c: one file of a device may have it, EBUSY to any other; EINVAL to one that lets go of what it has not. What can be
 * had once in all programs, and is free again when its owner dies, is a name without a file for a socket (unix(7)). */
static int grab(int fd, int on)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int lock;

    if (!on) {
        if (!grabs[fd]) {
            errno = EINVAL;
            return -1;
        }
        REAL(close)(grabs[fd] - 1);
        return grabs[fd] = 0;
    }
    snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "%s/%d", getenv("UMOCKDEV_DIR"), numbers[fd]);
    lock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (grabs[fd] || bind(lock, (struct sockaddr *)&name, sizeof name)) {
        REAL(close)(lock);
        errno = EBUSY;
        return -1;
    }
    grabs[fd] = lock + 1;
    return 0;
}

/* One connection a thread, so that a slow bus holds up only the thread that uses it. It is closed as the thread ends: lgpio
 * begins a thread for each tone. */
static pthread_key_t at_end;
static pthread_once_t at_end_made = PTHREAD_ONCE_INIT;

static void hang_up(void *fd)
{
    REAL(close)((int)(intptr_t)fd - 1);
}

static void make_at_end(void)
{
    pthread_key_create(&at_end, hang_up);
}

static int connection(void)
{
    static __thread int fd = -1;
    static __thread pid_t owner;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    const char *path = getenv("BOARD");

    if (fd >= 0 && owner == getpid())
        return fd;
    if (!path || strlen(path) >= sizeof name.sun_path)
        return -1;
    strcpy(name.sun_path, path);
    owner = getpid();
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&name, sizeof name)) {
        REAL(close)(fd);
        fd = -1;
    }
    pthread_once(&at_end_made, make_at_end);
    pthread_setspecific(at_end, (void *)(intptr_t)(fd + 1)); /* a null pointer would not be handed to hang_up() */
    return fd;
}

/* Sends a call, waits for the reply. A descriptor that comes with the reply is put into *new_fd. */
static int ask(struct call call, char *payload, struct reply *reply, int *new_fd)
{
    union { struct cmsghdr align; char bytes[CMSG_SPACE(sizeof(int))]; } control;
    struct iovec out[] = {{&call, sizeof call}, {payload, call.size}};
    struct iovec in[] = {{reply, sizeof *reply}, {payload, MAX_PAYLOAD}};
    struct msghdr request = {.msg_iov = out, .msg_iovlen = 2};
    struct msghdr answer = {.msg_iov = in, .msg_iovlen = 2, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *header;
    int fd = connection();

    if (fd < 0 || sendmsg(fd, &request, MSG_NOSIGNAL) < 0 || recvmsg(fd, &answer, MSG_CMSG_CLOEXEC) < (ssize_t)sizeof *reply) {
        errno = ENODEV;
        return -1;
    }
    *new_fd = -1;
    header = CMSG_FIRSTHDR(&answer);
    if (header && header->cmsg_type == SCM_RIGHTS)
        memcpy(new_fd, CMSG_DATA(header), sizeof *new_fd);
    errno = reply->error;
    return reply->result;
}

static int open_board(const char *path, int flags)
{
    char payload[MAX_PAYLOAD];
    struct reply reply;
    int fd;

    strcpy(payload, path);
    if (ask((struct call){OPEN, 0, 0, strlen(path)}, payload, &reply, &fd) < 0)
        return -1;
    if (flags & O_NONBLOCK)
        fcntl(fd, F_SETFL, O_NONBLOCK);
    remember(fd, reply.handle);
    if (fd >= 0 && fd < MAX_FD)
        is_spi[fd] = !strncmp(path, "/dev/spidev", 11);
    return fd;
}

/* I2C structures hold pointers: lay what they point at into one row of bytes. Returns its size, or -1 with errno. */
static ssize_t pack_i2c(unsigned long request, void *arg, char *out)
{
    char *end = out;

    if (request == I2C_RDWR) {
        struct i2c_rdwr_ioctl_data *set = arg;
        for (unsigned i = 0; i < set->nmsgs; i++) {
            struct i2c_msg *m = &set->msgs[i];
            uint16_t head[] = {m->addr, m->flags, m->len};
            if (set->nmsgs > I2C_RDWR_IOCTL_MAX_MSGS || m->len > MAX_MESSAGE
                || end + sizeof head + m->len > out + MAX_PAYLOAD) {
                errno = EINVAL;
                return -1;
            }
            end = mempcpy(end, head, sizeof head);
            if (!(m->flags & I2C_M_RD))
                end = mempcpy(end, m->buf, m->len);
        }
    } else if (request == I2C_SMBUS) {
        struct i2c_smbus_ioctl_data *s = arg;
        uint8_t head[] = {s->read_write, s->command, s->size};
        end = mempcpy(end, head, sizeof head);
        if (s->data)
            end = mempcpy(end, s->data, sizeof *s->data);
    } else if (request != I2C_FUNCS) { /* I2C_SLAVE and the like: the argument is the value */
        uint32_t value = (uintptr_t)arg;
        end = mempcpy(end, &value, sizeof value);
    }
    return end - out;
}

static void unpack_i2c(unsigned long request, void *arg, const char *in)
{
    if (request == I2C_RDWR) {
        struct i2c_rdwr_ioctl_data *set = arg;
        for (unsigned i = 0; i < set->nmsgs; i++)
            if (set->msgs[i].flags & I2C_M_RD) {
                memcpy(set->msgs[i].buf, in, set->msgs[i].len);
                in += set->msgs[i].len;
            }
    } else if (request == I2C_SMBUS) {
        struct i2c_smbus_ioctl_data *s = arg;
        if (s->data && s->read_write == I2C_SMBUS_READ)
            memcpy(s->data, in, sizeof *s->data);
    } else if (request == I2C_FUNCS) {
        memcpy(arg, in, sizeof(unsigned long));
    }
}

static int ioctl_board(uint32_t handle, unsigned long request, void *arg)
{
    char payload[MAX_PAYLOAD];
    struct reply reply;
    int fd, result, plain = _IOC_TYPE(request) == 0xB4 || _IOC_TYPE(request) == SPI_IOC_MAGIC; /* without pointers */
    int i2c = (request & ~0xFFul) == 0x700;
    ssize_t size;

    if (!plain && !i2c) {
        errno = ENOTTY;
        return -1;
    }
    size = plain ? (ssize_t)_IOC_SIZE(request) : pack_i2c(request, arg, payload);
    if (size < 0)
        return -1;
    if (plain)
        memcpy(payload, arg, size);
    result = ask((struct call){IOCTL, handle, request, size}, payload, &reply, &fd);
    if (result < 0)
        return -1;
    if (plain)
        memcpy(arg, payload, size);
    else
        unpack_i2c(request, arg, payload);
    if (request == GPIO_V2_GET_LINE_IOCTL) {
        remember(fd, reply.handle);
        ((struct gpio_v2_line_request *)arg)->fd = fd;
    }
    return result;
}

/* ---- what the program calls ---- */

int ioctl(int fd, unsigned long request, ...)
{
    va_list rest;
    void *arg;
    uint32_t handle = handle_of(fd);

    va_start(rest, request);
    arg = va_arg(rest, void *);
    va_end(rest);
    if (handle == INPUT_DEVICE && numbers[fd] && request == EVIOCGRAB)
        return grab(fd, arg != NULL);
    return handle && handle != INPUT_DEVICE ? ioctl_board(handle, request, arg) : REAL(ioctl)(fd, request, arg);
}

ssize_t read(int fd, void *buffer, size_t size)
{
    ssize_t got = REAL(read)(fd, buffer, size);

    if (handle_of(fd) && size && (got == 0 || (got < 0 && (errno == EIO || errno == ECONNRESET)))) {
        errno = ENODEV;
        return -1;
    }
    return got;
}

ssize_t write(int fd, const void *buffer, size_t size)
{
    char payload[MAX_PAYLOAD];
    struct reply reply;
    int none;

    if (!handle_of(fd) || handle_of(fd) == INPUT_DEVICE || !is_spi[fd])
        return REAL(write)(fd, buffer, size);
    if (size > MAX_PAYLOAD) {
        errno = EMSGSIZE;
        return -1;
    }
    memcpy(payload, buffer, size);
    return ask((struct call){WRITE, handle_of(fd), 0, size}, payload, &reply, &none) < 0 ? -1 : (ssize_t)size;
}

int close(int fd)
{
    if (handle_of(fd) == INPUT_DEVICE && grabs[fd])
        grab(fd, 0);
    remember(fd, 0);
    return REAL(close)(fd);
}

static int on_board(const char *path)
{
    return !strncmp(path, "/dev/gpiochip", 13) || !strncmp(path, "/dev/i2c-", 9) || !strncmp(path, "/dev/spidev", 11);
}

static int noted(int fd, const char *path)
{
    int number;

    remember(fd, strncmp(path, "/dev/input/", 11) ? 0 : INPUT_DEVICE);
    if (handle_of(fd) == INPUT_DEVICE)
        numbers[fd] = sscanf(path, "/dev/input/event%d", &number) == 1 ? number + 1 : 0;
    return fd;
}

/* umockdev 0.17.16 loses a socket each time a node is opened that is not there: it is not asked to. */
static int absent(const char *path)
{
    return !strncmp(path, "/dev/", 5) && access(path, F_OK) < 0;
}

#define DEFINE_OPEN(name)                                                                             \
    int name(const char *path, int flags, ...)                                                        \
    {                                                                                                 \
        va_list rest;                                                                                 \
        int mode;                                                                                     \
                                                                                                      \
        va_start(rest, flags);                                                                        \
        mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0;                                 \
        va_end(rest);                                                                                 \
        if (on_board(path))                                                                           \
            return open_board(path, flags);                                                           \
        return absent(path) ? -1 : noted(REAL(name)(path, flags, mode), path);                        \
    }
DEFINE_OPEN(open)
DEFINE_OPEN(open64)
