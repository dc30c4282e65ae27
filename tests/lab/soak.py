"""Mixed traffic, then accounting: soak.py URL SECONDS CLIENTS.

Each client acts as several users, who register, sign in, refresh tokens, write items (with
idempotency keys), tasks and jobs, search, sign out and delete their accounts, and records the
responses. Afterwards, rows, sessions, jobs, audit events and metrics must match the records.
Reads the database with psql (MIGRATE_DATABASE_URL); prints lines "ok - …" and "not ok - …"."""
import collections
import multiprocessing
import os
import random
import re
import subprocess
import sys
import time
import urllib.request
import uuid

from client import Client

P = "/api/v1"
PEOPLE = 6  # the maximum for each client
ADMIN = {"email": "admin@example.com", "password": "correct-horse-battery"}


class Books:
    def __init__(self):
        self.requests = collections.Counter()  # (method, route, status)
        self.attempts = collections.Counter()  # (kind, result)
        self.events = collections.Counter()    # (action, outcome)
        self.jobs = collections.Counter()      # result, for deleted accounts
        self.limited = collections.Counter()   # policy
        self.replayed = 0
        self.wrong = []
        self.items, self.tasks = {}, {}        # id: (title, description, status)
        self.users, self.sessions = {}, {}     # id: address; address: number
        self.started, self.cancelled = set(), set()

    def add(self, other):
        for name, value in vars(other).items():
            mine = getattr(self, name)
            if isinstance(value, (dict, set)):
                mine.update(value)
            else:
                setattr(self, name, mine + value)


