"""All contenders, in the order of the table."""

from typing import Final

from benchmarks.contenders import callsheet, frameworks, litellm, nginx

#: What every rate is compared with in the same round.
BASELINE: Final = nginx.BEST

EVERYONE: Final = (
    callsheet.FAST,
    callsheet.LOGGING,
    callsheet.LIMITING,
    callsheet.ASGI,
    nginx.BEST,
    nginx.DEFAULT,
    nginx.RETURN,
    nginx.SAME_JOB,
    nginx.SAME_JOB_LOGGING,
    frameworks.BARE_ASGI,
    frameworks.STARLETTE,
    frameworks.FASTAPI,
    litellm.LITELLM,
)
