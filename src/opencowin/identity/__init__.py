"""Identity: who is calling. One-time passwords or a national ID open an account, tokens keep it open; staff and
partners act in scopes.

FHIR Person (an account) and Practitioner with PractitionerRole (staff). A mobile number leads to its account by keyed
hash only, and nothing here tells a caller whether a number has members.
Owns the tables mobile_directory, account, national_id, otp, api_key and staff.
"""

from opencowin.identity.accounts import (
    MOBILE,
    account_language,
    account_mobile,
    account_of_mobile,
    choose_language,
    open_account,
)
from opencowin.identity.api_keys import (
    ApiKey,
    Grant,
    actor_of_api_key,
    list_api_keys,
    make_api_key,
    revoke_api_key,
)
from opencowin.identity.model import OTP_REQUESTED, Confirmed, OtpPurpose, OtpRequested, Role, Staff, is_within
from opencowin.identity.national_id import count_sign_in, sign_in_by_national_id
from opencowin.identity.one_time import confirm_otp, forget_old_otps, open_otp_request, request_otp
from opencowin.identity.providers import (
    PROVIDERS_FILE,
    SIGNATURES,
    ClaimNames,
    ClientAuthentication,
    Provider,
    ReadyProvider,
    is_safe_address,
    listed_providers,
    ready_providers,
)
from opencowin.identity.refusals import (
    AccountNotFound,
    ApiKeyInvalid,
    InvalidOtp,
    NotSignedIn,
    OtpWait,
    PasswordTooShort,
    RoleNeedsPlace,
    StaffNotFound,
    TooManyOtps,
    TooManySignIns,
    TooManyWrongOtps,
    TooManyWrongPasswords,
    UnknownApiKey,
    UserNameInvalid,
    UserNameTaken,
    WrongConsentCode,
    WrongPassword,
)
from opencowin.identity.staff import (
    actor_of_staff,
    change_password,
    check_password,
    create_staff,
    deactivate_staff,
    list_staff,
    permissions_of,
)
from opencowin.identity.tokens import TokenBook
from opencowin.kit.country import InvalidMobile

__all__ = [
    "MOBILE",
    "OTP_REQUESTED",
    "PROVIDERS_FILE",
    "SIGNATURES",
    "AccountNotFound",
    "ApiKey",
    "ApiKeyInvalid",
    "ClaimNames",
    "ClientAuthentication",
    "Confirmed",
    "Grant",
    "InvalidMobile",
    "InvalidOtp",
    "NotSignedIn",
    "OtpPurpose",
    "OtpRequested",
    "OtpWait",
    "PasswordTooShort",
    "Provider",
    "ReadyProvider",
    "Role",
    "RoleNeedsPlace",
    "Staff",
    "StaffNotFound",
    "TokenBook",
    "TooManyOtps",
    "TooManySignIns",
    "TooManyWrongOtps",
    "TooManyWrongPasswords",
    "UnknownApiKey",
    "UserNameInvalid",
    "UserNameTaken",
    "WrongConsentCode",
    "WrongPassword",
    "account_language",
    "account_mobile",
    "account_of_mobile",
    "actor_of_api_key",
    "actor_of_staff",
    "change_password",
    "check_password",
    "choose_language",
    "confirm_otp",
    "count_sign_in",
    "create_staff",
    "deactivate_staff",
    "forget_old_otps",
    "is_safe_address",
    "is_within",
    "list_api_keys",
    "list_staff",
    "listed_providers",
    "make_api_key",
    "open_account",
    "open_otp_request",
    "permissions_of",
    "ready_providers",
    "request_otp",
    "revoke_api_key",
    "sign_in_by_national_id",
]
