import { ChatElement } from './embed/element.ts'

if (!customElements.get('aristay-chat')) customElements.define('aristay-chat', ChatElement)