class Person:
    def __init__(self, client, books, credentials):
        self.client, self.books = client, books
        self.email, self.password = credentials["email"], credentials["password"]
        self.id = None
        self.sessions = []  # responses to sign-ins, with the tokens
        self.items, self.tasks, self.jobs, self.keys = {}, {}, set(), {}
        self.patient_until = 0

    # ---- requests

    def ask(self, method, route, *ids, query="", token=None, key=None, body=None, kind="access_token"):
        """Sends a request and records the response. The ids replace the {parameters} of `route`."""
        path = P + route
        for one in ids:
            path = re.sub(r"\{\w+\}", one, path, count=1)
        answer = self.client.ask(method, path + query, token=token, key=key, body=body)
        b = self.books
        b.requests[method, P + route, str(answer.status)] += 1
        mistake = answer.mistake()
        if mistake or answer.status in (400, 500, 502, 504):
            b.wrong.append("%s %s: %d %s %r" % (method, path, answer.status, mistake, answer.body[:200]))
        if token:
            b.attempts[kind, "failure" if answer.status == 401 and answer.code() != "invalid_credentials" else "success"] += 1
        if answer.headers.get("Idempotency-Replayed"):
            b.replayed += 1
        return answer

    def expect(self, answer, *statuses):
        if answer.status not in statuses:
            self.books.wrong.append("%s: %d %r, not %s" % (self.email, answer.status, answer.body[:300], statuses))
        return answer.status == statuses[0]

    def event(self, action, outcome="success"):
        self.books.events[action, outcome] += 1

    def token(self):
        return self.sessions[-1]["access_token"] if self.sessions else None

    def as_me(self, method, route, *ids, **more):
        if not self.sessions:
            return None
        answer = self.ask(method, route, *ids, token=self.token(), **more)
        if answer.status == 401 and answer.code() == "token_expired":
            self.refresh()
            return None
        return answer

    # ---- accounts and sessions

    def register(self):
        answer = self.ask("POST", "/auth/register", body={"email": self.email, "password": self.password})
        if answer.status == 503:
            return False
        self.expect(answer, 201)
        self.id = answer.json()["id"]
        self.books.users[self.id] = self.email
        self.event("user_created")
        return True

    def try_password(self, password):
        if time.monotonic() < self.patient_until:
            time.sleep(0.01)
            return None
        answer = self.ask("POST", "/auth/login", body={"email": self.email, "password": password})
        if answer.status == 429:
            self.books.limited["login"] += 1
            self.patient_until = time.monotonic() + int(answer.headers["Retry-After"]) * random.random()
            return None
        result = {200: "success", 401: "failure"}.get(answer.status, "error")
        self.books.attempts["password", result] += 1
        return answer

    def log_in(self):
        answer = self.try_password(self.password)
        if answer and self.expect(answer, 200, 503):
            self.sessions.append(answer.json())
            self.event("authn_login_success")

    def mistype(self):
        answer = self.try_password("not that password")
        if answer and self.expect(answer, 401, 503):
            self.event("authn_login_fail", "failure")

    def refresh(self):
        if not self.sessions:
            return
        session = self.sessions[-1]
        answer = self.ask("POST", "/auth/refresh", body={"refresh_token": session["refresh_token"]})
        if answer.status == 429:
            self.books.limited["refresh"] += 1
            return
        self.books.attempts["refresh_token", "success" if answer.status == 200 else "failure"] += 1
        if self.expect(answer, 200):
            self.sessions[-1] = answer.json()

    def log_out(self):
        if not self.sessions:
            return
        session = self.sessions.pop()
        self.expect(self.ask("POST", "/auth/logout", body={"refresh_token": session["refresh_token"]}), 204)
        self.event("session_ended")
        self.expect(self.ask("GET", "/users/me", token=session["access_token"]), 401)

    def log_out_all(self):
        answer = self.as_me("POST", "/auth/logout-all")
        if answer and self.expect(answer, 204):
            self.sessions = []
            self.event("session_ended")

    def change_password(self):
        new = "passphrase-" + uuid.uuid4().hex
        answer = self.as_me("POST", "/users/me/change-password",
                            body={"current_password": self.password, "new_password": new})
        if answer and self.expect(answer, 204, 503):
            self.password = new
            self.event("authn_password_change")
            if len(self.sessions) > 1:
                self.event("session_ended")
            self.sessions = self.sessions[-1:]

    def overreach(self):
        answer = self.as_me("GET", "/users")
        if answer and self.expect(answer, 403):
            self.event("authz_fail", "failure")

    def make_key(self):
        answer = self.as_me("POST", "/api-keys", body={"name": "soak", "scopes": ["items:read"]})
        if answer and self.expect(answer, 201):
            self.keys[answer.json()["id"]] = answer.json()["key"]
            self.event("api_key_created")

    def use_key(self):
        if self.keys:
            answer = self.ask("GET", "/items", token=random.choice(list(self.keys.values())), kind="api_key")
            self.expect(answer, 200)

    def drop_key(self):
        if self.keys:
            one = random.choice(list(self.keys))
            answer = self.as_me("DELETE", "/api-keys/{id}", one)
            if answer and self.expect(answer, 204):
                self.expect(self.ask("GET", "/items", token=self.keys.pop(one), kind="api_key"), 401)
                self.event("api_key_deleted")

    def leave(self):
        """Deletes the account, after its jobs have ended, so that their results are known."""
        for job in list(self.jobs):
            end = time.monotonic() + 20
            while time.monotonic() < end:
                answer = self.as_me("GET", "/jobs/{id}/status", job)
                if not answer or answer.json()["status"] in ("succeeded", "failed", "cancelled"):
                    break
                time.sleep(0.1)
            if not answer:
                return False
            self.books.jobs[answer.json()["status"]] += 1
            self.books.started.discard(job)
            self.books.cancelled.discard(job)
            self.jobs.discard(job)
        answer = self.as_me("DELETE", "/users/me")
        if not answer or not self.expect(answer, 204):
            return False
        self.event("user_deleted")
        del self.books.users[self.id]
        for mine, all_of_them in ((self.items, self.books.items), (self.tasks, self.books.tasks)):
            for one in mine:
                del all_of_them[one]
        return True

    # ---- items, tasks, jobs

    def create(self, what, mine, all_of_them, row, key):
        answer = self.as_me("POST", what, key=key, body=row)
        if answer and self.expect(answer, 201):
            one = answer.json()["id"]
            mine[one] = all_of_them[one] = (row["title"], row.get("description"), answer.json()["status"])

    def create_item(self):
        word, key = "w" + uuid.uuid4().hex[:12], str(uuid.uuid4())
        row = {"title": "Soak " + word, "description": "d" * random.randrange(500)}
        for _ in range(random.choice((1, 1, 2, 3))):  # Retries, as if the response was lost.
            self.create("/items", self.items, self.books.items, row, key)

    def change_item(self):
        if self.items:
            one = random.choice(list(self.items))
            title, description, status = self.items[one]
            if random.random() < 0.5:
                status = random.choice(("draft", "archived"))
                answer = self.as_me("PATCH", "/items/{id}", one, body={"status": status})
            else:
                description, status = None, "active"
                answer = self.as_me("PUT", "/items/{id}", one, body={"title": title})
            if answer and self.expect(answer, 200):
                self.items[one] = self.books.items[one] = (title, description, status)

    def read_item(self):
        if self.items:
            one = random.choice(list(self.items))
            answer = self.as_me("GET", "/items/{id}", one)
            if answer and self.expect(answer, 200):
                got = answer.json()
                if (got["title"], got["description"], got["status"]) != self.items[one]:
                    self.books.wrong.append("item %s: %r, not %r" % (one, got, self.items[one]))

    def list_items(self):
        answer = self.as_me("GET", "/items", query="?limit=100")
        if answer and self.expect(answer, 200) and answer.json()["total"] != len(self.items):
            self.books.wrong.append("%s has %d items, not %d" % (self.email, answer.json()["total"], len(self.items)))

    def search(self):
        if self.items:
            one = random.choice(list(self.items))
            answer = self.as_me("GET", "/items/search", query="?q=" + self.items[one][0].split()[-1])
            if answer and self.expect(answer, 200) and [i["id"] for i in answer.json()["items"]] != [one]:
                self.books.wrong.append("a search for %r finds %r" % (self.items[one], answer.body[:300]))

    def delete_item(self):
        if self.items:
            one = random.choice(list(self.items))
            answer = self.as_me("DELETE", "/items/{id}", one)
            if answer and self.expect(answer, 204):
                del self.items[one], self.books.items[one]
                answer = self.as_me("GET", "/items/{id}", one)
                if answer:
                    self.expect(answer, 404)

    def create_task(self):
        self.create("/tasks", self.tasks, self.books.tasks, {"title": "Soak"}, str(uuid.uuid4()))

    def finish_task(self):
        if self.tasks:
            one = random.choice(list(self.tasks))
            answer = self.as_me("PATCH", "/tasks/{id}", one, body={"status": "done"})
            if answer and self.expect(answer, 200):
                self.tasks[one] = self.books.tasks[one] = self.tasks[one][:2] + ("done",)

    def delete_task(self):
        if self.tasks:
            one = random.choice(list(self.tasks))
            answer = self.as_me("DELETE", "/tasks/{id}", one)
            if answer and self.expect(answer, 204):
                del self.tasks[one], self.books.tasks[one]

    def start_job(self):
        key = str(uuid.uuid4())
        for _ in range(random.choice((1, 2))):
            answer = self.as_me("POST", "/jobs/example", query="?name=soak&duration=0", key=key)
            if answer and self.expect(answer, 202):
                self.jobs.add(answer.json()["job_id"])
                self.books.started.add(answer.json()["job_id"])

    def cancel_job(self):
        answer = self.as_me("POST", "/jobs/example", query="?name=soak&duration=30")
        if not answer or not self.expect(answer, 202):
            return
        job = answer.json()["job_id"]
        self.jobs.add(job)
        self.books.started.add(job)
        answer = self.as_me("POST", "/jobs/{id}/cancel", job)
        if answer and self.expect(answer, 202):
            self.books.cancelled.add(job)


