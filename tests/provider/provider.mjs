// A provider of national IDs for tests: oidc-provider with the clients and people that standard input lists as JSON.
// Its clock may be behind. It makes new keys at every start, says "ready" when it listens, and ends when its standard input does.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

const signing = (kind, options, alg) => ({
  ...generateKeyPairSync(kind, options).privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig", alg,
});

const lines = createInterface({ input: process.stdin });
lines.once("line", (line) => {
  const { port, clients, people, behind } = JSON.parse(line);
  const now = Date.now;
  Date.now = () => now() - behind * 1000;
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients,
    jwks: { keys: [
      signing("rsa", { modulusLength: 2048 }, "RS256"),
      signing("ec", { namedCurve: "P-256" }, "ES256"),
    ] },
    cookies: { keys: [randomUUID()] },
    claims: {
      openid: ["sub"],
      profile: ["name", "birthdate", "gender"],
      phone: ["phone_number", "phone_number_verified"],
      document: ["individual_id"],
    },
    features: { jwtUserinfo: { enabled: true }, claimsParameter: { enabled: true } },
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256", "HS256"] },
    ttl: { IdToken: 600, Interaction: 86400, Session: 86400, Grant: 86400, AccessToken: 600 },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
  });
  provider.listen(port, "127.0.0.1", () => console.log("ready"));
  provider.on("server_error", (ctx, error) => console.error(error));
  provider.on("grant.error", (ctx, error) => console.error(String(error.error_detail ?? error)));
});
lines.once("close", () => process.exit(0));
