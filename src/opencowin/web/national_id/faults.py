"""What can go wrong on the way to a provider of national IDs and back; `why` is for the log and names no person."""


class Fault(Exception):
    """The sign-in did not come about."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class ProviderDown(Fault):
    """The provider does not answer, or says that it cannot just now."""


class AnswerUntrusted(Fault):
    """What came back cannot be shown to be the provider's answer to this very sign-in."""


class SignInOver(Fault):
    """The provider says that this sign-in was used already, or took too long."""


class Stopped(Fault):
    """The person stopped at the provider, or the provider did not let them in."""