ACTS = {
    Person.log_in: 4, Person.mistype: 1, Person.refresh: 3, Person.log_out: 2, Person.log_out_all: 1,
    Person.change_password: 1, Person.overreach: 1, Person.make_key: 1, Person.use_key: 3, Person.drop_key: 1,
    Person.create_item: 20, Person.change_item: 10, Person.read_item: 20, Person.list_items: 5, Person.search: 8,
    Person.delete_item: 6, Person.create_task: 6, Person.finish_task: 4, Person.delete_task: 2,
    Person.start_job: 5, Person.cancel_job: 1,
}


def administer(admin):
    """Creates an account, with an idempotency key, and deletes it."""
    row = {"email": "%s@made.example.com" % uuid.uuid4().hex, "password": "passphrase-of-nobody"}
    key = str(uuid.uuid4())
    made = None
    for _ in range(2):
        answer = admin.as_me("POST", "/users", key=key, body=row)
        if answer and admin.expect(answer, 201, 503):
            if not made:
                admin.event("user_created")
            made = answer.json()["id"]
    if not made:
        return
    answer = admin.as_me("DELETE", "/users/{id}", made)
    if answer and admin.expect(answer, 204):
        admin.event("user_deleted")
    else:
        admin.books.users[made] = row["email"]


def live(url, seconds, results):
    books, client = Books(), Client(url)
    admin, people = Person(client, books, ADMIN), []
    admin.log_in()
    acts, weights = list(ACTS), list(ACTS.values())
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        chance = random.random()
        if not people or (chance < 0.02 and len(people) < PEOPLE):
            person = Person(client, books, {"email": "%s@example.com" % uuid.uuid4().hex, "password": "passphrase-" + uuid.uuid4().hex})
            if person.register():
                people.append(person)
                person.log_in()
        elif chance > 0.992:
            person = random.choice(people)
            if person.leave():
                people.remove(person)
        elif chance > 0.985:
            administer(admin)
        else:
            person = random.choice(people)
            act = random.choices(acts, weights)[0]
            act(person) if person.sessions else person.log_in()
    for person in people:
        books.sessions[person.email] = len(person.sessions)
    results.put(books)


