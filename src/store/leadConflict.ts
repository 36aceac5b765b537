/** The phone number is another lead's. */
export class LeadConflict extends Error {
  override readonly name = 'LeadConflict';
  readonly code = 'lead_conflict';
}
