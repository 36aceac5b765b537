// BCP 47, as the platform knows it.

/** Whether `tag` is well formed; whether anybody speaks it is not asked. */
export function isLanguageTag(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}
