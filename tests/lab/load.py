"""Load that records the responses: TOKEN=… load.py URL NAME CLIENTS.

Each client reads lists and items and creates items; it retries each creation with the same
idempotency key until it is confirmed. A line on standard input says that the fault is over: the
clients wait for recovery, then stop. The last line of the output is a JSON object."""
import collections
import json
import multiprocessing
import os
import random
import sys
import time
import uuid

from client import AWAY, Broken, Client

PREFIX = "/api/v1"
PATIENCE = 20  # seconds for recovery after the end of a fault
WELL = 20      # successful responses in a row that each client needs
# Allowed errors besides AWAY: the first attempt is still running; a changed clock expires tokens.
FINE = {(409, "idempotency_in_progress"), (401, "token_expired"), (401, "invalid_token")}


class Worker:
    def __init__(self, url, token, name, shared, stop):
        self.client = Client(url)
        self.token, self.name, self.shared, self.stop = token, name, shared, stop
        self.told = collections.Counter()
        self.wrong = []
        self.confirmed = {}

    def tell(self, what, good):
        self.told[what] += 1
        self.shared["requests"] += 1
        if good:
            self.shared["streak"] += 1
            if self.shared["streak"] == 1:
                self.shared["since"] = time.monotonic()
        else:
            self.shared["streak"] = 0

    def ask(self, wanted, *args, **named):
        """Sends a request. Returns the response if its status is the wanted one, else None."""
        try:
            answer = self.client.ask(*args, token=self.token, **named)
        except Broken as e:
            self.tell("broken", False)
            self.told["broken: %s" % e] += 1
            return None
        good = answer.status == wanted
        self.tell(str(answer.status), good)
        mistake = answer.mistake()
        fine = answer.status in AWAY or not good and (answer.status, answer.code()) in FINE
        if mistake or not (good or fine):
            self.wrong.append("%s %s: %d %s %r" % (args[0], args[1], answer.status, mistake, answer.body[:300]))
        return answer if good else None

    def create(self):
        key = str(uuid.uuid4())
        title = "%s %s" % (self.name, key)
        while True:
            answer = self.ask(201, "POST", PREFIX + "/items", body={"title": title}, key=key)
            if answer:
                break
            time.sleep(0.02)
            if self.shared["given up"]:
                return
        self.confirmed[key] = answer.json()["id"]

    def read(self):
        if self.confirmed and random.random() < 0.5:
            key, item = random.choice(list(self.confirmed.items())[-50:])
            answer = self.ask(200, "GET", "%s/items/%s" % (PREFIX, item))
            if answer and key not in answer.json()["title"]:
                self.wrong.append("item %s is another: %r" % (item, answer.body[:300]))
        else:
            self.ask(200, "GET", PREFIX + "/items?limit=5")

    def run(self):
        while not self.stop.is_set():
            if random.random() < 0.3:
                self.create()
            else:
                self.read()


def work(url, token, name, shared, stop, results):
    worker = Worker(url, token, name, shared, stop)
    worker.run()
    results.put((worker.told, worker.wrong, worker.confirmed))


def wait_well(clients, over):
    """Seconds until each client had a response and the last failure was over; None: not in time."""
    asked, heard = [c["requests"] for c in clients], {}
    while time.monotonic() < over + PATIENCE:
        now = time.monotonic()
        for n, c in enumerate(clients):
            if c["requests"] > asked[n]:
                heard.setdefault(n, now)
        well = max([over, *heard.values(), *(c["since"] for c in clients)])
        if len(heard) == len(clients) and all(c["streak"] >= WELL for c in clients) and now - well > 0.5:
            return well - over
        time.sleep(0.01)
    return None


class Shared:
    """Named numbers in memory shared by the parent and the client."""
    NAMES = ["requests", "streak", "since", "given up"]

    def __init__(self):
        self.values = multiprocessing.Array("d", len(self.NAMES), lock=False)

    def __getitem__(self, name):
        return self.values[self.NAMES.index(name)]

    def __setitem__(self, name, value):
        self.values[self.NAMES.index(name)] = value


def main():
    url, name, count = sys.argv[1:4]
    token = os.environ["TOKEN"]
    stop, results = multiprocessing.Event(), multiprocessing.Queue()
    clients = [Shared() for _ in range(int(count))]
    processes = [multiprocessing.Process(target=work, args=(url, token, name, c, stop, results)) for c in clients]
    for p in processes:
        p.start()
    while not all(c["streak"] >= WELL for c in clients):
        time.sleep(0.02)
    print("loaded", flush=True)

    sys.stdin.readline()  # any line, or the end of the input if the parent has ended
    over = time.monotonic()
    recovered = wait_well(clients, over)
    stop.set()
    for c in clients:
        c["given up"] = recovered is None
    told, wrong, confirmed = collections.Counter(), [], {}
    for _ in processes:
        one = results.get()
        told.update(one[0])
        wrong += one[1]
        confirmed.update(one[2])
    for p in processes:
        p.join()
    requests = sum(int(c["requests"]) for c in clients)
    good = told["200"] + told["201"]
    print(json.dumps({
        "requests": requests, "failed": requests - good, "told": dict(sorted(told.items())),
        "wrong": len(wrong), "examples": wrong[:3], "recovered": recovered and round(recovered, 2),
        "confirmed": [[k, v] for k, v in confirmed.items()]}), flush=True)


main()