# ---- the server

bad = 0


def compare(text, got, wanted):
    global bad
    if got == wanted:
        print("ok - " + text)
        return
    bad += 1
    print("not ok - " + text)
    if isinstance(got, dict):
        for key in sorted(set(got) | set(wanted), key=str):
            if got.get(key) != wanted.get(key):
                print("  %s: %r, but the clients recorded %r" % (key, got.get(key), wanted.get(key)))
    else:
        print("  got %r, but the clients recorded %r" % (got, wanted))


def sql(text):
    run = subprocess.run(["psql", "-XAtq", "-F", "\t", "-d", os.environ["MIGRATE_DATABASE_URL"], "-c", text],
                         check=True, capture_output=True, text=True)
    return [tuple(line.split("\t")) for line in run.stdout.splitlines()]


def counters(url):
    """{name: {(label values in order): number}}"""
    found = collections.defaultdict(dict)
    with urllib.request.urlopen(url + "/metrics") as answer:
        for line in answer.read().decode().splitlines():
            match = re.fullmatch(r"(\w+)\{(.*)\} (\d+)", line)
            if match:
                labels = dict(re.findall(r'(\w+)="([^"]*)"', match[2]))
                found[match[1]][tuple(labels.values())] = int(match[3])
    return found


def grown(now, before, name):
    return {k: n - before[name].get(k, 0) for k, n in now[name].items() if n - before[name].get(k, 0)}


def wait_for(seconds, true):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.2)


