"use server";

import { redirect } from "next/navigation";
import { revalidatePath } from "next/cache";
import { write } from "../lib/api.js";

// Next.js refuses a server action whose Origin is not that of the page, and the API does so again.

export async function signIn(before, form) {
  const wrong = await write("POST", "/auth/login", {
    email: form.get("email"),
    password: form.get("password"),
    cookie: true,
  });
  if (wrong)
    return wrong;
  redirect("/");
}

export async function signOut() {
  await write("POST", "/auth/logout");
  redirect("/sign-in");
}

export async function addItem(before, form) {
  const wrong = await write("POST", "/items", { title: form.get("title") });
  revalidatePath("/");
  return wrong;
}
