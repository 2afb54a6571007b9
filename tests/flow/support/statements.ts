/** What runs by itself beside every request: the relay's sweep, and the index of the search that follows behind. */
const background = /chat_search|lively|from installation|synchronous_commit|^\s*select id, (last_seq|session_version)/
/** A list of what one reader may see. */
const ofReader = /\breader\.user_id\b/

/** Whether a statement is one that a request has asked for. */
export function isAsked(sql: string): boolean {
  return ofReader.test(sql) || !background.test(sql)
}