def balance(url, books, before, first_event):
    wait_for(40, lambda: sql("SELECT count(*) FROM jobs WHERE kind = 'example' AND finished_at IS NULL")[0] == ("0",))
    results = collections.Counter(dict((s, int(n)) for s, n in sql(
        "SELECT status, count(*) FROM jobs WHERE kind = 'example' GROUP BY status")))
    results.update(books.jobs)
    key = ("example", "succeeded")
    wait_for(20, lambda: counters(url)["jobs_finished_total"].get(key, 0) == results["succeeded"])
    now = counters(url)

    compare("all responses were correct (%d requests)" % books.requests.total(), books.wrong[:5], [])
    routes = {k: n for k, n in grown(now, before, "http_requests_total").items() if k[1].startswith(P)}
    compare("http_requests_total: %d rows" % len(routes), routes, dict(books.requests))
    attempts = grown(now, before, "auth_attempts_total")
    compare("auth_attempts_total: %r" % sorted(attempts.items()), attempts, dict(books.attempts))
    compare("rate_limited_total: %r" % sorted(books.limited.items()),
            {k[0]: n for k, n in grown(now, before, "rate_limited_total").items()}, dict(books.limited))

    told = {k: v for k, v in books.items.items()}
    rows = {r[0]: (r[1], None if r[2] == "\\N" else r[2], r[3]) for r in sql(
        r"SELECT id, title, coalesce(description, '\N'), status FROM items")}
    compare("items: %d" % len(rows), rows, told)
    rows = {r[0]: r[1] for r in sql("SELECT id, status FROM tasks")}
    compare("tasks: %d" % len(rows), rows, {k: v[2] for k, v in books.tasks.items()})
    rows = dict(sql("SELECT id, email FROM users WHERE role = 'member'"))
    compare("users: %d" % len(rows), rows, books.users)
    rows = {e: int(n) for e, n in sql("SELECT email, count(s.id) FROM users u LEFT JOIN sessions s ON s.user_id = u.id"
                                      " AND s.ended_at IS NULL WHERE role = 'member' GROUP BY email")}
    compare("sessions: %d" % sum(rows.values()), rows, books.sessions)

    rows = dict(sql("SELECT id, status FROM jobs WHERE kind = 'example'"))
    compare("jobs: %d rows, and %d of deleted accounts" % (len(rows), books.jobs.total()), set(rows), books.started)
    wanted = {j: "cancelled" if j in books.cancelled else "succeeded" for j in books.started}
    compare("results of the jobs", rows, wanted)
    compare("jobs_finished_total: %d succeeded" % results["succeeded"], now["jobs_finished_total"].get(key, 0), results["succeeded"])

    events = {(a, o): int(n) for a, o, n in sql(
        "SELECT action, outcome, count(*) FROM audit_events WHERE at > '%s' GROUP BY action, outcome" % first_event)}
    limits = events.pop(("excess_rate_limit_exceeded", "failure"), 0)
    refusals, refused = events.pop(("authz_fail", "failure"), 0), books.events.pop(("authz_fail", "failure"), 0)
    compare("events: %d" % sum(events.values()), events, dict(books.events))
    # One event for each caller, route and minute.
    compare("events of refusals: %d of %d" % (refusals, refused), 0 < refusals <= refused, bool(refused))
    compare("events of limits: %d" % limits, bool(limits), bool(books.limited))
    compare("limits: no more events than refusals", limits <= books.limited.total(), True)


def main():
    url, seconds, count = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    before = counters(url)
    first_event = sql("SELECT coalesce(max(at), '-infinity') FROM audit_events")[0][0]
    results = multiprocessing.Queue()
    processes = [multiprocessing.Process(target=live, args=(url, seconds, results)) for _ in range(count)]
    for p in processes:
        p.start()
    books = Books()
    for _ in processes:
        books.add(results.get())
    for p in processes:
        p.join()
    balance(url, books, before, first_event)
    told = collections.Counter()
    for (_, _, status), n in books.requests.items():
        told[status] += n
    print("# %d requests in %d s: %s; %d replayed" % (
        books.requests.total(), seconds, ", ".join("%s: %d" % x for x in sorted(told.items())), books.replayed))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
