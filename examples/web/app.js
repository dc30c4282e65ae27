// The page: one section at a time, by the part of the address behind #.
import { Problem, call, mayResume, newKey, refresh, signIn, signOut } from "/app/api.js";

const by = (id) => document.getElementById(id);
const said = by("said"), wrong = by("wrong");
let signedIn = false;

// Making elements. Text is always text, never HTML.
function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

function button(text, label, id, act) {
  const element = make("button", { type: "button", id, textContent: text });
  element.setAttribute("aria-label", label);
  element.addEventListener("click", () => attempt(act));
  return element;
}

const time = (text) => new Date(text).toLocaleString();

// Saying what happened.

function tell(text) {
  said.textContent = text;
}

function clearFaults(form) {
  wrong.textContent = "";
  for (const fault of form?.querySelectorAll(".fault") ?? [])
    fault.remove();
  for (const input of form?.querySelectorAll("[aria-invalid]") ?? []) {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
}

// A bad field is told beside it, everything else above the page.
function showFaults(form, problem) {
  const rest = [];
  let first = null;
  for (const { field, message } of problem.errors ?? []) {
    const input = form?.elements[field];
    if (!input?.setAttribute) {
      rest.push(`${field} ${message}`);
      continue;
    }
    const fault = make("span", { className: "fault", id: `${form.parentElement.id}-${field}-fault`, textContent: message });
    input.after(fault);
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", fault.id);
    first ??= input;
  }
  first?.focus();
  const place = form?.querySelector("[role=alert]") ?? wrong;
  place.textContent = first && !rest.length ? "" : rest.join("; ") || problem.message;
}

// Does it, and shows what went wrong.
async function attempt(act, form) {
  clearFaults(form);
  tell("");
  try {
    await act();
  } catch (problem) {
    if (!(problem instanceof Problem))
      throw problem;
    if (problem.status === 401 && signedIn && !mayResume())
      leave();
    showFaults(form, problem);
  }
}

function onSubmit(form, act) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const submit = form.querySelector("button:not([type=button])");
    if (submit.disabled)
      return;
    submit.disabled = true;
    attempt(() => act(new FormData(form)), form).finally(() => { submit.disabled = false; });
  });
}

// Lists: each has a path, a way to show a row, and perhaps a form for a new one.

function statusOf(list, path, words) {
  return (row, id) => {
    const select = make("select", { id: `status-${id}` }, ...words.map((word) => make("option", { textContent: word, selected: word === row.status })));
    select.setAttribute("aria-label", `Status of ${row.title}`);
    select.addEventListener("change", () => attempt(async () => {
      await call("PATCH", `${path}/${id}`, { body: { status: select.value } });
      await show(list);
      tell(`${row.title} is ${select.value}`);
    }));
    return select;
  };
}

const remover = (list, path, name) => (row) =>
  button("Delete", `Delete ${name(row)}`, `delete-${row.id}`, async () => {
    if (!confirm(`Delete ${name(row)}?`))
      return;
    await call("DELETE", `${path}/${row.id}`);
    await show(list);
    tell(`${name(row)} is gone`);
    by(list).querySelector("h2").focus();
  });

const text = (title, ...notes) =>
  make("div", {}, make("strong", { textContent: title }), ...notes.filter(Boolean).map((note) => make("small", { textContent: note })));

const pick = (data, ...names) => Object.fromEntries(names.map((name) => [name, data.get(name) || null]));

