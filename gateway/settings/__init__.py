"""Every option of the gateway: environment variables `GATEWAY_…`, read once at the start and frozen.

A wrong value, an unknown variable and options that exclude each other are refused with a sentence that names the
variable. Knows nothing of what the options are for; every room may read it.
"""

from gateway.settings.connections import load_connections
from gateway.settings.issuers import Algorithm, IssuerSettings, TokenType, check_address, check_signed_address
from gateway.settings.loading import SettingsRefused, load_settings
from gateway.settings.options import OCSP_OF_CERTIFICATE, PREFIX, LogFormat, LogLevel, Settings, Switch, is_loopback
from gateway.settings.table import settings_table

__all__ = [
    "OCSP_OF_CERTIFICATE",
    "PREFIX",
    "Algorithm",
    "IssuerSettings",
    "LogFormat",
    "LogLevel",
    "Settings",
    "SettingsRefused",
    "Switch",
    "TokenType",
    "check_address",
    "check_signed_address",
    "is_loopback",
    "load_connections",
    "load_settings",
    "settings_table",
]
