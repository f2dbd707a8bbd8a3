// The server: one request for stances, one for what the model is. Turns every failure into a sentence that helps.

// By the code that the server gives, else by the status of HTTP.
const BY_CODE = { document_too_long: "error.413", too_many_documents: "error.413", timeout: "error.timeout" };
const BY_STATUS = { 400: "error.422", 413: "error.413", 422: "error.422", 429: "error.429", 503: "error.503" };

/** A failure: the key of its sentence, what is filled in, and the server's own words. */
export class Failure extends Error {
  constructor(key, values = {}, said = null) {
    super(key);
    Object.assign(this, { key, values, said });
  }
}

/** Documents in, the server's answer out. Throws a Failure, or an AbortError where the signal cancelled it. */
export async function askStances(documents, abstain, signal) {
  const body = abstain === "" ? { documents } : { documents, abstain: Number(abstain) };
  let response;
  try {
    response = await fetch("v1/stances", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
      signal,
    });
  } catch (error) {
    throw error.name === "AbortError" ? error : new Failure("error.network", { host: location.host });
  }
  const answer = await response.json().catch((error) => {
    if (error.name === "AbortError") throw error;
    return null;
  });
  if (response.ok && answer?.documents) return answer;
  throw failureOf(response, answer?.error);
}

function failureOf({ status, headers }, error) {
  const seconds = Number(headers.get("Retry-After"));
  const waiting = status === 429 && seconds > 0 ? "error.429_seconds" : null;
  return new Failure(waiting ?? BY_CODE[error?.code] ?? BY_STATUS[status] ?? "error.500", { seconds, status }, error?.message ?? null);
}

/** What the server says of its model; null where it says nothing or is still loading it. */
export async function askModel() {
  try {
    const response = await fetch("v1/model", { headers: { Accept: "application/json" } });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}
