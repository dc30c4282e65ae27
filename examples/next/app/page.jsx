import { redirect } from "next/navigation";
import { read } from "../lib/api.js";
import { addItem, signOut } from "./actions.js";
import Form from "./form.jsx";

// Rendered on the server for each request, with the account of the cookie.
export default async function Page() {
  const user = await read("/users/me"), items = user && await read("/items");
  if (!items)
    redirect("/sign-in");
  return (
    <>
      <h1>Items</h1>
      <p id="who">{user.email}</p>
      <form action={signOut}><button>Sign out</button></form>
      <ul>{items.items.map(({ id, title }) => <li key={id}>{title}</li>)}</ul>
      <Form action={addItem}>
        <label>Title <input name="title" required maxLength={200} /></label>
        <button>Add item</button>
      </Form>
    </>
  );
}
