/** PostgreSQL's text of an instant in UTC as RFC 3339: `2026-01-31 09:30:00.123456+00` → `2026-01-31T09:30:00.123456Z`. */
export function presentTime(stored: string): string {
  return `${stored.slice(0, 10)}T${stored.slice(11, stored.lastIndexOf('+'))}Z`
}

export function presentTimeOrNull(stored: string | null): string | null {
  return stored === null ? null : presentTime(stored)
}
