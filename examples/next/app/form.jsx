"use client";

import { useActionState } from "react";

// A form that shows the error of its server action. It works without JavaScript, too.
export default function Form({ action, children, ...rest }) {
  const [wrong, submit] = useActionState(action, null);
  return (
    <form action={submit} {...rest}>
      <p role="alert">{wrong}</p>
      {children}
    </form>
  );
}
