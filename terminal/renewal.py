"""The steps of a renewal, ordered so that a power cut between any two does no harm: repeating it, or the next start, ends it.

1. a next key is on the disk: the same one is used again until it is promoted, so the cloud gives the same new identity again;
2. what waits is sent under the old identity, as far as the cloud takes it: all of it, where the terminal was written off;
3. the cloud makes the new identity;
4. the mirror will be pulled anew; the journal is under the new identity, and what the cloud did not have is wrapped;
5. the next key becomes the key, the pairing file names the new identity (`sync.pairing.settle`, also at every start);
6. what was saved from a damaged journal and set aside is wrapped too (`terminal.rescue.take_up`, also at every start).
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import structlog

from display.screens import Message
from sync import pairing as pairings
from sync.courier import Courier
from sync.keys import NEXT_KEY, BrokenStateFile, load_or_make
from sync.pairing import Pairing
from sync.refusals import NotRecorded
from sync.troubles import Trouble
from terminal import rescue
from terminal.store import Store, reason

log = structlog.get_logger("renewal")


async def renew(folder: Path, pairing: Pairing, store: Store, courier: Courier) -> tuple[Pairing, Message | None]:
    """The pairing under a new identity; or the old one, and why not. `courier` is not running."""
    try:
        key = await store.run_blocking(partial(load_or_make, folder, os.urandom, NEXT_KEY))
        if await courier.exchange() is not None:
            return pairing, Message.RENEW_LATER
        renewed = await courier.renew(key.public)
        settled = await store.run_blocking(partial(pairings.settle, folder, pairing, renewed.identity))
        await store.run_blocking(partial(rescue.take_up, store.writer, folder))
        return settled, None
    except Trouble as trouble:
        log.warning("not renewed", why=str(trouble))
        return pairing, Message.NOT_RENEWED
    except NotRecorded as error:
        log.warning("not renewed", why=str(error))
        return pairing, reason(error)
    except (OSError, BrokenStateFile) as error:
        log.warning("not renewed", why=str(error))
        return pairing, Message.NOT_RENEWED
