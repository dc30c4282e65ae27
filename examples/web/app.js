// The page: shows one section at a time, selected by the fragment of the URL.
import { Problem, call, confirmSession, isSignedOut, newKey, onConfirmation, prefix, signIn, signOut } from "/app/api.js";

const by = (id) => document.getElementById(id);
const said = by("said"), wrong = by("wrong");
let signedIn = false, service = document.title;

// Elements. Text is always text, never HTML.
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

// Messages.

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

// Errors of a field appear beside it, all others above the section.
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
  const message = problem.code === "precondition_failed" ? "This was changed since you opened it." : problem.message;
  place.textContent = first && !rest.length ? "" : rest.join("; ") || message;
}

// Runs an action and shows its error.
async function attempt(act, form) {
  clearFaults(form);
  tell("");
  try {
    await act();
  } catch (problem) {
    if (!(problem instanceof Problem))
      throw problem;
    if (isSignedOut(problem) && signedIn)
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

// Lists: the path of each, how to show a row, and the request that its form sends.

function statusOf(list, path, words) {
  return (row, id) => {
    const select = make("select", { id: `status-${id}` }, ...words.map((word) => make("option", { value: word, textContent: word.replace("_", " "), selected: word === row.status })));
    select.setAttribute("aria-label", `Status of ${row.title}`);
    select.addEventListener("change", () => attempt(async () => {
      await call("PATCH", `${path}/${id}`, { body: { status: select.value } });
      await show(list);
      tell(`${row.title}: ${select.value.replace("_", " ")}`);
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
    tell(`${name(row)} was deleted`);
    by(list).querySelector("h2").focus();
  });

const entry = (title, ...notes) =>
  make("div", {}, make("strong", { textContent: title }), ...notes.filter(Boolean).map((note) => make("small", { textContent: note })));

const pick = (data, ...names) => Object.fromEntries(names.map((name) => [name, data.get(name) || null]));

const lists = {
  items: {
    path: (query) => (query.has("q") ? "/items/search" : "/items"),
    row: (item) => [
      entry(item.title, item.description, `${item.status}, ${time(item.updated_at)}`),
      button("Edit", `Edit ${item.title}`, `edit-${item.id}`, () => edit(item.id)),
      remover("items", "/items", (row) => row.title)(item),
    ],
    make: (data) => ["/items", pick(data, "title", "description")],
  },
  tasks: {
    path: () => "/tasks",
    row: (task) => [
      entry(task.title, task.due_at && `Due ${time(task.due_at)}`, task.completed_at && `Done ${time(task.completed_at)}`),
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
        entry(`${job.task}: ${job.status}`, time(job.queued_at), job.result?.message, job.error),
        bar,
        ...(["queued", "scheduled", "running"].includes(job.status)
          ? [button("Cancel", `Cancel ${job.task}`, `cancel-${job.id}`, async () => {
            await call("POST", `/jobs/${job.id}/cancel`);
            await show("jobs");
          })] : []),
        ...(["failed", "cancelled"].includes(job.status)
          ? [button("Retry", `Retry ${job.task}`, `retry-${job.id}`, async () => {
            await call("POST", `/jobs/${job.id}/retry`);
            await show("jobs");
          })] : []),
      ];
    },
    make: (data) => [`/jobs/example?${new URLSearchParams([...data])}`],
    unfinished: (rows) => rows.some((job) => ["queued", "scheduled", "running"].includes(job.status)),
  },
  keys: {
    path: () => "/api-keys",
    row: (key) => [
      entry(key.name, `${key.prefix}…`, key.scopes.join(", "), key.last_used_at ? `Last used ${time(key.last_used_at)}` : "Never used"),
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
      entry(session.current ? "This session" : session.ip ?? "Unknown address", session.user_agent, `Last used ${time(session.last_used_at)}`),
      ...(session.current ? [] : [button("End session", `End the session at ${session.ip ?? "an unknown address"}`, `end-${session.id}`, async () => {
        await call("DELETE", `/auth/sessions/${session.id}`);
        await show("sessions");
      })]),
    ],
  },
};

// For each list, the cursors of the pages up to the current one.
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
    section.querySelector(".rows").append(make("li", { className: "row", textContent: "Nothing to show." }));
  if (focused && document.activeElement === document.body)
    by(focused)?.focus();
  section.querySelector(".back").disabled = walk.length === 1;
  section.querySelector(".next").disabled = page.next_cursor === null;
  section.dataset.next = page.next_cursor ?? "";
  clearTimeout(timer);
  if (list.unfinished?.(page.items) && !section.hidden)
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
  let key = newKey(); // Kept until the request succeeds, so that a retry creates nothing twice.
  onSubmit(form, async (data) => {
    const [path, body] = list.make(data);
    const made = (await call("POST", path, { body, headers: { "Idempotency-Key": key } })).body;
    key = newKey();
    form.reset();
    walks[name] = [""];
    list.made?.(made);
    await show(name);
    tell("Created.");
    form.elements[0].focus();
  });
}

// Editing an item: only the version that was read is overwritten (If-Match).
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
    tell("Saved.");
  });
}

