/** Texts of the contract that many tests expect. */
export const required = 'This field is required.'
export const noPermission = { detail: 'You do not have permission to perform this action.' }
export const noRoom = { detail: 'No ChatRoom matches the given query.' }
export const noMessage = { detail: 'No ChatMessage matches the given query.' }
export const noParticipant = { detail: 'No ChatParticipant matches the given query.' }
export const notFound = { detail: 'Not found.' }
export const invalidPage = { detail: 'Invalid page.' }
export const badChoice = 'Select a valid choice. That choice is not one of the available choices.'
export const notSignedIn = { detail: 'Authentication credentials were not provided.' }

/** RFC 3339 in UTC with microseconds. */
export const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/
export const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** An id of no room and no message. */
export const unknownId = '01900000-0000-7000-8000-000000000000'
