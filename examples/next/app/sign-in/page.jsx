import { signIn } from "../actions.js";
import Form from "../form.jsx";

export default function Page() {
  return (
    <>
      <h1>Sign in</h1>
      <Form action={signIn}>
        <label>E-mail address <input name="email" type="email" autoComplete="username" required /></label>
        <label>Password <input name="password" type="password" autoComplete="current-password" required /></label>
        <button>Sign in</button>
      </Form>
    </>
  );
}
