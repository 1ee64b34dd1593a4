"""The one frozen Settings: what an operator may choose, read once from the environment and the data folder."""

import os
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "OPENCOWIN_"
ENV_FILE = "opencowin.env"


class UnsafeSettings(ValueError):
    """The settings would be unsafe for real people's data."""


def default_data_dir() -> Path:
    """`var` in the project's folder when running from a checkout, else the user's data folder."""
    checkout = Path(__file__).resolve().parents[3]
    if (checkout / "pyproject.toml").is_file():
        return checkout / "var"
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share")) / "opencowin"


class Settings(BaseSettings):
    """Every field can be set as OPENCOWIN_<NAME> in the environment, or in `opencowin.env` in the data folder."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    demo: bool = Field(
        default=False, description="Demo mode: generated supply, messages readable by `opencowin messages`."
    )
    country: str = Field(default="india", description="The country pack: the name of one that ships, or a folder.")
    data_dir: Path = Field(default_factory=default_data_dir, description="Keys, embedded database, settings file.")
    database_url: SecretStr | None = Field(
        default=None, description="A PostgreSQL >= 15 server instead of the embedded one."
    )
    database_pool: int = Field(default=16, ge=2, le=500, description="Connections per process.")
    booking_lanes: int = Field(
        default=2,
        ge=1,
        le=64,
        description="Connections of each web process that bookings share, slot by slot; and as many for doses.",
    )
    booking_room: int = Field(
        default=1024,
        ge=1,
        le=100_000,
        description="Bookings, and doses, that may wait in each lane; others are told to come again.",
    )
    sign_in_room: int = Field(
        default=2048,
        ge=1,
        le=100_000,
        description="Sign-ins, and registrations, that may wait in each web process; others are told to come again.",
    )
    waiting_room_above: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="Calls under way in one web process that open a waiting room for the nation when they stay above"
        " this for two seconds; 0: only officers open one.",
    )
    waiting_room_per_minute: int = Field(
        default=3000, ge=1, le=1_000_000, description="People let in per minute by a waiting room that load opened."
    )
    codes_without_proof_per_minute: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="Codes for signing in that each web process sends in a minute without a proof of work; browsers"
        " bring one by themselves beyond that; 0: all.",
    )
    postgres_bin: Path | None = Field(
        default=None, description="Folder of PostgreSQL's programs for the embedded database."
    )
    keyring_file: Path | None = Field(
        default=None, description="Field-encryption keys; default: keyring.json in data_dir."
    )
    hsm_module: Path | None = Field(
        default=None, description="PKCS #11 library of a security module: new keys of certificates are made in it."
    )
    hsm_token: str = Field(default="", description="Label of the token in the security module.")
    hsm_pin: SecretStr | None = Field(default=None, description="PIN of the token in the security module.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port to listen on.")
    web_workers: int = Field(default=1, ge=1, le=256, description="Web processes.")
    public_url: str = Field(
        default="", description="Where the public reaches this deployment; empty: http://HOST:PORT."
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(), description="Proxies whose X-Forwarded-For is believed (addresses)."
    )
    checker_frames: tuple[Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9*.:-]+$")], ...] = Field(
        default=(),
        description="Sites whose pages may show the checker of certificates (/verify/embed) in a frame, as a JSON list"
        " of https://host; none named: any.",
    )
    log_level: str = Field(default="INFO", description="Least severity that is logged.")
    api_calls_per_5_minutes: int = Field(
        default=100, ge=1, description="Calls of the public API per address in 5 minutes."
    )
    page_views_per_5_minutes: int = Field(
        default=3000, ge=1, description="Pages for people per address in 5 minutes; many phones share one address."
    )
    board_megabytes: int = Field(
        default=64, ge=1, le=16384, description="Memory of each web process for answers about sessions, ready to send."
    )
    visit_minutes: int = Field(
        default=30, ge=20, le=240, description="How long a signed-in person's pages may rest before they sign out."
    )
    staff_looks_per_hour: int = Field(
        default=60, ge=5, le=1000, description="People whom one member of staff may see on proof in an hour."
    )
    console_rest_minutes: int = Field(
        default=20, ge=5, le=120, description="How long a page of the console may rest before its user is signed out."
    )
    console_hours: int = Field(
        default=10, ge=1, le=24, description="How long a sign-in at the console lasts, however much it is used."
    )
    second_factor: bool | None = Field(
        default=None,
        description="Whether staff who may look at people need a second factor; not set: yes, except in demo mode.",
    )
    invitation_hours: int = Field(
        default=72, ge=1, le=336, description="How long a link lasts by which somebody joins the staff."
    )
    breached_passwords_file: Path | None = Field(
        default=None,
        description="Known passwords that staff may not choose, beside those that ship: SHA-1 in hexadecimal, one a"
        " line, sorted, as Pwned Passwords are published (ordered by hash).",
    )
    hold_minutes: int = Field(
        default=5, ge=1, le=30, description="How long a chosen slot is held for a signed-in person."
    )
    otp_resend_seconds: int = Field(
        default=180, ge=0, description="Wait between two one-time passwords for one number."
    )
    otp_valid_seconds: int = Field(default=180, ge=30, le=900, description="How long a one-time password is good.")
    otp_tries: int = Field(default=3, ge=1, le=10, description="Wrong tries before a one-time password is spent.")
    otp_per_number_per_day: int = Field(default=60, ge=1, description="One-time passwords for one number in 24 hours.")
    otp_per_address_per_hour: int = Field(
        default=600, ge=1, description="One-time passwords asked from an address in an hour."
    )
    otp_failures_per_hour: int = Field(default=60, ge=1, description="Wrong tries from one address in an hour.")
    outlines_file: Path | None = Field(
        default=None,
        description="Outlines of states and districts for the dashboard's map, GeoJSON; default: outlines.json of the"
        " country pack.",
    )
    alerts_per_seat: int = Field(
        default=3, ge=1, le=100, description="Households told of a free seat, for each seat, within 15 minutes."
    )
    feed_streams: int = Field(
        default=200, ge=1, le=100_000, description="Streams of changes, and calls that wait for one, in a web process."
    )
    feed_streams_per_caller: int = Field(
        default=6, ge=1, le=10_000, description="How many of them one key or address may have in a web process."
    )
    private_webhooks: bool | None = Field(
        default=None,
        description="Whether webhooks may lead to http and to private addresses, for trials on one machine; not set:"
        " only in demo mode. Set it to false where others reach a demo.",
    )
    feed_wait_seconds: float = Field(default=25, ge=0, le=300, description="How long a call may wait for a change.")
    feed_stream_seconds: float = Field(
        default=1800,
        ge=0.1,
        le=86_400,
        description="How long a stream of changes lasts; its reader opens another.",
    )
    reminder_hour: int = Field(
        default=8,
        ge=0,
        le=23,
        description="Hour of the day from which people are reminded of tomorrow and of doses due.",
    )
    waitlist_minutes: int = Field(
        default=30, ge=5, le=240, description="How long a seat is kept for who is next on the waiting list."
    )
    channels_file: Path | None = Field(
        default=None, description="Gateways that carry messages; default: channels.toml in data_dir."
    )
    channel_secrets: dict[str, SecretStr] = Field(
        default_factory=dict, description="JSON: for each gateway its password, token or key (PEM)."
    )
    sign_in_file: Path | None = Field(
        default=None,
        description="Providers of national IDs for the sign-in; default: sign_in.toml of the country pack.",
    )
    sign_in_secrets: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="JSON: for each provider that is on its client secret, or the file of its private key (PEM or JWK),"
        " absolute or below data_dir.",
    )
    sign_in_seconds: float = Field(default=5, gt=0, le=30, description="Time limit of each call to such a provider.")
    sign_ins_per_address_per_hour: int = Field(
        default=600, ge=1, description="Sign-ins by national ID from one address in an hour."
    )
    token_minutes: int = Field(default=15, ge=1, le=60, description="How long a sign-in token is good.")
    capacity_beyond_stock: Literal["refuse", "warn"] = Field(
        default="refuse",
        description="A session with more doses than its centre has: refuse it, or publish it and show what it lacks.",
    )
    members_per_mobile: int = Field(default=6, ge=1, le=50, description="Members that one mobile may register.")
    booking_days_ahead: int = Field(default=60, ge=1, le=365, description="How far ahead a session may be booked.")
    retry_window_minutes: int = Field(
        default=10, ge=0, le=1440, description="The same booking sent again answers the same."
    )
    assisted_call_minutes: int = Field(
        default=15, ge=5, le=60, description="How long an operator may act for a household that consented."
    )
    assisted_calls_per_hour: int = Field(default=20, ge=1, description="Households that one operator may help an hour.")
    assisted_bookings_per_hour: int = Field(
        default=40, ge=1, description="Bookings that one operator may make, move or cancel an hour."
    )
    appointments_kept_months: int = Field(
        default=13,
        ge=1,
        le=1200,
        description="Whole months for which appointments stay in the database when `opencowin archive write` runs.",
    )
    uploads_kept_days: int = Field(
        default=30, ge=1, le=365, description="Days after which the rows of an upload are removed; undoing ends then."
    )
    exports_kept_hours: int = Field(default=24, ge=1, le=168, description="Hours for which an export can be fetched.")
    tablet_days: int = Field(
        default=10,
        ge=1,
        le=60,
        description="How long a centre's tablet may send what it recorded before signing in again.",
    )
    tablet_idle_days: int = Field(
        default=2, ge=1, le=30, description="Days without use after which a tablet forgets the lists that it carries."
    )
    evidence_days: int = Field(
        default=30, ge=1, le=365, description="Days after which what was shown as proof in a closed case is deleted."
    )
    site_radius_km: float = Field(
        default=5, gt=0, le=1000, description="A dose recorded farther from its fixed site than this is flagged."
    )
    site_hours_grace_minutes: int = Field(
        default=60, ge=0, le=720, description="A dose recorded so long outside a site's hours is not flagged."
    )
    doses_per_vaccinator_per_hour: int = Field(
        default=40, ge=1, le=1000, description="More than this by each vaccinator of a site on a day is flagged."
    )
    vaccinators_where_unknown: int = Field(
        default=4, ge=1, le=1000, description="Vaccinators that a site is thought to have whose staff is not on record."
    )
    secret_code_tries: int = Field(default=5, ge=1, le=20, description="Wrong secret codes per beneficiary in an hour.")

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> "Settings":
        if self.demo:
            return self
        if self.otp_resend_seconds < 30:
            raise UnsafeSettings("OPENCOWIN_OTP_RESEND_SECONDS below 30 is for demo mode only: set it to 30 or more.")
        if self.private_webhooks:
            raise UnsafeSettings("OPENCOWIN_PRIVATE_WEBHOOKS is for demo mode only: take it out.")
        if self.otp_tries > 5:
            raise UnsafeSettings("OPENCOWIN_OTP_TRIES above 5 is for demo mode only: set it to 5 or less.")
        if self.breached_passwords_file is not None and not self.breached_passwords_file.is_file():
            raise UnsafeSettings(f"There is no file {self.breached_passwords_file} of known passwords.")
        if not self.keyring_path.is_file():
            raise UnsafeSettings(
                f"There is no keyring at {self.keyring_path}: make one with `opencowin keys init`, keep a copy of it"
                " somewhere safe, or name it in OPENCOWIN_KEYRING_FILE. For a trial, `make demo` does all this."
            )
        return self

    @property
    def second_factor_required(self) -> bool:
        """Whether staff who may look at people need a second factor."""
        return not self.demo if self.second_factor is None else self.second_factor

    @property
    def webhooks_on_trial(self) -> bool:
        """Whether webhooks may lead to http and to private addresses."""
        return self.demo if self.private_webhooks is None else self.private_webhooks

    @property
    def keyring_path(self) -> Path:
        """Where the field-encryption keys are."""
        return self.keyring_file or self.data_dir / "keyring.json"

    @property
    def uploads_kept(self) -> timedelta:
        """How long the rows of an upload are kept."""
        return timedelta(days=self.uploads_kept_days)

    @property
    def exports_kept(self) -> timedelta:
        """How long an export can be fetched."""
        return timedelta(hours=self.exports_kept_hours)

    @property
    def address(self) -> str:
        """The address that people and messages use, without a slash at its end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


def read_settings() -> Settings:
    """Settings from the environment and, below it, from `opencowin.env` in the data folder."""
    folder = Path(os.environ.get(PREFIX + "DATA_DIR") or default_data_dir())
    return Settings(_env_file=folder / ENV_FILE)  # type: ignore[call-arg]  # pydantic-settings' own keyword


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return read_settings()
