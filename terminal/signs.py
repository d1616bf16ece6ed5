"""What each sign looks and sounds like: told apart with eyes shut by rhythm and pitch, with ears shut by colour and rhythm."""

from __future__ import annotations

from terminal.effects import Sign

Step = tuple[bool, bool, int, int]
"""Green, red, tone in hertz (0: silence), milliseconds."""

SIGNS: dict[Sign, tuple[Step, ...]] = {
    # rising: it went up; green steady
    Sign.DONE: ((True, False, 1_319, 90), (True, False, 1_760, 140), (True, False, 0, 900)),
    # the same, then once more, later; green blinking
    Sign.DONE_LATER: (
        (True, False, 1_319, 90),
        (True, False, 1_760, 140),
        (False, False, 0, 180),
        (True, False, 1_760, 90),
        (False, False, 0, 250),
        (True, False, 0, 400),
    ),
    # one long low tone; red steady
    Sign.REFUSED: ((False, True, 330, 450), (False, True, 0, 700)),
    # three short low tones; red blinking
    Sign.TROUBLE: (
        (False, True, 220, 150),
        (False, False, 0, 120),
        (False, True, 220, 150),
        (False, False, 0, 120),
        (False, True, 220, 150),
        (False, False, 0, 300),
    ),
    Sign.CARD: ((False, False, 1_047, 60),),
    Sign.OTHER_CARD: ((False, False, 1_047, 60), (False, False, 0, 60), (False, False, 784, 60)),
    Sign.KEY: ((False, False, 2_093, 15),),
    Sign.TEST: ((True, False, 1_047, 600), (False, True, 784, 600)),
}
