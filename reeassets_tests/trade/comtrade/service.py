"""A local stand-in for UN Comtrade's service: answers in the shape of the real one, and everything that goes wrong."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

KEY = "0123secret4567/+abc"


def report(reporter, flow, partner, product, value, weight=None, **fields):
    """One record with every field the real service sends."""
    return {
        "typeCode": "C",
        "freqCode": "A",
        "refPeriodId": 20200101,
        "refYear": 2020,
        "refMonth": 52,
        "period": "2020",
        "reporterCode": reporter,
        "reporterISO": None,
        "reporterDesc": None,
        "flowCode": flow,
        "flowDesc": None,
        "partnerCode": partner,
        "partnerISO": None,
        "partnerDesc": None,
        "partner2Code": 0,
        "partner2ISO": None,
        "partner2Desc": None,
        "classificationCode": "H5",
        "classificationSearchCode": "HS",
        "isOriginalClassification": True,
        "cmdCode": product,
        "cmdDesc": None,
        "aggrLevel": None,
        "isLeaf": None,
        "customsCode": "C00",
        "customsDesc": None,
        "mosCode": "0",
        "motCode": 0,
        "motDesc": None,
        "qtyUnitCode": 8,
        "qtyUnitAbbr": None,
        "qty": weight,
        "isQtyEstimated": False,
        "altQtyUnitCode": -1,
        "altQtyUnitAbbr": None,
        "altQty": 0,
        "isAltQtyEstimated": False,
        "netWgt": weight,
        "isNetWgtEstimated": False,
        "grossWgt": 0,
        "isGrossWgtEstimated": False,
        "cifvalue": value if flow == "M" else None,
        "fobvalue": value if flow == "X" else None,
        "primaryValue": value,
        "legacyEstimationFlag": 0,
        "isReported": True,
        "isAggregate": False,
    } | fields


def envelope(records, **fields):
    """An answer as it goes over the wire."""
    return json.dumps({"elapsedTime": "0.09 secs", "count": len(records), "data": records, "error": ""} | fields)


class Service:
    """Answers requests from ``records``, after the one-off ``faults`` have been used up.

    A fault is ``(status, headers, body)``, or None to break the connection without a word, or a function of the
    records asked for that returns the body of a good answer.
    """

    def __init__(self, records=()):
        self.records = list(records)
        self.faults = []
        self.asked = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def select(self, query):
        """The records a query asks for, cut at its limit as the real service does."""
        found = [
            record
            for record in self.records
            if str(record["reporterCode"]) in query["reportercode"].split(",")
            and record["cmdCode"] in query["cmdCode"].split(",")
            and record["flowCode"] == query["flowCode"]
            and str(record["refYear"]) == query["period"]
        ]
        return found[: int(query["maxRecords"])]

    def _handler(self):
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                address = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(address.query).items()}
                service.asked.append({"raw": self.path, "path": address.path, "query": query, "headers": self.headers})
                fault = service.faults.pop(0) if service.faults else envelope
                if fault is None:
                    self.close_connection = True
                    return
                status, headers, body = fault if isinstance(fault, tuple) else (200, {}, fault(service.select(query)))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        return Handler
