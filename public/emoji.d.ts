/** Made by vite.config.ts from emojibase-data: [emoji, name, group, other words], in the order in which they are shown. */
declare module 'emoji:*' {
  const emoji: readonly (readonly [string, string, number, string])[]
  export default emoji
}
