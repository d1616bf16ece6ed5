/* A reader for pcscd that can fail as one that is pulled out does: vsmartcard's vpcd with one slot. While the file
   "<this library>.unplugged" is there, every call says that there is no such device; with "<this library>.mute" the card in it
   gives no answer to reset. vpcd keeps its state in statics, so each reader loads a copy of its own, "<this library>.vpcd".

   pcsc-lite's IFD handler API 3.0, PCSC/ifdhandler.h. Debian's pcscd takes only USB readers off its list while it runs: this
   one stays there, "unavailable", which is what a USB reader is too until udev has told of its removal. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <PCSC/ifdhandler.h>

static void *vpcd;

static const char *beside(const char *what)
{
    static __thread char path[512];
    Dl_info self;
    dladdr((void *) beside, &self);
    snprintf(path, sizeof path, "%s%s", self.dli_fname, what);
    return path;
}

static int unplugged(void)
{
    return access(beside(".unplugged"), F_OK) == 0;
}

static void *real(const char *name)
{
    if (!vpcd)
        vpcd = dlopen(beside(".vpcd"), RTLD_NOW | RTLD_LOCAL);
    return vpcd ? dlsym(vpcd, name) : NULL;
}

#define FORWARD(name, types, values)                                  \
    RESPONSECODE (*there) types = real(name);                         \
    return there && !unplugged() ? there values : IFD_NO_SUCH_DEVICE;

RESPONSECODE IFDHCreateChannelByName(DWORD Lun, LPSTR name)
{ FORWARD("IFDHCreateChannelByName", (DWORD, LPSTR), (Lun, name)) }

RESPONSECODE IFDHCreateChannel(DWORD Lun, DWORD channel)
{ FORWARD("IFDHCreateChannel", (DWORD, DWORD), (Lun, channel)) }

RESPONSECODE IFDHCloseChannel(DWORD Lun)
{
    RESPONSECODE (*there)(DWORD) = real("IFDHCloseChannel");
    return there(Lun);
}

/* pcscd would look every 0.4 s; a USB reader says by itself that a card came or went, and this one is nearly as quick. */
static RESPONSECODE polling(DWORD Lun, int timeout)
{
    (void) Lun, (void) timeout;
    usleep(10000);
    return IFD_SUCCESS;
}

RESPONSECODE IFDHGetCapabilities(DWORD Lun, DWORD tag, PDWORD length, PUCHAR value)
{
    if (tag == TAG_IFD_POLLING_THREAD_WITH_TIMEOUT) {
        RESPONSECODE (*function)(DWORD, int) = polling;
        memcpy(value, &function, sizeof function);
        *length = sizeof function;
        return IFD_SUCCESS;
    }
    if (tag == TAG_IFD_SLOTS_NUMBER) {
        *length = 1;
        *value = 1;
        return IFD_SUCCESS;
    }
    FORWARD("IFDHGetCapabilities", (DWORD, DWORD, PDWORD, PUCHAR), (Lun, tag, length, value))
}

RESPONSECODE IFDHSetCapabilities(DWORD Lun, DWORD tag, DWORD length, PUCHAR value)
{ FORWARD("IFDHSetCapabilities", (DWORD, DWORD, DWORD, PUCHAR), (Lun, tag, length, value)) }

RESPONSECODE IFDHSetProtocolParameters(DWORD Lun, DWORD protocol, UCHAR flags, UCHAR one, UCHAR two, UCHAR three)
{ FORWARD("IFDHSetProtocolParameters", (DWORD, DWORD, UCHAR, UCHAR, UCHAR, UCHAR), (Lun, protocol, flags, one, two, three)) }

RESPONSECODE IFDHPowerICC(DWORD Lun, DWORD action, PUCHAR atr, PDWORD length)
{
    if (access(beside(".mute"), F_OK) == 0) { /* the card is there and gives no answer to reset */
        *length = 0;
        return IFD_ERROR_POWER_ACTION;
    }
    FORWARD("IFDHPowerICC", (DWORD, DWORD, PUCHAR, PDWORD), (Lun, action, atr, length))
}

RESPONSECODE IFDHTransmitToICC(DWORD Lun, SCARD_IO_HEADER send, PUCHAR sent, DWORD sent_length, PUCHAR got, PDWORD got_length,
                               PSCARD_IO_HEADER receive)
{
    RESPONSECODE (*there)(DWORD, SCARD_IO_HEADER, PUCHAR, DWORD, PUCHAR, PDWORD, PSCARD_IO_HEADER) = real("IFDHTransmitToICC");
    RESPONSECODE code = unplugged() ? IFD_NO_SUCH_DEVICE : there(Lun, send, sent, sent_length, got, got_length, receive);
    if (unplugged()) {
        *got_length = 0;
        return IFD_NO_SUCH_DEVICE;
    }
    return code;
}

RESPONSECODE IFDHICCPresence(DWORD Lun)
{ FORWARD("IFDHICCPresence", (DWORD), (Lun)) }

RESPONSECODE IFDHControl(DWORD Lun, DWORD code, PUCHAR sent, DWORD sent_length, PUCHAR got, DWORD got_size, LPDWORD got_length)
{
    FORWARD("IFDHControl", (DWORD, DWORD, PUCHAR, DWORD, PUCHAR, DWORD, LPDWORD),
            (Lun, code, sent, sent_length, got, got_size, got_length))
}
