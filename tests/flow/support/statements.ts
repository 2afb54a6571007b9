/** What runs by itself beside every request: the relay's sweep, and the index of the search that follows behind. */
const background = /chat_search|lively|"installation"|synchronous_commit|^\s*select "id", "(last_seq|session_version)"/

/** Whether a statement is one that a request has asked for. */
export function isAsked(sql: string): boolean {
  return !background.test(sql)
}
