"""Asking UN Comtrade through the package ``comtradeapicall``, so that errors raise and the key stays out of sight.

The package builds the address of a request and turns the answer into a frame, but it prints errors and returns None,
drops the status, the waiting time and the error text of an answer, and writes the key into the address, from where it
gets into messages. It has no parameter for any of this. So a private copy of its module is run with a :class:`_Gateway`
in the place of ``urllib3``: the installed module, and whoever else uses it in the process, stay as they are.
"""

import functools
import importlib.metadata
import importlib.util
import json
import os
import re
import time
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any
from urllib.parse import quote

import pandas as pd
import pyarrow as pa
import urllib3
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from reeassets.trade.comtrade.options import ComtradeOptions
from reeassets.trade.comtrade.request import REPORT_SCHEMA, VALUATIONS, Request
from reeassets.trade.contract import SourceError
from reeassets.trade.retries import Passing, may_pass, pause, retry_after

KEY_VARIABLE = "COMTRADE_API_KEY"
_PACKAGE_URL = "https://comtradeapi.un.org/"
_REFUSED = frozenset({401, 403})
# What the service says when a subscription has no calls left, with whatever status; and when it has again.
_USED_UP = re.compile(r"quota|rate limit|too many requests", re.IGNORECASE)
_REPLENISHED = re.compile(r"\b(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})\b")


def api_key() -> str:
    """Return the subscription key from the environment.

    Raises
    ------
    SourceError
        If there is none, or it could not stand in a header; the message never holds it.
    """
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not key:
        raise SourceError(
            f"UN Comtrade wants a subscription key: set {KEY_VARIABLE} in the environment (comtradedeveloper.un.org)"
        )
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise SourceError(f"the key in {KEY_VARIABLE} has characters that a key cannot have")
    return key