const lists = {
  items: {
    path: (query) => (query.has("q") ? "/items/search" : "/items"),
    row: (item) => [
      text(item.title, item.description, `${item.status}, ${time(item.updated_at)}`),
      button("Change", `Change ${item.title}`, `change-${item.id}`, () => edit(item.id)),
      remover("items", "/items", (row) => row.title)(item),
    ],
    make: (data) => ["/items", pick(data, "title", "description")],
  },
  tasks: {
    path: () => "/tasks",
    row: (task) => [
      text(task.title, task.due_at && `due ${time(task.due_at)}`, task.completed_at && `done ${time(task.completed_at)}`),
      statusOf("tasks", "/tasks", ["todo", "in_progress", "done"])(task, task.id),
      remover("tasks", "/tasks", (row) => row.title)(task),
    ],
    make: (data) => ["/tasks", {
      title: data.get("title"),
      due_at: data.get("due_at") ? new Date(data.get("due_at")).toISOString() : null,
    }],
  },
  jobs: {
    path: () => "/jobs",
    row: (job) => {
      const bar = make("progress", { max: 100, value: job.progress });
      bar.setAttribute("aria-label", `Progress of ${job.task}`);
      return [
        text(`${job.task}: ${job.status}`, time(job.queued_at), job.result?.message, job.error),
        bar,
        ...(["queued", "scheduled", "running"].includes(job.status)
          ? [button("Cancel", `Cancel ${job.task}`, `cancel-${job.id}`, async () => {
            await call("POST", `/jobs/${job.id}/cancel`);
            await show("jobs");
          })] : []),
        ...(["failed", "cancelled"].includes(job.status)
          ? [button("Again", `Run ${job.task} again`, `again-${job.id}`, async () => {
            await call("POST", `/jobs/${job.id}/retry`);
            await show("jobs");
          })] : []),
      ];
    },
    make: (data) => [`/jobs/example?${new URLSearchParams([...data])}`],
    goesOn: (rows) => rows.some((job) => ["queued", "scheduled", "running"].includes(job.status)),
  },
  keys: {
    path: () => "/api-keys",
    row: (key) => [
      text(key.name, `${key.prefix}…`, key.scopes.join(", "), key.last_used_at ? `last used ${time(key.last_used_at)}` : "never used"),
      remover("keys", "/api-keys", (row) => row.name)(key),
    ],
    make: (data) => ["/api-keys", { name: data.get("name"), scopes: data.getAll("scopes") }],
    made: (key) => {
      by("new-key").hidden = false;
      by("new-key").querySelector("output").textContent = key.key;
    },
  },
  sessions: {
    path: () => "/auth/sessions",
    row: (session) => [
      text(session.current ? "This one" : session.ip ?? "Unknown", session.user_agent, `last used ${time(session.last_used_at)}`),
      ...(session.current ? [] : [button("End", `End the session of ${session.ip ?? "unknown"}`, `end-${session.id}`, async () => {
        await call("DELETE", `/auth/sessions/${session.id}`);
        await show("sessions");
      })]),
    ],
  },
};

// Where each list is: the cursors of the pages up to this one.
const walks = Object.fromEntries(Object.keys(lists).map((name) => [name, [""]]));
let timer = null;

async function show(name) {
  const list = lists[name], section = by(name), walk = walks[name];
  const query = new URLSearchParams([...new FormData(section.querySelector(".filter") ?? undefined)].filter(([, value]) => value.trim()));
  query.set("limit", "10");
  if (walk.at(-1))
    query.set("cursor", walk.at(-1));
  const page = (await call("GET", `${list.path(query)}?${query}`)).body;
  const focused = document.activeElement?.id;
  section.querySelector(".rows").replaceChildren(...page.items.map((row) => make("li", { className: "row" }, ...list.row(row))));
  if (!page.items.length)
    section.querySelector(".rows").append(make("li", { className: "row", textContent: "Nothing here." }));
  if (focused && document.activeElement === document.body)
    by(focused)?.focus();
  section.querySelector(".back").disabled = walk.length === 1;
  section.querySelector(".next").disabled = page.next_cursor === null;
  section.dataset.next = page.next_cursor ?? "";
  clearTimeout(timer);
  if (list.goesOn?.(page.items) && !section.hidden)
    timer = setTimeout(() => { if (!section.hidden) attempt(() => show(name)); }, 1000);
}

function setUpList(name, list) {
  const section = by(name);
  const turn = (change) => () => attempt(async () => {
    change(walks[name]);
    await show(name);
    section.querySelector("h2").focus();
  });
  section.querySelector(".next").addEventListener("click", turn((walk) => walk.push(section.dataset.next)));
  section.querySelector(".back").addEventListener("click", turn((walk) => walk.pop()));
  const filter = section.querySelector(".filter"), form = section.querySelector(".new");
  if (filter)
    onSubmit(filter, () => {
      walks[name] = [""];
      return show(name);
    });
  if (!form)
    return;
  let key = newKey(); // The same until it went well: pressing twice makes one.
  onSubmit(form, async (data) => {
    const [path, body] = list.make(data);
    const made = (await call("POST", path, { body, headers: { "Idempotency-Key": key } })).body;
    key = newKey();
    form.reset();
    walks[name] = [""];
    list.made?.(made);
    await show(name);
    tell("Added");
    form.elements[0].focus();
  });
}

