// The agent's file of a bench: the simulated providers, and whatever the bench is about.

/** Its text: JSON is YAML. Nobody is asked whether they are still there, unless `keys` say so. */
export function benchAgent(keys: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({
    providers: {
      stt: [{ provider: 'openai', model: 'gpt-live-transcribe' }],
      llm: [{ provider: 'openai', model: 'sim' }],
      tts: [{ provider: 'openai', model: 'sim', voice: 'sim' }],
    },
    limits: { idle: [] },
    ...keys,
  });
}