class _Gateway:
    """What the private copy of the package sees as ``urllib3``: sends its requests and raises on every error.

    Attributes
    ----------
    available : int
        Records that the last answer says there are.
    """

    exceptions = urllib3.exceptions

    def __init__(self, options: ComtradeOptions):
        self._options = options
        self._pool: urllib3.PoolManager | None = None
        self.available = 0

    def PoolManager(self) -> "_Gateway":  # noqa: N802  (the name is urllib3's)
        self._pool = self._pool or urllib3.PoolManager()
        return self

    def ProxyManager(self, proxy_url: str) -> "_Gateway":  # noqa: N802
        try:
            self._pool = self._pool or urllib3.ProxyManager(proxy_url)
        except (urllib3.exceptions.HTTPError, AssertionError) as error:
            raise SourceError(f"the proxy for UN Comtrade is not one: {error}") from error
        return self

    def request(self, method: str, url: str, fields: Mapping[str, Any], timeout: float) -> urllib3.BaseHTTPResponse:
        """Send a request with the key in its header, and check the answer before the package reads it."""
        assert self._pool is not None
        if not url.startswith(_PACKAGE_URL):
            raise SourceError(f"comtradeapicall asks {url.split('?', maxsplit=1)[0]}, which is not {_PACKAGE_URL}")
        key = api_key()
        address = self._options.base_url.rstrip("/") + "/" + url.removeprefix(_PACKAGE_URL)
        told = {name: value for name, value in fields.items() if name != "subscription-key"}
        headers = {"Ocp-Apim-Subscription-Key": key}
        try:
            # No retries and no redirects here: both are ours to count, and a key follows nobody elsewhere.
            response = self._pool.request(
                method, address, fields=told, headers=headers, timeout=timeout, retries=False, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise Passing(f"no answer: {type(error).__name__}: {error}") from error
        if response.status != 200:
            raise self._refusal(response, key)
        self.available = _records(response.data, key)
        return response

    def _refusal(self, response: urllib3.BaseHTTPResponse, key: str) -> SourceError:
        """Return the error of a status, with the server's own words."""
        message = f"HTTP status {response.status}: {_words(response.data, key)}"
        asked = retry_after(response.headers)
        used_up = response.status in {*_REFUSED, 429} and _USED_UP.search(message) is not None
        if asked is None and used_up:
            asked = _replenished(message)
        if may_pass(response.status) or (response.status == 403 and asked is not None):
            if asked is not None and asked > self._options.max_wait_s:
                return SourceError(
                    f"{message}; it asks to wait {asked:,.0f} s, and at most {self._options.max_wait_s:,.0f} s are "
                    "waited. What has been downloaded is kept: run again later"
                )
            return Passing(message, asked or 0.0)
        if used_up:
            message += "; the subscription has no calls left. What has been downloaded is kept: run again later"
        elif response.status in _REFUSED:
            message += f"; is the key in {KEY_VARIABLE} one of an active subscription?"
        return SourceError(message)


def _replenished(message: str) -> float | None:
    """Return the seconds after which the service says that there are calls again, None if it does not say."""
    when = _REPLENISHED.search(message)
    if when is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in when.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def _words(body: bytes, key: str) -> str:
    """Return the beginning of an answer on one line, without the key should the server repeat it."""
    text = " ".join(body.decode("utf-8", errors="replace").split())
    for secret in {key, quote(key, safe="")}:
        text = text.replace(secret, "***")
    return text[:300] or "(no text)"


def _records(body: bytes, key: str) -> int:
    """Return how many records an answer says there are; raise SourceError if it is not an answer."""
    try:
        answer = json.loads(body)
    except ValueError as error:
        # The cause holds the whole body, which may repeat the key.
        raise SourceError(f"the answer is not JSON ({type(error).__name__}); it begins: {_words(body, key)}") from None
    if not isinstance(answer, dict) or not isinstance(answer.get("data"), list):
        raise SourceError(f"the answer has no list `data`; it begins: {_words(body, key)}")
    if answer.get("error"):
        raise SourceError(f"the answer is an error: {_words(str(answer['error']).encode(), key)}")
    count = answer.get("count")
    return max(count, len(answer["data"])) if isinstance(count, int) else len(answer["data"])


def _package(gateway: _Gateway) -> ModuleType:
    """Return a private copy of the package's module of requests, with the gateway as its ``urllib3``."""
    spec = importlib.util.find_spec("comtradeapicall.PreviewGet")
    if spec is None or spec.loader is None:
        raise SourceError("the package comtradeapicall, or its module PreviewGet, is not installed")
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    if vars(copy).get("urllib3") is not urllib3 or not hasattr(copy, "getFinalData"):
        version = importlib.metadata.version("comtradeapicall")
        raise SourceError(f"comtradeapicall {version} sends its requests in another way than 1.3.2 does")
    vars(copy)["urllib3"] = gateway
    return copy


class Client:
    """Asks UN Comtrade.

    Parameters
    ----------
    options : ComtradeOptions
        How.
    sleep : callable
        Waits for a number of seconds.
    """

    def __init__(self, options: ComtradeOptions, sleep: Callable[[float], None] = time.sleep):
        self._options = options
        self._sleep = sleep
        self._gateway = _Gateway(options)

    @functools.cached_property
    def _module(self) -> ModuleType:
        return _package(self._gateway)

    def ask(self, request: Request) -> pa.Table | None:
        """Send a request, again after a passing error.

        Returns
        -------
        Table or None
            The reports, columns :data:`reeassets.trade.comtrade.request.REPORT_SCHEMA`; None if there may be more of
            them than one answer holds.

        Raises
        ------
        SourceError
            If there is no answer after all attempts, or the answer is an error or not an answer; the message names the
            request and the cause.
        """
        retrying = Retrying(
            stop=stop_after_attempt(self._options.attempts),
            wait=lambda state: pause(state, self._options.backoff_s, self._options.max_wait_s),
            retry=retry_if_exception_type(Passing),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(self._once, request)
        except Passing as error:
            raise SourceError(f"{request}: {error} (attempt {self._options.attempts}, the last)") from error
        except SourceError as error:
            raise SourceError(f"{request}: {error}") from error

    def _once(self, request: Request) -> pa.Table | None:
        frame = self._module.getFinalData(
            # Not the key: the gateway puts it into the header. The package only asks whether there is one.
            "in the header",
            typeCode="C",
            freqCode="A",
            clCode=request.classification,
            period=str(request.year),
            reporterCode=",".join(map(str, request.reporters)),
            cmdCode=",".join(request.products),
            flowCode=request.flow,
            partnerCode=None,
            # Totals over second partners, customs procedures and modes of transport, not their parts.
            partner2Code="0",
            customsCode="C00",
            motCode="0",
            maxRecords=self._options.record_limit,
            breakdownMode="classic",
            proxy_url=self._options.proxy,
        )
        if not isinstance(frame, pd.DataFrame):
            raise SourceError("comtradeapicall gave no frame")
        if self._gateway.available >= self._options.record_limit:
            return None
        return _table(frame)


def _table(frame: pd.DataFrame) -> pa.Table:
    """Return the columns of the reports that are read, in their types."""
    if frame.empty:
        return REPORT_SCHEMA.empty_table()
    frame = frame.reindex(columns=frame.columns.union(VALUATIONS, sort=False))
    missing = [name for name in REPORT_SCHEMA.names if name not in frame.columns]
    if missing:
        raise SourceError(f"the answer's records have no {', '.join(missing)}")
    try:
        table = pa.Table.from_pandas(frame[REPORT_SCHEMA.names], schema=REPORT_SCHEMA, preserve_index=False)
    except pa.ArrowException as error:
        raise SourceError(f"the answer's records are not what they should be: {error}") from error
    return table.replace_schema_metadata(None)
