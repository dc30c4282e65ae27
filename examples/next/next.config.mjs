/** @type {import("next").NextConfig} */
export default {
  // A strict policy, as far as Next.js permits: it writes inline scripts and styles into its pages.
  headers: async () => [{
    source: "/:path*",
    headers: [
      { key: "Content-Security-Policy", value: "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'" },
      { key: "X-Content-Type-Options", value: "nosniff" },
    ],
  }],
  poweredByHeader: false,
};