// Changing an item: the version that was read, and no other.
let editing = null;
async function edit(id) {
  const { body: item, headers } = await call("GET", `/items/${id}`);
  const dialog = by("edit"), form = dialog.querySelector("form");
  editing = { id, tag: headers.get("ETag") };
  form.querySelector("[role=alert]").textContent = "";
  for (const name of ["title", "description", "status"])
    form.elements[name].value = item[name] ?? "";
  dialog.showModal();
}

function setUpEdit() {
  const dialog = by("edit"), form = dialog.querySelector("form");
  form.querySelector(".cancel").addEventListener("click", () => dialog.close());
  onSubmit(form, async (data) => {
    await call("PATCH", `/items/${editing.id}`, {
      body: pick(data, "title", "description", "status"),
      headers: { "If-Match": editing.tag },
    });
    dialog.close();
    await show("items");
    tell("Changed");
  });
}

// Going from section to section.

const open = ["sign-in", "register", "forgot"];
const linked = { "/verify-email": "verify-email", "/reset-password": "reset-password" };

// The token of a mail's link: in the fragment, which no browser sends and no access log records.
const linkToken = () => new URLSearchParams(location.hash.slice(1)).get("token");

function sectionFor() {
  const wanted = location.hash.slice(1);
  if (linked[location.pathname] && linkToken())
    return linked[location.pathname];
  if (!signedIn)
    return open.includes(wanted) ? wanted : "sign-in";
  return lists[wanted] ? wanted : "items";
}

function go() {
  if (location.hash === "#main")
    return;
  const name = sectionFor();
  clearTimeout(timer);
  clearFaults();
  tell("");
  by("new-key").hidden = true;
  by("nav").hidden = by("account").hidden = !signedIn;
  for (const section of document.querySelectorAll("main > section"))
    section.hidden = section.id !== name;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}`)
      link.setAttribute("aria-current", "page");
    else
      link.removeAttribute("aria-current");
  }
  const heading = by(name).querySelector("h2");
  document.title = heading.textContent;
  heading.focus();
  if (lists[name])
    attempt(() => show(name));
}

async function enter() {
  by("who").textContent = (await call("GET", "/users/me")).body.email;
  signedIn = true;
  go();
}

function leave() {
  signedIn = false;
  for (const rows of document.querySelectorAll(".rows"))
    rows.replaceChildren();
  by("new-key").querySelector("output").textContent = "";
  history.replaceState(null, "", "#sign-in");
  go();
}

// A link of a mail: only a press of the button uses its token, and then it leaves the address.
function onLink(id, path, done) {
  const form = by(id).querySelector("form");
  onSubmit(form, async (data) => {
    await call("POST", path, { body: { token: linkToken(), ...Object.fromEntries(data) } });
    history.replaceState(null, "", "/");
    go();
    tell(done);
  });
}

function setUp() {
  for (const heading of document.querySelectorAll("main h2"))
    heading.tabIndex = -1;
  for (const [name, list] of Object.entries(lists))
    setUpList(name, list);
  setUpEdit();
  const { q, status } = by("items").querySelector(".filter").elements;
  q.addEventListener("input", () => { status.disabled = q.value.trim() !== ""; }); // A search takes no status.
  onSubmit(by("sign-in").querySelector("form"), async (data) => {
    await signIn(data.get("email"), data.get("password"));
    by("sign-in").querySelector("form").reset();
    await enter();
  });
  onSubmit(by("register").querySelector("form"), async (data) => {
    await call("POST", "/auth/register", { body: pick(data, "full_name", "email", "password") });
    await signIn(data.get("email"), data.get("password"));
    by("register").querySelector("form").reset();
    await enter();
  });
  onSubmit(by("forgot").querySelector("form"), async (data) => {
    await call("POST", "/auth/forgot-password", { body: pick(data, "email") });
    tell("If the address has an account, a link is on its way");
  });
  onLink("verify-email", "/auth/verify-email", "The address is confirmed");
  onLink("reset-password", "/auth/reset-password", "The password is set: sign in with it");
  by("sign-out").addEventListener("click", () => attempt(async () => {
    await signOut().finally(leave);
    tell("Signed out");
  }));
  by("end-all").addEventListener("click", () => attempt(async () => {
    await call("POST", "/auth/logout-all");
    await signOut().finally(leave);
    tell("Signed out everywhere");
  }));
  addEventListener("hashchange", go);
}

setUp();
go();
if (mayResume())
  attempt(async () => {
    await refresh();
    await enter();
  });
