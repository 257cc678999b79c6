"""Every error this project raises on purpose, one class for each decision a caller can take.

    AppError
    ├── ConfigurationError        fix a setting, a file or a flag, then start again
    ├── InputError                the input is wrong: refuse it and say how to mend it
    │   └── NotFoundError         what was asked for does not exist, or is not the caller's
    ├── RefusedError              a rule said no: do not try again unchanged
    │   ├── UnauthenticatedError  who is calling is not known
    │   ├── ForbiddenError        the caller is known and may not
    │   ├── BudgetExceededError   a spend cap or token budget is used up
    │   └── RateLimitedError      too much at once: wait `retry_after_s`
    ├── ProviderError             one attempt at a model failed
    │   ├── ProviderUnavailableError  try again (5xx, connection lost, time-out)
    │   ├── ProviderThrottledError    try again after `retry_after_s` (429)
    │   ├── ProviderRefusedError      do not try again there (4xx)
    │   └── ProviderBrokenError       the reply is not what the protocol promises
    ├── CallFailedError           the whole call failed: every route, retry and fallback
    │   ├── DeadlineExceededError the call's total time is used up
    │   └── UnsureReplyError      the reply is less sure than its task asks
    ├── InvalidReplyError         the model's reply does not fit the schema, repair included
    ├── StoreUnavailableError     the database cannot be reached
    ├── StepFailedError           a pipeline step failed: mend what it names, the next run goes on there
    └── GateFailedError           a gate is red: `failures` names what and where

Messages say what happened, with the value, then what to do. They are shown to users as they are, on one line,
so no message may hold a secret.
"""

from __future__ import annotations

from collections.abc import Sequence


class AppError(Exception):
    """Base of all expected errors. `exit_code` is what a command ends with."""

    exit_code = 1


class ConfigurationError(AppError):
    """A setting, file or flag is wrong; nothing was started."""

    exit_code = 2


class InputError(AppError):
    """The caller's input is refused."""

    exit_code = 2


class NotFoundError(InputError):
    """The thing asked for does not exist for this caller."""


class RefusedError(AppError):
    """A rule of the project refused the request."""


class UnauthenticatedError(RefusedError):
    """No valid credential came with the request."""


class ForbiddenError(RefusedError):
    """The credential is valid and does not allow this."""


class BudgetExceededError(RefusedError):
    """A cap on money or tokens is reached; asking again does not help before the window ends."""


class RateLimitedError(RefusedError):
    """The caller's rate is used up for now."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ProviderError(AppError):
    """One attempt at one deployment failed. `http_status` is None when no answer came."""

    def __init__(self, message: str, http_status: int | None = None) -> None:
        super().__init__(message)
        self.http_status = http_status


class ProviderUnavailableError(ProviderError):
    """Worth another attempt: server fault, lost connection or time-out."""


class ProviderThrottledError(ProviderError):
    """The provider asks for less. `retry_after_s` is its own delay, None when it named none."""

    def __init__(self, message: str, http_status: int | None = 429, retry_after_s: float | None = None) -> None:
        super().__init__(message, http_status)
        self.retry_after_s = retry_after_s


class ProviderRefusedError(ProviderError):
    """The provider rejects the request itself; the same request is not tried there again."""


class ProviderBrokenError(ProviderError):
    """The provider answered with something its protocol does not allow."""


class CallFailedError(AppError):
    """Every attempt of a call failed. `attempts` counts them."""

    def __init__(self, message: str, attempts: int = 0) -> None:
        super().__init__(message)
        self.attempts = attempts


class DeadlineExceededError(CallFailedError):
    """The call's one deadline passed before any attempt succeeded."""


class UnsureReplyError(CallFailedError):
    """The reply's confidence is below what its task asks, and nothing else is there to answer with."""


class InvalidReplyError(AppError):
    """The reply does not fit the prompt's output schema, after one repair."""


class StoreUnavailableError(AppError):
    """The database does not answer."""


class StepFailedError(AppError):
    """A step of the pipeline failed; the steps before it stand."""


class GateFailedError(AppError):
    """A gate is red. `failures` holds one line for each finding."""

    exit_code = 3

    def __init__(self, message: str, failures: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.failures = tuple(failures)