// Navigation.

const publicSections = ["sign-in", "register", "forgot"];
const linked = { "/verify-email": "verify-email", "/reset-password": "reset-password" };

// The token of a link in an e-mail is in the fragment, which browsers do not send and access logs
// do not record.
const linkToken = () => new URLSearchParams(location.hash.slice(1)).get("token");

function sectionFor() {
  const wanted = location.hash.slice(1);
  if (linked[location.pathname] && linkToken())
    return linked[location.pathname];
  if (!signedIn)
    return publicSections.includes(wanted) ? wanted : "sign-in";
  return lists[wanted] ? wanted : "items";
}

function go(event) {
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
  showIntro(publicSections.includes(name));
  const heading = by(name).querySelector("h2");
  document.title = name === "sign-in" ? service : `${heading.textContent} · ${service}`;
  if (event !== "start")
    heading.focus();
  if (lists[name])
    attempt(() => show(name));
}

// The first page: what this is, and commands that work here.

function showIntro(isPublic) {
  by("main").classList.toggle("home", isPublic);
  by("intro").classList.toggle("compact", !isPublic);
  by("try").hidden = !isPublic;
  by("state").hidden = !isPublic || !by("state").textContent;
  document.body.classList.toggle("signed-in", signedIn);
}

// An account with a random address and password, for the address of this server.
function setUpIntro() {
  const commands = by("commands"), copy = by("copy"), random = newKey();
  commands.textContent = commands.textContent
    .replace(/http\S+/, location.origin + prefix)
    .replace("ada@example.com", `ada-${random.slice(0, 8)}@example.com`)
    .replace("correct horse battery", random.slice(8, 24));
  copy.hidden = !navigator.clipboard; // Only over HTTPS or on localhost.
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(commands.textContent);
    copy.textContent = "Copied";
    setTimeout(() => { copy.textContent = "Copy"; }, 2000);
  });
}

async function showService() {
  const state = by("state");
  const health = await fetch("/health", { cache: "no-store" }).then((response) => response.json()).catch(() => ({}));
  state.classList.toggle("bad", health.status !== "ok");
  state.textContent = health.service ? `Status ${health.status} · version ${health.version} · ${health.environment}` : "The service does not respond.";
  if (health.service) {
    document.title = document.title.replace(new RegExp(`${service}$`), () => health.service);
    service = health.service;
    for (const place of document.querySelectorAll(".name"))
      place.textContent = service;
  }
  showIntro(by("main").classList.contains("home"));
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

// The target of a link in an e-mail: its token is used only when the button is pressed, and is then
// removed from the address.
function onLink(id, path, done) {
  const form = by(id).querySelector("form");
  onSubmit(form, async (data) => {
    await call("POST", path, { body: { token: linkToken(), ...Object.fromEntries(data) } }).catch((problem) => {
      problem.code = "invalid_link"; // The token of the link, not the session.
      throw problem;
    });
    history.replaceState(null, "", "/");
    go();
    tell(done);
  });
}

// Asks for the password once more. Resolves to whether it was right.
function confirmByPassword() {
  const dialog = by("confirmation"), form = dialog.querySelector("form");
  form.reset();
  clearFaults(form);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "confirmed"), { once: true });
  });
}

function setUpConfirmation() {
  const dialog = by("confirmation"), form = dialog.querySelector("form");
  form.querySelector(".cancel").addEventListener("click", () => dialog.close());
  onSubmit(form, async (data) => {
    await confirmSession(data.get("password"));
    dialog.close("confirmed");
  });
  onConfirmation(confirmByPassword);
}

function setUp() {
  for (const heading of document.querySelectorAll("main h2"))
    heading.tabIndex = -1;
  for (const [name, list] of Object.entries(lists))
    setUpList(name, list);
  setUpEdit();
  setUpConfirmation();
  const { q, status } = by("items").querySelector(".filter").elements;
  q.addEventListener("input", () => { status.disabled = q.value.trim() !== ""; }); // items/search has no status filter.
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
    tell("If the address has an account, a link was sent to it.");
  });
  onLink("verify-email", "/auth/verify-email", "Your e-mail address is confirmed.");
  onLink("reset-password", "/auth/reset-password", "Your password is set. Sign in with it.");
  by("sign-out").addEventListener("click", () => attempt(async () => {
    await signOut().finally(leave);
    tell("Signed out.");
  }));
  by("end-all").addEventListener("click", () => attempt(async () => {
    await call("POST", "/auth/logout-all");
    await signOut().finally(leave);
    tell("Signed out everywhere.");
  }));
  addEventListener("hashchange", go);
}

setUp();
go("start");
setUpIntro();
showService();
enter().catch((problem) => {
  if (!isSignedOut(problem))
    showFaults(null, problem);
});
